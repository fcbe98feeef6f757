"""Years of the working calendar that people imported (放假安排导入): each whole, never altered, undone at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from hotline.domain.calendar_years import YearArrangement
from hotline.domain.errors import HotlineError
from hotline.store.accounts import Audited
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.tables import calendar_years

_OF: Final = calendar_years.c


class StaleCalendarError(HotlineError):
    """Somebody else imported a year, or undid one, meanwhile."""

    code = "calendar.stale"


@dataclass(frozen=True, slots=True)
class KeptYear:
    """An arrangement as it was imported, by whom and when, and whether it was undone."""

    sequence: int
    arrangement: YearArrangement
    by: str
    at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None


class SqlCalendarYears:
    """Keeps imported years. Every method raises ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def mark(self) -> tuple[int, int]:
        """Return what changes with every import and every undoing."""
        query = select(func.max(_OF.sequence), func.count(_OF.undone_at))
        async with self._database.reading() as connection:
            last, undone = (await connection.execute(query)).one()
        return last or 0, undone

    async def all(self) -> Sequence[KeptYear]:
        """Return all that was ever imported, the last first."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(calendar_years).order_by(_OF.sequence.desc()))).all()
        return [
            KeptYear(
                row.sequence, YearArrangement.loaded(row.body), row.by, row.at, row.undone_by, row.undone_at
            )
            for row in rows
        ]

    async def in_force(self) -> Sequence[KeptYear]:
        """Return the arrangement that holds of each year that was imported, by year."""
        found: dict[int, KeptYear] = {}
        for each in await self.all():
            if each.undone_at is None:
                found.setdefault(each.arrangement.year, each)
        return [found[year] for year in sorted(found)]

    async def add(self, arrangement: YearArrangement, audited: Audited, *, mark: tuple[int, int]) -> int:
        """Put an arrangement in force; return its number. Raises ``StaleCalendarError`` when ``mark`` is another by now."""
        sequence = mark[0] + 1
        if await self.mark() != mark:
            raise StaleCalendarError(str(arrangement.year))
        row = {
            "sequence": sequence, "year": arrangement.year, "body": arrangement.dumped(), "by": audited.by, "at": audited.at,
        }  # fmt: skip
        async with self._database.writing() as connection:
            try:
                await connection.execute(insert(calendar_years).values(**row))
            except IntegrityError:
                raise StaleCalendarError(str(arrangement.year)) from None
            await write_audit(
                connection, at=audited.at, actor=audited.by, action=audited.action,
                subject=f"calendar:{arrangement.year}", detail=audited.detail,
            )  # fmt: skip
        return sequence

    async def undo(self, sequence: int, audited: Audited) -> None:
        """Take an arrangement out of force. Raises ``StaleCalendarError`` when it is out already."""
        mine = (_OF.sequence == sequence) & _OF.undone_at.is_(None)
        async with self._database.writing() as connection:
            changed = await connection.execute(
                update(calendar_years).where(mine).values(undone_by=audited.by, undone_at=audited.at)
            )
            if changed.rowcount != 1:
                raise StaleCalendarError(str(sequence))
            await write_audit(
                connection, at=audited.at, actor=audited.by, action=audited.action,
                subject=f"calendar:{sequence}", detail=audited.detail,
            )  # fmt: skip
