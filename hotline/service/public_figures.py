"""What the public sees (公开): the figures of the last thirty days, and cleared cases as a person has disclosed them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from hotline.domain.assessment import Formula, formula_on
from hotline.domain.disclosure import PublicFigures, Tally, disclosed, public_figures
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.work_order import WorkOrder
from hotline.masking import masked
from hotline.store.inbox import Place

DAYS: Final = 30
CASES_A_PAGE: Final = 10
_KEPT: Final = timedelta(minutes=10)


class OrderFactsStore(Protocol):
    """What is counted and what is public; ``hotline.store.order_facts`` keeps it."""

    async def tallies(self, start: datetime, end: datetime) -> Sequence[Tally]:
        """Count the orders registered from ``start`` to before ``end``, those that are alike together."""

    async def disclosed(
        self, *, category: str = "", county: str = "", after: Place | None = None, limit: int = 10
    ) -> tuple[Sequence[WorkOrder], Place | None]:
        """Return the orders that are public, the last disclosed first, and where the next page begins."""


@dataclass(frozen=True, slots=True)
class Published:
    """Figures as they are published: of orders registered from ``first`` to ``last`` (both counted), as of ``at``."""

    first: date
    last: date
    at: datetime
    figures: PublicFigures
    formula: Formula


@dataclass(frozen=True, slots=True)
class PublicCase:
    """A cleared case: what it was about, where (no finer than the street), whose, and the reply that is public.

    The citizen's words are not in it, and no name: ``reply`` was read by a person and is masked once more.
    """

    number: str
    kind: str
    category: str | None
    county: str
    street: str
    unit: str | None
    registered_on: date
    disclosed_on: date
    reply: str


class Disclosure:
    """Publishes; one for the process. Figures are counted at most once in ten minutes, whoever asks."""

    def __init__(
        self,
        store: OrderFactsStore,
        formulas: Sequence[Formula],
        timezone: ZoneInfo,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the store, the versions of the assessment's formula and the city's clock."""
        self._store = store
        self._formulas = formulas
        self._timezone = timezone
        self._clock = clock
        self._kept: Published | None = None
        self._counting = asyncio.Lock()

    async def figures(self) -> Published:
        """Return the figures of the last thirty whole days.

        While the database is away, the last that were counted; raises ``StoreUnavailableError`` when there are none.
        """
        if (kept := self._fresh()) is not None:
            return kept
        async with self._counting:
            if (kept := self._fresh()) is not None:
                return kept
            try:
                self._kept = await self._counted()
            except StoreUnavailableError:
                if self._kept is None:
                    raise
            return self._kept

    async def cases(
        self, *, category: str = "", county: str = "", after: Place | None = None
    ) -> tuple[Sequence[PublicCase], Place | None]:
        """Return a page of cleared cases, the last disclosed first, and where the next page begins."""
        orders, following = await self._store.disclosed(
            category=category, county=county, after=after, limit=CASES_A_PAGE
        )
        return [case for order in orders if (case := self._case(order)) is not None], following

    def _fresh(self) -> Published | None:
        kept, at = self._kept, self._clock()
        is_fresh = (
            kept is not None
            and kept.at <= at < kept.at + _KEPT
            and kept.last + timedelta(days=1) == self._day(at)
        )
        return kept if is_fresh else None

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._timezone).date()

    async def _counted(self) -> Published:
        at = self._clock()
        today = self._day(at)
        first = today - timedelta(days=DAYS)
        start, end = (datetime(day.year, day.month, day.day, tzinfo=self._timezone) for day in (first, today))
        formula = formula_on(self._formulas, first)
        tallies = await self._store.tallies(start, end)
        figures = await asyncio.to_thread(public_figures, tallies, formula)
        return Published(first, today - timedelta(days=1), at, figures, formula)

    def _case(self, order: WorkOrder) -> PublicCase | None:
        shown, place = disclosed(order), order.appeal.place
        if shown is None:  # changed since it was found
            return None
        return PublicCase(
            number=order.number,
            kind=order.appeal.kind.value,
            category=order.appeal.category,
            county=(place.county or "") if place is not None else "",
            street=(place.street or "") if place is not None else "",
            unit=order.lead_unit if order.is_dispatched else None,
            registered_on=self._day(order.registered_at),
            disclosed_on=self._day(shown.at),
            reply=masked(shown.text, [party.name for party in order.citizens]),
        )
