"""A citizen's orders: what may be told to whom, and the city's rules for repeats and hot issues."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from hotline.city import City, load_city
from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy
from hotline.domain.deeds import Divert
from hotline.domain.diversion import Diversion, DiversionOutcome
from hotline.domain.errors import CityConfigError
from hotline.domain.hot_issues import AlertGround, HotIssueAlert
from hotline.service.repeats import CitizensOrders, Told, load_repeat_rules
from tests.builders import LINYI, NOW, PHONE, an_appeal
from tests.fakes import FakePastOrders
from tests.work_orders import REVIEWER, an_order

CITY = load_city(LINYI)
RULES = load_repeat_rules(CITY)
OTHER = PhoneNumber("13905390002")
ORDINARY = an_order("26112300001")
SECRET = an_order("26112300002", minutes=1, appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL))
TIP_OFF = an_order("26112300003", minutes=2, appeal=an_appeal(kind=AppealKind.TIP_OFF, text="有人偷排污水"))
THEIRS = an_order("26112300004", minutes=3, appeal=an_appeal(phone=OTHER))


def orders(*given: object, **values: bool) -> CitizensOrders:
    kept = FakePastOrders(list(given) or [ORDINARY, SECRET, TIP_OFF, THEIRS], **values)  # type: ignore[arg-type]
    return CitizensOrders(kept, RULES.repeats, lambda code: f"单位{code}")


async def test_the_calling_number_hears_its_own_orders_but_no_secret_ones() -> None:
    found = await orders().by_phone(PHONE)
    assert [(order.number, order.lead_unit_name) for order in found] == [("26112300001", "单位county-371302")]


async def test_an_ordinary_order_is_told_by_its_number_to_anybody() -> None:
    for caller in (PHONE, OTHER, None):
        told, order = await orders().by_number("26112300001", caller=caller, proof=None)
        assert told is Told.YES
        assert order is not None
        assert order.number == "26112300001"


@pytest.mark.parametrize("number", ["26112300002", "26112300003"])
@pytest.mark.parametrize(
    ("caller", "proof", "told"),
    [
        (PHONE, None, Told.PROOF_NEEDED),
        (PHONE, "0001", Told.YES),
        (PHONE, "0002", Told.REFUSED),
        (PHONE, "", Told.REFUSED),
        (OTHER, "0001", Told.REFUSED),
        (OTHER, "0002", Told.REFUSED),
        (None, "0001", Told.YES),
        (None, "1", Told.REFUSED),
    ],
)
async def test_a_secret_order_is_told_only_with_proof_and_never_on_another_telephone(
    number: str, caller: PhoneNumber | None, proof: str | None, told: Told
) -> None:
    answer, order = await orders().by_number(number, caller=caller, proof=proof)
    assert answer is told
    assert (order is not None) == (told is Told.YES)


async def test_a_number_that_does_not_exist_is_said_so() -> None:
    assert await orders().by_number("26112399999", caller=PHONE, proof=None) == (Told.NOT_FOUND, None)


async def test_a_record_that_was_merged_twice_is_told_as_the_order_it_went_into_at_last() -> None:
    merged = Diversion(DiversionOutcome.REPEAT_MERGED, "同一事项", "已并入")
    record, between = (
        an_order(number).after(Divert(merged, into=into), by=REVIEWER, at=NOW + timedelta(hours=1))
        for number, into in (("26112300005", "26112300006"), ("26112300006", "26112300001"))
    )
    told, found = await orders(record, between, ORDINARY).by_number("26112300005", caller=PHONE, proof=None)
    assert (told, found and (found.number, found.status)) == (Told.YES, ("26112300001", ORDINARY.status))


async def test_a_repeat_is_looked_for_among_the_callers_orders_only() -> None:
    again = an_appeal(text="暖气还是不热")
    found = await orders(ORDINARY, THEIRS).repeat_of(again, PHONE, at=NOW + timedelta(days=1))
    assert found is not None
    assert found.order.number == "26112300001"
    assert await orders(THEIRS).repeat_of(again, PHONE, at=NOW + timedelta(days=1)) is None


def test_the_citys_rules_are_marked_as_to_be_confirmed_with_their_basis() -> None:
    assert (RULES.repeats.is_confirmed, RULES.hot_issues.is_confirmed) == (False, False)
    assert "第29条" in RULES.hot_issues.basis
    assert "第11条" in RULES.repeats.basis


def test_an_alert_is_worded_for_the_duty_officer() -> None:
    alert = HotIssueAlert(
        at=NOW + timedelta(hours=3), since=NOW, category="0102", place="371302002",
        numbers=("26112300001", "26112300002"), ground=AlertGround.GATHERED, least=2,
    )  # fmt: skip
    assert RULES.worded(alert, CITY) == (
        "热点诉求：银雀山街道自11-23 10:00至11-23 13:00共收到“供水”诉求2件（报告线2件）。"
        "工单：26112300001、26112300002。"
    )


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [("repeats", "alike", 1.5), ("hot_issues", "street", 0), ("hot_issues", "risk_words", None), ("alerts", "risky", ...)],
)  # fmt: skip
def test_wrong_rules_are_refused_with_their_file(
    tmp_path: Path, section: str, name: str, value: object
) -> None:
    rows = yaml.safe_load((LINYI / "repeats.yaml").read_text(encoding="utf-8"))
    if value is ...:
        del rows[section][name]
    else:
        rows[section][name] = value
    (tmp_path / "repeats.yaml").write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    city = City(**{**{field: getattr(CITY, field) for field in CITY.__slots__}, "folder": tmp_path})
    with pytest.raises(CityConfigError, match=r"repeats\.yaml"):
        load_repeat_rules(city)
