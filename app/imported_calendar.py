"""Years of the working calendar that people imported on the administration page, taken up by every process within seconds."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from hotline.domain.errors import StoreUnavailableError
from hotline.store.calendar_years import SqlCalendarYears
from router.tables import CatalogueHolder

log: Final = structlog.get_logger("imported_calendar")


class ImportedCalendar:
    """Looks at what is imported again and again; when the database is away what is in force stays."""

    def __init__(self, store: SqlCalendarYears, holder: CatalogueHolder) -> None:
        """Take where years are kept, and the tables in which they are to hold."""
        self._store = store
        self._holder = holder
        self._seen = 0, 0

    async def look(self) -> None:
        """Take up what was imported or undone since the last look."""
        try:
            mark = await self._store.mark()
            if mark == self._seen:
                return
            years = [each.arrangement for each in await self._store.in_force()]
        except StoreUnavailableError as error:
            log.warning("imported_calendar.not_read", error=str(error))
            return
        await asyncio.to_thread(self._holder.arrange, years)
        self._seen = mark
        log.info("imported_calendar.in_force", years=[each.year for each in years])
