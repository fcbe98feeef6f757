"""Requests to see confidential citizens: asked for, decided by a second person, and each look written down before it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hotline.domain.secrecy import is_hidden
from hotline.domain.unmasking import UnmaskRefusedError, UnmaskRequest, UnmaskState
from hotline.domain.work_order import Party, WorkOrder


class UnmaskStore(Protocol):
    """Keeps requests. All methods raise ``StoreUnavailableError``."""

    async def add(self, request: UnmaskRequest) -> UnmaskRequest:
        """Keep a request, or return the one of the same person and order that still waits."""

    async def waiting(self, *, limit: int) -> Sequence[UnmaskRequest]:
        """Return requests that nobody has decided, the oldest first."""

    async def count_waiting(self) -> int:
        """Count them."""

    async def of(self, number: str, by: str) -> Sequence[UnmaskRequest]:
        """Return a person's requests for an order, the newest first."""

    async def change(
        self, request: str, step: Callable[[UnmaskRequest], UnmaskRequest], *, by: str, at: datetime
    ) -> UnmaskRequest:
        """Change one by ``step`` in one transaction with its audit row; of two at once the second sees the first."""


class Orders(Protocol):
    """Where orders are."""

    async def get(self, number: str) -> WorkOrder:
        """Return an order; raises ``WorkOrderNotFoundError``."""

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""


class Unmaskings:
    """Asks, decides and looks. ``by`` is always a staff id."""

    def __init__(self, store: UnmaskStore, orders: Orders, new_id: Callable[[], str]) -> None:
        """Take where requests and orders are kept; ``new_id`` makes an id."""
        self._store = store
        self._orders = orders
        self._new_id = new_id

    async def ask(self, number: str, reason: str, *, by: str, at: datetime) -> UnmaskRequest:
        """Ask to see an order's citizens; asked again while it waits, it is the same request."""
        if not is_hidden(await self._orders.get(number)):
            raise UnmaskRefusedError("the order is not confidential")
        return await self._store.add(UnmaskRequest(self._new_id(), number, by, reason.strip(), at))

    async def waiting(self, *, limit: int = 50) -> Sequence[UnmaskRequest]:
        """Return what waits for a decision, the oldest first."""
        return await self._store.waiting(limit=limit)

    async def count_waiting(self) -> int:
        """Count what waits."""
        return await self._store.count_waiting()

    async def approve(
        self, request: str, *, by: str, at: datetime, hold: timedelta, note: str = ""
    ) -> UnmaskRequest:
        """Let the asker see it for ``hold``."""
        return await self._store.change(
            request, lambda found: found.approved(by=by, at=at, hold=hold, note=note), by=by, at=at
        )

    async def refuse(self, request: str, *, by: str, at: datetime, note: str) -> UnmaskRequest:
        """Do not let the asker see it."""
        return await self._store.change(
            request, lambda found: found.refused(by=by, at=at, note=note), by=by, at=at
        )

    async def latest(self, number: str, *, by: str) -> UnmaskRequest | None:
        """Return what somebody last asked for of an order, or None."""
        return next(iter(await self._store.of(number, by)), None)

    async def may_see(self, number: str, *, by: str, at: datetime) -> UnmaskRequest | None:
        """Return the approval by which somebody may see the order's citizens now, or None."""
        mine = await self._store.of(number, by)
        return next((one for one in mine if one.state is UnmaskState.APPROVED and one.lets_see(by, at)), None)

    async def look(self, number: str, *, by: str, at: datetime) -> tuple[Party, ...]:
        """Return who the citizens are, after the look was written down. Raises ``UnmaskRefusedError``."""
        order = await self._orders.get(number)
        approval = await self.may_see(number, by=by, at=at)
        if approval is None:
            raise UnmaskRefusedError("no approval holds")
        why = f"unmask: {approval.reason} (approved by {approval.decided_by}, request {approval.id})"
        await self._orders.note_look(subject=number, by=f"staff:{by}", why=why, at=at)
        return order.citizens
