"""Letters on the agents' desk (来信转人工): who asks for a person waits in turn, and an agent writes in the same thread.

Nothing of it lives in memory: a conversation that waits falls due every few seconds, whichever process then has it in hand
looks at the desk; and what an agent does is a letter of its own, kept and answered to the citizen like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from hotline.dialogue.actions import TransferToAgent
from hotline.dialogue.events import AgentJoined, Event, NoAgentFree, WaitsForAgent
from hotline.dialogue.journal import encode
from hotline.dialogue.written_events import AgentParted, Parting
from hotline.domain.agents import LOST, HandoverState, IllegalHandoverError, Medium, Refusal, Skill
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.letters import AtDesk, FromDesk, Letter
from hotline.service.agent_desk import AgentDesk, HandoverNews, HandoverWish
from hotline.service.kept_chats import Post
from hotline.store.letters import SqlLetters

log: Final = structlog.get_logger("letters")

_URGENT: Final = "emergency"
_TAKEN: Final = (HandoverState.BRIEFING, HandoverState.RINGING, HandoverState.ACCEPTED)

Seen = tuple[tuple[Event, ...], AtDesk | None]
"""What has happened at the desk, and where the conversation stands on it now."""


@dataclass(frozen=True, slots=True)
class DeskPace:
    """``look``: so often the desk is looked at. An agent has ``offer`` to take what they are offered; nobody waits beyond ``wait``.

    A desk that is not reached for ``away`` is given up: who waits, or writes to an agent there, is not left without an answer.
    """

    look: timedelta = timedelta(seconds=4)
    away: timedelta = timedelta(seconds=60)
    offer: timedelta = timedelta(seconds=45)
    wait: timedelta = timedelta(minutes=10)


class LetterDesk:
    """The agents' desk as letters need it; no method raises. ``away`` tells the hours when agents are there, if they are not."""

    def __init__(
        self, desk: AgentDesk, away: Callable[[datetime], str], pace: DeskPace | None = None
    ) -> None:
        """Take the desk, whose times are in local time."""
        self._desk = desk
        self._away = away
        self.pace = pace or DeskPace()

    async def request(self, action: TransferToAgent, conversation: str, phone: str, at: datetime) -> Seen:
        """Let a conversation wait; the same again is the same. Who has to wait is told their place."""
        hours = "" if action.handover else self._away(at)
        if hours:
            return (NoAgentFree(at, action.turn, hours=hours),), None
        wish = HandoverWish(
            conversation=conversation,
            phone=phone,
            skill=Skill(action.skill),
            reason=action.reason,
            briefing=action.briefing,
            is_urgent=action.reason == _URGENT,
            medium=Medium.CHAT,
            id=conversation,
        )
        try:
            if await self._desk.request(wish) is not None:
                return await self.look(conversation, AtDesk(action.turn, at), at, tells_place=True)
        except EngineUnavailableError as error:
            log.error("desk.away", error=error.code)
        return (NoAgentFree(at, action.turn),), None

    async def look(self, conversation: str, seat: AtDesk, at: datetime, *, tells_place: bool = False) -> Seen:
        """Give the desk a sign of life and return what has happened there."""
        try:
            news = await self._desk.news(conversation)
            seat = replace(seat, away_since=None)
            if seat.agent:
                return self._with_agent(seat, news, at)
            if news.state is HandoverState.BRIDGED and news.agent is not None:
                return (AgentJoined(at, seat.turn, news.agent),), replace(seat, agent=news.agent)
            if news.state not in LOST and at - seat.since < self.pace.wait:
                seat = await self._offered(conversation, seat, news, at)
                if tells_place and news.state is HandoverState.REQUESTED:
                    return (WaitsForAgent(at, seat.turn, news.position, news.wait_seconds),), seat
                return (), seat
        except (EngineUnavailableError, IllegalHandoverError) as error:
            log.warning("desk.away", error=error.code)
            away_since = seat.away_since or at
            if at - away_since < self.pace.away and (seat.agent or at - seat.since < self.pace.wait):
                return (), replace(seat, away_since=away_since)
            if seat.agent:
                return (AgentParted(at, seat.agent, Parting.LOST),), None
        await self.leave(conversation)
        return (NoAgentFree(at, seat.turn),), None

    async def leave(self, conversation: str) -> None:
        """Let the agent go, or wait for none any more."""
        try:
            await self._desk.leave(conversation)
        except EngineUnavailableError as error:  # what gives no sign of life is taken off the desk
            log.warning("desk.not_told", error=error.code)

    @staticmethod
    def _with_agent(seat: AtDesk, news: HandoverNews, at: datetime) -> Seen:
        if news.state is HandoverState.BRIDGED and news.agent == seat.agent:
            return (), seat
        is_passed_on = news.state is HandoverState.REQUESTED or news.state in (*_TAKEN, HandoverState.BRIDGED)
        how = Parting.PASSED_ON if is_passed_on else Parting.LOST
        return (AgentParted(at, seat.agent, how),), None

    async def _offered(self, conversation: str, seat: AtDesk, news: HandoverNews, at: datetime) -> AtDesk:
        """Note since when it is offered to an agent; take it from who lets it lie."""
        if news.state not in _TAKEN or news.agent is None:
            return replace(seat, offered_to="", offered_at=None)
        if seat.offered_to != news.agent or seat.offered_at is None:
            return replace(seat, offered_to=news.agent, offered_at=at)
        if at - seat.offered_at < self.pace.offer:
            return seat
        await self._desk.refuse(conversation, Refusal.NO_ANSWER)
        return replace(seat, offered_to="", offered_at=None)


class ShowingTyping(Protocol):
    """Shows a citizen, on their channel, that somebody is writing to them."""

    async def show_typing(self, address: Mapping[str, str], *, is_on: bool) -> None:
        """Show it, or no more. Never raises, never waits for long: it is a courtesy."""


class DeskLetters:
    """Takes what agents do in conversations by letter. ``take`` keeps a letter for good; ``typing``: channels that can show it."""

    def __init__(
        self,
        letters: SqlLetters,
        take: Callable[[Letter], Coroutine[Any, Any, object]],
        typing: Mapping[ContactChannel, ShowingTyping] | None = None,
    ) -> None:
        """Take where letters are."""
        self._letters = letters
        self._take = take
        self._typing = typing or {}

    async def tell_typing(self, conversation: str, *, is_on: bool) -> bool:
        """Let the citizen see that the agent writes, where the channel can; False: this is no conversation by letter."""
        who = await self._letters.correspondent_of(conversation)
        shown = self._typing.get(who.channel) if who is not None else None
        if who is not None and shown is not None:
            await shown.show_typing(who.address, is_on=is_on)
        return who is not None

    async def leave_word(self, conversation: str, post: Post) -> bool:
        """Keep what an agent did, once for each ``post.id``; False: this is no conversation by letter.

        Raises ``StoreUnavailableError``.
        """
        who = await self._letters.correspondent_of(conversation)
        if who is None:
            return False
        name, body = encode(post.event)
        key = hashlib.sha256(f"{conversation}:{post.id}".encode()).hexdigest()[:48]
        letter = Letter(
            key=f"desk:{key}",
            correspondent=who.id,
            channel=who.channel,
            at=post.event.at,
            content=FromDesk(conversation, name, body),
            address=who.address,
        )
        try:
            await self._take(letter)
        except OSError as error:
            raise StoreUnavailableError("neither database nor disk") from error
        return True
