"""Lists of what waits for a decision, on every database: those that wait longest come first."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import select, text, update

from hotline.domain.deeds import Conclude, Contest, Evidence, Exclude, Object, RejectObjection
from hotline.domain.people import CITIZEN
from hotline.domain.waiting import Waiting
from hotline.store.inbox import SqlInbox
from hotline.store.order_facts import SqlOrderFacts, Which
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import order_waiting
from tests.builders import after
from tests.contracts.conftest import SECRET
from tests.unit.hotline.domain.test_work_order import CONCLUDED, REVIEWED, UNHAPPY, done
from tests.work_orders import AGENT, LANSHAN_UNIT, REVIEWER, SUPERVISOR, an_order, change, keep


async def test_objections_are_listed_by_when_they_were_made_page_by_page(store: SqlStore) -> None:
    inbox, orders = SqlInbox(store.database, Seal(SECRET)), {}
    for index, seconds in ((1, 300), (2, 200), (3, 100)):
        order = done(an_order(f"2611230000{index}"), *CONCLUDED)
        await keep(store, order)
        order = await change(store, order, Object("还是不热"), by=CITIZEN, at=after(seconds))
        orders[index] = await change(store, order, Object("盼复"), by=CITIZEN, at=after(400))
    first = await inbox.waiting(Waiting.OBJECTION, limit=2)
    second = await inbox.waiting(Waiting.OBJECTION, after=first.following, limit=2)
    assert [order.number[-1] for order in (*first.orders, *second.orders)] == ["3", "2", "1"]
    assert second.following is None

    async with store.database.writing() as connection:  # as those are that were kept before there was a time
        await connection.execute(update(order_waiting).values(since=after(0)))
        await connection.execute(
            text(import_module("hotline.store.migrations.versions.0033_waiting_since")._FILL)
        )
        query = select(order_waiting.c.since).where(order_waiting.c.what == Waiting.OBJECTION.value)
        assert (await connection.execute(query)).scalars().all() == [after(400)] * 3

    decided = RejectObjection("已依法答复")
    await change(store, orders[3], decided, by=REVIEWER, at=after(500))
    assert [order.number[-1] for order in (await inbox.waiting(Waiting.OBJECTION)).orders] == ["1", "2"]


async def test_a_contested_order_is_listed_and_once_upheld_no_longer_counted(store: SqlStore) -> None:
    seal = Seal(SECRET)
    inbox, facts = SqlInbox(store.database, seal), SqlOrderFacts(store.database, seal)
    order = done(an_order(), *REVIEWED, (AGENT, UNHAPPY), (AGENT, Conclude("解释清楚")))
    await keep(store, order)
    contest = Contest("wrong_record", "当日已联系", (Evidence("e"),), after(500))
    order = await change(store, order, contest, by=LANSHAN_UNIT, at=after(100))

    async def counted() -> list[list[str]]:
        return [
            list(await facts.numbers(after(-1), after(1), "county-371302", which))
            for which in (Which.UNRESOLVED, Which.EXCLUDED)
        ]

    assert [each.number for each in (await inbox.waiting(Waiting.CONTEST)).orders] == [order.number]
    assert await counted() == [[order.number], []]
    excluded = Exclude("wrong_record", "通话记录属实", SUPERVISOR.id)
    await change(store, order, excluded, by=SUPERVISOR, at=after(200))
    assert await counted() == [[], [order.number]]
    assert (await inbox.waiting(Waiting.CONTEST)).orders == []
