"""The weekly brief (热线周报): drafted for a week, edited and kept, issued as it is then, taken out as Word or as PDF."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.brief_document import document
from desk.brief_paper import brief_paper
from desk.front import WORDS, Front
from desk.guard import desk_router, front_of
from desk.pages.supervision.board import count_overdue
from desk.seat import Seat
from hotline.domain.errors import StaleBriefError
from hotline.service.weekly_brief import Brief
from hotline.store.briefs import KeptBrief

router = desk_router()

_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_TEXT: Final = 4_000
_OURS: Final[Mapping[str, str]] = WORDS["brief"]


@router.get("/desk/supervision/brief")
async def brief(request: Request, seat: Seat, week: Annotated[date | None, Query()] = None) -> Response:  # noqa: ARG001 -- who may is decided by the table
    """Show a week's brief: as it was issued, or its draft to be edited."""
    front = front_of(request)
    mondays = await front.parts.briefs.mondays()
    found, kept = await _of(front, week if week in mondays else mondays[0])
    return _page(front, request, found, kept, mondays)


@router.post("/desk/supervision/brief")
async def take(
    request: Request,
    seat: Seat,
    week: Annotated[date, Form()],
    form: Annotated[Literal["keep", "issue", "issue_now", "word", "pdf"], Form()] = "keep",
    revision: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Keep the sentences as they were edited, issue the brief, or return it as Word or as PDF. Each is noted.

    ``issue`` only asks whether it shall really be issued, for that cannot be undone; ``issue_now`` is the answer.
    """
    front = front_of(request)
    mondays = await front.parts.briefs.mondays()
    if week not in mondays:
        return front.fault(request, 422, _OURS["no_such_week"])
    texts = {
        name.removeprefix("text-"): str(text)[:_MOST_TEXT].replace("\r\n", "\n").strip()
        for name, text in (await request.form()).items()
        if name.startswith("text-")
    }
    if form in ("word", "pdf"):
        found, kept = await _of(front, week)
        return await _taken_out(front, seat, found if _is_issued(kept) else found.edited(texts), form)
    if form == "issue":
        found, kept = await _of(front, week)
        if _is_issued(kept) or revision != (kept.revision if kept is not None else 0):
            return _overtaken(front, request, found, kept, mondays, texts)
        return _page(front, request, found.edited(texts), kept, mondays, is_asked=True)
    try:
        await front.parts.briefs.keep(
            week, texts, revision=revision, overdue=await count_overdue(front), by=f"staff:{seat.account.login}",
            is_issued=form == "issue_now",
        )  # fmt: skip
    except StaleBriefError:
        return _overtaken(front, request, *await _of(front, week), mondays, texts)
    return front.done(request, to=f"/desk/supervision/brief?week={week}", toast=_OURS[f"done_{form}"])


def _overtaken(
    front: Front,
    request: Request,
    found: Brief,
    kept: KeptBrief | None,
    mondays: tuple[date, ...],
    texts: Mapping[str, str],
) -> Response:
    """Say that somebody was quicker: what was typed is shown again, unless the brief has been issued."""
    if _is_issued(kept):
        return _page(front, request, found, kept, mondays, wrong=_OURS["issued_meanwhile"], status=409)
    shown = found.edited(texts)
    return _page(front, request, shown, kept, mondays, wrong=_OURS["kept_meanwhile"], status=409)


def _page(
    front: Front,
    request: Request,
    found: Brief,
    kept: KeptBrief | None,
    mondays: tuple[date, ...],
    *,
    wrong: str = "",
    status: int = 200,
    is_asked: bool = False,
) -> Response:
    return front.page(
        request, "supervision/brief.html", title="热线周报", status=status, brief=found, kept=kept, mondays=mondays,
        most=_MOST_TEXT, wrong=wrong, is_asked=is_asked, by=kept.by.removeprefix("staff:") if kept is not None else "",
    )  # fmt: skip


def _is_issued(kept: KeptBrief | None) -> bool:
    return kept is not None and kept.issued is not None


async def _of(front: Front, monday: date) -> tuple[Brief, KeptBrief | None]:
    return await front.parts.briefs.of(monday, overdue=await count_overdue(front))


async def _taken_out(front: Front, seat: Seat, found: Brief, form: str) -> Response:
    await front.parts.records.note_look(
        subject="figures", by=f"staff:{seat.account.login}", why=f"weekly brief {found.monday}, {form}", at=front.parts.clock()
    )  # fmt: skip
    name = f"brief-{found.monday:%Y%m%d}"
    if form == "word":
        body = await asyncio.to_thread(document, found, front.parts.briefs.template.fonts)
        return _file(body, _WORD, f"{name}.docx")
    body = await asyncio.to_thread(brief_paper, found, at=front.parts.clock())
    return _file(body, "application/pdf", f"{name}.pdf")


def _file(body: bytes, kind: str, name: str) -> Response:
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
