"""The handling sheet (办理单): on the page, and as PDF for one order or several."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.order_sheet import order_sheet
from desk.pages.orders import Number, order_values
from desk.paper import Sheet, paper
from desk.seat import Seat
from hotline.domain.errors import WorkOrderNotFoundError

router = desk_router()

MOST_SHEETS: Final = 50
"""The most orders that are worked on or printed together."""


@router.get("/desk/unit/sheets.pdf")
async def sheets(
    request: Request, seat: Seat, number: Annotated[list[Number] | None, Query(max_length=MOST_SHEETS)] = None
) -> Response:
    """Return the sheets of several orders as one PDF; all or none, each look written down."""
    front = front_of(request)
    chosen = list(dict.fromkeys(number or ()))
    if not chosen:
        raise WorkOrderNotFoundError("-")
    made = [order_sheet(front, await order_values(front, seat, each), seat.account) for each in chosen]
    return await _pdf(front, made, f"{chosen[0]}-{len(chosen)}" if len(chosen) > 1 else chosen[0])


@router.get("/desk/unit/{number}/sheet")
async def sheet(request: Request, seat: Seat, number: Number) -> Response:
    """Show an order as it is printed, with the fields of a standard handling sheet."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    return front.page(
        request,
        "unit/sheet.html",
        title=f"工单 {number}",
        number=number,
        sheet=order_sheet(front, values, seat.account),
    )


@router.get("/desk/unit/{number}/sheet.pdf")
async def sheet_pdf(request: Request, seat: Seat, number: Number) -> Response:
    """Return an order's sheet as PDF."""
    front = front_of(request)
    made = order_sheet(front, await order_values(front, seat, number), seat.account)
    return await _pdf(front, [made], number)


async def _pdf(front: Front, made: list[Sheet], name: str) -> Response:
    at = front.parts.clock().astimezone(front.parts.city.timezone)
    body = await asyncio.to_thread(paper, made, title=f"{made[0].heading} {name}", at=at)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(body, media_type="application/pdf", headers=headers)
