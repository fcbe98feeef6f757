"""Repeats: what counts as the same matter of one person, and what is a new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hotline.domain.appeal import AppealKind, Place, Secrecy
from hotline.domain.repeats import PastOrder, RepeatSettings, find_repeat, likeness
from hotline.domain.work_order import Status
from hotline.phonetics import sounds
from tests.builders import LANSHAN, NOW, an_appeal
from tests.work_orders import an_order

SETTINGS = RepeatSettings(
    within_days=180,
    alike_other_category=0.5,
    alike=0.4,
    alike_same_category=0.3,
    alike_same_place=0.18,
    new_fact_words=("更严重", "又停了"),
    empty_words=("我要反映", "没人来", "的问题"),
)
FEIXIAN = Place(said="费县", county_code="371325", county="费县")


def past(text: str = "家里暖气一直不热", **values: Any) -> PastOrder:
    order = PastOrder("26112000001", "0101", LANSHAN, text, Status.HANDLING, NOW - timedelta(days=3))
    return replace(order, **values)


def repeat_in(text: str, *orders: PastOrder, **values: Any) -> str | None:
    found = find_repeat(an_appeal(text=text, **values), orders, NOW, SETTINGS, sounds)
    return found.order.number if found else None


@pytest.mark.parametrize(
    ("text", "values", "order"),
    [
        ("暖气还是不热没人来看", {}, past()),
        ("我要反映暖气不热的问题", {"place": None}, past()),
        ("家里暖七一直不惹", {"category": None}, past()),
        ("家里暖气一直不热", {"category": "0102"}, past()),
        ("家里暖气一直不热", {}, past(status=Status.CONCLUDED, is_open=False)),
    ],
    ids=[
        "in other words, the same kind and place", "the place left out", "misheard and not classed",
        "classed otherwise", "an order that is closed",
    ],
)  # fmt: skip
def test_the_same_matter_is_found(text: str, values: dict[str, Any], order: PastOrder) -> None:
    assert repeat_in(text, order, **values) == "26112000001"


@pytest.mark.parametrize(
    ("text", "values", "order"),
    [
        ("楼道里的灯不亮", {"category": "0204"}, past()),
        ("我要反映停电的问题", {"category": "0103"}, past("我要反映停水的问题", category="0102")),
        ("家里暖气一直不热", {"place": FEIXIAN}, past()),
        ("家里暖气一直不热", {}, past(registered_at=NOW - timedelta(days=181))),
        ("家里暖气一直不热", {}, past(status=Status.WITHDRAWN, is_open=False)),
        ("家里暖气一直不热", {}, past(merged_into="26111900001")),
        ("家里暖气一直不热", {}, past(kind=AppealKind.NUISANCE)),
        ("", {}, past()),
    ],
    ids=[
        "another matter", "alike only in ways of speaking", "another county", "too long ago", "taken back",
        "a record that was merged itself", "a nuisance call", "nothing said",
    ],
)  # fmt: skip
def test_another_matter_is_not_taken_for_it(text: str, values: dict[str, Any], order: PastOrder) -> None:
    assert repeat_in(text, order, **values) is None


def test_at_the_same_estate_two_classes_are_two_matters() -> None:
    estate = replace(LANSHAN, detail="金阳花园")
    order = past("路灯不亮，都在兰山区金阳花园", category="0204", place=estate)
    assert repeat_in("垃圾没人清，都在兰山区金阳花园", order, category="0201", place=estate) is None
    assert repeat_in("金阳花园路灯不亮了", order, category="0203", place=estate) == order.number


def test_streets_of_one_county_are_different_places() -> None:
    other = replace(LANSHAN, street_code="371302001", street="兰山街道")
    assert repeat_in("家里暖气一直不热", past(place=other)) is None


def test_an_open_order_comes_before_a_closed_one_that_is_more_alike() -> None:
    closed = past(number="26112000002", is_open=False, status=Status.CONCLUDED)
    assert repeat_in("家里暖气一直不热", closed, past("暖气不热了好几天")) == "26112000001"


def test_new_facts_are_named_and_forbid_merging() -> None:
    found = find_repeat(an_appeal(text="暖气不热更严重了"), [past("暖气不热")], NOW, SETTINGS, sounds)
    assert found is not None
    assert (found.new_facts, found.may_be_merged) == (("更严重",), False)
    same = find_repeat(an_appeal(text="暖气不热更严重"), [past("暖气不热更严重")], NOW, SETTINGS, sounds)
    assert same is not None
    assert (same.new_facts, same.may_be_merged) == ((), True)


def test_likeness_is_by_sound_and_the_same_both_ways() -> None:
    assert likeness("暖气不热", "暖七不惹", sounds) == likeness("暖七不惹", "暖气不热", sounds) == 1.0
    assert likeness("暖气不热", "暖七不惹", tuple) == 0.0


def test_of_very_long_texts_the_beginning_is_compared() -> None:
    begun = "暖气不热" * 250
    assert likeness(begun + "停电" * 5_000, begun + "漏水" * 5_000, sounds) == 1.0


def test_what_is_kept_of_an_order_names_its_unit_and_says_whether_it_is_secret() -> None:
    order = an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL))
    assert PastOrder.of(order, lambda code: f"单位{code}") == PastOrder(
        number=order.number,
        category="0101",
        place=LANSHAN,
        text="家里暖气不热",
        status=Status.TO_SIGN,
        registered_at=order.registered_at,
        due_at=order.due_at,
        is_open=True,
        lead_unit_name="单位county-371302",
        kind=AppealKind.HELP,
        is_secret=True,
    )
    assert PastOrder.of(an_order(appeal=an_appeal(kind=AppealKind.TIP_OFF))).is_secret
