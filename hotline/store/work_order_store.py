"""The store's contract: work orders, kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Protocol

from hotline.domain.work_order import WorkOrder, WorkOrderNumber


class WorkOrderStore(Protocol):
    """Keeps work orders. Every change writes its audit row in the same transaction.

    All methods raise ``StoreUnavailableError`` when the database does not answer or refuses.
    """

    async def next_number(self, on: date) -> WorkOrderNumber:
        """Reserve the next number of that day; never given twice, whatever the number of processes."""

    async def add(self, order: WorkOrder) -> None:
        """Commit a new order. When this returns, it is recorded."""

    async def get(self, number: WorkOrderNumber) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""

    async def save(self, order: WorkOrder, *, expected: int) -> None:
        """Commit a changed order if its stored revision is still ``expected``, else raise ``StaleWorkOrderError``."""

    async def recent(self, *, limit: int = 50, before: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the newest orders first."""

    def due_before(self, at: datetime) -> AsyncIterator[WorkOrder]:
        """Yield open orders due before ``at``, earliest first."""
