"""The figures of the supervision board (督办看板): rates by unit and quarter, the orders behind them, appeals by day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hotline.domain.assessment import BoardGroup, Formula, formula_on
from hotline.domain.handling_unit import HandlingUnit
from hotline.domain.unit_rates import Quarter, UnitRates, rates_by_group
from hotline.store.order_facts import SqlOrderFacts, Which

DAYS: Final = 30
_KEPT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class QuarterRates:
    """The three groups in a quarter, as of ``at``, by the formula in force on its first day."""

    quarter: Quarter
    groups: Mapping[BoardGroup, Sequence[UnitRates]]
    formula: Formula
    at: datetime


class SupervisionBoard:
    """Counts by the database, a quarter at most once in ten minutes. Raises ``StoreUnavailableError`` when that is away."""

    def __init__(
        self,
        facts: SqlOrderFacts,
        units: Mapping[str, HandlingUnit],
        formulas: Sequence[Formula],
        timezone: ZoneInfo,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the facts, the units with their groups, and the versions of the formula."""
        self._facts = facts
        self._units = units
        self._formulas = formulas
        self._timezone = timezone
        self._clock = clock
        self._kept: dict[Quarter, QuarterRates] = {}
        self._counting = asyncio.Lock()

    def quarters(self) -> tuple[Quarter, ...]:
        """Return this quarter and the three before it."""
        this = Quarter.of(self._clock().astimezone(self._timezone).date())
        return this, this.before, this.before.before, this.before.before.before

    async def rates(self, quarter: Quarter) -> QuarterRates:
        """Return the three rates of every unit that had orders registered in the quarter."""
        async with self._counting:
            kept, at = self._kept.get(quarter), self._clock()
            if kept is not None and kept.at <= at < kept.at + _KEPT:
                return kept
            formula = formula_on(self._formulas, quarter.days[0])
            tallies = await self._facts.unit_tallies(*self._span(*quarter.days))
            groups = await asyncio.to_thread(rates_by_group, tallies, self._units, formula)
            shown = {each: self._kept[each] for each in self.quarters() if each in self._kept}
            found = QuarterRates(quarter, groups, formula, at)
            self._kept = {**shown, quarter: found}
            return found

    async def behind(self, quarter: Quarter, unit: str, which: Which) -> Sequence[str]:
        """Return the numbers of the orders behind a unit's figure; two hundred at most."""
        return await self._facts.numbers(*self._span(*quarter.days), unit, which)

    async def by_day(self) -> Sequence[tuple[date, int]]:
        """Return how many appeals were registered on each of the last thirty whole days."""
        today = self._clock().astimezone(self._timezone).date()
        first = today - timedelta(days=DAYS)
        counts = await self._facts.by_day(*self._span(first, today))
        days = (first + timedelta(days=number) for number in range(DAYS))
        return [(day, counts.get(day, 0)) for day in days]

    def _span(self, first: date, end: date) -> tuple[datetime, datetime]:
        start, stop = (datetime(day.year, day.month, day.day, tzinfo=self._timezone) for day in (first, end))
        return start, stop
