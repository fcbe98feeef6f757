"""The outbox (发件箱): messages written in the transaction of the change they tell of, and sent from here.

A worker takes messages by a lease that runs out: one that is killed leaves nothing undone, and two never hold the same
message. Of one order, what goes to one destination goes in order: a message waits while an earlier one is pending.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.outbox import Message, MessageState, StoredMessage
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import outbox

_LONGEST_ERROR: Final = 256
_LOOK_AHEAD: Final = 4
_FAR_FUTURE: Final = timedelta(days=1)
"""No pause lasts longer. A time beyond it was written by a clock that ran ahead, and holds nothing up."""


class Outbox(Protocol):
    """Keeps messages until they are delivered. All methods raise ``StoreUnavailableError`` when the database is away."""

    async def claim(
        self,
        now: datetime,
        *,
        lease: timedelta,
        limit: int,
        per_destination: int = 4,
        without: frozenset[str] = frozenset(),
    ) -> Sequence[StoredMessage]:
        """Take up to ``limit`` messages that are due, the oldest first; nobody else gets them until the lease is over.

        At most ``per_destination`` go to one destination, none to those in ``without``.
        """

    async def mark_delivered(self, messages: Sequence[StoredMessage], at: datetime) -> int:
        """Note that they arrived; return how many, for a lease may no longer be ours."""

    async def mark_failed(self, message: StoredMessage, error: str, *, retry_at: datetime | None) -> bool:
        """Note that it did not arrive: tried again at ``retry_at``, or dead when None; False when the lease is lost."""

    async def put_off(self, message: StoredMessage, *, until: datetime) -> bool:
        """Give it back, not sent yet, to be looked at again at ``until``; False when the lease is lost."""


async def write_messages(
    connection: AsyncConnection, seal: Seal, messages: Sequence[Message], at: datetime
) -> None:
    """Write messages within the caller's transaction; one whose key is there already is left as it is."""
    await connection.run_sync(put_messages, seal, messages, at)


def put_messages(connection: Connection, seal: Seal, messages: Sequence[Message], at: datetime) -> None:
    """Write messages within the caller's transaction; one whose key is there already is left as it is."""
    rows = [
        {
            "key": message.key,
            "destination": message.destination,
            "kind": message.kind,
            "subject": message.subject,
            "body": seal.close(
                json.dumps(dict(message.body), ensure_ascii=False).encode(), f"outbox:{message.key}"
            ),
            "created_at": at,
            "state": MessageState.PENDING.value,
            "attempts": 0,
            "next_at": at,
        }
        for message in messages
    ]
    if rows:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(outbox).on_conflict_do_nothing(index_elements=[outbox.c.key]), rows)


class SqlOutbox:
    """The outbox in the hotline's database."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def write(self, *messages: Message, at: datetime) -> None:
        """Write messages that tell of no change, in a transaction of their own."""
        async with self._database.writing() as connection:
            await write_messages(connection, self._seal, messages, at)

    async def claim(
        self,
        now: datetime,
        *,
        lease: timedelta,
        limit: int,
        per_destination: int = 4,
        without: frozenset[str] = frozenset(),
    ) -> Sequence[StoredMessage]:
        """Take messages that are due by a lease."""
        until, far = now + lease, now + lease + _FAR_FUTURE
        earlier = outbox.alias("earlier")
        blocked = (
            select(earlier.c.id)
            .where(
                earlier.c.destination == outbox.c.destination,
                earlier.c.subject == outbox.c.subject,
                earlier.c.id < outbox.c.id,
                earlier.c.state == MessageState.PENDING.value,
            )
            .exists()
        )
        due = (
            select(outbox)
            .where(
                outbox.c.state == MessageState.PENDING.value,
                # A fresh message never waits: not even when the clock was set back after it was written.
                or_(outbox.c.attempts == 0, outbox.c.next_at <= now, outbox.c.next_at > far),
                or_(
                    outbox.c.leased_until.is_(None),
                    outbox.c.leased_until <= now,
                    outbox.c.leased_until > far,
                ),
                ~blocked,
            )
            .order_by(outbox.c.id)
            .limit(limit * _LOOK_AHEAD)
        )
        if without:
            due = due.where(outbox.c.destination.not_in(sorted(without)))
        if not self._database.is_sqlite:
            due = due.with_for_update(skip_locked=True)
        async with self._database.writing() as connection:
            rows = _fair((await connection.execute(due)).all(), limit, per_destination)
            if rows:
                mine = update(outbox).where(outbox.c.id.in_([row.id for row in rows]))
                await connection.execute(mine.values(leased_until=until))
        return [self._stored(row, leased_until=until) for row in rows]

    async def mark_delivered(self, messages: Sequence[StoredMessage], at: datetime) -> int:
        """Note that they arrived, in one transaction."""
        values = {
            "state": MessageState.DELIVERED.value,
            "delivered_at": at,
            "next_at": None,
            "last_error": None,
        }
        noted = 0
        async with self._database.writing() as connection:
            for lease in {message.leased_until for message in messages}:
                held = _held([message.id for message in messages if message.leased_until == lease], lease)
                changed = await connection.execute(
                    update(outbox)
                    .where(held)
                    .values(leased_until=None, attempts=outbox.c.attempts + 1, **values)
                )
                noted += changed.rowcount
        return noted

    async def mark_failed(self, message: StoredMessage, error: str, *, retry_at: datetime | None) -> bool:
        """Note that it did not arrive."""
        values = {
            "state": (MessageState.DEAD if retry_at is None else MessageState.PENDING).value,
            "attempts": message.attempts + 1,
            "next_at": retry_at,
            "last_error": error[:_LONGEST_ERROR],
        }
        failed = update(outbox).where(_held([message.id], message.leased_until))
        async with self._database.writing() as connection:
            return (await connection.execute(failed.values(leased_until=None, **values))).rowcount == 1

    async def put_off(self, message: StoredMessage, *, until: datetime) -> bool:
        """Give it back; only the first look counts as a try, for a message that was never tried does not wait."""
        given_back = update(outbox).where(_held([message.id], message.leased_until))
        values = {"attempts": max(1, message.attempts), "next_at": until, "leased_until": None}
        async with self._database.writing() as connection:
            return (await connection.execute(given_back.values(**values))).rowcount == 1

    async def retry(self, message: int, at: datetime) -> bool:
        """Have a dead letter sent again, as if for the first time; False when there is no such dead letter."""
        dead = and_(outbox.c.id == message, outbox.c.state == MessageState.DEAD.value)
        again = {"state": MessageState.PENDING.value, "attempts": 0, "next_at": at, "leased_until": None}
        async with self._database.writing() as connection:
            return (await connection.execute(update(outbox).where(dead).values(**again))).rowcount == 1

    async def discard(self, message: int, *, by: str, at: datetime) -> bool:
        """Destroy a dead letter that is not to be sent any more, with its audit row; False when there is no such dead letter."""
        dead = and_(outbox.c.id == message, outbox.c.state == MessageState.DEAD.value)
        gone = delete(outbox).where(dead).returning(outbox.c.kind, outbox.c.created_at)
        async with self._database.writing() as connection:
            row = (await connection.execute(gone)).one_or_none()
            if row is None:
                return False
            # Neither destination nor subject, which may be a citizen's address: the audit is kept for good.
            detail = {"kind": row.kind, "written": row.created_at.isoformat()}
            await write_audit(
                connection,
                at=at,
                actor=by,
                action="outbox.discarded",
                subject=f"outbox:{message}",
                detail=detail,
            )
        return True

    async def in_state(self, state: MessageState, *, limit: int = 100) -> Sequence[StoredMessage]:
        """Return messages in one state, the oldest first."""
        chosen = select(outbox).where(outbox.c.state == state.value).order_by(outbox.c.id).limit(limit)
        async with self._database.reading() as connection:
            return [self._stored(row) for row in (await connection.execute(chosen)).all()]

    async def inbox(self, destination: str, *, after: int = 0, limit: int = 50) -> Sequence[StoredMessage]:
        """Return what was delivered to ``destination``, behind the id ``after``: what a unit without endpoint reads."""
        chosen = (
            select(outbox)
            .where(
                outbox.c.destination == destination,
                outbox.c.id > after,
                outbox.c.state == MessageState.DELIVERED.value,
            )
            .order_by(outbox.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [self._stored(row) for row in (await connection.execute(chosen)).all()]

    async def written(self, destination: str, subject: str) -> Sequence[StoredMessage]:
        """Return all messages to ``destination`` about ``subject``, in order."""
        chosen = select(outbox).where(outbox.c.destination == destination, outbox.c.subject == subject)
        async with self._database.reading() as connection:
            rows = (await connection.execute(chosen.order_by(outbox.c.id))).all()
        return [self._stored(row) for row in rows]

    async def figures(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many messages of each destination are pending and dead."""
        counted = (
            select(outbox.c.destination, outbox.c.state, func.count().label("messages"))
            .where(outbox.c.state != MessageState.DELIVERED.value)
            .group_by(outbox.c.destination, outbox.c.state)
            .order_by(outbox.c.destination)
        )
        found: dict[str, dict[str, int]] = {}
        async with self._database.reading() as connection:
            for row in (await connection.execute(counted)).all():
                found.setdefault(row.destination, {})[row.state] = row.messages
        return found

    def _stored(self, row: Row[Any], leased_until: datetime | None = None) -> StoredMessage:
        body = json.loads(self._seal.open(row.body, f"outbox:{row.key}"))
        return StoredMessage(
            id=row.id,
            message=Message(row.destination, row.kind, row.subject, body, row.key),
            created_at=row.created_at,
            state=MessageState(row.state),
            attempts=row.attempts,
            next_at=row.next_at,
            leased_until=leased_until or row.leased_until,
            delivered_at=row.delivered_at,
            last_error=row.last_error or "",
        )


def _held(messages: Sequence[int], lease: datetime | None) -> ColumnElement[bool]:
    """Return the condition that they are still ours by that lease."""
    return and_(
        outbox.c.id.in_(messages),
        outbox.c.state == MessageState.PENDING.value,
        outbox.c.leased_until == lease,
    )


def _fair(rows: Sequence[Row[Any]], limit: int, per_destination: int) -> list[Row[Any]]:
    """Return the first rows, few of one destination."""
    taken: Counter[str] = Counter()
    chosen: list[Row[Any]] = []
    for row in rows:
        if len(chosen) < limit and taken[row.destination] < per_destination:
            taken[row.destination] += 1
            chosen.append(row)
    return chosen
