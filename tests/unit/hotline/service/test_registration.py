"""Registering: what an appeal becomes, by its facts and by what the router says, and that no fault loses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hotline.city import City, load_city
from hotline.domain.appeal import Appeal, AppealKind, EmergencyService, PhoneNumber, Place, Secrecy
from hotline.domain.deeds import AddFacts, Answer
from hotline.domain.diversion import ContactOutcome, Diversion, DiversionOutcome
from hotline.domain.errors import ConflictOfInterestError, StaleWorkOrderError, StoreUnavailableError
from hotline.domain.knowledge import AnsweredWith
from hotline.domain.routing import RoutingDecision
from hotline.domain.secrecy import unit_view
from hotline.domain.work_order import Status, Step, WorkOrder
from hotline.service.casework import Casework
from hotline.service.registration import Registration
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from router.time_tables import load_time_limits
from tests.builders import LANSHAN, LINYI, NOW, PHONE, after, an_appeal
from tests.databases import lay_out
from tests.work_orders import AGENT, REVIEWER, a_decision

CITY = load_city(LINYI)
SPOKEN = AnsweredWith("A0101-01", 3, 0.91)
LIMITS = load_time_limits(CITY)
NOWHERE = Place(said="我们小区")


class FixedRouter:
    """Always decides the same."""

    def __init__(self, decision: RoutingDecision) -> None:
        self._decision = decision

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        return self._decision


class BrokenRouter:
    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        raise KeyError(appeal.category)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, Seal("tests only: " + "x" * 32))
    yield store
    await store.close()


def a_registration(store: SqlStore, router: Any = None, city: City = CITY) -> Registration:
    casework = Casework(store, lambda: LIMITS, city.units)
    return Registration(store, router or FixedRouter(a_decision()), city, casework)


async def registered(
    store: SqlStore, appeal: Appeal, *, router: Any = None, article: str | None = None, city: City = CITY
) -> WorkOrder:
    registration = a_registration(store, router, city)
    return await registration.register(appeal, conversation="c1", article=article, at=NOW)


def steps(order: WorkOrder) -> list[tuple[Status | None, Step | None, Status, str, str]]:
    return [(each.before, each.step, each.after, str(each.by), each.note) for each in order.history]


def history(
    status: Status, step: Step, note: str
) -> list[tuple[Status | None, Step | None, Status, str, str]]:
    return [
        (None, None, Status.REGISTERED, "machine", ""),
        (Status.REGISTERED, step, status, "machine", note),
    ]


async def test_an_appeal_is_dispatched_and_kept_as_it_is_returned(store: SqlStore) -> None:
    order = await registered(store, an_appeal())
    assert (order.number, order.status, order.revision) == ("26112300001", Status.TO_SIGN, 1)
    assert order.appeal == an_appeal()
    assert steps(order) == history(Status.TO_SIGN, Step.DISPATCH, "按属地派单")
    assert {limit.purpose for limit in order.limits} == {limit.purpose for limit in a_decision().limits}
    assert order.due_at == a_decision().due_at
    assert await store.get("26112300001") == order
    assert await store.audit_break() is None


@pytest.mark.parametrize(
    ("appeal", "article", "decision", "status", "step", "note"),
    [
        (an_appeal(), None, a_decision(is_manual=True, because="两个单位都可能"),
         Status.TO_DISPATCH, Step.QUEUE_FOR_DISPATCH, "两个单位都可能"),
        (an_appeal(), None, a_decision(lead_unit=None),
         Status.TO_DISPATCH, Step.QUEUE_FOR_DISPATCH, "按属地派单"),
        (an_appeal(place=None), None, a_decision(), Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "place_missing"),
        (an_appeal(place=NOWHERE), None, a_decision(is_manual=True),
         Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "place_missing"),
        (an_appeal(place=None, category=None), None, a_decision(is_manual=True),
         Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "place_missing"),
        (an_appeal(place=None, kind=AppealKind.SUGGESTION), None, a_decision(),
         Status.TO_SIGN, Step.DISPATCH, "按属地派单"),
        (an_appeal(place=None, kind=AppealKind.INQUIRY), None, a_decision(),
         Status.TO_SIGN, Step.DISPATCH, "按属地派单"),
        (an_appeal(is_confirmed=False), None, a_decision(),
         Status.NEEDS_SUPPLEMENT, Step.ASK_SUPPLEMENT, "not_confirmed"),
        (an_appeal(emergency=EmergencyService.FIRE, is_confirmed=False, place=None), None, a_decision(),
         Status.DIVERTED, Step.DIVERT, "emergency"),
        (an_appeal(kind=AppealKind.INQUIRY, place=None), "A0101-01", a_decision(),
         Status.ANSWERED, Step.ANSWER, "A0101-01"),
    ],
    ids=[
        "a person dispatches what the router leaves open", "no unit", "no place", "a place in no county",
        "neither category nor place", "a suggestion needs no place", "an inquiry needs no place",
        "not read back", "an emergency was given away", "answered on the spot",
    ],
)  # fmt: skip
async def test_the_first_step_follows_from_the_facts(
    store: SqlStore, appeal: Appeal, article: str | None, decision: RoutingDecision, status: Status,
    step: Step, note: str,
) -> None:  # fmt: skip
    order = await registered(store, appeal, router=FixedRouter(decision), article=article)
    assert (order.status, steps(order), order.article) == (status, history(status, step, note), article)
    assert await store.get(order.number) == order


async def test_a_category_that_needs_no_place_is_dispatched_without_one(store: SqlStore) -> None:
    code = next(code for code, category in CITY.categories.items() if not category.needs_place)
    order = await registered(store, an_appeal(category=code, place=None))
    assert order.status is Status.TO_SIGN


async def test_a_broken_router_loses_no_appeal(store: SqlStore) -> None:
    order = await registered(store, an_appeal(), router=BrokenRouter())
    assert order.routing is None
    assert steps(order) == history(Status.TO_DISPATCH, Step.QUEUE_FOR_DISPATCH, "router_failed")
    assert await store.get(order.number) == order


async def test_numbers_follow_the_citys_day_and_not_utc(store: SqlStore) -> None:
    registration = a_registration(store)
    evening = NOW.replace(hour=16, minute=30)  # half past midnight in Linyi
    order = await registration.register(an_appeal(), conversation="c1", article=None, at=evening)
    assert order.number == "26112400001"


async def test_a_refused_commit_is_said_and_nothing_is_recorded(store: SqlStore) -> None:
    async with store.database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(StoreUnavailableError):
        await registered(store, an_appeal())
    assert await store.recent() == []


async def test_an_appeal_of_ten_thousand_characters_is_kept_whole(store: SqlStore) -> None:
    long = replace(an_appeal(), text="暖气不热，" * 2_000)
    order = await registered(store, long)
    assert (await store.get(order.number)).appeal.text == "暖气不热，" * 2_000


@pytest.mark.parametrize(
    ("outcome", "article", "kind", "status", "note"),
    [
        (ContactOutcome.ANSWERED, SPOKEN, AppealKind.INQUIRY, Status.ANSWERED, "A0101-01"),
        (ContactOutcome.ABANDONED, None, AppealKind.INVALID, Status.WITHDRAWN, "abandoned"),
        (ContactOutcome.WITHDRAWN, None, AppealKind.WITHDRAWAL, Status.WITHDRAWN, "withdrawn"),
        (ContactOutcome.NUISANCE, None, AppealKind.NUISANCE, Status.TO_DISPATCH, "nuisance"),
        (ContactOutcome.TO_AGENT, None, AppealKind.INQUIRY, Status.TO_DISPATCH, "to_agent"),
        (ContactOutcome.EMERGENCY, None, AppealKind.INQUIRY, Status.DIVERTED, "emergency"),
    ],
)
async def test_every_contact_leaves_a_numbered_record(
    store: SqlStore,
    outcome: ContactOutcome,
    article: AnsweredWith | None,
    kind: AppealKind,
    status: Status,
    note: str,
) -> None:
    appeal = an_appeal(kind=AppealKind.INQUIRY, place=None)
    record = await a_registration(store).record_contact(
        conversation="c1", appeal=appeal, outcome=outcome, article=article, at=NOW
    )
    assert (record.number, record.appeal.kind, record.status) == ("26112300001", kind, status)
    assert record.history[-1].note == note
    assert await store.get(record.number) == record


async def test_an_answer_names_article_version_and_how_sure_the_search_was(store: SqlStore) -> None:
    record = await a_registration(store).record_contact(
        conversation="c1", appeal=an_appeal(), outcome=ContactOutcome.ANSWERED, article=SPOKEN, at=NOW
    )
    assert record.article == "A0101-01"
    assert record.history[-1].deed == Answer("A0101-01", 3, score=0.91)


async def test_what_the_machine_would_divert_waits_for_a_person(store: SqlStore) -> None:
    proposal = Diversion(DiversionOutcome.STATUTORY_CHANNEL, "已进入诉讼", "请向受理法院反映")
    order = await a_registration(store).register(an_appeal(), conversation="c1", diversion=proposal, at=NOW)
    assert (order.status, order.proposal) == (Status.TO_DISPATCH, proposal)


async def test_a_part_goes_on_as_an_order_of_its_own_with_all_citizens(store: SqlStore) -> None:
    registration = a_registration(store)
    order = await registration.register(an_appeal(), conversation="c1", at=NOW)
    await registration.merge(
        order.number,
        an_appeal(phone=PhoneNumber("13905390002")),
        conversation="c2",
        told="已并入",
        at=after(10),
    )
    given = {"category": "0303", "reason": "路灯另办", "by": REVIEWER, "at": after(60)}
    with pytest.raises(StaleWorkOrderError):
        await registration.split(order.number, "路灯不亮", **given, expected=0)
    part = await registration.split(order.number, "路灯不亮", **given)
    assert (part.status, part.appeal.text, part.appeal.category, part.linked_to) == (
        Status.TO_DISPATCH, "路灯不亮", "0303", order.number,
    )  # fmt: skip
    assert (await store.get(order.number)).parts == (part.number,)
    theirs = await store.of_citizen(PhoneNumber("13905390002"))
    assert {one.number for one in theirs} >= {order.number, part.number}


async def test_a_repeat_is_merged_and_its_citizen_is_owed_the_reply_too(store: SqlStore) -> None:
    first = await registered(store, an_appeal())
    second = an_appeal(text="暖气还是不热", phone=PhoneNumber("13905390002"))
    joined = await a_registration(store).merge(
        first.number, second, conversation="c2", told="已并入您之前的工单", at=after(60)
    )
    record = await store.get("26112300002")
    assert (record.status, record.merged_into) == (Status.DIVERTED, first.number)
    assert [party.number for party in joined.citizens] == ["26112300001", "26112300002"]
    assert [order.number for order in await store.of_citizen(PhoneNumber("13905390002"))] == [
        "26112300002", "26112300001",
    ]  # fmt: skip
    assert await store.get(first.number) == joined


async def test_a_merge_asked_for_again_is_the_first_one_and_another_order_of_the_contact_is_none(
    store: SqlStore,
) -> None:
    first, registration = await registered(store, an_appeal()), a_registration(store)
    again = {"conversation": "c2", "told": "已并入", "request": "c2:contact", "by": AGENT}
    joined = await registration.merge(first.number, an_appeal(text="还是不热"), at=after(1), **again)
    assert await registration.merge(first.number, an_appeal(text="还是不热"), at=after(2), **again) == joined
    await registration.register(
        an_appeal(text="路灯坏了"), conversation="c3", at=after(3), request="c3:contact", by=AGENT
    )
    with pytest.raises(StaleWorkOrderError):  # it is dispatched already
        await registration.merge(first.number, an_appeal(), at=after(4), **again | {"request": "c3:contact"})
    assert await store.get(first.number) == joined


async def test_who_asks_for_secrecy_of_a_repeat_is_hidden_in_their_earlier_order_and_nobody_else(
    store: SqlStore,
) -> None:
    registration = a_registration(store)
    own, others = await registered(store, an_appeal()), await registered(store, an_appeal(text="路灯坏了"))
    seen = []
    for number, phone in ((own.number, PHONE), (others.number, PhoneNumber("13905390002"))):
        appeal = an_appeal(text="还是不热，请替我保密", phone=phone, secrecy=Secrecy.CONFIDENTIAL)
        merged = await registration.merge(number, appeal, conversation="c2", told="已并入", at=after(1))
        seen.append((unit_view(merged).is_confidential, unit_view(merged).contact))
    assert seen == [(True, ""), (False, PHONE.digits)]


async def test_a_tip_off_reaches_no_unit_that_it_names_by_a_merge(store: SqlStore) -> None:
    first = await registered(store, an_appeal())  # the housing authority supports it
    tip_off = an_appeal(kind=AppealKind.TIP_OFF, text="我举报市住建局工作人员吃拿卡要")
    with pytest.raises(ConflictOfInterestError):
        await a_registration(store).merge(
            first.number, tip_off, conversation="c2", told="已并入", at=after(1)
        )
    assert await store.recent() == [first]


@pytest.mark.parametrize(
    ("place", "decision", "status", "steps"),
    [
        (LANSHAN, a_decision(is_manual=True), Status.TO_DISPATCH, [Step.COMPLETE, Step.SUPPLEMENT]),
        (LANSHAN, a_decision(), Status.TO_SIGN, [Step.COMPLETE, Step.SUPPLEMENT, Step.DISPATCH]),
        (NOWHERE, a_decision(), Status.NEEDS_SUPPLEMENT, [Step.COMPLETE]),
    ],
    ids=["a person dispatches", "the rules dispatch", "still no place"],
)
async def test_an_order_waits_for_its_citizen_only_while_something_is_missing(
    store: SqlStore, place: Place, decision: RoutingDecision, status: Status, steps: list[Step]
) -> None:
    registration = a_registration(store, FixedRouter(decision))
    begun = await registration.register(an_appeal(place=None), conversation="c1", at=NOW)
    order = await registration.complete(
        begun.number, an_appeal(place=place), fields=("place",), by=AGENT, at=after(1)
    )
    assert (begun.status, order.status) == (Status.NEEDS_SUPPLEMENT, status)
    assert [entry.step for entry in order.history] == [None, Step.ASK_SUPPLEMENT, *steps]
    assert await store.get(order.number) == order


async def test_two_citizens_who_join_one_order_at_once_both_join(store: SqlStore) -> None:
    first = await registered(store, an_appeal())
    registration = a_registration(store)
    await asyncio.gather(
        *(
            registration.merge(
                first.number, an_appeal(phone=PhoneNumber(f"1390539000{index}")), conversation=f"c{index}",
                told="已并入", at=after(index),
            )
            for index in range(2, 4)
        )
    )  # fmt: skip
    assert {party.phone for party in (await store.get(first.number)).citizens} == {
        PhoneNumber(f"1390539000{index}") for index in range(1, 4)
    }
    assert await store.audit_break() is None


async def test_who_asks_for_secrecy_afterwards_is_hidden_from_units_from_then_on(store: SqlStore) -> None:
    registration = a_registration(store)
    order = await registration.register(an_appeal(), conversation="c1", at=NOW)
    assert not unit_view(order).is_confidential
    for minutes in (1, 2):
        await registration.add_facts(order.number, "我要保密", at=after(minutes), wants_secrecy=True)
    found = await store.get(order.number)
    seen = unit_view(found)
    assert (seen.is_confidential, seen.contact, seen.has_recording) == (True, "", False)
    assert [entry.deed for entry in found.history if isinstance(entry.deed, AddFacts)] == [
        AddFacts("我要保密", wants_secrecy=True)
    ]
    assert await store.audit_break() is None


async def test_what_an_agent_completes_is_routed_anew_even_if_they_choose_the_unit(store: SqlStore) -> None:
    registration = a_registration(store)
    begun = await registration.record_contact(
        conversation="c1", appeal=an_appeal(), outcome=ContactOutcome.TO_AGENT, article=None, at=NOW
    )
    assert begun.routing is None
    completed = await registration.complete(
        begun.number, an_appeal(), fields=("text",), queued="另选单位", by=AGENT, at=after(60)
    )
    assert (completed.status, completed.routing) == (Status.TO_DISPATCH, a_decision())


async def test_what_a_citizen_corrects_is_added_to_their_order_once(store: SqlStore) -> None:
    registration = a_registration(store)
    order = await registration.register(an_appeal(), conversation="c1", at=NOW)
    for minutes in (1, 2):
        await registration.add_facts(order.number, "位置是罗庄区", at=after(minutes))
    found = await store.get(order.number)
    assert [entry.deed for entry in found.history if isinstance(entry.deed, AddFacts)] == [
        AddFacts("位置是罗庄区")
    ]
    assert found.status is order.status
