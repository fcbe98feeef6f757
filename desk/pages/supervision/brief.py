"""The weekly brief (热线周报): drafted for a week, edited by a person, taken out as Word or as PDF."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Final, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.brief_document import document
from desk.brief_paper import brief_paper
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.supervision.board import count_overdue
from desk.seat import Seat
from hotline.service.weekly_brief import Brief

router = desk_router()

_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_TEXT: Final = 4_000


@router.get("/desk/supervision/brief")
async def brief(request: Request, seat: Seat, week: Annotated[date | None, Query()] = None) -> Response:  # noqa: ARG001 -- who may is decided by the table
    """Show the draft of a week's brief, its sentences to be edited."""
    front = front_of(request)
    mondays = front.parts.briefs.mondays()
    monday = week if week in mondays else mondays[0]
    found = await _draft(front, monday)
    return front.page(
        request, "supervision/brief.html", title="热线周报", brief=found, mondays=mondays, most=_MOST_TEXT
    )


@router.post("/desk/supervision/brief")
async def take(
    request: Request, seat: Seat, week: Annotated[date, Form()], form: Annotated[Literal["word", "pdf"], Form()]
) -> Response:  # fmt: skip
    """Return the brief with the sentences as they were edited, as Word or as PDF. What was taken out is noted."""
    front = front_of(request)
    if week not in front.parts.briefs.mondays():
        return front.fault(request, 422, "只能做最近十二周的周报，请选择星期一。")
    sent = await request.form()
    texts = {name[5:]: str(text)[:_MOST_TEXT].strip() for name, text in sent.items() if name.startswith("text-")}  # fmt: skip
    found = (await _draft(front, week)).edited(texts)
    await front.parts.records.note_look(
        subject="figures", by=f"staff:{seat.account.login}", why=f"weekly brief {week}, {form}", at=front.parts.clock()
    )  # fmt: skip
    name = f"brief-{week:%Y%m%d}"
    if form == "word":
        body = await asyncio.to_thread(document, found, front.parts.briefs.template.fonts)
        return _file(body, _WORD, f"{name}.docx")
    body = await asyncio.to_thread(brief_paper, found, at=front.parts.clock())
    return _file(body, "application/pdf", f"{name}.pdf")


def _file(body: bytes, kind: str, name: str) -> Response:
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _draft(front: Front, monday: date) -> Brief:
    return await front.parts.briefs.draft(monday, overdue=await count_overdue(front))
