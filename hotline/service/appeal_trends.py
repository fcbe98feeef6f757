"""Appeals by day, place and class (诉求分布与走势), and which of them are hot with what the next weeks are likely to bring."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hotline.domain.weekly_issues import MOST_WEEKS, WEEK, HotIssues, hot_issues
from hotline.store.figures import SqlFigures

_KEPT: Final = timedelta(days=14)


class AppealTrends:
    """Counts whole days once, for good but for the last weeks; forecasts a whole week once. One for the process.

    Raises ``StoreUnavailableError`` when the database is away.
    """

    def __init__(self, figures: SqlFigures, timezone: ZoneInfo, clock: Callable[[], datetime]) -> None:
        """Take the figures and the city's clock."""
        self._figures = figures
        self._timezone = timezone
        self._clock = clock
        self._counting = asyncio.Lock()
        self._until: date | None = None

    def today(self) -> date:
        """Return the day by the city's clock."""
        return self._clock().astimezone(self._timezone).date()

    def last_monday(self) -> date:
        """Return the Monday of the last whole week."""
        today = self.today()
        return today - timedelta(days=today.weekday()) - WEEK

    async def by_day(
        self, days: int, *, category: str = "", county: str = "", end: date | None = None
    ) -> Sequence[tuple[date, int]]:
        """Return the appeals of each of the last ``days`` whole days, or of those before ``end``."""
        await self._count()
        end = end or self.today()
        first = end - timedelta(days=days)
        counts = await self._figures.by_day(first, end, category=category, county=county)
        return [(day, counts.get(day, 0)) for day in (first + timedelta(days=step) for step in range(days))]

    async def by_county(self, days: int, *, category: str = "", end: date | None = None) -> Mapping[str, int]:
        """Return the appeals of the last ``days`` whole days by county; the empty one: no place was named."""
        await self._count()
        end = end or self.today()
        return await self._figures.by_county(end - timedelta(days=days), end, category=category)

    async def by_street(self, days: int, county: str, *, category: str = "") -> Mapping[str, int]:
        """Return the appeals of a county by street."""
        today = self.today()
        start, end = (
            datetime.combine(day, time(), self._timezone) for day in (today - timedelta(days=days), today)
        )
        return await self._figures.by_street(start, end, county, category)

    async def by_category(self, monday: date) -> Mapping[str, tuple[int, int]]:
        """Return the appeals of the week of ``monday`` by class of the second level, and of the week before it."""
        await self._count()
        weekly = await self._figures.by_week(monday - WEEK, monday + WEEK, by="category")
        return {key: (weeks.get(monday, 0), weeks.get(monday - WEEK, 0)) for key, weeks in weekly.items()}

    async def issues(
        self, by: str, *, category: str = "", county: str = "", monday: date | None = None
    ) -> HotIssues:
        """Return the ``category`` (second level) or ``county`` issues, of one class or county if it is given.

        They are of the week of ``monday``, the last whole one if it is not given. A week's are worked out once.
        """
        await self._count()
        monday = monday or self.last_monday()
        key = f"issues:{monday}:{by}:{category}:{county}"
        kept = await self._figures.kept(key)
        if kept is not None:
            return HotIssues.from_json(monday, kept[1])
        first = monday - WEEK * MOST_WEEKS
        weekly = await self._figures.by_week(first, monday + WEEK, by=by, category=category, county=county)
        named = {each: weeks for each, weeks in weekly.items() if each}
        found = await asyncio.to_thread(hot_issues, named, monday)
        await self._figures.keep(key, found.to_json(), self._clock())
        return found

    async def whole(self, monday: date | None = None) -> HotIssues:
        """Return the whole city as one issue, without a key."""
        await self._count()
        monday = monday or self.last_monday()
        key = f"issues:{monday}:city"
        kept = await self._figures.kept(key)
        if kept is not None:
            return HotIssues.from_json(monday, kept[1])
        weekly = await self._figures.by_week(monday - WEEK * MOST_WEEKS, monday + WEEK, by="county")
        total: dict[date, int] = {}
        for weeks in weekly.values():
            for week, count in weeks.items():
                total[week] = total.get(week, 0) + count
        found = await asyncio.to_thread(hot_issues, {"": total} if total else {}, monday)
        await self._figures.keep(key, found.to_json(), self._clock())
        return found

    async def prepare(self) -> None:
        """Count and forecast what people will look at first, so that nobody waits for it; for the worker's night."""
        await self._count()
        for by in ("category", "county"):
            await self.issues(by)
        await self.whole()
        await self._figures.forget_kept_before(self._clock() - _KEPT)

    async def _count(self) -> None:
        """Count the whole days that are over, unless that was done."""
        if self._until == self.today():
            return
        async with self._counting:
            today = self.today()
            if await self._figures.counted_until() != today:
                await self._figures.count_days(today, self._timezone, self._clock())
            self._until = today
