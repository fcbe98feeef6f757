"""Putting a caller through to people (转接): to agents who have signed in, to a fixed telephone, to an emergency line."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hotline.dialogue.actions import GiveWayToEmergency, TransferToAgent
from hotline.dialogue.events import AgentJoined, AgentRings, Event, NoAgentFree, TransferFailed, WaitsForAgent
from hotline.dialogue.talk_events import LeftAlone, TalkEvent
from hotline.domain.agents import Skill
from hotline.service.agent_desk import AgentDesk, HandoverNews, HandoverWish
from ivr.agent_handover import AgentHandover, QueueSettings
from ivr.agent_talk import AgentTalk, PartyCalls, TalkSettings
from ivr.company import put_through
from ivr.line import Line, TransferResult
from ivr.playback import Playback
from ivr.transcript import Listening, TalkTranscript


@dataclass(frozen=True, slots=True)
class People:
    """Whom callers can be put through to.

    ``transfers``: "agent", "agent:dialect", "110" … → SIP addresses. With ``desk`` and ``queue`` agents who have signed in
    come first; ``talks`` says how such talks are held, ``calls`` keeps what came of third parties. With
    ``listening`` talks with agents are written down as they go.
    """

    transfers: Mapping[str, str] = field(default_factory=dict)
    desk: AgentDesk | None = None
    queue: QueueSettings | None = None
    talks: TalkSettings = field(default_factory=lambda: TalkSettings({}))
    calls: PartyCalls | None = None
    listening: Listening | None = None


class PuttingThrough:
    """The hand-over of one call and the talk that follows; what happens is given to ``emit`` as events.

    ``deaf`` is told whether the caller speaks to people now, and not to the hotline.
    """

    def __init__(
        self,
        line: Line,
        playback: Playback,
        people: People,
        *,
        conversation: str,
        ring_seconds: float,
        clock: Callable[[], datetime],
        emit: Callable[[Event], None],
        deaf: Callable[[bool], None],
    ) -> None:
        self._line = line
        self._playback = playback
        self._people = people
        self._conversation = conversation
        self._ring_seconds = ring_seconds
        self._clock = clock
        self._emit = emit
        self._deaf = deaf
        self._to_agent: AgentHandover | None = None
        self._talk: AgentTalk | None = None
        self._under_way: asyncio.Task[None] | None = None
        self._is_through = False
        self._transcript: TalkTranscript | None = None

    def heard(self, samples: bytes) -> None:
        """Take 20 ms of the caller while they talk with people."""
        if self._transcript is not None:
            self._transcript.citizen(samples)

    async def run(self, action: TransferToAgent | GiveWayToEmergency) -> None:
        """Put the caller through; return when that has failed, or, with a signed-in agent, when the talk is over."""
        self._under_way = asyncio.current_task()
        try:
            await self._put_through(action)
        finally:
            if not self._is_through:
                await self.leave()

    async def _put_through(self, action: TransferToAgent | GiveWayToEmergency) -> None:
        is_agent = isinstance(action, TransferToAgent)
        result = await self._through_desk(action) if isinstance(action, TransferToAgent) else None
        address = self._address_of(action)
        if result is not None:
            pass  # the desk has settled it
        elif address is None:
            await self._playback.drained()
        else:
            result = await put_through(self._line, self._playback, address, ring_seconds=self._ring_seconds)
        if result is TransferResult.ANSWERED:
            self._is_through = True
            self._deaf(True)
            self._emit(
                AgentJoined(self._clock(), action.turn, self._to_agent.agent if self._to_agent else "")
            )
            await self._hold_talk()
        elif is_agent and result in (None, TransferResult.BUSY, TransferResult.NO_ANSWER):
            self._emit(NoAgentFree(at=self._clock(), turn=action.turn))
        else:
            reason = "no_address" if result is None else result.value
            self._emit(TransferFailed(at=self._clock(), turn=action.turn, reason=reason))

    def stay_here(self) -> None:
        """Put the caller through to nobody after all, where that is still possible."""
        if self._under_way is not None and not self._is_through:
            self._under_way.cancel()

    def left(self, party: int) -> None:
        """Take note that a party has left the call."""
        if self._talk is not None:
            self._talk.left(party)

    async def leave(self) -> None:
        """Let the agent go; idempotent, raises nothing."""
        agent, self._to_agent = self._to_agent, None
        if agent is not None:
            await agent.leave()

    async def _through_desk(self, action: TransferToAgent) -> TransferResult | None:
        """Put the caller through to an agent who has signed in; None when there is none."""
        people = self._people
        self._to_agent = None
        if people.desk is None or people.queue is None:
            return None
        if people.listening is not None:
            self._line.overhear(self._overheard)
        wish = HandoverWish(
            conversation=self._conversation,
            phone=self._line.caller,
            skill=Skill(action.skill),
            reason=action.reason,
            briefing=action.briefing,
            is_urgent=action.reason == "emergency",
        )
        handover = self._to_agent = AgentHandover(people.desk, people.queue, told=self._waits)
        result = await handover.run(
            self._line,
            self._playback,
            wish,
            turn=action.turn,
            ring_seconds=self._ring_seconds,
            asked=action.handover or None,
        )
        if result is TransferResult.ANSWERED:
            self._talk = AgentTalk(
                self._line,
                self._playback,
                people.desk,
                people.queue,
                people.talks,
                wish=wish,
                tell=self._told,
                clock=self._clock,
                new_id=lambda: secrets.token_hex(8),
                calls=people.calls,
            )
        else:
            await self.leave()
        return result

    async def _hold_talk(self) -> None:
        if self._talk is None or self._to_agent is None:
            return
        listening = self._people.listening
        writing: asyncio.Task[None] | None = None
        if listening is not None:
            self._transcript = TalkTranscript(
                listening, conversation=self._conversation, clock=self._clock, emit=self._emit
            )
            writing = asyncio.create_task(self._transcript.run(), name="transcript")
        try:
            await self._talk.run(self._to_agent)
        finally:
            self._transcript = None
            if writing is not None:
                self._line.overhear(None)
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
        self._talk = self._to_agent = None

    def _overheard(self, samples: bytes) -> None:
        """Take 20 ms of the others, on the media thread."""
        if (transcript := self._transcript) is not None:
            transcript.agent(samples)

    def _told(self, event: TalkEvent) -> None:
        if isinstance(event, LeftAlone):
            self._is_through = False
            self._deaf(False)
        self._emit(event)

    def _waits(self, turn: int, news: HandoverNews) -> None:
        """Tell the dialogue what the caller who waits is to hear."""
        if news.agent is not None:
            self._emit(AgentRings(self._clock(), turn, news.agent))
        else:
            self._emit(WaitsForAgent(self._clock(), turn, news.position, news.wait_seconds))

    def _address_of(self, action: TransferToAgent | GiveWayToEmergency) -> str | None:
        """Return where to put the caller through to: to the seat with the skill, where the city has one, else to any."""
        transfers = self._people.transfers
        if isinstance(action, GiveWayToEmergency):
            return transfers.get(action.service.value)
        return transfers.get(f"agent:{action.skill}") or transfers.get("agent")
