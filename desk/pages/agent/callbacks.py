"""Callback tasks (回电任务): taken, called by the hotline for the agent, finished."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Form, HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.agent.routes import desk_of, number_of, tools_of
from desk.seat import Seat
from hotline.domain.accounts import StaffRole
from hotline.domain.callbacks import CallbackState, CallbackTask, NoSuchCallbackError
from hotline.domain.errors import WorkOrderNotFoundError
from hotline.domain.secrecy import is_hidden

router = desk_router()


@router.get("/desk/callbacks")
async def callbacks(request: Request, seat: Seat) -> Response:
    """Show whom to call back, the most urgent first; the words of one's own tasks only."""
    front = front_of(request)
    tools, mine = tools_of(front), seat.account.number or ""
    kept = tools.callbacks
    tasks = await kept.waiting() if kept is not None else []
    hidden = {
        task.id for task in tasks if mine and task.taken_by == mine and await _is_of_hidden(front, task)
    }
    return front.page(
        request, "agent/callbacks.html", title="回电", tasks=tasks, mine=mine, hidden=hidden,
        releases=seat.account.has_any([StaffRole.TEAM_LEADER]), calls=tools.outlook is not None,
    )  # fmt: skip


@router.post("/desk/callbacks/{task}/release")
async def release(
    request: Request, seat: Seat, task: Annotated[str, InPath(pattern=r"^[A-Za-z0-9-]{1,64}$")]
) -> Response:
    """Give a task back that its agent has left, for others to take."""
    front = front_of(request)
    kept = tools_of(front).callbacks
    if kept is None:
        raise HTTPException(404)
    await kept.release(task, by=f"staff:{seat.account.login}", at=front.parts.clock())
    return front.done(request, to="/desk/callbacks", toast="已放回，别人可以领取")


@router.post("/desk/callbacks/{task}/{step}")
async def take(
    request: Request,
    seat: Seat,
    task: Annotated[str, InPath(pattern=r"^[A-Za-z0-9-]{1,64}$")],
    step: Literal["take", "call", "done", "unreached", "cancelled"],
    number: Annotated[str, Form(pattern=r"^([0-9]{11,12})?$")] = "",
) -> Response:
    """Take a task, have the hotline call for it, or say what came of it."""
    front = front_of(request)
    tools, by, at = tools_of(front), number_of(seat), front.parts.clock()
    kept = tools.callbacks
    if kept is None:
        raise HTTPException(404)
    match step:
        case "take":
            await kept.take(task, by=by, at=at)
            told = "已领取"
        case "call":
            if tools.outlook is None:
                raise HTTPException(404)
            if (found := await kept.get(task)) is None:
                raise NoSuchCallbackError(task)
            await tools.outlook.check_callback(found, at=at)
            await desk_of(front).saw(by)
            await kept.ask_call(task, by=by, at=at)
            told = "热线正在拨打，接通后转到您的话机"
        case _:
            await kept.finish(task, CallbackState(step), by=by, at=at, order_number=number or None)
            told = "已记下"
    return front.done(request, to="/desk/callbacks", toast=told)


async def _is_of_hidden(front: Front, task: CallbackTask) -> bool:
    """Whether the citizen of a task stays unknown even to who calls: the hotline dials, nobody has to read the number."""
    if task.order_number is None:
        return False
    try:
        return is_hidden(await front.parts.records.get(task.order_number))
    except WorkOrderNotFoundError:  # deleted when its time had come
        return False
