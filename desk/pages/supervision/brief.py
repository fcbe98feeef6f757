"""The weekly brief (热线周报): drafted for a week, edited by a person, taken out as Word or printed (also to PDF)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.brief_document import document
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.supervision.board import count_overdue
from desk.seat import Seat
from hotline.service.weekly_brief import Brief

router = desk_router()

_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_TEXT: Final = 4_000
_CHART: Final = (560, 150)


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
    request: Request, seat: Seat, week: Annotated[date, Form()], form: Annotated[Literal["word", "print"], Form()]
) -> Response:  # fmt: skip
    """Return the brief with the sentences as they were edited: a Word file, or a page to print. What was taken out is noted."""
    front = front_of(request)
    if week not in front.parts.briefs.mondays():
        return front.fault(request, 422, "只能做最近十二周的周报，请选择星期一。")
    sent = await request.form()
    texts = {name[5:]: str(text)[:_MOST_TEXT].strip() for name, text in sent.items() if name.startswith("text-")}  # fmt: skip
    found = (await _draft(front, week)).edited(texts)
    await front.parts.records.note_look(
        subject="figures", by=f"staff:{seat.account.login}", why=f"weekly brief {week}, {form}", at=front.parts.clock()
    )  # fmt: skip
    if form == "word":
        name = f"brief-{week:%Y%m%d}.docx"
        body = document(found, front.parts.briefs.template.fonts)
        return Response(body, media_type=_WORD, headers={"Content-Disposition": f'attachment; filename="{name}"'})  # fmt: skip
    return front.page(
        request, "supervision/brief_print.html", title="热线周报", brief=found, bars=_bars(found)
    )


async def _draft(front: Front, monday: date) -> Brief:
    return await front.parts.briefs.draft(monday, overdue=await count_overdue(front))


def _bars(brief: Brief) -> list[dict[str, float | str]]:
    """Return the bars of the chart of the first table that goes by day, in units of the drawing."""
    rows = next((each.rows for each in brief.sections if each.rows and len(each.columns) == 2), ())
    counts = [int(row[1]) for row in rows]
    most, (width, height) = max(counts, default=0) or 1, _CHART
    step = width / max(len(rows), 1)
    return [
        {
            "x": index * step + step * 0.2, "width": step * 0.6, "height": height * 0.7 * count / most,
            "y": height * 0.82 - height * 0.7 * count / most, "middle": index * step + step / 2, "count": str(count),
            "label": rows[index][0].partition("年")[2],
        }
        for index, count in enumerate(counts)
    ]  # fmt: skip
