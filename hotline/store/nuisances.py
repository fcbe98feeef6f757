"""Flagged calls in the hotline's database: numbers and words sealed, every judgement audited in its transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.appeal import PhoneNumber
from hotline.domain.nuisance import NoSuchNuisanceError, NuisanceFlag, Verdict
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import daily_calls, nuisance_flags

_FLAG: Final = TypeAdapter(NuisanceFlag)


class SqlNuisances:
    """The flagged calls; ``hotline.service.nuisances.NuisanceStore`` says what they are for."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def add(self, flag: NuisanceFlag) -> NuisanceFlag:
        """Keep ``flag`` unless its conversation is flagged, and return the one that is kept."""
        mine = select(nuisance_flags).where(nuisance_flags.c.conversation == flag.conversation)
        row = self._insert(nuisance_flags).values(
            id=flag.id,
            conversation=flag.conversation,
            number=None if flag.phone is None else self._number(flag.phone),
            at=flag.at,
            **self._state(flag),
        )
        async with self._database.writing() as connection:
            if (await connection.execute(row.on_conflict_do_nothing())).rowcount:
                await self._audit(connection, flag, "nuisance.flagged", flag.flagged_by, flag.at)
                return flag
            return self._loaded((await connection.execute(mine)).one())

    async def get(self, flag: str) -> NuisanceFlag | None:
        """Return one, or None."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(nuisance_flags).where(nuisance_flags.c.id == flag))
            ).one_or_none()
        return None if row is None else self._loaded(row)

    async def listed(self, *, is_open: bool, limit: int) -> Sequence[NuisanceFlag]:
        """Return those that nobody has judged, the oldest first; or those judged, the latest first."""
        flags = nuisance_flags.c
        chosen = select(nuisance_flags).where(flags.verdict.is_(None)).order_by(flags.at, flags.id)
        if not is_open:
            chosen = select(nuisance_flags).where(flags.verdict.is_not(None))
            chosen = chosen.order_by(flags.at.desc(), flags.id)
        async with self._database.reading() as connection:
            return [self._loaded(row) for row in await connection.execute(chosen.limit(limit))]

    async def change(
        self, flag: str, step: Callable[[NuisanceFlag], NuisanceFlag], *, by: str, at: datetime
    ) -> NuisanceFlag:
        """Change one by ``step``; of two at once the second sees the first."""
        chosen = nuisance_flags.c.id == flag
        async with self._database.writing() as connection:
            row = (
                await connection.execute(select(nuisance_flags).where(chosen).with_for_update())
            ).one_or_none()
            if row is None:
                raise NoSuchNuisanceError(flag)
            changed = step(self._loaded(row))
            await connection.execute(update(nuisance_flags).where(chosen).values(**self._state(changed)))
            await self._audit(connection, changed, "nuisance.judged", by, at)
        return changed

    async def judged_malicious(self, phone: PhoneNumber) -> int:
        """Return how many calls of a number were judged malicious."""
        flags = nuisance_flags.c
        mine = (flags.number == self._number(phone)) & (flags.verdict == Verdict.MALICIOUS.value)
        counted = select(func.count()).select_from(nuisance_flags).where(mine)
        async with self._database.reading() as connection:
            return int((await connection.execute(counted)).scalar_one())

    async def count_call(self, phone: PhoneNumber, on: date) -> int:
        """Count a call of the day ``on`` and return how many there were; earlier days are forgotten."""
        days = daily_calls.c
        row = self._insert(daily_calls).values(number=self._number(phone), day=on.isoformat(), calls=1)
        again = row.on_conflict_do_update(
            index_elements=[days.number, days.day], set_={"calls": days.calls + 1}
        )
        async with self._database.writing() as connection:
            await connection.execute(daily_calls.delete().where(days.day < on.isoformat()))
            return int((await connection.execute(again.returning(days.calls))).scalar_one())

    async def calls_on(self, phone: PhoneNumber, on: date) -> int:
        """Return how many calls of a number there were on a day."""
        days = daily_calls.c
        mine = (days.number == self._number(phone)) & (days.day == on.isoformat())
        async with self._database.reading() as connection:
            found = (await connection.execute(select(days.calls).where(mine))).scalar_one_or_none()
        return int(found or 0)

    def _number(self, phone: PhoneNumber) -> str:
        return self._seal.fingerprint(f"phone:{phone.digits}")

    def _state(self, flag: NuisanceFlag) -> dict[str, Any]:
        return {
            "verdict": None if flag.judgement is None else flag.judgement.verdict.value,
            "body": self._seal.close(_FLAG.dump_json(flag), _place(flag.id)),
        }

    def _loaded(self, row: Row[Any]) -> NuisanceFlag:
        return _FLAG.validate_json(self._seal.open(row.body, _place(row.id)))

    @staticmethod
    async def _audit(
        connection: AsyncConnection, flag: NuisanceFlag, action: str, by: str, at: datetime
    ) -> None:
        detail = {"conversation": flag.conversation, "suspicion": flag.suspicion.value}
        if (judgement := flag.judgement) is not None:
            detail |= {
                "verdict": judgement.verdict.value,
                "measure": judgement.measure.value,
                "reason": judgement.reason,
            }
        await write_audit(
            connection, at=at, actor=by, action=action, subject=f"nuisance:{flag.id}", detail=detail
        )


def _place(flag: str) -> str:
    return f"nuisance:{flag}"
