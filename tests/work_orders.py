"""Work orders for tests: valid by default, a test says only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hotline.domain.appeal import Urgency
from hotline.domain.deeds import Deed, Dispatch
from hotline.domain.people import MACHINE, Actor, Role, unit_actor
from hotline.domain.routing import Candidate, RoutingDecision
from hotline.domain.time_limits import LimitPurpose, SetLimit
from hotline.domain.work_order import HistoryEntry, Status, WorkOrder, WorkOrderNumber
from hotline.store.work_order_store import Change, WorkOrderStore
from tests.builders import NOW, an_appeal


def a_decision(at: datetime = NOW, **values: Any) -> RoutingDecision:
    """Lanshan leads: signed for within half an hour, sent back within two days, handled within seven."""
    given = {"sign_by": at + timedelta(minutes=30), "due_at": at + timedelta(days=7), **values}
    ends = {
        LimitPurpose.SIGNING: given["sign_by"],
        LimitPurpose.SENDING_BACK: at + timedelta(days=2),
        LimitPurpose.HANDLING: given["due_at"],
        LimitPurpose.LAST_EXTENSION: given["due_at"] + timedelta(days=14),
        LimitPurpose.YELLOW_CARD: given["due_at"] - timedelta(days=1),
        LimitPurpose.RED_CARD: given["due_at"] + timedelta(hours=12),
    }
    decision = RoutingDecision(
        lead_unit="county-371302", supporting_units=("body-housing",), urgency=Urgency.UTILITIES,
        sign_by=given["sign_by"], due_at=given["due_at"], limit_basis="市热线条例", rule="R1",
        because="按属地派单", catalogue_version="2026-11", runners_up=(Candidate("body-housing", "R2", "行业主管"),),
        basis="供热条例第4条", limits=tuple(SetLimit(each, each.value, "市热线条例", at, end) for each, end in ends.items()),
    )  # fmt: skip
    return replace(decision, **values)


LANSHAN_UNIT = unit_actor("county-371302")
HOUSING = unit_actor("body-housing")
REVIEWER = Actor(Role.REVIEWER, "r-1")
AGENT = Actor(Role.AGENT, "a-7")
SUPERVISOR = Actor(Role.SUPERVISOR, "s-1")


def a_registered_order(number: str = "26112300001", minutes: float = 0, **values: Any) -> WorkOrder:
    """An order that has only its number."""
    at = NOW + timedelta(minutes=minutes)
    given: dict[str, Any] = {"appeal": an_appeal(), "conversation": "c1", "routing": a_decision(at), **values}
    registered = HistoryEntry(at=at, before=None, after=Status.REGISTERED, by=MACHINE)
    return WorkOrder(
        number=number, status=Status.REGISTERED, registered_at=at, history=(registered,), **given
    )


def an_order(number: str = "26112300001", minutes: float = 0, **values: Any) -> WorkOrder:
    """An order that was dispatched when it was registered, ``minutes`` after ``NOW``."""
    order = a_registered_order(number, minutes, **values)
    assert order.routing is not None
    return order.after(Dispatch(order.routing), by=MACHINE, at=order.registered_at)


async def keep(store: WorkOrderStore, *orders: WorkOrder) -> None:
    """Commit new orders."""
    for order in orders:
        await store.commit(Change(order), at=order.registered_at)


async def keep_next(store: WorkOrderStore, on: date) -> WorkOrderNumber:
    """Commit a new order under the next number of that day; return the number."""
    (new,) = await store.add(on, lambda number: [Change(an_order(number))], at=NOW)
    return new.order.number


async def change(
    store: WorkOrderStore, order: WorkOrder, deed: Deed, *, by: Actor, at: datetime
) -> WorkOrder:
    """Commit an order after one more deed."""
    changed = order.after(deed, by=by, at=at)
    await store.commit(Change(changed, expected=order.revision), at=at)
    return changed
