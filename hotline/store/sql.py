"""The store on SQLite (WAL) or PostgreSQL, by SQLAlchemy: work orders, conversations, journals, audit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.deeds import AddUnits, Complete, Designate, Dispatch, Join
from hotline.domain.errors import (
    RegisteredBeforeError,
    StaleWorkOrderError,
    StoreUnavailableError,
    WorkOrderNotFoundError,
)
from hotline.domain.life_cycle import CLOSED, Status, Step
from hotline.domain.waiting import waits_for, waits_since
from hotline.domain.work_order import HistoryEntry, WorkOrder, WorkOrderNumber
from hotline.store.auditing import AuditRow, Break, Head, find_break, put_audit_rows, read_head, write_audit
from hotline.store.conversation_ends import ended
from hotline.store.database import TIMEOUT_SECONDS, Database, migrate
from hotline.store.journal_store import JournalRow
from hotline.store.order_body import dumped, loaded
from hotline.store.order_facts import put_order_facts
from hotline.store.outbox import put_messages
from hotline.store.progress import put_progress
from hotline.store.sealing import Seal
from hotline.store.tables import (
    NEVER_DUE,
    audit,
    conversations,
    counters,
    journal,
    order_citizens,
    order_supporters,
    order_waiting,
    work_orders,
)
from hotline.store.work_order_store import Change

__all__ = ["SqlStore", "migrate"]

_OPEN: Final = sorted(frozenset(Status) - CLOSED)
_BROUGHT: Final = [
    "work_order.registered",
    *(f"work_order.{step.value}" for step in (Step.COMPLETE, Step.SUPPLEMENT)),
]
_CHANGES_UNITS: Final = (Dispatch, Designate, AddUnits)
_MOST_UNFINISHED: Final = 100
_CALL_ID_CHARACTERS: Final = 256
"""A caller may send a longer Call-ID; the rest is cut off, for it must not cost the record of the call."""


class SqlStore:
    """All that is kept. Every method raises ``StoreUnavailableError`` when the database is away, full or locked."""

    def __init__(self, url: str, seal: Seal, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Take a SQLAlchemy URL (``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``); connect when first used."""
        self._database = Database(url, timeout_seconds=timeout_seconds)
        self._seal = seal
        # Made once: putting a statement together takes longer than doing it.
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        self._new_order = insert(work_orders).on_conflict_do_nothing(index_elements=[work_orders.c.request])
        self._new_citizens = insert(order_citizens).on_conflict_do_nothing()
        self._new_conversation = insert(conversations).on_conflict_do_nothing()
        self._new_rows = insert(journal).on_conflict_do_nothing()
        self._next_number = (
            insert(counters)
            .on_conflict_do_update(index_elements=[counters.c.day], set_={"last": counters.c.last + 1})
            .returning(counters.c.last)
        )
        self.announce: Callable[[WorkOrder], Awaitable[None]] = _nobody
        """Is told every order that was committed; it may fail nobody, and take no time to speak of."""

    @property
    def database(self) -> Database:
        """The connections, for the other stores of the same database."""
        return self._database

    async def close(self) -> None:
        """Close all connections."""
        await self._database.close()

    async def is_up(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self._database.reading() as connection:
                await connection.execute(select(counters.c.day).limit(1))
        except StoreUnavailableError:
            return False
        return True

    # --- work orders -----------------------------------------------------------------------------------------

    async def add(
        self, on: date, made: Callable[[WorkOrderNumber], Sequence[Change]], *, at: datetime
    ) -> Sequence[Change]:
        """Commit what is made of the next number of that day: yymmdd and five digits."""

        def written(connection: Connection) -> Sequence[Change]:
            last = connection.execute(self._next_number, {"day": on, "last": 1}).scalar_one()
            changes = made(f"{on:%y%m%d}{last:05d}")
            self._write_all(connection, changes, at)
            return changes

        return await self._announced(await self._database.write(written))

    async def commit(self, *changes: Change, at: datetime) -> None:
        """Commit all changes with their audit rows and messages, or none of them."""
        await self._database.write(lambda connection: self._write_all(connection, changes, at))
        await self._announced(changes)

    async def _announced(self, changes: Sequence[Change]) -> Sequence[Change]:
        for change in changes:
            await self.announce(change.order)
        return changes

    def _write_all(self, connection: Connection, changes: Sequence[Change], at: datetime) -> None:
        for change in changes:
            added = self._write(connection, change)
            put_messages(connection, self._seal, change.messages, at)
            if change.expected is not None:
                before = len(change.order.history) - added
                put_progress(connection, self._seal, change.order, before=before, at=at)

    def _write(self, connection: Connection, change: Change) -> int:
        """Write an order and its audit rows; return how many steps were added."""
        order, row = change.order, {**self._row(change.order), "next_at": change.next_at}
        if change.expected is None:
            self._insert(connection, {**row, "request": change.request})
            added = order.history
        else:
            changed = connection.execute(
                update(work_orders)
                .where(work_orders.c.number == order.number, work_orders.c.revision == change.expected)
                .values(**row)
            )
            if changed.rowcount != 1:
                raise StaleWorkOrderError(order.number)
            added = (
                order.history[change.expected - order.revision :] if order.revision > change.expected else ()
            )
        if change.expected is None or any(isinstance(entry.deed, Join | Complete) for entry in added):
            self._write_citizens(connection, order)
        if change.expected is None or any(isinstance(entry.deed, _CHANGES_UNITS) for entry in added):
            _write_supporters(connection, order, is_new=change.expected is None)
        else:
            connection.execute(
                update(order_supporters)
                .where(order_supporters.c.number == order.number)
                .values(**_place_in_inbox(order))
            )
        put_order_facts(connection, order)
        _write_waiting(connection, order, is_new=change.expected is None)
        put_audit_rows(connection, [_audited(order, entry) for entry in added])
        return len(added)

    def _insert(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Write a new order's row, unless there is one of the same request."""
        if connection.execute(self._new_order, row).rowcount == 1:
            return
        same = select(work_orders.c.number).where(work_orders.c.request == row["request"])
        raise RegisteredBeforeError(connection.execute(same).scalar_one())

    def _write_citizens(self, connection: Connection, order: WorkOrder) -> None:
        """Note whose order it is: who registered it and those who joined."""
        rows = [
            {"citizen": self._seal.fingerprint(party.phone.digits), "number": order.number}
            for party in order.citizens
            if party.phone is not None
        ]
        if rows:
            connection.execute(self._new_citizens, rows)

    async def get(self, number: WorkOrderNumber) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(work_orders.c.body).where(work_orders.c.number == number))
            ).one_or_none()
        if row is None:
            raise WorkOrderNotFoundError(number)
        return self._order(number, row.body)

    async def recent(self, *, limit: int = 50, before: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the newest orders first."""
        newest = select(work_orders.c.number, work_orders.c.body).order_by(
            work_orders.c.registered_at.desc(), work_orders.c.number.desc()
        )
        if before is not None:
            newest = newest.where(work_orders.c.registered_at < before)
        return await self._found(newest.limit(limit))

    async def of_citizen(self, phone: PhoneNumber, *, limit: int = 20) -> Sequence[WorkOrder]:
        """Return the orders that this telephone registered or joined, the newest first."""
        mine = (
            select(work_orders.c.number, work_orders.c.body)
            .join(order_citizens, order_citizens.c.number == work_orders.c.number)
            .where(order_citizens.c.citizen == self._seal.fingerprint(phone.digits))
            .order_by(work_orders.c.number.desc())
        )
        return await self._found(mine.limit(limit))

    async def of_unit(
        self, unit: str, *, statuses: frozenset[Status], limit: int = 50, after: WorkOrderNumber = ""
    ) -> Sequence[WorkOrder]:
        """Return orders that ``unit`` leads, in these states, by number, behind ``after``."""
        theirs = (
            select(work_orders.c.number, work_orders.c.body)
            .where(
                work_orders.c.lead_unit == unit,
                work_orders.c.status.in_(sorted(statuses)),
                work_orders.c.number > after,
            )
            .order_by(work_orders.c.number)
        )
        return await self._found(theirs.limit(limit))

    async def in_status(
        self, status: Status, *, limit: int = 200, after: WorkOrderNumber = ""
    ) -> Sequence[WorkOrder]:
        """Return the orders in this state by number, behind ``after``."""
        those = (
            select(work_orders.c.number, work_orders.c.body)
            .where(work_orders.c.status == status.value, work_orders.c.number > after)
            .order_by(work_orders.c.number)
        )
        return await self._found(those.limit(limit))

    async def units_with_open_orders(self) -> frozenset[str]:
        """Return the units that lead open orders, listed or not."""
        theirs = select(work_orders.c.lead_unit).where(
            work_orders.c.status.in_(_OPEN), work_orders.c.lead_unit.is_not(None)
        )
        async with self._database.reading(is_long=True) as connection:
            return frozenset((await connection.execute(theirs.distinct())).scalars())

    async def to_look_at(self, now: datetime, *, limit: int = 200) -> Sequence[WorkOrderNumber]:
        """Return the numbers of orders whose ``next_at`` has come, earliest first."""
        come = (
            select(work_orders.c.number)
            .where(work_orders.c.next_at <= now)
            .order_by(work_orders.c.next_at, work_orders.c.number)
        )
        async with self._database.reading() as connection:
            return (await connection.execute(come.limit(limit))).scalars().all()

    async def due_before(self, at: datetime) -> AsyncIterator[WorkOrder]:
        """Yield open orders due before ``at``, earliest first."""
        due = (
            select(work_orders.c.number, work_orders.c.body)
            .where(work_orders.c.status.in_(_OPEN), work_orders.c.due_order < at)
            .order_by(work_orders.c.due_order)
        )
        for order in await self._found(due):
            yield order

    def registered_between(self, start: datetime, end: datetime) -> AsyncIterator[WorkOrder]:
        """Return the orders registered from ``start`` to before ``end``, in order; few at a time are in memory."""
        chosen = (
            select(work_orders.c.number, work_orders.c.body)
            .where(work_orders.c.registered_at >= start, work_orders.c.registered_at < end)
            .order_by(work_orders.c.registered_at, work_orders.c.number)
        )
        return self._streamed(chosen)

    def open_orders(self) -> AsyncIterator[WorkOrder]:
        """Return the open orders, in no order; few at a time are in memory."""
        chosen = select(work_orders.c.number, work_orders.c.body).where(work_orders.c.status.in_(_OPEN))
        return self._streamed(chosen)

    async def brought_since(self, row: int, *, limit: int) -> Sequence[tuple[int, WorkOrder]]:
        """Return the orders registered, completed or supplemented by the audit rows behind ``row``, each with its row, in order."""
        brought = (
            select(audit.c.sequence, work_orders.c.number, work_orders.c.body)
            .join(work_orders, work_orders.c.number == audit.c.subject)
            .where(audit.c.sequence > row, audit.c.action.in_(_BROUGHT))
            .order_by(audit.c.sequence)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(brought.limit(limit))).all()
        return [(row.sequence, self._order(row.number, row.body)) for row in rows]

    async def _streamed(self, query: Select[tuple[str, bytes]]) -> AsyncIterator[WorkOrder]:
        async with self._database.reading(is_long=True) as connection:
            async for row in await connection.stream(query):
                yield self._order(row.number, row.body)

    async def _found(self, query: Select[tuple[str, bytes]]) -> Sequence[WorkOrder]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [self._order(row.number, row.body) for row in rows]

    # --- conversations ---------------------------------------------------------------------------------------

    async def begin(self, conversation: str, *, channel: ContactChannel, call_id: str, at: datetime) -> None:
        """Open the record of a conversation; one that is open already stays as it is."""
        row = {
            "id": conversation,
            "channel": channel.value,
            "call_id": call_id[:_CALL_ID_CHARACTERS],
            "started_at": at,
        }
        await self._database.write(
            lambda connection: connection.execute(self._new_conversation, row), can_wait=True
        )

    async def append(
        self, conversation: str, sequence: int, at: datetime, name: str, body: dict[str, Any]
    ) -> None:
        """Keep one event or action of a conversation; a row that is there already stays as it is."""
        await self.append_all(conversation, (JournalRow(sequence, at, name, body),))

    async def append_all(self, conversation: str, rows: Sequence[JournalRow]) -> None:
        """Keep events and actions of a conversation in one transaction; a row that is there already stays as it is."""
        bodies = self._seal.close_all(
            [
                (json.dumps(row.body, ensure_ascii=False).encode(), f"journal:{conversation}:{row.sequence}")
                for row in rows
            ]
        )
        values = [
            {**row._asdict(), "conversation": conversation, "body": body}
            for row, body in zip(rows, bodies, strict=True)
        ]
        await self._database.write(
            lambda connection: connection.execute(self._new_rows, values), can_wait=True
        )

    async def conceal(self, conversation: str, *, at: datetime) -> None:
        """Delete the journal of a conversation in which a state secret may have been said; an index stays."""
        async with self._database.writing() as connection:
            await connection.execute(delete(journal).where(journal.c.conversation == conversation))
            await write_audit(
                connection,
                at=at,
                actor="machine",
                action="journal.concealed",
                subject=conversation,
                detail={},
            )

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        """Close the record with its outcome and how the citizen rated it."""
        last = ended(conversation, end)
        await self._database.write(lambda connection: connection.execute(last), can_wait=True)

    async def ratings(self, since: datetime, until: datetime) -> Mapping[str | None, int]:
        """Count the conversations that ended from ``since`` to before ``until`` by rating; None is those without one."""
        column = conversations.c.rating
        counted = (
            select(column, func.count().label("rated"))
            .where(conversations.c.ended_at >= since, conversations.c.ended_at < until)
            .group_by(column)
        )
        async with self._database.reading() as connection:
            return {row.rating: row.rated for row in await connection.execute(counted)}

    async def conversation(self, conversation: str) -> Mapping[str, Any] | None:
        """Return one conversation's summary row, or None."""
        return await self._summary(conversations.c.id == conversation)

    async def conversation_of_call(self, call_id: str) -> Mapping[str, Any] | None:
        """Return the summary of the conversation held on a SIP call, or None."""
        return await self._summary(conversations.c.call_id == call_id[:_CALL_ID_CHARACTERS])

    async def unfinished(self, channels: Sequence[ContactChannel], *, before: datetime) -> Sequence[str]:
        """Return some conversations of ``channels`` that began ``before`` and have no end, the oldest first."""
        those = (
            select(conversations.c.id)
            .where(
                conversations.c.ended_at.is_(None),
                conversations.c.started_at < before,
                conversations.c.channel.in_([channel.value for channel in channels]),
            )
            .order_by(conversations.c.started_at)
        )
        async with self._database.reading() as connection:
            return (await connection.execute(those.limit(_MOST_UNFINISHED))).scalars().all()

    async def under_way(self, *, since: datetime) -> Sequence[tuple[str, ContactChannel, datetime]]:
        """Return conversations begun after ``since`` that have no end: id, channel, beginning; the newest first."""
        those = (
            select(conversations.c.id, conversations.c.channel, conversations.c.started_at)
            .where(conversations.c.ended_at.is_(None), conversations.c.started_at > since)
            .order_by(conversations.c.started_at.desc())
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(those.limit(_MOST_UNFINISHED))).all()
        return [(row.id, ContactChannel(row.channel), row.started_at) for row in rows]

    async def is_open(self, conversation: str) -> bool:
        """Tell whether a conversation has begun and has no end."""
        found = await self.conversation(conversation)
        return found is not None and found["ended_at"] is None

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[dict[str, Any]]:
        """Return a conversation's journal in order, from the row behind ``after``."""
        mine = (
            select(journal)
            .where(journal.c.conversation == conversation, journal.c.sequence > after)
            .order_by(journal.c.sequence)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(mine)).all()
        return [
            {
                "sequence": row.sequence,
                "at": row.at.isoformat(),
                "name": row.name,
                "body": json.loads(self._seal.open(row.body, f"journal:{conversation}:{row.sequence}")),
            }
            for row in rows
        ]

    # --- audit -----------------------------------------------------------------------------------------------

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""
        async with self._database.writing() as connection:
            await write_audit(
                connection, at=at, actor=by, action="looked", subject=subject, detail={"why": why}
            )

    async def audit_break(
        self, anchors: Sequence[Head] = (), progress: Callable[[int, int], None] | None = None
    ) -> Break | None:
        """Return where the audit chain is broken, or None when it is whole."""
        async with self._database.reading(is_long=True) as connection:
            return await find_break(connection, anchors, progress)

    async def audit_head(self) -> Head:
        """Return the end of the audit chain, to be kept outside the database."""
        async with self._database.reading() as connection:
            return await read_head(connection)

    # --- inside ----------------------------------------------------------------------------------------------

    async def _summary(self, condition: Any) -> Mapping[str, Any] | None:
        newest = select(conversations).where(condition).order_by(conversations.c.started_at.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(newest)).one_or_none()
        return None if row is None else dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's documented way

    def sealed(self, order: WorkOrder) -> bytes:
        """Return the order's row body, as it lies in the database."""
        return self._seal.close(dumped(order), f"work_order:{order.number}")

    def _row(self, order: WorkOrder) -> dict[str, Any]:
        return {
            "number": order.number,
            "revision": order.revision,
            **_place_in_inbox(order),
            "category": order.appeal.category,
            "lead_unit": order.lead_unit if order.is_dispatched else None,
            "conversation": order.conversation,
            "registered_at": order.registered_at,
            "due_at": order.due_at,
            "extension_asked_at": order.when(Step.ASK_EXTENSION) if order.asked_extension else None,
            "kind": order.appeal.kind.value,
            "county": order.appeal.place.county_code if order.appeal.place else None,
            "body": self.sealed(order),
        }

    def _order(self, number: str, sealed: bytes) -> WorkOrder:
        return loaded(self._seal.open(sealed, f"work_order:{number}"))


async def _nobody(_: WorkOrder) -> None:
    """Tell nobody."""


def _place_in_inbox(order: WorkOrder) -> dict[str, Any]:
    """Return by what inboxes list an order."""
    return {"status": order.status.value, "due_order": order.due_at or NEVER_DUE}


def _write_supporters(connection: Connection, order: WorkOrder, *, is_new: bool) -> None:
    """Note which units support the order now."""
    if not is_new:
        connection.execute(delete(order_supporters).where(order_supporters.c.number == order.number))
    place = _place_in_inbox(order)
    rows = [{"unit": unit, "number": order.number, **place} for unit in order.supporting_units]
    if rows and order.is_dispatched:
        connection.execute(order_supporters.insert(), rows)


def _write_waiting(connection: Connection, order: WorkOrder, *, is_new: bool) -> None:
    """Note which decisions of a person the order waits for now."""
    if not is_new:
        connection.execute(delete(order_waiting).where(order_waiting.c.number == order.number))
    rows = [
        {"number": order.number, "what": what.value, "since": waits_since(order, what)}
        for what in sorted(waits_for(order))
    ]
    if rows:
        connection.execute(order_waiting.insert(), rows)


def _audited(order: WorkOrder, entry: HistoryEntry) -> AuditRow:
    action = f"work_order.{entry.step.value if entry.step else 'registered'}"
    return AuditRow(entry.at, str(entry.by), action, order.number, _facts(order, entry))


def _facts(order: WorkOrder, entry: HistoryEntry) -> dict[str, Any]:
    """What an audit row says of a step: nothing that identifies a person."""
    return {
        "from": entry.before.value if entry.before else None,
        "status": entry.after.value,
        "revision": order.revision,
        "lead_unit": order.lead_unit,
        "rule": order.routing.rule if order.routing else None,
        "catalogue": order.routing.catalogue_version if order.routing else None,
        "due_at": order.due_at.isoformat() if order.due_at else None,
    }
