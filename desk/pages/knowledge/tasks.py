"""Dated tasks of units (复核任务): given because a policy has changed, listed as owed, late and done, settled and taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.front import WORDS
from desk.guard import desk_router, front_of
from desk.pages.knowledge.common import names_of, parts_of, tools_of, unknown
from desk.seat import Seat, signed_in_of
from hotline.domain.accounts import StaffRole
from hotline.domain.article_life import ArticleStep, StaleArticleError
from hotline.domain.errors import UnknownUnitError
from hotline.domain.knowledge_tasks import TaskRefusedError
from hotline.domain.people import Actor

router = desk_router()

_MOST: Final = 200
_PATH: Final = "/desk/knowledge/tasks"
State = Literal["open", "late", "done"]
TaskId = Annotated[str, InPath(pattern=r"^[0-9A-Za-z-]{1,32}$")]
Note = Annotated[str, Form(max_length=500)]


@router.get("/desk/knowledge/tasks")
async def listed(
    request: Request, state: State = "open", unit: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Show what units owe the knowledge base, what is late, and what is done."""
    return await _show(request, state, unit)


@router.post("/desk/knowledge/tasks")
async def give(
    request: Request, seat: Seat, document: Annotated[str, Form(max_length=96)] = "",
    articles: Annotated[str, Form(max_length=4000)] = "", unit: Annotated[str, Form(max_length=64)] = "",
    due: Annotated[str, Form(max_length=10)] = "",
) -> Response:  # fmt: skip
    """Give the owner units of articles, or one unit, a task each, because a policy has changed."""
    front, tools, now = front_of(request), tools_of(request), front_of(request).parts.clock()
    ids, wrong = parts_of(articles), dict[str, str]()
    if not document.strip():
        wrong["document"] = "请写政策文件的名称或者文号"
    if missing := await unknown(tools, ids):
        wrong["articles"] = f"没有这个条目：{missing}"
    elif not ids and not unit:
        wrong["articles"] = "写条目编号，或者选单位"
    due_at = None
    try:
        due_at = _end_of(date.fromisoformat(due), front.parts.city.timezone) if due else None
        if due_at is not None and due_at <= now:
            wrong["due"] = "期限应在现在之后"
    except (ValueError, OverflowError):
        wrong["due"] = "期限应是日期，如 2026-12-01"
    if not wrong:
        by = seat.account.keeping(ArticleStep.EDIT)
        try:
            if await tools.tasks.policy_changed(
                document, ids, by=by, at=now, unit=unit or None, due_at=due_at
            ):
                return front.done(request, to=_PATH, toast=WORDS["task_told"]["given"])
            wrong["document"] = "这份文件的任务已经下达过"
        except UnknownUnitError as error:
            wrong["articles"] = f"承办单位名录里没有：{error.unit}"
    typed = {"document": document, "articles": articles, "unit": unit, "due": due}
    return await _show(request, "open", "", wrong=wrong, typed=typed)


@router.post("/desk/knowledge/tasks/{task}/settle")
async def settle(request: Request, seat: Seat, task: TaskId, note: Note = "") -> Response:
    """Settle a task for its unit, with what was found."""
    return await _step(request, task, "settle", note, seat.account.keeping(ArticleStep.EDIT))


@router.post("/desk/knowledge/tasks/{task}/drop")
async def drop(request: Request, seat: Seat, task: TaskId, note: Note = "") -> Response:
    """Take a task back, with the reason."""
    return await _step(request, task, "drop", note, seat.account.keeping(ArticleStep.APPROVE))


async def _step(
    request: Request, task: str, step: Literal["settle", "drop"], note: str, by: Actor
) -> Response:
    front, tools = front_of(request), tools_of(request)
    work = tools.tasks.settle if step == "settle" else tools.tasks.drop
    try:
        await work(task, note.strip(), by=by, at=front.parts.clock())
    except TaskRefusedError as error:
        return front.fault(request, 409 if note.strip() else 422, f"{error.reason}。")
    except StaleArticleError:
        return front.fault(request, 409, "别人刚办过这项任务。")
    return front.done(request, to=_PATH, toast=WORDS["task_told"][step])


async def _show(
    request: Request, state: State, unit: str, *, wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    front, tools, seat = front_of(request), tools_of(request), signed_in_of(request)
    now = front.parts.clock().astimezone(UTC)
    found = await tools.lists.tasks(state, unit=unit, now=now, limit=_MOST)
    values: dict[str, Any] = {
        "state": state, "unit_chosen": unit, "found": found, "counts": await tools.lists.task_counts(now=now),
        "most": _MOST, "titles": await tools.lists.titles({id_ for one in found for id_ in one.articles}),
        "units": sorted(front.parts.city.units.values(), key=lambda one: one.name), "wrong": wrong or {},
        "typed": typed or {"document": "", "articles": "", "unit": "", "due": ""}, "names": await names_of(front),
        "may_drop": seat is not None and StaffRole.KNOWLEDGE_REVIEWER in seat.account.roles,
    }  # fmt: skip
    return front.page(
        request, "knowledge/tasks.html", title="复核任务", status=422 if wrong else 200, **values
    )


def _end_of(day: date, timezone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), timezone) - timedelta(seconds=1)
