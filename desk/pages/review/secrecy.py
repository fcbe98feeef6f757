"""Secrecy approvals (保密查看审批): who asks to see which confidential citizen and why; another reviewer decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.forms import Filled
from desk.guard import desk_router, front_of
from desk.pages.orders import row_of
from desk.seat import Seat
from hotline.domain.unmasking import LONGEST

router = desk_router()

HOURS: Final = (1, 4, 24, 72)
"""For how many hours an approval may hold; the second is proposed."""
_ITEM = Annotated[str, InPath(pattern=r"^[0-9a-z]{1,64}$")]


@router.get("/desk/review/secrecy")
async def secrecy(request: Request, seat: Seat) -> Response:
    """Show what waits for a second person, the oldest first."""
    front = front_of(request)
    if front.parts.unmaskings is None:
        raise HTTPException(404)
    waiting = await front.parts.unmaskings.waiting()
    shown = [
        {
            "id": one.id,
            "by": one.by,
            "reason": one.reason,
            "asked_at": one.asked_at,
            "is_own": one.by == seat.account.login,
            "order": row_of(front, await front.parts.records.get(one.order)),
        }
        for one in waiting
    ]
    numbers = " ".join(one.order for one in waiting)
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", why=f"secrecy: {numbers}", at=front.parts.clock()
    )
    return front.page(
        request, "review/secrecy.html", title="保密查看审批", requests=shown, hours=HOURS,
        longest=int(LONGEST.total_seconds() // 3600),
    )  # fmt: skip


@router.post("/desk/review/secrecy/{unmask}/approve")
async def approve(request: Request, seat: Seat, unmask: _ITEM, given: Filled) -> Response:
    """Let the asker see it for some hours."""
    front = front_of(request)
    if front.parts.unmaskings is None:
        raise HTTPException(404)
    hours = given.one_of("hours", [str(each) for each in HOURS], "请选择有效时间。")
    note = given.text("note")
    given.check()
    await front.parts.unmaskings.approve(
        unmask, by=seat.account.login, at=front.parts.clock(), hold=timedelta(hours=int(hours)), note=note
    )
    return front.done(request, to="/desk/review/secrecy", toast=f"已批准，{hours} 小时内有效")


@router.post("/desk/review/secrecy/{unmask}/refuse")
async def refuse(request: Request, seat: Seat, unmask: _ITEM, given: Filled) -> Response:
    """Do not let the asker see it, and say why."""
    front = front_of(request)
    if front.parts.unmaskings is None:
        raise HTTPException(404)
    note = given.text("note", "请写明不批准的理由。")
    given.check()
    await front.parts.unmaskings.refuse(unmask, by=seat.account.login, at=front.parts.clock(), note=note)
    return front.done(request, to="/desk/review/secrecy", toast="未批准")
