"""Open orders whose unit is no longer in the list of units (units.yaml): somebody must say who takes them over."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from hotline.domain.work_order import Status, WorkOrder, WorkOrderNumber


@dataclass(frozen=True, slots=True)
class StrandedOrder:
    """An open order of vanished units: ``lead_unit`` is None when only supporting units are gone."""

    number: WorkOrderNumber
    status: Status
    lead_unit: str | None
    supporting_units: tuple[str, ...]


def orders_of_vanished_units(orders: Iterable[WorkOrder], units: Container[str]) -> Iterator[StrandedOrder]:
    """Yield each open order whose lead or a supporting unit is not among ``units``, in the order given."""
    for order in orders:
        if order.is_closed:
            continue
        lead = order.lead_unit if order.lead_unit is not None and order.lead_unit not in units else None
        supporting = tuple(each for each in order.supporting_units if each not in units)
        if lead is not None or supporting:
            yield StrandedOrder(order.number, order.status, lead, supporting)
