"""What reaches the public: nothing that tells who anybody is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.appeal import AppealKind, EmergencyService, Secrecy
from hotline.domain.deeds import Archive, Deed, Disclose, Reopen, Resolution, Satisfaction
from hotline.domain.disclosure import (
    Disclosed,
    FigureRow,
    PublicFigures,
    Tally,
    disclosed,
    is_public,
    public_figures,
    suppressed,
)
from hotline.domain.life_cycle import Status
from hotline.domain.people import Actor
from hotline.domain.work_order import WorkOrder
from hotline.masking import leaks, masked
from tests.builders import an_appeal
from tests.unit.hotline.domain.test_assessment import FORMULA
from tests.unit.hotline.domain.test_work_order import CONCLUDED, done
from tests.work_orders import REVIEWER, an_order


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("李建国来电反映", "李**来电反映"),
        ("请回电13905390001。", "请回电****。"),
        ("身份证37130219900101123X", "身份证****"),
        ("车牌鲁Q·12345违停", "车牌****违停"),
        ("银雀山街道某小区3号楼2单元501室漏水", "银雀山街道某小区**********漏水"),
        ("张先生说暖气不热", "*先生说暖气不热"),
        ("写信到li@example.com", "写信到****"),
        ("车牌鲁q12345、鲁Q-D12345", "车牌****、****"),
        ("阳光花园3-2-501漏水", "阳光花园****漏水"),
        ("阳光花园 3-501家中漏水", "阳光花园****家中漏水"),
        ("沂蒙路88号、滨河大道88-1号院", "沂蒙路***、滨河大道****院"),
        ("金雀山路八十八号，朱家村12号", "金雀山路****，朱家村***"),
        ("李先生来电，一位女士来电", "*先生来电，一位女士来电"),
        ("打138，5390，0001", "打****"),
        ("打幺三九零五三九零零零一", "打****"),
    ],
)
def test_names_numbers_plates_and_doors_are_masked_and_the_matter_stays(said: str, shown: str) -> None:
    assert masked(said, ["李建国"]) == shown


@pytest.mark.parametrize(
    "text",
    [
        "已维修供热管道，室温20度，7月10日回访满意",
        "5月3号、2024-05-03和1号通水",
        "按12345号文、临政字〔2024〕5号办理",
        "地铁3号线、解放路2号换热站、通达路3号桥已完工",
        "小区3号上午停水，幼儿园3号开学",
        "小区8-17点施工，村里5-10人，社区3-5天",
        "请到北京路8号市政务服务中心办理",
        "新iPhone15一部",
        "一位先生来电，优先生产",
    ],
)
def test_days_lines_documents_and_offices_stay_as_they_are(text: str) -> None:
    assert (masked(text), leaks(text)) == (text, ())


@pytest.mark.parametrize("text", ["阳光花园3-2-501", "沂蒙路88号", "鲁q12345", "李先生来电", "a@b.cn"])
def test_what_tells_who_somebody_is_or_where_they_live_leaks(text: str) -> None:
    assert len(leaks(text)) == 1


@given(st.text(alphabet="0123456789一八 -，Xx鲁Qq李建国先生来电路小区号楼室单元日", max_size=40))
def test_what_was_masked_leaks_nothing(text: str) -> None:
    assert [
        each for each in leaks(masked(text, ["李建国"]), ["李建国"]) if any(c.isdigit() for c in each)
    ] == []
    assert "李建国" not in masked(text, ["李建国"])


def alike(count: int, **values: Any) -> Tally:
    """Orders of which all that is said is true: by default closed, replied to in time, and well received."""
    given: dict[str, Any] = {
        "category": "010101", "county": "371302", "unit": None, "is_closed": True, "is_public": True,
        "was_answered_at_once": False, "counts": True, "was_in_time": True, "was_contacted": True,
        "resolution": Resolution.RESOLVED, "result": Satisfaction.SATISFIED, "attitude": Satisfaction.SATISFIED, **values,
    }  # fmt: skip
    counted = count * given["counts"]
    return Tally(
        *(given[name] for name in ("category", "county", "unit", "is_public")),
        count, count * given["is_closed"], count * given["was_answered_at_once"],
        *(count * (given["was_in_time"] is each) for each in (True, False)),
        counted,
        *(counted * (given["was_contacted"] is each) for each in (True, False)),
        *(counted * (given["resolution"] is each) for each in (Resolution.RESOLVED, Resolution.MOSTLY, Resolution.UNRESOLVED)),
        *(
            counted * (given[name] is each)
            for name in ("result", "attitude")
            for each in (Satisfaction.SATISFIED, Satisfaction.MOSTLY, Satisfaction.DISSATISFIED)
        ),
    )  # fmt: skip


def accepted(rows: Mapping[str, FigureRow]) -> dict[str, int | None]:
    return {code: row.accepted for code, row in rows.items()}


def test_small_counts_and_what_is_not_public_are_not_in_a_breakdown() -> None:
    figures = public_figures(
        [
            alike(7),
            alike(9, category="0204", is_public=False),
            alike(1, category="0303", county="371311"),
        ],
        FORMULA,
    )
    assert (figures.accepted, figures.closed) == (17, 17)
    assert accepted(figures.by_group) == {"01": 7, "03": None}
    assert figures.by_category == {"0101": 7, "0303": None}
    assert accepted(figures.by_county) == {"371302": 7, "371311": None}
    assert figures.by_county["371311"] == FigureRow(None)


def test_a_small_count_cannot_be_worked_out_from_the_total() -> None:
    """Of 16 orders, 9 and 6 are shown beside one that is hidden: then it would be known to be one."""
    assert suppressed({"a": 9, "b": 6, "c": 1}, total=16) == {"a": 9, "b": None, "c": None}
    assert suppressed({"a": 9, "b": 6, "c": 1}, total=22) == {"a": 9, "b": 6, "c": None}
    assert suppressed({"a": 9, "b": 2, "c": 1}, total=12) == {"a": 9, "b": None, "c": None}
    assert suppressed({"a": 1}, total=1) == {"a": None}
    figures = public_figures([alike(9), alike(6, category="0102"), alike(1, category="0103")], FORMULA)
    assert figures.by_category == {"0101": 9, "0102": None, "0103": None}


def test_the_rates_go_by_the_formula_and_few_answers_give_none() -> None:
    figures = public_figures(
        [
            alike(6),
            alike(2, was_in_time=False, resolution=Resolution.UNRESOLVED, result=Satisfaction.DISSATISFIED),
            alike(2, was_contacted=None, resolution=Resolution.MOSTLY, result=Satisfaction.MOSTLY),
            alike(8, category="0701", result=Satisfaction.DISSATISFIED, was_contacted=False),
            alike(5, counts=False, is_closed=False, was_answered_at_once=True, was_in_time=None),
            alike(3, category=None, county=None),
        ],
        FORMULA,
    )
    assert (figures.accepted, figures.closed, figures.answered_at_once) == (26, 21, 5)
    assert (figures.in_time, figures.response) == (Fraction(19, 21), Fraction(11, 19))
    assert (figures.resolved, figures.satisfied) == (Fraction(19, 21), Fraction(11, 13))
    assert public_figures([alike(4)], FORMULA).satisfied is None
    assert figures.by_county["371302"].satisfied == Fraction(4, 5)
    assert public_figures([], FORMULA) == PublicFigures()


DISCLOSE = Disclose("供热已恢复。")


def cleared(*more: tuple[Deed, Actor], **appeal: Any) -> WorkOrder:
    """A concluded order after some more deeds."""
    order = done(an_order(appeal=an_appeal(**appeal)), *CONCLUDED)
    for minutes, (deed, by) in enumerate(more, 1):
        order = order.after(deed, by=by, at=order.history[-1].at + timedelta(minutes=minutes))
    return order


def test_a_cleared_order_is_public_once_a_person_has_decided_so_and_until_it_is_opened_again() -> None:
    order = cleared((DISCLOSE, REVIEWER))
    assert disclosed(order) == Disclosed(DISCLOSE.text, order.history[-1].at)
    assert disclosed(cleared((DISCLOSE, REVIEWER), (Archive(), REVIEWER))) is not None
    again = cleared((DISCLOSE, REVIEWER), (Reopen("又坏了"), REVIEWER))
    assert [disclosed(one) for one in (cleared(), an_order(), again)] == [None] * 3
    closed_again = replace(again, status=Status.CONCLUDED)
    assert disclosed(closed_again) is None


@pytest.mark.parametrize(
    "hidden",
    [
        {"secrecy": Secrecy.CONFIDENTIAL},
        {"kind": AppealKind.TIP_OFF},
        {"kind": AppealKind.NUISANCE},
        {"is_about_minor": True},
        {"emergency": EmergencyService.POLICE},
    ],
)
def test_what_must_stay_hidden_is_never_public(hidden: dict[str, Any]) -> None:
    order = cleared((DISCLOSE, REVIEWER))
    assert is_public(order)
    changed = replace(order, appeal=replace(order.appeal, **hidden))
    assert (is_public(changed), disclosed(changed)) == (False, None)
