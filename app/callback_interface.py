"""The interface for callback tasks (回电任务): what is waiting, taking one, and what came of it. For staff only."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.programs import bearer
from app.unit_interface import READING, STEPPING
from app.web_parts import WebParts
from hotline.domain.callbacks import (
    CallbackReason,
    CallbackResult,
    CallbackState,
    CallbackTask,
    NoSuchCallbackError,
)
from hotline.service.callbacks import Callbacks

PREFIX: Final = "/api/staff/v1/callbacks"

TaskId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9a-zA-Z-]+$")]


class CallbackTryOut(BaseModel):
    """A call that the hotline placed, and what came of it."""

    at: str
    result: CallbackResult
    agent: str


class CallbackOut(BaseModel):
    """A callback task. ``phone`` is masked and ``words`` are left out until the task has been taken."""

    id: str
    phone: str
    words: str | None
    reason: CallbackReason
    window_start: str
    window_end: str
    created_at: str
    state: CallbackState
    attempts: int
    taken_by: str
    order_number: str | None
    conversation: str
    is_calling: bool
    call_asked_at: str | None
    last_result: CallbackResult | None
    tries: list[CallbackTryOut]


class TakeIn(BaseModel):
    """Who takes the task: an agent's number (工号)."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field(min_length=1, max_length=64)


class FinishIn(BaseModel):
    """What came of it. ``unreached`` is tried again in another window while attempts are left."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field(min_length=1, max_length=64)
    outcome: Literal["done", "unreached", "cancelled"]
    order_number: str | None = Field(default=None, pattern=r"^[0-9]{11}$")


class CallbackInterface:
    """The routes below ``/api/staff/v1/callbacks``."""

    def __init__(self, parts: WebParts, callbacks: Callbacks) -> None:
        """Take the tasks."""
        self._parts = parts
        self._outlook = parts.outlook
        self._callbacks = callbacks

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["callbacks"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("")(self.waiting)
        router.post("/{task}/take", responses=STEPPING)(self.take)
        if self._parts.desk is not None and self._outlook is not None:
            router.post("/{task}/call", status_code=202, responses=STEPPING)(self.call)
        router.post("/{task}/finish", responses=STEPPING)(self.finish)
        app.include_router(router)

    async def waiting(self) -> list[CallbackOut]:
        """Return the tasks that are not finished, the most urgent first."""
        return [self._shown(task, is_whole=False) for task in await self._callbacks.waiting()]

    async def take(self, task: TaskId, given: TakeIn) -> CallbackOut:
        """Take a task: number and words are shown to who calls back, and that is recorded."""
        found = await self._callbacks.take(task, by=given.agent, at=self._parts.clock())
        return self._shown(found, is_whole=True)

    async def call(self, task: TaskId, given: TakeIn) -> CallbackOut:
        """Have the hotline call now and put the citizen through to the agent, who takes the task with this (立即呼叫).

        ``is_calling``, ``tries`` and ``last_result`` show what comes of it; the talk is shown on the agent's desk.
        """
        assert self._outlook is not None
        assert self._parts.desk is not None
        at = self._parts.clock()
        if (found := await self._callbacks.get(task)) is None:
            raise NoSuchCallbackError(task)
        await self._outlook.check_callback(found, at=at)
        await self._parts.desk.saw(given.agent)
        found = await self._callbacks.ask_call(task, by=given.agent, at=at)
        return self._shown(found, is_whole=True)

    async def finish(self, task: TaskId, given: FinishIn) -> CallbackOut:
        """Note what came of it."""
        found = await self._callbacks.finish(
            task,
            CallbackState(given.outcome),
            by=given.agent,
            at=self._parts.clock(),
            order_number=given.order_number,
        )
        return self._shown(found, is_whole=False)

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    def _shown(self, task: CallbackTask, *, is_whole: bool) -> CallbackOut:
        zone = self._parts.city.timezone
        return CallbackOut(
            id=task.id,
            phone=task.phone.digits if is_whole else str(task.phone),
            words=task.words if is_whole else None,
            reason=task.reason,
            window_start=task.window.start.astimezone(zone).isoformat(),
            window_end=task.window.end.astimezone(zone).isoformat(),
            created_at=task.created_at.astimezone(zone).isoformat(),
            state=task.state,
            attempts=task.attempts,
            taken_by=task.taken_by,
            order_number=task.order_number,
            conversation=task.conversation,
            is_calling=task.is_calling,
            call_asked_at=task.call_asked_at.astimezone(zone).isoformat() if task.call_asked_at else None,
            last_result=task.last_result,
            tries=[
                CallbackTryOut(at=one.at.astimezone(zone).isoformat(), result=one.result, agent=one.agent)
                for one in task.tries
            ],
        )
