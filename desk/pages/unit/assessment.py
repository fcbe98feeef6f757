"""How a unit stands in a quarter's assessment (考核), and its orders that count against it or not at all."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import Response
from starlette.background import BackgroundTask

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import row_of
from desk.pages.supervision.rates import rates_row
from desk.seat import Seat
from hotline.domain.contests import last_contest
from hotline.domain.unit_rates import Quarter
from hotline.domain.work_order import WorkOrder
from hotline.store.order_facts import AGAINST, Which

router = desk_router()

_MOST: Final = 200
"""As many orders are shown of each list, the newest."""


@router.get("/desk/unit/assessment")
async def assessment(
    request: Request, seat: Seat, quarter: Annotated[str, Query(max_length=6)] = ""
) -> Response:
    """Show the unit's own line of the board, the orders that count against it, and those that were excluded."""
    front, unit = front_of(request), seat.account.unit or ""
    board = front.parts.board
    quarters = board.quarters()
    wanted = Quarter.read(quarter) or quarters[0]
    found = await board.rates(wanted)
    against: dict[str, list[Which]] = {}
    for which in AGAINST:
        for number in await board.behind(wanted, unit, which):
            against.setdefault(number, []).append(which)
    shown = sorted(against, reverse=True)[:_MOST]
    excluded = await board.behind(wanted, unit, Which.EXCLUDED)
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", at=front.parts.clock(),
        why=f"assessment {wanted}: {' '.join([*shown, *excluded])}",
    )  # fmt: skip
    own = next((each for rows in found.groups.values() for each in rows if each.unit == unit), None)
    group = next((name for name, rows in found.groups.items() if own in rows), None)
    is_old = board.is_old(found)
    page = front.page(
        request, "unit/assessment.html", title="考核", found=found, quarters=quarters, is_old=is_old,
        own=rates_row(own) if own is not None else None, group=group,
        against=[await _row(front, number, against[number]) for number in shown], most=_MOST,
        excluded=[await _row(front, number, ()) for number in excluded],
        limit=front.parts.contests.rules.limit,
    )  # fmt: skip
    if is_old:
        page.background = BackgroundTask(board.recount, found.quarter)
    return page


async def _row(front: Front, number: str, why: Any) -> dict[str, Any]:
    order = await front.parts.records.get(number)
    return row_of(front, order) | {"why": why, "exclusion": order.exclusion, **contest_of(front, order)}


def contest_of(front: Front, order: WorkOrder) -> dict[str, Any]:
    """Return how an order's contest stands (``state``), until when it may be made, the decision."""
    contests = front.parts.contests
    state = contests.standing(order, at=front.parts.clock()).value
    return {"state": state, "until": contests.until(order), "contest": last_contest(order)}
