"""The book of outbound calls in the hotline's database: numbers only as fingerprints, or sealed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Table, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbound import (
    CallPurpose,
    OutboundOutcome,
    Pacing,
    PlannedCall,
    StoppedNumber,
    StopReason,
)
from hotline.domain.people import MACHINE
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import contacted_numbers, outbound_calls, stopped_numbers

_STOPPED: Final = TypeAdapter(StoppedNumber)
_MINUTE: Final = timedelta(minutes=1)


class SqlOutbound:
    """The book; ``hotline.service.outbound_book.OutboundBook`` says what it is for."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def claim(
        self, call: PlannedCall, *, by: str, at: datetime, lease: timedelta, pacing: Pacing
    ) -> bool:
        """Take ``call`` for the process ``by``, if it is to be had and there is room for it."""
        calls = outbound_calls.c
        row = self._insert(outbound_calls).values(
            key=call.key,
            purpose=call.due.purpose.value,
            reference=call.due.reference,
            process=by,
            claimed_at=at,
            lease_until=at + lease,
        )
        taken = row.on_conflict_do_update(
            index_elements=[calls.key],
            set_={"process": by, "claimed_at": at, "lease_until": at + lease},
            where=calls.ended_at.is_(None) & (calls.lease_until <= at),
        )
        async with self._database.writing() as connection:
            if not self._database.is_sqlite:  # which lets one writer in at a time anyway
                await connection.execute(text("LOCK TABLE outbound_calls IN SHARE ROW EXCLUSIVE MODE"))
            if not await _has_room(connection, call.due.purpose, at, pacing):
                return False
            if (await connection.execute(taken)).rowcount != 1:
                return False
            detail = {"call": call.key, "process": by}
            await write_audit(
                connection,
                at=at,
                actor=str(MACHINE),
                action="outbound.placed",
                subject=f"outbound:{call.due.reference}",
                detail=detail,
            )
        return True

    async def taken(self, keys: Collection[str], *, at: datetime) -> frozenset[str]:
        """Return those of ``keys`` that nobody can claim now."""
        calls = outbound_calls.c
        is_taken = calls.ended_at.is_not(None) | (calls.lease_until > at)
        async with self._database.reading() as connection:
            found = await connection.execute(select(calls.key).where(calls.key.in_(keys), is_taken))
            return frozenset(found.scalars())

    async def renew(self, call: PlannedCall, *, until: datetime) -> None:
        """Keep the claim of a call that is under way."""
        async with self._database.writing() as connection:
            mine = (outbound_calls.c.key == call.key) & outbound_calls.c.ended_at.is_(None)
            await connection.execute(update(outbound_calls).where(mine).values(lease_until=until))

    async def end(self, call: PlannedCall, outcome: OutboundOutcome, *, at: datetime) -> None:
        """Note what came of it."""
        async with self._database.writing() as connection:
            mine = outbound_calls.c.key == call.key
            ended = update(outbound_calls).where(mine)
            await connection.execute(ended.values(ended_at=at, outcome=outcome.value, process=None))

    async def put_off(self, call: PlannedCall, *, until: datetime) -> None:
        """Give a call back until later."""
        async with self._database.writing() as connection:
            mine = (outbound_calls.c.key == call.key) & outbound_calls.c.ended_at.is_(None)
            free = update(outbound_calls).where(mine)
            await connection.execute(free.values(lease_until=until, process=None))

    # --- numbers ---------------------------------------------------------------------------------------------

    async def note_contact(self, phone: PhoneNumber, *, at: datetime) -> None:
        """Note that somebody called from ``phone``."""
        row = self._insert(contacted_numbers).values(number=self._fingerprint(phone), last_at=at)
        async with self._database.writing() as connection:
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=[contacted_numbers.c.number], set_={"last_at": row.excluded.last_at}
                )
            )

    async def contacted(self, phones: Collection[PhoneNumber]) -> frozenset[PhoneNumber]:
        """Return those of ``phones`` that called the hotline."""
        return await self._known(contacted_numbers, phones)

    async def stop(self, phone: PhoneNumber, reason: StopReason, *, by: str, at: datetime) -> None:
        """Put a number on the stop list, once."""
        number = self._fingerprint(phone)
        body = _STOPPED.dump_json(StoppedNumber(phone, at, reason, by))
        row = self._insert(stopped_numbers).values(
            number=number, since=at, body=self._seal.close(body, _place(number))
        )
        async with self._database.writing() as connection:
            if (await connection.execute(row.on_conflict_do_nothing())).rowcount:
                await write_audit(
                    connection,
                    at=at,
                    actor=by,
                    action="outbound.stopped",
                    subject=_place(number[:16]),
                    detail={"reason": reason.value},
                )

    async def resume(self, phone: PhoneNumber, *, by: str, at: datetime) -> bool:
        """Take a number off the stop list."""
        number = self._fingerprint(phone)
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(stopped_numbers).where(stopped_numbers.c.number == number))
            if gone.rowcount:
                await write_audit(
                    connection,
                    at=at,
                    actor=by,
                    action="outbound.resumed",
                    subject=_place(number[:16]),
                    detail={},
                )
        return bool(gone.rowcount)

    async def stopped(self, phones: Collection[PhoneNumber]) -> frozenset[PhoneNumber]:
        """Return those of ``phones`` that are on the stop list."""
        return await self._known(stopped_numbers, phones)

    async def stop_list(self, *, limit: int) -> Sequence[StoppedNumber]:
        """Return the stop list, the latest first."""
        latest = select(stopped_numbers).order_by(stopped_numbers.c.since.desc(), stopped_numbers.c.number)
        async with self._database.reading() as connection:
            rows = (await connection.execute(latest.limit(limit))).all()
        return [_STOPPED.validate_json(self._seal.open(row.body, _place(row.number))) for row in rows]

    async def _known(self, table: Table, phones: Collection[PhoneNumber]) -> frozenset[PhoneNumber]:
        asked = {self._fingerprint(phone): phone for phone in phones}
        if not asked:
            return frozenset()
        async with self._database.reading() as connection:
            found = await connection.execute(select(table.c.number).where(table.c.number.in_(asked)))
            return frozenset(asked[number] for number in found.scalars())

    def _fingerprint(self, phone: PhoneNumber) -> str:
        return self._seal.fingerprint(f"phone:{phone.digits}")


async def _has_room(connection: AsyncConnection, purpose: CallPurpose, at: datetime, pacing: Pacing) -> bool:
    """Tell whether one more call of its kind may be placed: revisits wait for nobody's callback."""
    calls = outbound_calls.c
    same = calls.purpose == purpose.value
    under_way = calls.process.is_not(None) & calls.ended_at.is_(None) & (calls.lease_until > at)
    running = await _count(connection, same & under_way)
    return running < pacing.at_once and (
        await _count(connection, same & (calls.claimed_at > at - _MINUTE)) < pacing.per_minute
    )


async def _count(connection: AsyncConnection, condition: Any) -> int:
    counted = select(func.count()).select_from(outbound_calls).where(condition)
    return int((await connection.execute(counted)).scalar_one())


def _place(number: str) -> str:
    return f"stopped:{number}"
