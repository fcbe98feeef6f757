"""Subscriptions to the progress of orders, and what subscribers are told, written with the step itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.appeal import ContactChannel
from hotline.domain.progress import BETWEEN, Subscription, between
from hotline.domain.work_order import WorkOrder
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.outbox import put_messages
from hotline.store.sealing import Seal
from hotline.store.tables import progress_subscriptions as table


class SqlProgress:
    """The subscriptions. Every method raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def subscribe(self, wanted: Subscription) -> None:
        """Keep a subscription; it takes the place of one by another door."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        values = {
            "correspondent": wanted.correspondent,
            "channel": wanted.channel.value,
            "since": wanted.since,
        }
        row = insert(table).values(number=wanted.number, **values)
        async with self._database.writing() as connection:
            await write_audit(
                connection,
                at=wanted.since,
                actor="citizen:citizen",
                action="progress.subscribed",
                subject=wanted.number,
                detail={"channel": wanted.channel.value},
            )
            await connection.execute(row.on_conflict_do_update(index_elements=[table.c.number], set_=values))

    async def end(self, number: str, *, at: datetime) -> bool:
        """End the subscription of a record; False when there is none."""
        return bool(await self._end(table.c.number == number, at))

    async def end_of(self, correspondent: str, *, at: datetime) -> Sequence[str]:
        """End all of a correspondent's subscriptions; return of which records they were."""
        return await self._end(table.c.correspondent == correspondent, at)

    async def of(self, number: str) -> Subscription | None:
        """Return the subscription of a record."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(table).where(table.c.number == number))).one_or_none()
        return None if row is None else _subscription(row)

    async def of_all(self, numbers: Collection[str]) -> Mapping[str, Subscription]:
        """Return the subscriptions of records, by their numbers."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(table).where(table.c.number.in_(numbers)))).all()
        return {row.number: _subscription(row) for row in rows}

    async def of_correspondent(self, correspondent: str) -> Sequence[Subscription]:
        """Return what a correspondent has subscribed to, the newest first."""
        theirs = select(table).where(table.c.correspondent == correspondent)
        async with self._database.reading() as connection:
            rows = (await connection.execute(theirs.order_by(table.c.since.desc(), table.c.number))).all()
        return [_subscription(row) for row in rows]

    async def _end(self, which: ColumnElement[bool], at: datetime) -> Sequence[str]:
        async with self._database.writing() as connection:
            ended = delete(table).where(which).returning(table.c.number)
            numbers = sorted((await connection.execute(ended)).scalars())
            for number in numbers:
                await write_audit(
                    connection,
                    at=at,
                    actor="citizen:citizen",
                    action="progress.unsubscribed",
                    subject=number,
                    detail={},
                )
        return numbers


def put_progress(connection: Connection, seal: Seal, order: WorkOrder, *, before: int, at: datetime) -> None:
    """Write what subscribers are told of an order's steps behind the ``before``-th, within the steps' own transaction."""
    if not any(entry.step in BETWEEN for entry in order.history[before:]):
        return
    theirs = select(table.c.number).where(table.c.number.in_([party.number for party in order.citizens]))
    numbers = frozenset(connection.execute(theirs).scalars())
    if numbers:
        put_messages(connection, seal, tuple(between(order, before=before, numbers=numbers)), at)


def _subscription(row: Row[tuple[object, ...]]) -> Subscription:
    return Subscription(row.number, ContactChannel(row.channel), row.since, row.correspondent)
