"""What people published from the rules console, taken into the running router of every process, each within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import structlog

from app.imported_calendar import ImportedCalendar
from hotline.city import City
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.rule_changes import DamagedRulesError, RuleVersion
from hotline.domain.rule_text import CatalogueText
from hotline.store.calendar_years import SqlCalendarYears
from hotline.store.database import Database
from hotline.store.rules import SqlRules
from router.rule_router import RuleRouter
from router.tables import CatalogueHolder, Published

log: Final = structlog.get_logger("published_rules")


class PublishedRules:
    """Looks at what is published again and again. A version that cannot be used is named and left out: the last good one holds."""

    def __init__(self, store: SqlRules, holder: CatalogueHolder, today: Callable[[], date]) -> None:
        """Take where versions are kept; ``today`` is the city's."""
        self._store = store
        self._holder = holder
        self._today = today
        self._seen: tuple[int, int] | None = None
        self._texts: dict[int, CatalogueText] = {}
        self.refused: Mapping[str, str] = {}
        """The versions that cannot be used, and why."""

    @property
    def has_looked(self) -> bool:
        """Whether it ever could."""
        return self._seen is not None

    async def look(self) -> None:
        """Take up what was published or withdrawn since the last look. When the database is away what is in force stays."""
        try:
            mark = await self._store.mark()
            if mark != self._seen:
                await self._take_up()
                self._seen = mark
        except StoreUnavailableError as error:
            log.warning("published_rules.not_read", error=str(error))

    async def _take_up(self) -> None:
        """Take the versions from the newest back to the one in force today; where that one is damaged, further back."""
        refused: dict[str, str] = {}
        taken: list[Published] = []
        versions = [each for each in await self._store.versions() if each.withdrawn_at is None]
        for version in sorted(versions, key=lambda each: (each.valid_from, each.sequence), reverse=True):
            text = await self._text(version, refused)
            if text is None:
                continue
            published = Published(version.sequence, text)
            error = await asyncio.to_thread(self._holder.prepare, published)
            if error is not None:
                refused[version.version] = f"{error.row}：{error.reason}"
                log.error("catalogue.refused", file=version.version, row=error.row, reason=error.reason)
                continue
            taken.append(published)
            if version.valid_from <= self._today():
                break
        if taken or self._texts:
            await asyncio.to_thread(self._holder.publish, taken)
        self._texts = {each.sequence: each.text for each in taken}
        self.refused = refused

    async def _text(self, version: RuleVersion, refused: dict[str, str]) -> CatalogueText | None:
        """Return a version's text; what was read whole once is not read again."""
        if version.sequence in self._texts:
            return self._texts[version.sequence]
        try:
            return await self._store.text(version.version)
        except DamagedRulesError as error:
            refused[version.version] = error.reason
            log.error("catalogue.refused", file=version.version, row="", reason=error.reason)
            return None


async def router_in_force(city: City, database_url: str, on: date, tell: Callable[[str], None]) -> RuleRouter:
    """Return a router on the files and what is published, as of a day. ``tell`` says when a database that is set cannot be read."""
    holder = CatalogueHolder(city)
    database = Database(database_url)
    published = PublishedRules(SqlRules(database), holder, lambda: on)
    try:
        if not database.is_missing:
            await published.look()
            await ImportedCalendar(SqlCalendarYears(database), holder).look()
            if not published.has_looked:
                tell("数据库读不到，没有算上工作台发布的派单规则")
    finally:
        await database.close()
    return RuleRouter(city, holder)
