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

_MOST_LEGS_LOST: Final = 3
"""A caller who hears an agent named as often, and nobody rung, is offered a call instead."""
_WORDS_SECONDS: Final = 0.2  # the dialogue's time to say who is being rung


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How a caller waits, in seconds: asks for news every ``poll``; is told after ``tell_after`` and every ``tell_every``.

    After ``most_wait`` the caller waits no longer, and is offered to be called back. ``address``: how an agent's telephone
    is reached, ``{agent}`` for their number; from the settings only. In a talk the agent's wishes are looked for every
    ``wish``; who is on hold is told that they still are every ``hold``. ``keep_free`` legs of the process are left for
    emergencies; a leg is waited for no longer than ``leg_wait``, and looked for again after ``leg_pause`` when another took it.
    """

    address: str
    poll: float = 0.5
    tell_after: float = 2.0
    tell_every: float = 30.0
    most_wait: float = 180.0
    keep_alive: float = 10.0
    wish: float = 0.3
    hold: float = 20.0
    keep_free: int = 1
    leg_wait: float = 30.0
    leg_pause: float = 2.0


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
        self._give_up_at, self._keep_free = 0.0, 0
        self._shown: str | None = None
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
        # Whom the hotline called is not let down for want of a leg, and an emergency may have the last one.
        self._keep_free = 0 if asked or wish.is_urgent else self._settings.keep_free
        self._shown = "" if asked else None
        try:
            if not (asked or line.has_leg(keep_free=self._keep_free) or await self._is_anybody_there()):
                return None
            for _ in range(_MOST_LEGS_LOST):
                if not await self._has_leg(line):
                    break
                self.handover = asked or await self._desk.request(wish)
                if self.handover is None:
                    return None
                result = await self._ring_agents(line, playback, self.handover, ring_seconds)
                if asked or result is not TransferResult.NO_CAPACITY:
                    return result
                await self.leave()  # nobody's telephone rang: the agent is free for other processes' callers
                await asyncio.sleep(self._settings.leg_pause)
        except EngineUnavailableError as error:
            log.error("desk.away", error=error.reason)
            return None
        return TransferResult.NO_ANSWER

    async def _has_leg(self, line: Line) -> bool:
        """Wait until an agent's telephone could be rung; False when that takes too long. No agent is kept meanwhile."""
        now = asyncio.get_running_loop().time
        until = min(self._give_up_at, now() + self._settings.leg_wait)
        while not line.has_leg(keep_free=self._keep_free):
            if now() >= until:
                return False
            await asyncio.sleep(self._settings.poll)
        return now() < self._give_up_at

    async def _is_anybody_there(self) -> bool:
        board, _, _ = await self._desk.board()
        return bool(board.on_duty)

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
            if result is TransferResult.NO_CAPACITY:
                return result  # which is no fault of the agent's
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
        invited = await invite(
            line, address, ring_seconds=ring_seconds, caller=self._shown, keep_free=self._keep_free
        )
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
