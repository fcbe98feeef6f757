"""What leaves the hotline for a unit about a secret order names nobody, whatever was written into the order."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.deeds import AddFacts, AddUnits, Card, Deed, Join, Remind, Urge
from hotline.domain.notices import messages
from hotline.domain.outbox import Message
from hotline.domain.people import CITIZEN, MACHINE
from hotline.domain.secrecy import unit_view
from hotline.domain.work_order import WorkOrder
from tests.builders import PHONE, after, an_appeal
from tests.work_orders import LANSHAN_UNIT, an_order

SPOKEN = ["13905390001", "139 0539 0001", "139-0539-0001", "1 3 9 0 5 3 9 0 0 0 1"]


def a_secret_order(text: str, kind: AppealKind = AppealKind.HELP) -> WorkOrder:
    secrecy = Secrecy.CONFIDENTIAL if kind is AppealKind.HELP else Secrecy.NONE
    return an_order(appeal=an_appeal(text=text, citizen_name="王建国", secrecy=secrecy, kind=kind))


def sent_to_units(order: WorkOrder, *deeds: Deed) -> list[Message]:
    before: WorkOrder | None = None
    found: list[Message] = list(messages(None, order))
    for index, deed in enumerate(deeds, start=1):
        before, order = order, order.after(deed, by=CITIZEN, at=after(60 * index))
        found += messages(before, order)
    return [message for message in found if message.destination.startswith("unit:")]


def naming(sent: Sequence[Message]) -> list[str]:
    """Return the kinds of messages that hold the number or the name."""
    wrong = []
    for message in sent:
        text = json.dumps(dict(message.body), ensure_ascii=False, default=str)
        if "13905390001" in re.sub(r"[ -]", "", text) or "王建国" in text:
            wrong.append(message.kind)
    return wrong


@pytest.mark.parametrize("kind", [AppealKind.HELP, AppealKind.TIP_OFF])
@pytest.mark.parametrize("number", SPOKEN)
def test_no_message_to_a_unit_names_who_wants_to_stay_unknown(kind: AppealKind, number: str) -> None:
    said = f"我是王建国，电话{number}，暖气不热"
    order = a_secret_order(said, kind)
    sent = sent_to_units(order, Urge(said), AddFacts(said))
    assert len(sent) >= 3
    assert naming(sent) == []


@given(before=st.text(max_size=20), between=st.sampled_from(SPOKEN), behind=st.text(max_size=20))
def test_no_digits_of_the_number_pass_wherever_they_stand(before: str, between: str, behind: str) -> None:
    sent = sent_to_units(
        a_secret_order(f"{before}{between}{behind}"), AddFacts(f"{behind}{between}{before}。")
    )
    assert naming(sent) == []


@pytest.mark.parametrize("secrecy", [Secrecy.CONFIDENTIAL, Secrecy.NONE])
def test_who_joins_an_open_order_is_not_named_to_its_unit(secrecy: Secrecy) -> None:
    said = "我是王建国，13905390001，我家也不热"
    join = Join("26112300002", said, PHONE, "王建国", secrecy)
    told = sent_to_units(an_order(), join, AddFacts(said))[-2:]
    assert [(each.kind, each.body["reason"]) for each in told] == [
        ("work_order.join", "我是***，***，我家也不热"),
        ("work_order.add_facts", "我是***，***，我家也不热"),
    ]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("可发zhanglihua@163.com", "可发***"),
        ("打138，5390，0001", "打***"),
        ("打 幺 三 九 零 五 三 九 零 零 零 一", "打 ***"),
        ("一三九零五三九零零零一，别外传", "***，别外传"),
    ],
)
@pytest.mark.parametrize("kind", [AppealKind.HELP, AppealKind.TIP_OFF])
def test_a_unit_reads_no_address_or_number_of_who_wants_to_stay_unknown(
    kind: AppealKind, said: str, shown: str
) -> None:
    assert unit_view(a_secret_order(said, kind)).text == shown


def test_a_unit_is_told_that_it_is_asked_to_help_and_by_when_also_when_it_is_asked_again() -> None:
    order, until = an_order(), after(60)
    asked = AddUnits(("body-police", "body-housing"), "到场", until)
    helped = order.after(asked, by=LANSHAN_UNIT, at=after(1))
    told = [message for message in messages(order, helped) if message.destination.startswith("unit:")]
    assert [(one.destination, one.body["reason"], one.body["until"]) for one in told] == [
        ("unit:body-police", "到场", until.isoformat()),
        ("unit:body-housing", "到场", until.isoformat()),
    ]


def test_a_late_supporting_unit_the_lead_and_the_first_tier_are_told_whose_part_is_late() -> None:
    order, due = an_order(), after(60)
    reminded = order.after(Remind(Card.CO_LATE, due, "body-housing"), by=MACHINE, at=after(61))
    told = [
        (each.destination, each.body["supporting_unit"], each.body["until"])
        for each in messages(order, reminded)
    ]
    assert told == [
        (to, "body-housing", due.isoformat())
        for to in ("unit:county-371302", "unit:body-housing", "supervisor:1")
    ]
