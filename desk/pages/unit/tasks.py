"""What a unit owes the knowledge base (知识复核任务): the articles that it answers for, by when, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.seat import Seat
from hotline.domain.article_life import StaleArticleError
from hotline.domain.knowledge import Article
from hotline.domain.knowledge_tasks import KnowledgeTask, TaskNotFoundError, TaskRefusedError
from hotline.domain.people import Role

router = desk_router()

_MOST: Final = 50
_PATH: Final = "/desk/unit/tasks"


@router.get("/desk/unit/tasks")
async def tasks(request: Request, seat: Seat) -> Response:
    """Show what the unit owes, the earliest due first, with what is answered now, and what it has settled."""
    front, unit = front_of(request), seat.account.unit or ""
    owed, done, now = [], [], front.parts.clock()
    if front.parts.knowledge is not None:
        lists = front.parts.knowledge.lists
        owed = [
            await _shown(front, one) for one in await lists.tasks("open", unit=unit, now=now, limit=_MOST)
        ]
        done = list(await lists.tasks("done", unit=unit, now=now, limit=_MOST))
    return front.page(request, "unit/tasks.html", title="知识复核", owed=owed, done=done)


@router.post("/desk/unit/tasks/{task}/settle")
async def settle(
    request: Request,
    seat: Seat,
    task: Annotated[str, InPath(pattern=r"^[0-9A-Za-z-]{1,32}$")],
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Settle a task with what was found; of another unit's there is none."""
    front, by = front_of(request), seat.account.acts_as(Role.UNIT)
    knowledge = front.parts.knowledge
    if knowledge is None or (await knowledge.store.task(task)).unit != by.unit:
        raise TaskNotFoundError(task)
    try:
        await knowledge.tasks.settle(task, note.strip(), by=by, at=front.parts.clock())
    except TaskRefusedError as error:
        return front.fault(request, 409 if note.strip() else 422, f"{error.reason}。")
    except StaleArticleError:
        return front.fault(request, 409, "别人刚办过这项任务。")
    return front.done(request, to=_PATH, toast=front.words["task_told"]["settle"])


async def owed_tasks(front: Front, unit: str | None) -> tuple[int, int]:
    """Return how many tasks a unit owes, and how many of them are late."""
    if front.parts.knowledge is None or unit is None:
        return 0, 0
    now = front.parts.clock()
    owed = await front.parts.knowledge.lists.tasks("open", unit=unit, now=now, limit=_MOST)
    return len(owed), sum(one.is_overdue(at=now) for one in owed)


async def _shown(front: Front, task: KnowledgeTask) -> dict[str, Any]:
    return {"task": task, "articles": await _articles(front, task.articles)}


async def _articles(front: Front, ids: Sequence[str]) -> list[Article]:
    """Return the articles that citizens are answered with now."""
    assert front.parts.knowledge is not None
    found = [await front.parts.knowledge.store.in_force(each) for each in ids]
    return [version.article for version in found if version is not None]
