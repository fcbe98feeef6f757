"""Lists of what waits for a decision, on every database: those that wait longest come first."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import select, text, update

from hotline.domain.deeds import Object, RejectObjection
from hotline.domain.people import CITIZEN
from hotline.domain.waiting import Waiting
from hotline.store.inbox import SqlInbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import order_waiting
from tests.builders import after
from tests.contracts.conftest import SECRET
from tests.unit.hotline.domain.test_work_order import CONCLUDED, done
from tests.work_orders import REVIEWER, an_order, change, keep


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
