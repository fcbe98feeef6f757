"""Learning from corrections (纠正与学习): proposed by who corrects, reviewed by another, exported as training rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from hotline.city import City
from hotline.domain.corrections import (
    Correction,
    CorrectionOf,
    CorrectionState,
    PersonalWordsError,
)
from hotline.domain.errors import HotlineError
from hotline.domain.work_order import WorkOrder
from hotline.masking import leaks, masked

_MOST_LISTED: Final = 500


class UnknownCorrectionError(HotlineError):
    """What is said to be right does not exist in the city (``value``)."""

    code = "correction.unknown_value"

    def __init__(self, value: str) -> None:
        self.value = value
        super().__init__(value)


class CorrectionStore(Protocol):
    """Keeps corrections. All methods raise ``StoreUnavailableError``."""

    async def add(self, correction: Correction) -> Correction:
        """Keep a correction; of one order and kind the last proposed replaces one that nobody has reviewed."""

    async def listed(self, state: CorrectionState | None, *, limit: int) -> Sequence[Correction]:
        """Return corrections in a state (None: in any), the oldest first."""

    async def change(
        self, correction: str, step: Callable[[Correction], Correction], *, by: str, at: datetime
    ) -> Correction:
        """Change one by ``step`` in one transaction with its audit row; raises what ``step`` raises, or ``NoSuchCorrectionError``."""


class Orders(Protocol):
    """Where orders are."""

    async def get(self, number: str) -> WorkOrder:
        """Return an order; raises ``WorkOrderNotFoundError``."""


class Corrections:
    """Proposes, lists, reviews and exports corrections."""

    def __init__(self, store: CorrectionStore, orders: Orders, city: City, new_id: Callable[[], str]) -> None:
        """Take the stores and the city's codes; ``new_id`` makes an id."""
        self._store = store
        self._orders = orders
        self._city = city
        self._new_id = new_id

    async def propose(
        self, number: str, of: CorrectionOf, right: str, *, by: str, at: datetime, note: str = ""
    ) -> Correction:
        """Note what is right of an order. Raises ``WorkOrderNotFoundError`` and ``UnknownCorrectionError``."""
        right = right.strip()
        known = {
            CorrectionOf.CATEGORY: self._city.categories.keys(),
            CorrectionOf.UNIT: self._city.units.keys(),
            CorrectionOf.PLACE: {right} - {""},
        }[of]
        if right not in known:
            raise UnknownCorrectionError(right)
        order = await self._orders.get(number)
        appeal = order.appeal
        understood = {
            CorrectionOf.CATEGORY: appeal.category or "",
            CorrectionOf.UNIT: (order.routing.lead_unit if order.routing is not None else None) or "",
            CorrectionOf.PLACE: appeal.place.text if appeal.place is not None else "",
        }[of]
        correction = Correction(
            id=self._new_id(),
            order=order.number,
            of=of,
            text=masked(appeal.text, [party.name for party in order.citizens]),
            understood=understood,
            right=right,
            by=by,
            at=at,
            engine=appeal.understood_by,
            confidence=appeal.category_confidence,
            note=note,
        )
        return await self._store.add(correction)

    async def listed(self, state: CorrectionState | None = CorrectionState.PROPOSED) -> Sequence[Correction]:
        """Return corrections in a state, the oldest first."""
        return await self._store.listed(state, limit=_MOST_LISTED)

    async def approve(self, correction: str, *, by: str, at: datetime, text: str = "") -> Correction:
        """Let it be learned from; ``text`` are the words to learn instead of the order's.

        Raises ``PersonalWordsError`` while the words still tell who somebody is.
        """

        def step(found: Correction) -> Correction:
            approved = found.approved(by=by, at=at, text=text)
            if still := leaks(approved.text):
                raise PersonalWordsError(found.id, still)
            return approved

        return await self._store.change(correction, step, by=by, at=at)

    async def reject(self, correction: str, *, by: str, at: datetime, note: str = "") -> Correction:
        """Do not learn from it."""
        return await self._store.change(
            correction, lambda found: found.rejected(by=by, at=at, note=note), by=by, at=at
        )

    async def export(
        self, write: Callable[[Sequence[Correction]], None], *, by: str, at: datetime
    ) -> Sequence[Correction]:
        """Have what was approved written by ``write``, and only then mark it as exported; return it.

        Whoever is interrupted between the two exports it again: ``write`` has to take the same rows twice.
        """
        approved = await self._store.listed(CorrectionState.APPROVED, limit=_MOST_LISTED)
        await asyncio.to_thread(write, approved)
        return [
            await self._store.change(each.id, lambda found: found.exported(), by=by, at=at)
            for each in approved
        ]
