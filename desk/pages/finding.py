"""Finding the orders of somebody who calls from another telephone (按电话查工单): by the number that they say, and never in an address."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Form, HTTPException, Request
from fastapi.responses import Response

from desk.guard import desk_router, front_of
from desk.pages.orders import row_of
from desk.seat import Seat
from hotline.domain.appeal import PhoneNumber
from hotline.domain.secrecy import is_open_about

router = desk_router()

_ORDER: Final = re.compile(r"[2-9]\d{10,11}")
_TELEPHONE: Final = re.compile(r"\+?\d{5,15}")
_GAPS: Final = re.compile(r"[\s()（）-]")


@router.post("/desk/orders/find")
async def find(request: Request, seat: Seat, q: Annotated[str, Form(max_length=32)] = "") -> Response:
    """Go to an order by its number, or list those of a telephone; the look is written down.

    Orders in which the citizen stays unknown are not listed: who knows a number does not learn of them.
    """
    front, typed = front_of(request), _GAPS.sub("", q)
    if _ORDER.fullmatch(typed):
        return front.done(request, to=f"/desk/orders/{typed}")
    if not _TELEPHONE.fullmatch(typed):
        return front.fault(request, 422, "请输入工单编号，或者诉求人的电话号码。")
    if front.parts.agents is None:
        raise HTTPException(404)
    phone = PhoneNumber(typed.removeprefix("+86").removeprefix("+"))
    found = [one for one in await front.parts.agents.of_citizen(phone) if is_open_about(one, phone)]
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", at=front.parts.clock(),
        why=f"by telephone {phone}: {' '.join(order.number for order in found)}",
    )  # fmt: skip
    ranked = sorted(found, key=lambda order: (order.is_closed, -order.registered_at.timestamp()))
    return front.page(
        request, "orders/found.html", title="按电话查到的工单", phone=phone, orders=[row_of(front, one) for one in ranked],
        following="",
    )  # fmt: skip
