"""Callbacks (回电) as the errands of the dialler: an agent is kept free, the citizen is called, and the two are put together."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.revisits import RecordingCalls, until_kept
from hotline.dialogue.actions import ChannelAction, End, Outcome
from hotline.dialogue.events import CalledBack, Event, HungUp
from hotline.domain.agents import HandoverState, Presence, Skill
from hotline.domain.callbacks import CallbackResult, CallbackTask, IllegalCallbackError
from hotline.domain.errors import EngineUnavailableError, HotlineError, StoreUnavailableError
from hotline.domain.outbound import CallPurpose, DueCall, OutboundOutcome, PlannedCall
from hotline.service.agent_desk import AgentDesk, HandoverWish
from hotline.service.callbacks import Callbacks
from hotline.service.channel import Channel
from hotline.service.conversations import Conversations
from hotline.store.sql import SqlStore
from ivr.line import Line

log: Final = structlog.get_logger("callbacks")

_REASON: Final = "callback"
_KEEP_SECONDS: Final = 10.0
_STALE: Final = timedelta(minutes=10)
"""A wish for a call that is older is no wish any more: nobody could place it."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """An agent is kept free for a call to come."""

    task: CallbackTask
    handover: str
    agent: str
    conversation: str
    keeping: asyncio.Task[None]


class CallbackErrands:
    """Calls people back. ``channel`` makes a conversation's channel of a line; ``clock`` gives the city's local time."""

    def __init__(
        self,
        store: SqlStore,
        callbacks: Callbacks,
        desk: AgentDesk,
        conversations: Conversations,
        *,
        channel: Callable[[Line, str], Channel],
        recordings: RecordingCalls | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._callbacks, self._desk = store, callbacks, desk
        self._conversations, self._channel, self._recordings = conversations, channel, recordings
        self._clock = clock
        self._ready: dict[str, _Ready] = {}

    async def due(self) -> AsyncIterator[Sequence[DueCall]]:
        """Yield the calls to place now: those an agent asked for, then those in their window while an agent is free."""
        at = self._clock()
        tasks = await self._callbacks.to_call(at, is_agent_free=await self._is_agent_free())
        fresh: list[DueCall] = []
        for task in tasks:
            if task.call_asked_at is not None and at - task.call_asked_at > _STALE:
                with contextlib.suppress(IllegalCallbackError):  # settled meanwhile: the others still wait
                    await self._callbacks.tried(task.id, CallbackResult.NOT_PLACED, by=task.taken_by, at=at)
            else:
                fresh.append(DueCall(task.id, CallPurpose.CALLBACK, task.phone, earlier=len(task.tries)))
        yield fresh

    async def ready(self, call: PlannedCall) -> bool:
        """Keep an agent free for the call: who asked for it, or who is free now."""
        task = await self._callbacks.get(call.due.reference)
        if task is None:
            return False
        asked = task.taken_by if task.call_asked_at is not None else None
        conversation = secrets.token_hex(8)
        wish = HandoverWish(
            conversation=conversation,
            phone=task.phone.digits,
            skill=Skill.ORDINARY,
            reason=_REASON,
            briefing=task.words,
            only=asked,
            is_called_for=asked is not None,
        )
        handover = await self._desk.request(wish)
        try:
            return await self._has_agent(call, task, handover, conversation)
        except HotlineError:  # nobody is kept for a call that is not placed
            if handover is not None:
                await self._let_go(handover)
            raise

    async def _has_agent(
        self, call: PlannedCall, task: CallbackTask, handover: str | None, conversation: str
    ) -> bool:
        news = await self._desk.news(handover) if handover is not None else None
        if handover is None or news is None or news.state is not HandoverState.BRIEFING or news.agent is None:
            await self._not_ready(task, handover)
            return False
        try:
            task = await self._callbacks.begin_call(task.id, by=news.agent, at=self._clock())
        except IllegalCallbackError:  # an agent took it, or called it off, meanwhile
            await self._let_go(handover)
            return False
        keeping = asyncio.create_task(self._keep(handover), name="keep agent")
        self._ready[call.key] = _Ready(task, handover, news.agent, conversation, keeping)
        return True

    async def talk(self, call: PlannedCall, line: Line) -> None:
        """Put the citizen and the agent together, and keep what came of it; the agent is let go whatever fails."""
        ready, result = self._ready.pop(call.key), CallbackResult.BROKEN
        try:
            order = ready.task.order_number or await self._order_of(ready.task)
            callback = CalledBack(ready.task.id, ready.task.phone, ready.task.words, ready.handover, order)
            channel = _Watched(self._channel(line, ready.conversation))
            if self._recordings is not None:
                await self._recordings.begin(ready.conversation, line, self._clock())
            outcome = await self._conversations.hold(channel, call_id=line.call_id, callback=callback)
            result = CallbackResult.TALKED
            if outcome not in (Outcome.AGENT, Outcome.EMERGENCY):
                result = CallbackResult.HUNG_UP if channel.was_left else CallbackResult.AGENT_LOST
        finally:
            try:
                if self._recordings is not None:
                    await self._recordings.end(ready.conversation)
            finally:
                await self._over(ready, result)

    async def _order_of(self, task: CallbackTask) -> str | None:
        """Return the order of the call that a task comes from; the citizen is on the line, so a database that is away costs only that."""
        try:
            record = await self._store.conversation(task.conversation)
        except StoreUnavailableError as error:
            log.warning("callback.order_unknown", task=task.id, error=type(error).__name__)
            return None
        order: str | None = (record or {}).get("work_order")
        return order

    async def unreached(self, call: PlannedCall, outcome: OutboundOutcome) -> None:
        """Keep a try at which nobody was spoken to."""
        if (ready := self._ready.pop(call.key, None)) is not None:  # else ``talk`` has kept it
            await self._over(ready, CallbackResult(outcome.value))

    async def not_placed(self, call: PlannedCall) -> None:
        """Let the agent go and leave the task to the next try."""
        if (ready := self._ready.pop(call.key, None)) is not None:
            await self._over(ready, CallbackResult.NOT_PLACED)

    async def _over(self, ready: _Ready, result: CallbackResult) -> None:
        ready.keeping.cancel()
        await self._let_go(ready.handover)
        log.info("callback.tried", task=ready.task.id, result=result.value)
        await self._keep_try(ready.task.id, result, by=ready.agent)

    async def _keep_try(self, task: str, result: CallbackResult, *, by: str) -> None:
        """Note what came of a call, again while the database is away; a task that was settled by hand meanwhile stays so."""
        at = self._clock()
        try:
            await until_kept(lambda: self._callbacks.tried(task, result, by=by, at=at))
        except IllegalCallbackError:
            log.info("callback.settled_meanwhile", task=task)

    async def _not_ready(self, task: CallbackTask, handover: str | None) -> None:
        """Leave the queue; an agent who asked for the call and is gone has not got it."""
        if handover is not None:
            await self._let_go(handover)
        if task.call_asked_at is not None:
            await self._keep_try(task.id, CallbackResult.NOT_PLACED, by=task.taken_by)

    async def _is_agent_free(self) -> bool:
        try:
            board, _, _ = await self._desk.board()
        except EngineUnavailableError:
            return False
        is_waited_for = any(one.state is HandoverState.REQUESTED for one in board.handovers.values())
        return not is_waited_for and any(one.presence is Presence.READY for one in board.agents.values())

    async def _keep(self, handover: str) -> None:
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            with contextlib.suppress(EngineUnavailableError):
                await self._desk.news(handover)

    async def _let_go(self, handover: str) -> None:
        with contextlib.suppress(EngineUnavailableError):
            await self._desk.leave(handover)


class _Watched:
    """A channel that knows whether the citizen hung up before the hotline ended the conversation."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._is_ended = False
        self.was_left = False

    async def receive(self) -> Event:
        event = await self._channel.receive()
        self.was_left = isinstance(event, HungUp) and not self._is_ended
        return event

    async def perform(self, action: ChannelAction) -> None:
        self._is_ended = self._is_ended or isinstance(action, End)
        await self._channel.perform(action)

    async def close(self) -> None:
        await self._channel.close()
