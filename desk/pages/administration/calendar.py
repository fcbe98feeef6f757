"""The working calendar (工作日历): as it counts, and a year's arrangement brought in by a file, seen before it counts, and undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import File, Form, HTTPException, Request, UploadFile
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.administration.machine import machine_of
from desk.seat import Seat
from hotline.domain.calendar_years import YearArrangement, changed_days, with_years
from hotline.domain.errors import CityConfigError, DeedRefusedError
from hotline.store.accounts import Audited
from hotline.store.calendar_years import SqlCalendarYears
from router.calendar_file import LARGEST_BYTES, SUFFIXES, mistakes_in, read_arrangement

router = desk_router()

_AHEAD: Final = 2


def years_of(front: Front) -> SqlCalendarYears:
    """Return where imported years are kept."""
    if front.parts.calendar is None:
        raise HTTPException(404)
    return front.parts.calendar


@router.get("/desk/admin/calendar")
async def calendar(request: Request) -> Response:
    """Show the working calendar; a year that is missing is warned of."""
    return await _page(request)


@router.post("/desk/admin/calendar/check")
async def check(
    request: Request, file: Annotated[UploadFile | None, File()] = None,
    basis: Annotated[str, Form(max_length=120)] = "",
) -> Response:  # fmt: skip
    """Read a file and show what it would change; nothing takes effect."""
    front = front_of(request)
    name = (file.filename or "")[:200] if file is not None else ""
    body = await file.read(LARGEST_BYTES + 1) if file is not None else b""
    if not body or Path(name).suffix.lower() not in SUFFIXES or len(body) > LARGEST_BYTES:
        return await _page(request, wrong=["请选择 YAML 或者 CSV 文件，不超过 64 KB"], status=422)
    try:
        found = read_arrangement(body, name, basis=basis.strip())
    except CityConfigError as error:
        return await _page(
            request, wrong=[f"{error.row}：{error.reason}" if error.row else error.reason], status=422
        )
    if basis.strip():
        found = replace(found, basis=basis.strip())
    if wrong := _wrong(front, found):
        return await _page(request, wrong=wrong, status=422)
    return await _page(request, tried=found)


@router.post("/desk/admin/calendar")
async def bring_in(
    request: Request, seat: Seat, body: Annotated[str, Form(max_length=20_000)] = "",
    mark: Annotated[str, Form(pattern=r"^\d{1,9}-\d{1,9}$")] = "0-0",
) -> Response:  # fmt: skip
    """Let an arrangement that was shown take effect; it is checked once more."""
    front = front_of(request)
    try:
        found = YearArrangement.loaded(body)
    except ValueError as error:
        raise DeedRefusedError(missing="放假安排文件") from error
    if wrong := _wrong(front, found):
        return await _page(request, wrong=wrong, status=422)
    last, undone = map(int, mark.split("-"))
    detail = {"year": found.year, "basis": found.basis, "arrangement": found.dumped()}
    audited = Audited(f"staff:{seat.account.login}", "calendar.imported", front.parts.clock(), detail)
    await years_of(front).add(found, audited, mark=(last, undone))
    return front.done(request, to="/desk/admin/calendar", toast=f"{found.year} 年放假安排已生效")


@router.post("/desk/admin/calendar/{sequence}/undo")
async def undo(
    request: Request, seat: Seat, sequence: Annotated[int, InPath(ge=1, le=1_000_000)],
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:  # fmt: skip
    """Take an arrangement out of force: what held of its year before holds again."""
    front = front_of(request)
    if len(reason.strip()) < 2:
        raise DeedRefusedError(missing="事由")
    detail = {"sequence": sequence, "reason": reason.strip()}
    audited = Audited(f"staff:{seat.account.login}", "calendar.undone", front.parts.clock(), detail)
    await years_of(front).undo(sequence, audited)
    return front.done(request, to="/desk/admin/calendar", toast="已撤销，恢复原来的安排")


def _wrong(front: Front, found: YearArrangement) -> list[str]:
    today = front.parts.clock().astimezone(front.parts.city.timezone).date()
    if not today.year <= found.year <= today.year + _AHEAD:
        return [f"只能导入 {today.year} 到 {today.year + _AHEAD} 年的，这个文件是 {found.year} 年的"]
    return list(mistakes_in(found))


async def _page(
    request: Request,
    *,
    tried: YearArrangement | None = None,
    wrong: list[str] | None = None,
    status: int = 200,
) -> Response:
    front = front_of(request)
    today = front.parts.clock().astimezone(front.parts.city.timezone).date()
    view = await machine_of(front).calendar(today)
    values: dict[str, Any] = {"changed": (), "mark": ""}
    if tried is not None:
        after = with_years(view.calendar, [tried])
        last, undone = await years_of(front).mark()
        values = {"changed": changed_days(view.calendar, after, tried.year), "mark": f"{last}-{undone}"}
    return front.page(
        request, "administration/calendar.html", title="工作日历", view=view, today=today, tried=tried, wrong=wrong or (),
        status=status, **values,
    )  # fmt: skip
