"""What somebody sees of an order (可见范围): all, masked, or not even that it exists."""

from __future__ import annotations

from enum import StrEnum

from hotline.domain.accounts import ABROAD, Account, StaffRole
from hotline.domain.errors import WorkOrderNotFoundError
from hotline.domain.secrecy import is_hidden
from hotline.domain.work_order import WorkOrder


class Sight(StrEnum):
    """How much of an order somebody sees; numbers and names are masked in all of them until asked for with a reason."""

    OURS = "ours"  # the hotline's people
    UNITS = "units"  # a unit that leads or supports it, a county: as ``hotline.domain.secrecy.unit_view`` shows it


def sight_of(order: WorkOrder, account: Account) -> Sight:
    """Return how ``account`` sees ``order``. Raises ``WorkOrderNotFoundError`` when it is none of theirs: nobody learns more."""
    if not account.has_any(ABROAD):
        return Sight.OURS
    if order.is_dispatched and account.unit is not None and account.unit in _units(order):
        return Sight.UNITS
    place = order.appeal.place
    if StaffRole.COUNTY in account.roles and order.is_dispatched and not is_hidden(order):
        theirs = {f"county-{account.county}", f"zone-{account.county}"} & set(_units(order))
        if theirs or (place is not None and place.county_code == account.county):
            return Sight.UNITS
    raise WorkOrderNotFoundError(order.number)


def is_seen(order: WorkOrder, account: Account) -> bool:
    """Tell whether ``account`` sees ``order`` at all: what its page would not show, no list does either."""
    try:
        sight_of(order, account)
    except WorkOrderNotFoundError:
        return False
    return True


def _units(order: WorkOrder) -> tuple[str, ...]:
    return (order.lead_unit or "", *order.supporting_units)
