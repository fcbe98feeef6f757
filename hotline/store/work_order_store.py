"""The store's contract: work orders, kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from hotline.domain.appeal import PhoneNumber
from hotline.domain.life_cycle import Status
from hotline.domain.outbox import Message
from hotline.domain.work_order import WorkOrder, WorkOrderNumber


@dataclass(frozen=True, slots=True)
class Change:
    """One order as it shall be: new (``expected`` None) or changed from revision ``expected``.

    ``messages`` go to the outbox with it; ``next_at`` is when the machine has to look at it again, if ever. ``request``
    names what a new order was asked for by: there is only one order of each.
    """

    order: WorkOrder
    expected: int | None = None
    messages: tuple[Message, ...] = ()
    next_at: datetime | None = None
    request: str | None = None


class WorkOrderStore(Protocol):
    """Keeps work orders. Every change writes its audit row and its messages in the same transaction.

    All methods raise ``StoreUnavailableError`` when the database does not answer or refuses.
    """

    async def add(
        self, on: date, made: Callable[[WorkOrderNumber], Sequence[Change]], *, at: datetime
    ) -> Sequence[Change]:
        """Commit, and return, what is ``made`` of the next number of that day, or nothing; then the number goes to the next.

        No number is given twice, whatever the number of processes. ``made`` may be called on another thread. Raises what
        ``commit`` raises.
        """

    async def commit(self, *changes: Change, at: datetime) -> None:
        """Commit all changes or none; ``StaleWorkOrderError`` when one of the orders was changed meanwhile.

        ``RegisteredBeforeError`` when there is an order of a change's ``request`` already.
        """

    async def get(self, number: WorkOrderNumber) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""

    async def recent(self, *, limit: int = 50, before: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the newest orders first."""

    async def of_citizen(self, phone: PhoneNumber, *, limit: int = 20) -> Sequence[WorkOrder]:
        """Return the orders that this telephone registered or joined, the newest first."""

    async def of_unit(
        self, unit: str, *, statuses: frozenset[Status], limit: int = 50, after: WorkOrderNumber = ""
    ) -> Sequence[WorkOrder]:
        """Return orders that ``unit`` leads, in these states, by number, behind ``after``."""

    async def to_look_at(self, now: datetime, *, limit: int = 200) -> Sequence[WorkOrderNumber]:
        """Return the numbers of orders whose ``next_at`` has come, earliest first."""

    def due_before(self, at: datetime) -> AsyncIterator[WorkOrder]:
        """Yield open orders due before ``at``, earliest first."""

    def registered_between(self, start: datetime, end: datetime) -> AsyncIterator[WorkOrder]:
        """Yield the orders registered from ``start`` to before ``end``, in order."""
