"""Handing a caller over to an agent: waiting, being told how long, ringing one after the other (人工转接)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from hotline.domain.agents import LOST, HandoverState, IllegalHandoverError, Refusal
from hotline.domain.errors import EngineUnavailableError
from hotline.service.agent_desk import AgentDesk, HandoverNews, HandoverWish
from ivr.company import invite, ringing
from ivr.line import Line, TransferResult
from ivr.playback import Playback

log: Final = structlog.get_logger("handover")

_REFUSALS: Final = {TransferResult.BUSY: Refusal.NO_ANSWER, TransferResult.NO_ANSWER: Refusal.NO_ANSWER,
                    TransferResult.REJECTED: Refusal.REJECTED}  # fmt: skip

_WORDS_SECONDS: Final = 0.2  # the dialogue's time to say who is being rung


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How a caller waits, in seconds: asks for news every ``poll``; is told after ``tell_after`` and every ``tell_every``.

    After ``most_wait`` the caller waits no longer, and is offered to be called back. ``address``: how an agent's telephone
    is reached, ``{agent}`` for their number; from the settings only. In a talk the agent's wishes are looked for every
    ``wish``; who is on hold is told that they still are every ``hold``.
    """

    address: str
    poll: float = 0.5
    tell_after: float = 2.0
    tell_every: float = 30.0
    most_wait: float = 180.0
    keep_alive: float = 10.0
    wish: float = 0.3
    hold: float = 20.0


class AgentHandover:
    """The hand-over of one call; ``leave`` must be called when the call ends or stays here after all."""

    def __init__(
        self,
        desk: AgentDesk,
        settings: QueueSettings,
        *,
        told: Callable[[int, HandoverNews], None],
    ) -> None:
        """``told`` is called with the turn and the news that the caller is to hear."""
        self._desk = desk
        self._settings = settings
        self._told = told
        self.handover: str | None = None
        self._turn = 0
        self._give_up_at = 0.0
        self.agent = ""
        self.party: int | None = None

    async def run(
        self,
        line: Line,
        playback: Playback,
        wish: HandoverWish,
        *,
        turn: int,
        ring_seconds: float,
        asked: str | None = None,
    ) -> TransferResult | None:
        """Put the caller, who hears it ringing, through to an agent; return how that ended, None when no desk can help.

        ``asked``: the hand-over for which an agent is kept free already.
        """
        async with ringing(playback):
            return await self.seek(line, playback, wish, turn=turn, ring_seconds=ring_seconds, asked=asked)

    async def seek(
        self,
        line: Line,
        playback: Playback,
        wish: HandoverWish,
        *,
        turn: int,
        ring_seconds: float,
        asked: str | None = None,
    ) -> TransferResult | None:
        """Do the same without a ringing tone: another agent talks to the caller meanwhile."""
        self._turn, self.agent, self.party = turn, "", None
        self._give_up_at = asyncio.get_running_loop().time() + self._settings.most_wait
        try:
            self.handover = asked or await self._desk.request(wish)
            if self.handover is None:
                return None
            return await self._ring_agents(line, playback, self.handover, ring_seconds)
        except EngineUnavailableError as error:
            log.error("desk.away", error=error.reason)
            return None

    async def keep_alive(self) -> None:
        """Tell the desk that the talk lasts."""
        await self.quietly(self._desk.news)

    async def leave(self) -> None:
        """Let the agent go; idempotent, raises nothing."""
        await self.quietly(self._desk.leave)
        self.handover = None

    async def _ring_agents(
        self, line: Line, playback: Playback, handover: str, ring_seconds: float
    ) -> TransferResult:
        while True:
            await playback.drained()
            news = await self._agent_for(handover)
            if news is None or news.agent is None:
                return TransferResult.NO_ANSWER
            self._told(self._turn, news)
            await asyncio.sleep(_WORDS_SECONDS)
            await playback.drained()
            address = self._settings.address.format(agent=news.agent)
            result = await self._ring_one(line, handover, address, ring_seconds)
            if result is TransferResult.ANSWERED:
                self.agent = news.agent
                await self.quietly(lambda it: self._desk.step(it, HandoverState.ACCEPTED))
                await self.quietly(lambda it: self._desk.step(it, HandoverState.BRIDGED))
                return result
            log.info("agent.not_reached", agent=news.agent, result=result.value)
            if not await self._is_for_another(handover, result):
                return result

    async def _ring_one(self, line: Line, handover: str, address: str, ring_seconds: float) -> TransferResult:
        """Ring an agent's telephone until it is answered or refused, there or on the agent's screen."""
        try:
            await self._desk.step(handover, HandoverState.RINGING)
        except IllegalHandoverError:
            return TransferResult.REJECTED
        dialling = asyncio.create_task(self._invite(line, address, ring_seconds), name="ring agent")
        try:
            while True:
                done, _ = await asyncio.wait({dialling}, timeout=self._settings.poll)
                if done:
                    return dialling.result()
                if (await self._desk.news(handover)).state is not HandoverState.RINGING:
                    return TransferResult.REJECTED
        finally:
            if not dialling.done():
                dialling.cancel()
                await asyncio.wait({dialling})

    async def _invite(self, line: Line, address: str, ring_seconds: float) -> TransferResult:
        """Let the agent into the call, which stays here: it is recorded, and can be held and passed on."""
        invited = await invite(line, address, ring_seconds=ring_seconds)
        self.party = invited.party
        return invited.result

    async def _is_for_another(self, handover: str, result: TransferResult) -> bool:
        """Note that the agent did not take it; tell whether somebody else may."""
        try:
            news = await self._desk.refuse(handover, _REFUSALS.get(result, Refusal.FAILED))
        except IllegalHandoverError:  # it was refused on the screen
            news = await self._desk.news(handover)
        return news.state not in LOST

    async def _agent_for(self, handover: str) -> HandoverNews | None:
        """Wait for an agent; None when it took too long or nobody is left."""
        now = asyncio.get_running_loop().time
        tell_at = now() + self._settings.tell_after
        while now() < self._give_up_at:
            news = await self._desk.news(handover)
            if news.state is HandoverState.BRIEFING:
                return news
            if news.state in LOST:
                return None
            if now() >= tell_at:
                tell_at += self._settings.tell_every
                self._told(self._turn, news)
            await asyncio.sleep(self._settings.poll)
        return None

    async def quietly(self, deed: Callable[[str], Awaitable[object]]) -> None:
        """Do something with the hand-over; a desk that is away, or has forgotten it, costs the talk nothing."""
        if self.handover is None:
            return
        try:
            await deed(self.handover)
        except (EngineUnavailableError, IllegalHandoverError) as error:
            log.warning("desk.not_told", error=error.code)
