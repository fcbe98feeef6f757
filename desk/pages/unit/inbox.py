"""A unit's inbox (收件箱): its orders by when they are due, signed for one by one or together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import Response

from desk.front import Front, LiveEvent
from desk.guard import desk_router, front_of
from desk.pages.orders import row_of
from desk.pages.unit.tasks import owed_tasks
from desk.permissions import permission
from desk.seat import Seat
from hotline.domain.co_handling import part_of
from hotline.domain.deeds import Card
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.waiting import Waiting, late_parts
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn
from hotline.service.signals import ORDERS
from hotline.store.inbox import InboxFilter, Place

router = desk_router()

_A_PAGE: Final = 50
_MOST_LATE: Final = 200
_SOON: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Tab:
    """One part of the inbox; ``is_support``: orders that the unit supports, not leads."""

    label: str
    statuses: frozenset[Status]
    is_support: bool = False


TABS: Final[dict[str, Tab]] = {
    "todo": Tab("待办", frozenset({Status.TO_SIGN, Status.HANDLING, Status.SUPERVISED})),
    "to-sign": Tab("待签收", frozenset({Status.TO_SIGN})),
    "handling": Tab("办理中", frozenset({Status.HANDLING, Status.SUPERVISED})),
    "support": Tab(
        "协办", frozenset({Status.TO_SIGN, Status.HANDLING, Status.SUPERVISED, Status.SUSPENDED}), True
    ),
    "asked": Tab("待热线审批", frozenset({Status.RETURN_ASKED, Status.END_ASKED})),
    "suspended": Tab("挂账", frozenset({Status.SUSPENDED})),
    "replied": Tab("已反馈", frozenset({Status.REPLIED, Status.TO_REVISIT})),
    "closed": Tab("已办结", CLOSED),
}


@router.get("/desk/unit")
async def inbox(
    request: Request, seat: Seat, tab: str = "todo", after: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show the unit's orders of one kind, those due first first."""
    front = front_of(request)
    values = await _values(front, seat, tab, after)
    if request.headers.get("hx-target") == "rows":
        return front.fragment(request, "unit/_rows.html", **values)
    return front.page(request, "unit/inbox.html", title="收件箱", **values)


@router.get("/desk/unit/rows")
async def rows(request: Request, seat: Seat, tab: str = "todo") -> Response:
    """Return the inbox anew after something has changed; nobody did anything for it."""
    front = front_of(request)
    return front.fragment(request, "unit/_inbox.html", **await _values(front, seat, tab, ""))


@router.get("/desk/unit/live")
async def live(request: Request, seat: Seat) -> Response:
    """Tell the page whenever an order of the unit has changed."""
    front = front_of(request)

    async def source() -> AsyncIterator[LiveEvent]:
        async with front.parts.signals.of(ORDERS) as notices:
            async for _, told in notices:
                if seat.account.unit in (told.get("unit"), *told.get("supporting", ())):
                    yield LiveEvent("changed", "")

    answer: Response = request.app.state.live.stream(seat, permission("GET", "/desk/unit/live"), source())
    return answer


async def _values(front: Front, seat: SignedIn, name: str, after: str) -> dict[str, Any]:
    unit, now = seat.account.unit, front.parts.clock()
    name = name if name in TABS else "todo"
    tab, box = TABS[name], front.parts.inbox
    wanted = (
        InboxFilter(tab.statuses, supporter=unit) if tab.is_support else InboxFilter(tab.statuses, unit=unit)
    )
    page = await box.page(wanted, after=Place.read(after), limit=_A_PAGE)
    numbers = " ".join(order.number for order in page.orders)
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", why=f"inbox: {numbers}", at=now
    )
    mine = await box.counts(InboxFilter(frozenset(Status), unit=unit))
    helping = await box.counts(InboxFilter(TABS["support"].statuses, supporter=unit))
    todo = InboxFilter(TABS["todo"].statuses, unit=unit)
    late = await box.count_due(todo, before=now)
    waits = InboxFilter(TABS["todo"].statuses, unit=unit, waits_for=Waiting.CO_REPLY)
    return {
        "orders": [_row(front, order, unit if tab.is_support else None) for order in page.orders],
        "following": str(page.following) if page.following else "",
        "tabs": [
            (key, one.label, sum((helping if one.is_support else mine).get(status, 0) for status in one.statuses))
            for key, one in TABS.items()
        ],
        "tab": name,
        "may_sign": Status.TO_SIGN in tab.statuses and not tab.is_support,
        "may_extend": Status.HANDLING in tab.statuses and not tab.is_support,
        "late": late,
        "late_parts": await _own_late_parts(front, unit),
        "late_helpers": sum((await box.counts(waits)).values()),
        "soon": await box.count_due(todo, before=now + _SOON) - late,
        "is_first": not after,
        "tasks": await owed_tasks(front, unit),
    }  # fmt: skip


async def _own_late_parts(front: Front, unit: str | None) -> int:
    """Count the orders to which the unit owes an answer it was reminded of: there are few, so they are looked through."""
    wanted = InboxFilter(TABS["support"].statuses, supporter=unit, waits_for=Waiting.CO_REPLY)
    found = await front.parts.inbox.page(wanted, limit=_MOST_LATE)
    return sum(any(part.unit == unit for part in late_parts(order)) for order in found.orders)


def _row(front: Front, order: WorkOrder, supporter: str | None) -> dict[str, Any]:
    """Return a line of the inbox; for a unit that supports the order, by when its own part is due and whether it is done."""
    row = row_of(front, order) | {"part": None, "is_late": False, "is_soon": False, "waits_for": []}
    if supporter is None:
        row["waits_for"] = [front.unit(part.unit) for part in late_parts(order)]
    part = part_of(order, supporter) if supporter is not None else None
    if part is not None:
        is_soon = part.is_missing and part.was_reminded(order, Card.CO_SOON)
        row |= {
            "part": part,
            "is_late": part in late_parts(order),
            "is_soon": is_soon,
            "due_at": part.due_at(order) if part.is_missing else None,
        }
    return row
