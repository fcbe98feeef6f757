"""Handing a chat over to an agent: waiting, being told how long, being taken, and what becomes of it (人工接入)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

import structlog

from hotline.dialogue.actions import TransferToAgent
from hotline.dialogue.events import AgentJoined, Event, NoAgentFree, WaitsForAgent
from hotline.dialogue.written_events import AgentParted, Parting
from hotline.domain.agents import LOST, HandoverState, IllegalHandoverError, Medium, Refusal, Skill
from hotline.domain.errors import EngineUnavailableError
from hotline.service.agent_desk import AgentDesk, HandoverNews, HandoverWish

log: Final = structlog.get_logger("handover")

URGENT: Final = "emergency"
_GRACE_SECONDS: Final = 1.5
_WAITING: Final = (
    HandoverState.REQUESTED,
    HandoverState.BRIEFING,
    HandoverState.RINGING,
    HandoverState.ACCEPTED,
)


@dataclass(frozen=True, slots=True)
class AgentHours:
    """When agents are there, in local time: from … until …, on every day. Empty: always."""

    windows: tuple[tuple[time, time], ...] = ()

    def includes(self, at: datetime) -> bool:
        """Tell whether somebody is there ``at`` (local)."""
        now = at.time()
        return not self.windows or any(begins <= now < ends for begins, ends in self.windows)

    def __str__(self) -> str:
        """Return them as they are written to citizens (8:30—12:00、14:00—18:00)."""
        return "、".join(f"{begins.hour}:{begins:%M}—{ends.hour}:{ends:%M}" for begins, ends in self.windows)


@dataclass(frozen=True, slots=True)
class ChatQueue:
    """How a citizen waits for an agent, in seconds: news is asked for every ``poll`` and when somebody nudges.

    The citizen is told how long it will take after ``tell_after``, and every ``tell_every`` if that has changed. An agent
    has ``offer`` to take what they are offered. After ``most_wait`` nobody waits longer.
    """

    desk: AgentDesk
    hours: AgentHours = AgentHours()
    poll: float = 5.0
    tell_after: float = 2.0
    tell_every: float = 30.0
    offer: float = 45.0
    most_wait: float = 600.0
    keep_alive: float = 15.0


class ChatHandover:
    """The hand-over of one chat. ``happen`` is told what comes of it; ``close`` must be called when the chat ends or moves."""

    def __init__(
        self,
        chat: str,
        queue: ChatQueue | None,
        happen: Callable[[Event], None],
        clock: Callable[[], datetime],
    ) -> None:
        """Take the chat's id; without ``queue`` there is nobody."""
        self._chat = chat
        self._queue = queue
        self._happen = happen
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._nudged = asyncio.Event()

    def begin(self, action: TransferToAgent, phone: str) -> None:
        """Look for an agent."""
        self._start(self._hand_over(action, phone))

    def go_on(self, agent: str) -> None:
        """Go on being with ``agent``, in this process now."""
        self._start(self._stay(agent))

    def nudge(self) -> None:
        """Ask for news now."""
        self._nudged.set()

    def stay_here(self) -> None:
        """Let the agent go, or wait for none any more."""
        self._start(self._leave())

    def close(self) -> None:
        """Let go of it in this process."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def end(self) -> None:
        """Let the agent go, since the chat is over; raises nothing."""
        self.close()
        await self._leave()

    def _start(self, work: object) -> None:
        self.close()
        self._task = asyncio.create_task(work, name="handover")  # type: ignore[arg-type]  # a coroutine of this class

    async def _hand_over(self, action: TransferToAgent, phone: str) -> None:
        queue = self._queue
        if queue is None:
            self._happen(NoAgentFree(self._clock(), action.turn))
            return
        if not action.handover and not queue.hours.includes(self._clock()):
            self._happen(NoAgentFree(self._clock(), action.turn, hours=str(queue.hours)))
            return
        try:
            wish = HandoverWish(
                conversation=self._chat,
                phone=phone,
                skill=Skill(action.skill),
                reason=action.reason,
                briefing=action.briefing,
                is_urgent=action.reason == URGENT,
                medium=Medium.CHAT,
                id=self._chat,
            )
            found = await queue.desk.request(wish)
            agent = await self._wait(queue, action.turn) if found is not None else None
        except (EngineUnavailableError, IllegalHandoverError) as error:
            log.error("desk.away", error=error.code)
            agent = None
        if agent is None:
            self._happen(NoAgentFree(self._clock(), action.turn))
            await self._leave()
            return
        self._happen(AgentJoined(self._clock(), action.turn, agent))
        await self._stay(agent)

    async def _wait(self, queue: ChatQueue, turn: int) -> str | None:
        """Wait until an agent has taken the chat; None when none does."""
        now = asyncio.get_running_loop().time
        give_up_at, tell_at = now() + queue.most_wait, now() + queue.tell_after
        told: tuple[int, int | None] | None = None
        offered: tuple[str, float] | None = None
        while now() < give_up_at:
            news = await queue.desk.news(self._chat)
            if news.state is HandoverState.BRIDGED:
                return news.agent
            if news.state in LOST:
                return None
            offered = await self._offered(queue, news, offered)
            if news.state is HandoverState.REQUESTED and now() >= tell_at:
                tell_at = now() + queue.tell_every
                minutes = None if news.wait_seconds is None else round(news.wait_seconds / 60)
                if (news.position, minutes) != told:
                    told = news.position, minutes
                    self._happen(WaitsForAgent(self._clock(), turn, news.position, news.wait_seconds))
            await self._pause(min(queue.poll, max(0.05, tell_at - now()) if told is None else queue.poll))
        return None

    async def _offered(
        self, queue: ChatQueue, news: HandoverNews, before: tuple[str, float] | None
    ) -> tuple[str, float] | None:
        """Note since when the chat is offered to an agent; take it from who lets it lie."""
        now = asyncio.get_running_loop().time()
        if news.state is HandoverState.REQUESTED or news.agent is None:
            return None
        if before is None or before[0] != news.agent:
            return news.agent, now
        if now - before[1] < queue.offer:
            return before
        await queue.desk.refuse(self._chat, Refusal.NO_ANSWER)
        return None

    async def _stay(self, agent: str) -> None:
        """Tell for as long as the agent is there that the chat goes on; notice when they are gone."""
        queue = self._queue
        while queue is not None:
            await self._pause(queue.keep_alive)
            try:
                news = await queue.desk.news(self._chat)
            except EngineUnavailableError:
                continue
            if news.state is HandoverState.BRIDGED and news.agent == agent:
                continue
            how = Parting.PASSED_ON if news.state in _WAITING else Parting.LOST
            if how is Parting.LOST:
                await asyncio.sleep(_GRACE_SECONDS)  # an agent who leaves of their own accord says so
            self._happen(AgentParted(self._clock(), agent, how))
            return

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
        except TimeoutError:
            pass
        self._nudged.clear()

    async def _leave(self) -> None:
        if self._queue is None:
            return
        try:
            await self._queue.desk.leave(self._chat)
        except EngineUnavailableError as error:
            log.warning("desk.not_told", error=error.code)
