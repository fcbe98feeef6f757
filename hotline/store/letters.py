"""Letters and their answers in the database: each is kept once, answered once, and by one process at a time.

A correspondent is held by a lease that a process renews while it lives: who is killed loses it within seconds, and another
goes on. An answer is written together with the journal, the messages and where the conversation stands, in one transaction
that fails when the lease is no longer ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.letters import Correspondent, Letter, Way
from hotline.domain.outbox import Message
from hotline.domain.work_order import WorkOrder
from hotline.store.database import Database
from hotline.store.journal_store import JournalRow
from hotline.store.letter_values import Claimed, Done, Lease, LeaseLostError, Received
from hotline.store.letter_writing import LetterWriting
from hotline.store.order_body import loaded
from hotline.store.outbox import write_messages
from hotline.store.sealing import Seal
from hotline.store.tables import (
    correspondences,
    correspondents,
    journal,
    letters,
    work_orders,
)

_LETTER: Final = TypeAdapter(Letter)
_CORRESPONDENT: Final = TypeAdapter(Correspondent)
_MOST_OPEN: Final = 200
_FAR_FUTURE: Final = timedelta(days=1)
"""A lease beyond it was written by a clock that ran ahead, and holds nobody up."""


class SqlLetters:
    """The letters. Every method raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal
        self._writing = LetterWriting(seal)

    async def receive(self, letter: Letter, lease: Lease, now: datetime) -> Received:
        """Keep a letter, and take its correspondent in hand if nobody else has."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        row = insert(letters).values(
            key=letter.key,
            correspondent=letter.correspondent,
            channel=letter.channel.value,
            received_at=now,
            tries=0,
            body=self._sealed_letter(letter),
        )
        async with self._database.writing() as connection:
            added = await connection.execute(
                row.on_conflict_do_nothing(index_elements=[letters.c.key]).returning(letters.c.id)
            )
            if (added.scalar_one_or_none()) is None:
                return await self._known(connection, letter.key)
            known = await self._taken(connection, letter.correspondent, lease, now)
            if known is None:
                fresh = Correspondent(letter.correspondent, letter.channel, letter.address)
                first = insert(correspondents).values(
                    id=letter.correspondent,
                    channel=letter.channel.value,
                    holder=lease.holder,
                    leased_until=lease.until,
                    body=self._sealed_correspondent(fresh),
                )
                first = first.on_conflict_do_nothing(index_elements=[correspondents.c.id])
                known = fresh if (await connection.execute(first)).rowcount == 1 else None
            claimed = await self._next(connection, known) if known is not None else None
        return Received(is_new=True, claimed=claimed)

    async def claim(self, correspondent: str, lease: Lease, now: datetime) -> Claimed | None:
        """Take a correspondent in hand; None when somebody else has, or nothing is to be done."""
        async with self._database.writing() as connection:
            claimed = await self._claim(connection, correspondent, lease, now)
            if claimed is None or claimed.letter is not None:
                return claimed
            due = claimed.correspondent.due_at
            if due is not None and due <= now:
                return claimed
            await self._release(connection, correspondent, lease.holder)
        return None

    async def waiting(self, now: datetime, *, limit: int = 50) -> Sequence[str]:
        """Return correspondents that nobody has in hand, with a letter to answer or whose time is over; the oldest first."""
        free = _is_free(now)
        unanswered = (
            select(letters.c.correspondent, func.min(letters.c.id).label("first"))
            .join(correspondents, correspondents.c.id == letters.c.correspondent)
            .where(letters.c.answered_at.is_(None), free)
            .group_by(letters.c.correspondent)
            .order_by(func.min(letters.c.id))
            .limit(limit)
        )
        over = (
            select(correspondents.c.id)
            .where(correspondents.c.due_at <= now, free)
            .order_by(correspondents.c.due_at)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            found = [row.correspondent for row in await connection.execute(unanswered)]
            return list(dict.fromkeys([*found, *(await connection.execute(over)).scalars()]))

    async def finish(self, done: Done, lease: Lease) -> Claimed | None:
        """Write what came of a letter; return the next letter of the same hand, or None: they are let go."""
        who = done.after.id
        mine = update(correspondents).where(correspondents.c.id == who)
        async with self._database.writing() as connection:
            let_go = (
                await connection.execute(  # the row is locked from here on: no letter can slip in between
                    mine.where(correspondents.c.holder == lease.holder).values(
                        conversation=done.after.conversation,
                        due_at=done.after.due_at,
                        holder=None,
                        leased_until=None,
                        body=self._sealed_correspondent(done.after),
                    )
                )
            )
            if let_go.rowcount != 1:
                raise LeaseLostError(who)
            await self._writing.write_conversation(connection, done)
            await self._writing.write_answer(connection, done)
            await self._writing.hurry(connection, done)
            if done.messages:
                await write_messages(connection, self._seal, done.messages, done.at)
            following = await self._next(connection, done.after)
            if following is not None:
                await connection.execute(mine.values(holder=lease.holder, leased_until=lease.until))
        return following

    async def renew(self, lease: Lease, in_hand: Sequence[str]) -> None:
        """Hold on to those that ``lease.holder`` has in hand."""
        if not in_hand:
            return
        mine = update(correspondents).where(
            correspondents.c.holder == lease.holder, correspondents.c.id.in_(in_hand)
        )
        async with self._database.writing() as connection:
            await connection.execute(mine.values(leased_until=lease.until))

    # --- answers on their way --------------------------------------------------------------------------------

    async def mark_passed(self, keys: Sequence[str], at: datetime) -> None:
        """Note that answers were handed over with the call that brought the letter."""
        handed = update(letters).where(letters.c.key.in_(keys), letters.c.passed_at.is_(None))
        async with self._database.writing() as connection:
            await connection.execute(handed.values(passed_at=at))

    async def not_passed(
        self, before: datetime, *, limit: int = 50
    ) -> Sequence[tuple[Letter, tuple[str, ...]]]:
        """Return letters whose answer was to go with the call that brought them, but did not."""
        stranded = (
            select(letters)
            .where(
                letters.c.way == Way.REPLY.value,
                letters.c.passed_at.is_(None),
                letters.c.answered_at < before,
            )
            .order_by(letters.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(stranded)).all()
        return [(self._letter(row), self._texts(row)) for row in rows]

    async def send_otherwise(self, letter: Letter, messages: Sequence[Message], at: datetime) -> bool:
        """Have an answer that was not handed over go by the outbox; False when it was handed over meanwhile."""
        stranded = update(letters).where(
            letters.c.key == letter.key, letters.c.way == Way.REPLY.value, letters.c.passed_at.is_(None)
        )
        way = Way.OUTBOX if messages else Way.OWED
        async with self._database.writing() as connection:
            changed = await connection.execute(stranded.values(way=way.value))
            if changed.rowcount == 1:
                await write_messages(connection, self._seal, messages, at)
            return changed.rowcount == 1

    # --- who and what ----------------------------------------------------------------------------------------

    async def answer_to(self, key: str) -> Received | None:
        """Return what is known of a letter, None when it never came."""
        async with self._database.reading() as connection:
            known = await self._known(connection, key)
        return known if known.letter_id else None

    async def correspondent(self, who: str) -> Correspondent | None:
        """Return a correspondent."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(correspondents).where(correspondents.c.id == who))
            ).one_or_none()
        return None if row is None else self._correspondent(row)

    async def correspondent_of(self, conversation: str) -> Correspondent | None:
        """Return whose letters a conversation is made of, None when it was held otherwise."""
        whose = select(correspondents).join(
            correspondences, correspondences.c.correspondent == correspondents.c.id
        )
        async with self._database.reading() as connection:
            row = (
                await connection.execute(whose.where(correspondences.c.conversation == conversation))
            ).one_or_none()
        return None if row is None else self._correspondent(row)

    async def journal_of(self, conversation: str) -> Sequence[JournalRow]:
        """Return the rows of a conversation's journal, in order."""
        mine = select(journal).where(journal.c.conversation == conversation).order_by(journal.c.sequence)
        async with self._database.reading() as connection:
            rows = (await connection.execute(mine)).all()
        return [
            JournalRow(
                row.sequence,
                row.at,
                row.name,
                json.loads(self._seal.open(row.body, f"journal:{conversation}:{row.sequence}")),
            )
            for row in rows
        ]

    async def orders_of(self, conversation: str, *, since: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the orders that came of a conversation, in order."""
        mine = select(work_orders.c.number, work_orders.c.body).where(
            work_orders.c.conversation == conversation
        )
        if since is not None:
            mine = mine.where(work_orders.c.registered_at >= since)
        async with self._database.reading() as connection:
            rows = (await connection.execute(mine.order_by(work_orders.c.number))).all()
        return [loaded(self._seal.open(row.body, f"work_order:{row.number}")) for row in rows]

    async def orders_of_correspondent(self, who: str, *, limit: int = 20) -> Sequence[WorkOrder]:
        """Return the orders that came of a correspondent's conversations, the newest first."""
        theirs = (
            select(work_orders.c.number, work_orders.c.body)
            .join(correspondences, correspondences.c.conversation == work_orders.c.conversation)
            .where(correspondences.c.correspondent == who)
            .order_by(work_orders.c.number.desc())
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(theirs)).all()
        return [loaded(self._seal.open(row.body, f"work_order:{row.number}")) for row in rows]

    # --- within a transaction --------------------------------------------------------------------------------

    async def _claim(
        self, connection: AsyncConnection, who: str, lease: Lease, now: datetime
    ) -> Claimed | None:
        known = await self._taken(connection, who, lease, now)
        if known is None:
            return None
        return await self._next(connection, known) or Claimed(known, None)

    async def _taken(
        self, connection: AsyncConnection, who: str, lease: Lease, now: datetime
    ) -> Correspondent | None:
        """Take a correspondent in hand; None when there is none of this name, or somebody else has them."""
        taken = (
            update(correspondents)
            .where(correspondents.c.id == who, _is_free(now))
            .values(holder=lease.holder, leased_until=lease.until)
            .returning(correspondents.c.id, correspondents.c.body)
        )
        row = (await connection.execute(taken)).one_or_none()
        return None if row is None else self._correspondent(row)

    async def _next(self, connection: AsyncConnection, known: Correspondent) -> Claimed | None:
        """Return the oldest letter without an answer, begun once more, with the answers that are owed."""
        is_owed = and_(letters.c.way == Way.OWED.value, letters.c.passed_at.is_(None))
        open_ones = (
            select(letters)
            .where(letters.c.correspondent == known.id, or_(letters.c.answered_at.is_(None), is_owed))
            .order_by(letters.c.id)
            .limit(_MOST_OPEN)
        )
        rows = (await connection.execute(open_ones)).all()
        row = next((each for each in rows if each.answered_at is None), None)
        if row is None:
            return None
        begun = update(letters).where(letters.c.id == row.id).values(tries=row.tries + 1)
        await connection.execute(begun)
        return Claimed(
            correspondent=known,
            letter=self._letter(row),
            letter_id=row.id,
            tries=row.tries + 1,
            received_at=row.received_at,
            owed=tuple((each.id, self._texts(each)) for each in rows if each.way == Way.OWED.value),
        )

    async def _known(self, connection: AsyncConnection, key: str) -> Received:
        row = (await connection.execute(select(letters).where(letters.c.key == key))).one_or_none()
        if row is None or row.answered_at is None:
            return Received(is_new=False, letter_id=0 if row is None else row.id)
        return Received(is_new=False, way=Way(row.way), texts=self._texts(row), letter_id=row.id)

    @staticmethod
    async def _release(connection: AsyncConnection, who: str, holder: str) -> None:
        mine = update(correspondents).where(correspondents.c.id == who, correspondents.c.holder == holder)
        await connection.execute(mine.values(holder=None, leased_until=None))

    # --- rows ------------------------------------------------------------------------------------------------

    def _sealed_letter(self, letter: Letter) -> bytes:
        return self._seal.close(_LETTER.dump_json(letter), f"letter:{letter.key}")

    def _sealed_correspondent(self, who: Correspondent) -> bytes:
        return self._seal.close(_CORRESPONDENT.dump_json(who), f"correspondent:{who.id}")

    def _letter(self, row: Row[Any]) -> Letter:
        return _LETTER.validate_json(self._seal.open(row.body, f"letter:{row.key}"))

    def _correspondent(self, row: Row[Any]) -> Correspondent:
        return _CORRESPONDENT.validate_json(self._seal.open(row.body, f"correspondent:{row.id}"))

    def _texts(self, row: Row[Any]) -> tuple[str, ...]:
        if row.answer is None:
            return ()
        return tuple(json.loads(self._seal.open(row.answer, f"answer:{row.key}")))


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody has the correspondent in hand."""
    return or_(
        correspondents.c.holder.is_(None),
        correspondents.c.leased_until <= now,
        correspondents.c.leased_until > now + _FAR_FUTURE,
    )
