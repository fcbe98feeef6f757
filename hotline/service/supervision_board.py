"""The figures of the supervision board (督办看板): rates by unit and quarter with the orders behind, tiers, cards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from hotline.domain.assessment import BoardGroup, Formula, Place, Share, formula_on
from hotline.domain.deeds import Card, Tier
from hotline.domain.handling_unit import HandlingUnit
from hotline.domain.unit_rates import Quarter, UnitRates, rates_by_group
from hotline.store.figures import CardCount, SqlFigures, Standing
from hotline.store.order_facts import SqlOrderFacts, Which

_FRESH: Final = timedelta(minutes=10)
_SHOWN: Final = timedelta(days=1)
_RATES: Final = (
    "response", "resolved", "satisfied", "satisfied_with_attitude", "satisfied_enforcement", "satisfied_mediation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QuarterRates:
    """The three groups in a quarter, as of ``at``, by the formula in force on its first day."""

    quarter: Quarter
    groups: Mapping[BoardGroup, Sequence[UnitRates]]
    formula: Formula
    at: datetime


class SupervisionBoard:
    """Counts by the database. Raises ``StoreUnavailableError`` when that is away.

    A quarter of more than a million orders takes seconds to count: it is counted at most once in ten minutes, kept for all processes, and
    shown for a day with its time while it is counted anew (``recount``).
    """

    def __init__(
        self,
        facts: SqlOrderFacts,
        figures: SqlFigures,
        *,
        units: Mapping[str, HandlingUnit],
        formulas: Sequence[Formula],
        timezone: ZoneInfo,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the facts, the figures, the units with their groups, and the versions of the formula."""
        self._facts = facts
        self._figures = figures
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
        """Return the three rates of every unit that had orders registered in the quarter, as they were last counted."""
        found = self._kept.get(quarter)
        if found is None or self.is_old(found):
            found = await self._last(quarter) or found
        if found is None or not self._is_within(found, _SHOWN):
            return await self.recount(quarter)
        return found

    def is_old(self, found: QuarterRates) -> bool:
        """Tell whether figures should be counted anew, behind the back of who looks at them."""
        return not self._is_within(found, _FRESH)

    async def recount(self, quarter: Quarter) -> QuarterRates:
        """Count a quarter anew, unless somebody just did."""
        async with self._counting:
            kept, at = await self._last(quarter), self._clock()
            if kept is not None and not self.is_old(kept):
                return kept
            formula = self._formula(quarter)
            tallies = await self._facts.unit_tallies(*self._span(*quarter.days))
            groups = await asyncio.to_thread(rates_by_group, tallies, self._units, formula)
            found = QuarterRates(quarter, groups, formula, at)
            await self._figures.keep(_key(quarter, formula), _written(groups), at)
            return self._remember(found)

    async def prepare(self) -> None:
        """Count this quarter and the one before, for the worker's night."""
        for quarter in self.quarters()[:2]:
            await self.recount(quarter)

    async def behind(
        self, quarter: Quarter, unit: str, which: Which, *, start: int = 0, limit: int = 200
    ) -> Sequence[str]:
        """Return the numbers of the orders behind a unit's figure, from number ``start`` of them on."""
        span = self._span(*quarter.days)
        return await self._facts.numbers(*span, unit, which, start_at=start, limit=limit)

    async def count_behind(self, quarter: Quarter, unit: str, which: Which) -> int:
        """Count the orders behind a unit's figure."""
        return await self._facts.count(*self._span(*quarter.days), unit, which)

    async def standings(self) -> Sequence[Standing]:
        """Return how many orders stand at each tier, and for how many one is proposed, by unit."""
        return await self._figures.standings()

    async def at_tier(
        self, tier: Tier, *, is_proposed: bool, unit: str = "", after: str = "", limit: int = 50
    ) -> Sequence[str]:
        """Return the numbers of the orders at a tier, or for which it is proposed, behind ``after``."""
        return await self._figures.at_tier(tier, is_proposed=is_proposed, unit=unit, after=after, limit=limit)

    async def cards(self, days: int) -> Sequence[CardCount]:
        """Return how often each unit was shown each card in the last ``days`` days, today's among them."""
        return await self._figures.cards(*self._last_days(days))

    async def cards_between(self, first: date, end: date) -> Sequence[CardCount]:
        """Return the same for the days from ``first`` to before ``end``."""
        return await self._figures.cards(*self._span(first, end))

    async def with_card(
        self, days: int, unit: str, card: Card, *, start: int = 0, limit: int = 200
    ) -> tuple[Sequence[str], int]:
        """Return the numbers of the orders for which a unit was shown a card in the last ``days`` days, from number ``start`` on.

        And how many such orders there are.
        """
        return await self._figures.with_card(*self._last_days(days), unit, card, start_at=start, limit=limit)

    # --- inside ---------------------------------------------------------------------------------------------

    def _is_within(self, found: QuarterRates, span: timedelta) -> bool:
        is_valid = found.formula == self._formula(found.quarter)
        return is_valid and found.at <= self._clock() < found.at + span

    def _formula(self, quarter: Quarter) -> Formula:
        return formula_on(self._formulas, quarter.days[0])

    async def _last(self, quarter: Quarter) -> QuarterRates | None:
        """Return what was last counted, by whichever process."""
        formula = self._formula(quarter)
        kept = await self._figures.kept(_key(quarter, formula))
        if kept is None:
            return None
        return self._remember(QuarterRates(quarter, _read(kept[1]), formula, kept[0]))

    def _remember(self, found: QuarterRates) -> QuarterRates:
        shown = {each: self._kept[each] for each in self.quarters() if each in self._kept}
        self._kept = {**shown, found.quarter: found}
        return found

    def _last_days(self, days: int) -> tuple[datetime, datetime]:
        today = self._clock().astimezone(self._timezone).date()
        return self._span(today - timedelta(days=days - 1), today + timedelta(days=1))

    def _span(self, first: date, end: date) -> tuple[datetime, datetime]:
        start, stop = (datetime.combine(day, time(), self._timezone) for day in (first, end))
        return start, stop


def _key(quarter: Quarter, formula: Formula) -> str:
    """Return under which figures are kept; its number changes with how they are written."""
    return f"rates-3:{quarter}:{formula.version}"


def _written(groups: Mapping[BoardGroup, Sequence[UnitRates]]) -> dict[str, Any]:
    """Return groups as they are kept: fractions as text, so that they stay exact."""
    return {
        group.value: [
            {
                "unit": each.unit, "orders": each.orders, "excluded": each.excluded, "named": each.named,
                "score": None if each.score is None else str(each.score), "place": asdict(each.place),
                **{name: [str(getattr(each, name).met), getattr(each, name).of] for name in _RATES},
            }
            for each in rows
        ]
        for group, rows in groups.items()
    }  # fmt: skip


def _read(body: Mapping[str, Any]) -> dict[BoardGroup, tuple[UnitRates, ...]]:
    return {
        BoardGroup(group): tuple(
            UnitRates(
                **{
                    **row,
                    "named": tuple(row["named"]),
                    "score": None if row["score"] is None else Fraction(row["score"]),
                    "place": Place(**row["place"]),
                    **{name: Share(Fraction(row[name][0]), row[name][1]) for name in _RATES},
                }
            )
            for row in rows
        )
        for group, rows in body.items()
    }
