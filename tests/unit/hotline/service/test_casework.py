"""Casework on a real database: what is done is committed with its audit rows and messages, once, whoever else works on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.city import load_city
from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy, Urgency
from hotline.domain.deeds import (
    AcceptReturn,
    AskExtension,
    AskSupplement,
    Card,
    Conclude,
    PassReview,
    QueueForDispatch,
    Remind,
    Resolution,
    Satisfaction,
    SendBack,
    SignFor,
)
from hotline.domain.errors import (
    ConflictOfInterestError,
    DeedRefusedError,
    IllegalTransitionError,
    StaleWorkOrderError,
    UnknownUnitError,
    WorkOrderNotFoundError,
)
from hotline.domain.life_cycle import Status, Step
from hotline.domain.people import CITIZEN, MACHINE, unit_actor
from hotline.service.casework import Casework
from hotline.service.confidential import Confidential, Unmasking
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit, outbox, work_orders
from router.time_tables import load_time_limits
from tests.builders import LINYI, NOW, after, an_appeal
from tests.databases import lay_out
from tests.postgres import PostgresServer
from tests.unit.hotline.domain.test_work_order import CONTENT, REPLY, UNHAPPY
from tests.work_orders import (
    AGENT,
    HOUSING,
    LANSHAN_UNIT,
    REVIEWER,
    a_decision,
    a_registered_order,
    an_order,
    keep,
)

CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
SEAL = Seal("tests only: " + "x" * 32)
NUMBER = "26112300001"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Any:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    else:
        url = await request.getfixturevalue("postgres").new_database(tmp_path.name)
    await lay_out(url)
    store = SqlStore(url, SEAL)
    yield store
    await store.close()


@pytest.fixture
def casework(store: SqlStore) -> Casework:
    return Casework(store, lambda: LIMITS, CITY.units, CITY.place_names)


async def messages(store: SqlStore) -> list[tuple[str, str, dict[str, Any]]]:
    async with store.database.reading() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    return [(row.destination, row.kind, json.loads(SEAL.open(row.body, f"outbox:{row.key}"))) for row in rows]


async def actions(store: SqlStore) -> list[tuple[str, str]]:
    async with store.database.reading() as connection:
        rows = (await connection.execute(select(audit).order_by(audit.c.sequence))).all()
    return [(row.actor, row.action) for row in rows]


async def test_a_step_is_committed_with_its_audit_row_and_its_messages(
    store: SqlStore, casework: Casework
) -> None:
    await store.commit(casework.change(an_order()), at=NOW)
    await casework.do(NUMBER, SignFor(), by=LANSHAN_UNIT, at=after(60))
    assert (await store.get(NUMBER)).status is Status.HANDLING
    assert (await actions(store))[-1] == ("unit:county-371302", "work_order.sign_for")
    told = [(destination, kind) for destination, kind, _ in await messages(store)]
    assert told == [
        ("unit:county-371302", "work_order.dispatch"),
        ("unit:body-housing", "work_order.dispatch"),
        (f"citizen:{NUMBER}", "work_order.dispatch"),
    ]
    assert await store.audit_break() is None


async def test_a_refused_step_changes_nothing_and_tells_nobody(store: SqlStore, casework: Casework) -> None:
    await keep(store, an_order())
    with pytest.raises(IllegalTransitionError):
        await casework.do(NUMBER, SignFor(), by=HOUSING, at=after(60))
    assert await store.get(NUMBER) == an_order()
    assert await messages(store) == []


async def test_of_two_agents_on_one_order_the_second_is_told(store: SqlStore, casework: Casework) -> None:
    order = a_registered_order().after(QueueForDispatch("无规则"), by=MACHINE, at=NOW)
    await keep(store, order)
    seen = order.revision
    await casework.dispatch(NUMBER, "body-housing", reason="住建职责", by=AGENT, at=after(60), expected=seen)
    with pytest.raises(StaleWorkOrderError):
        await casework.dispatch(
            NUMBER, "body-police", reason="公安职责", by=REVIEWER, at=after(61), expected=seen
        )
    assert (await store.get(NUMBER)).lead_unit == "body-housing"


async def test_what_a_person_dispatches_has_limits_rule_and_reason(
    store: SqlStore, casework: Casework
) -> None:
    await keep(store, a_registered_order().after(QueueForDispatch("无规则"), by=MACHINE, at=NOW))
    order = await casework.dispatch(NUMBER, "body-housing", reason="住建职责", by=AGENT, at=after(60))
    assert order.routing is not None
    assert (order.lead_unit, order.routing.rule, order.routing.because) == (
        "body-housing",
        "by-hand",
        "住建职责",
    )
    assert order.due_at == LIMITS.due("0101", AppealKind.HELP, start=after(60)).at
    with pytest.raises(UnknownUnitError):
        await casework.dispatch(NUMBER, "body-nobody", reason="x", by=AGENT, at=after(70))


async def test_a_limit_that_the_rules_named_binds_the_unit_that_a_person_dispatches_to(
    store: SqlStore, casework: Casework
) -> None:
    given = {"category": "0101", "kind": AppealKind.HELP, "urgency": Urgency.UTILITIES, "start": NOW}
    heat = a_decision(limits=LIMITS.at_dispatch(**given, named="heat-measuring"))
    lacking = a_registered_order("26112300002", routing=heat).after(AskSupplement("小区"), by=MACHINE, at=NOW)
    await keep(store, an_order(routing=heat), lacking)
    back = SendBack("不在供热范围", "供热合同", "linked-heat-lantian")
    await casework.do(NUMBER, back, by=LANSHAN_UNIT, at=after(60))
    await casework.do(NUMBER, AcceptReturn("属实"), by=REVIEWER, at=after(120))
    for number in (NUMBER, "26112300002"):
        order = await casework.dispatch(
            number, "linked-heat-lantian", reason="由蓝天热力供热", by=REVIEWER, at=after(180)
        )
        assert order.due_at == after(180) + timedelta(hours=24)


async def test_a_tip_off_never_reaches_the_unit_it_names(store: SqlStore, casework: Casework) -> None:
    appeal = an_appeal(kind=AppealKind.TIP_OFF, text="我举报市住建局工作人员吃拿卡要")
    await keep(store, a_registered_order(appeal=appeal).after(QueueForDispatch("x"), by=MACHINE, at=NOW))
    with pytest.raises(ConflictOfInterestError):
        await casework.dispatch(NUMBER, "body-housing", reason="x", by=AGENT, at=after(60))
    with pytest.raises(ConflictOfInterestError):
        await casework.dispatch(
            NUMBER, "body-petitions", supporting=("body-housing",), reason="x", by=AGENT, at=after(60)
        )
    order = await casework.dispatch(NUMBER, "body-petitions", reason="由上级核查", by=AGENT, at=after(60))
    assert order.lead_unit == "body-petitions"


@pytest.mark.parametrize("appeal", [{"secrecy": Secrecy.CONFIDENTIAL}, {"kind": AppealKind.TIP_OFF}])
async def test_units_learn_nothing_of_who_stays_unknown(
    store: SqlStore, casework: Casework, appeal: dict[str, Any]
) -> None:
    text = "我是李建国，电话139 0539 0001，楼下烧烤店油烟太大"
    secret = an_appeal(text=text, citizen_name="李建国", **appeal)
    await store.commit(casework.change(an_order(appeal=secret)), at=NOW)
    sent = json.dumps(await messages(store), ensure_ascii=False)
    assert "油烟太大" in sent
    for identity in ("13905390001", "139 0539 0001", "李建国"):
        assert identity not in sent


async def test_a_discontent_citizen_has_it_handled_again_at_once(store: SqlStore, casework: Casework) -> None:
    await keep(store, an_order())
    await casework.do(NUMBER, SignFor(), by=LANSHAN_UNIT, at=after(1))
    await casework.do(NUMBER, REPLY, by=LANSHAN_UNIT, at=after(2))
    await casework.do(NUMBER, PassReview(), by=REVIEWER, at=after(3))
    order = await casework.revisit(NUMBER, UNHAPPY, by=AGENT, at=after(4))
    assert (order.status, order.count(Step.REDO)) == (Status.HANDLING, 1)
    assert order.due_at == LIMITS.handling_anew("0101", AppealKind.HELP, start=after(4))[0].end
    assert await store.get(NUMBER) == order


async def test_attitude_alone_calls_for_no_redo(store: SqlStore, casework: Casework) -> None:
    await keep(store, an_order())
    for deed, by in ((SignFor(), LANSHAN_UNIT), (REPLY, LANSHAN_UNIT), (PassReview(), REVIEWER)):
        await casework.do(NUMBER, deed, by=by, at=after(1))
    rude = replace(CONTENT, attitude=Satisfaction.DISSATISFIED, resolution=Resolution.MOSTLY)
    assert (await casework.revisit(NUMBER, rude, by=AGENT, at=after(4))).status is Status.TO_REVISIT


async def test_an_extension_that_nobody_asked_for_is_not_granted(store: SqlStore, casework: Casework) -> None:
    await keep(store, an_order())
    await casework.do(NUMBER, SignFor(), by=LANSHAN_UNIT, at=after(1))
    with pytest.raises(DeedRefusedError):
        await casework.grant_extension(NUMBER, by=REVIEWER, at=after(2))
    until = an_order().routing.due_at + timedelta(days=3)  # type: ignore[union-attr]
    await casework.do(NUMBER, AskExtension(until, "备件未到"), by=LANSHAN_UNIT, at=after(2))
    assert (await casework.grant_extension(NUMBER, by=REVIEWER, at=after(3))).due_at == until


async def test_a_merge_takes_every_citizen_along_or_changes_nothing(
    store: SqlStore, casework: Casework
) -> None:
    waiting = a_registered_order("26112300002", appeal=an_appeal(phone=PhoneNumber("13905390002")))
    await keep(store, an_order(), waiting.after(QueueForDispatch("x"), by=MACHINE, at=NOW))
    joined = await casework.merge(
        "26112300002", NUMBER, told="已并入", reason="同一事项", by=AGENT, at=after(60)
    )
    assert [party.phone for party in joined.citizens] == [
        PhoneNumber("13905390001"),
        PhoneNumber("13905390002"),
    ]
    assert (await store.get("26112300002")).merged_into == NUMBER
    with pytest.raises(IllegalTransitionError):
        await casework.merge(NUMBER, NUMBER, told="x", reason="x", by=AGENT, at=after(70))
    tip_off = an_appeal(kind=AppealKind.TIP_OFF, text="我举报市住建局工作人员吃拿卡要")
    third = a_registered_order("26112300003", appeal=tip_off)
    await keep(store, third.after(QueueForDispatch("x"), by=MACHINE, at=NOW))
    into_it = {"told": "x", "reason": "x", "by": REVIEWER, "at": after(80)}
    with pytest.raises(ConflictOfInterestError):  # the housing authority supports the order
        await casework.merge("26112300003", NUMBER, **into_it)
    with pytest.raises(StaleWorkOrderError):
        await casework.merge("26112300003", NUMBER, **into_it, expected=0)


async def test_two_workers_that_sweep_at_once_show_each_card_once(
    store: SqlStore, casework: Casework
) -> None:
    for index in range(1, 7):
        order = an_order(f"2611230000{index}", appeal=an_appeal(phone=PhoneNumber(f"1390539000{index}")))
        await store.commit(casework.change(order), at=NOW)
    later = NOW + timedelta(days=8)
    other = Casework(store, lambda: LIMITS, CITY.units)
    settled = sum(await asyncio.gather(casework.sweep(later), other.sweep(later)))
    assert settled >= 6
    assert await casework.sweep(later) == 0
    for index in range(1, 7):
        order = await store.get(f"2611230000{index}")
        cards = list(order.deeds(Remind))
        assert [each.card for each in cards if each.unit is None] == [Card.UNSIGNED, Card.YELLOW, Card.RED]
        assert [each.card for each in cards if each.unit == "body-housing"] == [Card.CO_SOON, Card.CO_LATE]
    to_supervisors = [kind for destination, kind, _ in await messages(store) if destination == "supervisor:1"]
    assert to_supervisors.count("work_order.supervise") == 6
    assert await store.audit_break() is None


async def test_a_sweep_in_batches_leaves_nothing(store: SqlStore, casework: Casework) -> None:
    for index in range(1, 6):
        await store.commit(casework.change(an_order(f"2611230000{index}")), at=NOW)
    later, rounds = NOW + timedelta(days=8), []
    while done := await casework.sweep(later, batch=2):
        rounds.append(done)
    assert rounds == [2, 2, 1]


async def test_the_relay_shows_no_number_to_the_unit_and_asks_the_hotline_to_connect(store: SqlStore) -> None:
    await keep(store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL, citizen_name="李建国")))
    relay = Confidential(store, SqlRelayStore(store.database, SEAL))
    await relay.send(NUMBER, "请问几号楼？", by=LANSHAN_UNIT, at=after(60))
    await relay.send(NUMBER, "三号楼，我李建国，打13905390001", by=CITIZEN, at=after(120))
    await relay.send(NUMBER, "需要入户测温", by=LANSHAN_UNIT, at=after(180), wants_call=True)
    thread = await relay.thread(NUMBER, reader=LANSHAN_UNIT, at=after(200))
    assert [message.text for message in thread] == ["请问几号楼？", "三号楼，我***，打***", "需要入户测温"]
    assert [(to, kind) for to, kind, _ in await messages(store)] == [
        (f"citizen:{NUMBER}", "relay.message"),
        ("unit:county-371302", "relay.message"),
        ("duty", "relay.call_wanted"),
    ]
    with pytest.raises(WorkOrderNotFoundError):
        await relay.thread(NUMBER, reader=unit_actor("body-police"), at=after(210))
    with pytest.raises(IllegalTransitionError):
        await relay.send(NUMBER, "x", by=unit_actor("body-police"), at=after(210))
    assert await store.audit_break() is None


async def test_unmasking_needs_a_reason_and_a_second_person_and_leaves_a_trace(store: SqlStore) -> None:
    await keep(store, an_order(appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL)))
    confidential = Confidential(store, SqlRelayStore(store.database, SEAL))
    with pytest.raises(DeedRefusedError):
        Unmasking(" ", AGENT, REVIEWER)
    with pytest.raises(DeedRefusedError):
        Unmasking("核实线索", REVIEWER, REVIEWER)
    (citizen,) = await confidential.unmask(NUMBER, Unmasking("核实线索", AGENT, REVIEWER), at=after(60))
    assert citizen.phone == PhoneNumber("13905390001")
    assert (await actions(store))[-1] == ("agent:a-7", "looked")


async def test_what_a_unit_sends_back_suggests_a_unit_that_exists(
    store: SqlStore, casework: Casework
) -> None:
    await keep(store, an_order())
    with pytest.raises(UnknownUnitError):
        await casework.do(NUMBER, SendBack("非职责", "三定", "body-nobody"), by=LANSHAN_UNIT, at=after(60))


async def test_nothing_personal_is_disclosed_even_when_a_person_overlooks_it(
    store: SqlStore, casework: Casework
) -> None:
    order = an_order(appeal=an_appeal(citizen_name="李建国"))
    for deed, by in (
        (SignFor(), LANSHAN_UNIT),
        (REPLY, LANSHAN_UNIT),
        (PassReview(), REVIEWER),
        (CONTENT, AGENT),
        (Conclude(), AGENT),
    ):
        order = order.after(deed, by=by, at=NOW)
    await keep(store, order)
    for text in ("已为李建国维修", "回电13905390001", "3号楼501室已修"):
        with pytest.raises(DeedRefusedError):
            await casework.disclose(NUMBER, text, by=REVIEWER, at=after(60))
    disclosed = await casework.disclose(NUMBER, "已维修供热管道", by=REVIEWER, at=after(60))
    assert disclosed.count(Step.DISCLOSE) == 1


async def test_an_order_that_cannot_be_read_holds_up_no_other(store: SqlStore, casework: Casework) -> None:
    for index in range(1, 4):
        await store.commit(casework.change(an_order(f"2611230000{index}")), at=NOW)
    async with store.database.writing() as connection:
        await connection.execute(
            update(work_orders).where(work_orders.c.number == NUMBER).values(body=b"broken" * 9)
        )
    later = NOW + timedelta(days=8)
    assert await casework.sweep(later) == 2
    found = await store.get("26112300003")
    shown = [each.card for each in found.deeds(Remind) if each.unit is None]
    assert shown == [Card.UNSIGNED, Card.YELLOW, Card.RED]
