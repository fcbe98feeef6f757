"""Call processes and the calls they hold, in the hotline's database; the callers' numbers sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.appeal import PhoneNumber
from hotline.domain.drafts import CallProcess, HeldCall
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import call_processes, held_calls

_HOLDS_CALLS: Final = exists().where(held_calls.c.process == call_processes.c.id)


class SqlDrafts:
    """The drafts; ``hotline.service.drafts`` says what they are for."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def show(self, process: CallProcess, *, at: datetime) -> None:
        """Note that it lives; a suspicion was unfounded then."""
        state = {
            "callers": process.callers,
            "calls": process.calls,
            "is_draining": process.is_draining,
            "seen_at": at,
            "suspected_at": None,
        }
        row = self._insert(call_processes).values(
            id=process.id, name=process.name, started_at=process.started_at, **state
        )
        async with self._database.writing() as connection:
            await connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=state))

    async def leave(self, process: str) -> None:
        """Forget a process that holds no calls."""
        async with self._database.writing() as connection:
            await connection.execute(
                delete(call_processes).where(call_processes.c.id == process, ~_HOLDS_CALLS)
            )

    async def living(self, *, seen_since: datetime) -> Sequence[CallProcess]:
        """Return the processes seen since, by name."""
        seen = (
            select(call_processes)
            .where(call_processes.c.seen_at >= seen_since)
            .order_by(call_processes.c.name, call_processes.c.started_at)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(seen)).all()
        return [
            CallProcess(
                id=row.id,
                name=row.name,
                started_at=row.started_at,
                callers=row.callers,
                calls=row.calls,
                is_draining=row.is_draining,
            )
            for row in rows
        ]

    async def hold(self, call: HeldCall, *, by: str) -> None:
        """Keep a call, once."""
        number = call.phone.digits.encode() if call.phone is not None else None
        row = self._insert(held_calls).values(
            conversation=call.conversation,
            process=by,
            since=call.since,
            is_secret=call.is_secret,
            phone=None if number is None else self._seal.close(number, _place(call.conversation)),
        )
        async with self._database.writing() as connection:
            await connection.execute(row.on_conflict_do_nothing())

    async def conceal(self, conversation: str) -> None:
        """Note the secret."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(held_calls).where(held_calls.c.conversation == conversation).values(is_secret=True)
            )

    async def release(self, conversation: str) -> None:
        """Forget a call."""
        async with self._database.writing() as connection:
            await connection.execute(delete(held_calls).where(held_calls.c.conversation == conversation))

    async def suspect(self, *, seen_before: datetime, at: datetime) -> int:
        """Suspect the silent."""
        silent = call_processes.c.seen_at < seen_before, call_processes.c.suspected_at.is_(None)
        async with self._database.writing() as connection:
            found = await connection.execute(update(call_processes).where(*silent).values(suspected_at=at))
        return found.rowcount

    async def orphans(self, *, suspected_before: datetime, limit: int) -> Sequence[HeldCall]:
        """Return calls of the dead."""
        lost = (
            select(held_calls)
            .join(call_processes, held_calls.c.process == call_processes.c.id)
            .where(call_processes.c.suspected_at <= suspected_before)
            .order_by(held_calls.c.since, held_calls.c.conversation)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(lost)).all()
        return [
            HeldCall(
                conversation=row.conversation,
                phone=self._number(row.phone, row.conversation),
                since=row.since,
                is_secret=row.is_secret,
            )
            for row in rows
        ]

    async def bury(self, *, suspected_before: datetime) -> int:
        """Forget the dead that hold no more calls."""
        dead = call_processes.c.suspected_at <= suspected_before, ~_HOLDS_CALLS
        async with self._database.writing() as connection:
            return (await connection.execute(delete(call_processes).where(*dead))).rowcount

    def _number(self, sealed: bytes | None, conversation: str) -> PhoneNumber | None:
        if sealed is None:
            return None
        return PhoneNumber(self._seal.open(sealed, _place(conversation)).decode())


def _place(conversation: str) -> str:
    return f"held:{conversation}"
