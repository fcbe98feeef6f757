"""A caller and an agent in a talk, and what the agent's desk wants done with it (通话控制): hold, third parties, passing on.

The desk is asked for wishes several times a second; what cannot be told to it is lost to nobody but the screen: the talk
goes on. Everybody in the talk hears what is said by the machine, but for who is on hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from hotline.dialogue.talk_events import (
    AgentLeft,
    LeftAlone,
    PartyGone,
    PartyJoined,
    PartyNotReached,
    PartyRings,
    PassedOn,
    PutOnHold,
    Retrieved,
    TalkEvent,
)
from hotline.domain.agents import Skill
from hotline.domain.errors import EngineUnavailableError, HotlineError
from hotline.domain.talks import PartyCall, PartyState, PartyTelephone, PassState, Talk, TalkWish, Wanted
from hotline.service.agent_desk import AgentDesk, HandoverNews, HandoverWish
from ivr.agent_handover import AgentHandover, QueueSettings
from ivr.company import hold_tone, invite, ringback, sounding
from ivr.line import Line, TransferResult
from ivr.playback import Playback

log: Final = structlog.get_logger("talk")

_SKILLS: Final = frozenset(skill.value for skill in Skill)
_STATES: Final = {
    TransferResult.ANSWERED: PartyState.PRESENT,
    TransferResult.BUSY: PartyState.BUSY,
    TransferResult.NO_ANSWER: PartyState.NO_ANSWER,
    TransferResult.REJECTED: PartyState.REJECTED,
    TransferResult.FAILED: PartyState.FAILED,
    TransferResult.NO_CAPACITY: PartyState.NO_LINE,
}


class PartyCalls(Protocol):
    """Keeps what came of third parties. Raises ``StoreUnavailableError``."""

    async def keep(self, call: PartyCall) -> None:
        """Keep ``call``, in the place of the one of the same id."""


@dataclass(frozen=True, slots=True)
class TalkSettings:
    """How talks are held. ``telephones``: whom agents may let in, by code; nobody else is ever called.

    ``caller`` is the number shown to third parties that are no emergency lines; ``keep_free`` legs stay free of them.
    """

    telephones: Mapping[str, PartyTelephone]
    caller: str = "12345"
    keep_free: int = 1
    ring_seconds: float = 30.0


class AgentTalk:
    """One call's talk; ``run`` it from the moment that the agent has answered, and tell it who has left."""

    def __init__(
        self,
        line: Line,
        playback: Playback,
        desk: AgentDesk,
        queue: QueueSettings,
        settings: TalkSettings,
        *,
        wish: HandoverWish,
        tell: Callable[[TalkEvent], None],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        calls: PartyCalls | None = None,
    ) -> None:
        """``wish`` is how the agent was asked for; ``tell`` tells the dialogue what happens."""
        self._line = line
        self._playback = playback
        self._desk = desk
        self._queue = queue
        self._settings = settings
        self._wish = wish
        self._tell = tell
        self._clock = clock
        self._new_id = new_id
        self._calls = calls
        self._talk = Talk()
        self._is_told = True  # the desk knows how the talk stands
        self._with: AgentHandover | None = None
        self._present: dict[int, PartyCall] = {}
        self._inviting: dict[str, asyncio.Task[None]] = {}
        self._passing: asyncio.Task[None] | None = None
        self._tone: asyncio.Task[None] | None = None
        self._keeping: set[asyncio.Task[None]] = set()
        self._is_alone = asyncio.Event()

    async def run(self, handover: AgentHandover) -> None:
        """See the talk to its end: until cancelled, or until the caller is alone (``LeftAlone``)."""
        self._with = handover
        now = asyncio.get_running_loop().time
        keep_alive_at = now() + self._queue.keep_alive
        try:
            while not self._is_alone.is_set():
                await asyncio.sleep(self._queue.wish)
                if self._with is None:
                    continue
                for wish in await self._wishes(self._with):
                    self._do(wish)
                if not self._is_told:
                    self._is_told = True
                    await self._with.quietly(lambda it: self._desk.talked(it, self._talk))
                if now() >= keep_alive_at:
                    keep_alive_at = now() + self._queue.keep_alive
                    await self._with.keep_alive()
        finally:
            await self._end()

    def left(self, party: int) -> None:
        """Take note that ``party`` has left the call."""
        if self._with is not None and party == self._with.party:
            self._agent_left(self._with)
        elif (call := self._present.pop(party, None)) is not None:
            self._note(call.party, PartyState.LEFT)
            self._keep(replace(call, state=PartyState.LEFT, ended_at=self._clock()))
            self._tell(PartyGone(self._clock(), self._name(call.party)))

    # --- what is wanted ----------------------------------------------------------------------------------------

    async def _wishes(self, handover: AgentHandover) -> tuple[TalkWish, ...]:
        try:
            return await self._desk.take_wishes(handover.handover or "")
        except EngineUnavailableError as error:
            log.warning("desk.not_asked", error=error.reason)
            return ()

    def _do(self, wish: TalkWish) -> None:
        try:
            self._talk.check(wish)  # it may have changed since it was asked for
        except HotlineError:
            return
        match wish.wanted:
            case Wanted.HOLD:
                self._hold()
            case Wanted.RETRIEVE:
                self._retrieve()
            case Wanted.INVITE:
                self._invite(wish.target)
            case Wanted.RELEASE:
                self._release(wish.target)
            case Wanted.LEAVE:
                self._let_agent_go()
            case Wanted.PASS_ON:
                self._line.stay(stays=True)
                self._change(replace(self._talk, passing=PassState.WAITING))
                self._passing = asyncio.create_task(self._pass_on(wish), name="pass on")
            case Wanted.KEEP:
                self._keep_here()

    def _hold(self) -> None:
        self._line.hold()
        self._playback.stop()
        self._change(replace(self._talk, is_held=True))
        self._tell(PutOnHold(self._clock()))
        self._sound(self._remind())

    def _retrieve(self) -> None:
        self._sound(None)
        self._playback.stop()
        self._line.retrieve()
        self._change(replace(self._talk, is_held=False))
        self._tell(Retrieved(self._clock()))
        for party, call in self._present.items():
            self._present[party] = replace(call, citizen_took_part=True)

    async def _remind(self) -> None:
        async with sounding(self._playback, hold_tone()):
            while True:
                await asyncio.sleep(self._queue.hold)
                self._tell(PutOnHold(self._clock(), is_still=True))

    # --- third parties -----------------------------------------------------------------------------------------

    def _invite(self, code: str) -> None:
        if (telephone := self._settings.telephones.get(code)) is None or self._with is None:
            return
        call = PartyCall(self._new_id(), self._wish.conversation, code, self._with.agent, self._clock())
        self._note(code, PartyState.RINGING)
        self._keep(call)
        self._tell(PartyRings(self._clock(), telephone.name))
        self._inviting[code] = asyncio.create_task(self._ring(telephone, call), name="invite party")

    async def _ring(self, telephone: PartyTelephone, call: PartyCall) -> None:
        state = PartyState.LEFT  # was called off
        try:
            invited = await invite(
                self._line,
                telephone.address,
                ring_seconds=self._settings.ring_seconds,
                caller=None if telephone.is_emergency else self._settings.caller,
                keep_free=0 if telephone.is_emergency else self._settings.keep_free,
            )
            state = _STATES[invited.result]
            at = self._clock()
            call = replace(call, state=state, joined_at=at, citizen_took_part=not self._talk.is_held)
            if invited.party is not None:
                self._present[invited.party] = call
                self._tell(PartyJoined(at, telephone.name))
        finally:
            self._inviting.pop(call.party, None)
            self._note(call.party, state)
            if state is not PartyState.PRESENT:
                call = replace(
                    call, state=state, joined_at=None, ended_at=self._clock(), citizen_took_part=False
                )
                self._tell(PartyNotReached(self._clock(), telephone.name, state.value))
            self._keep(call)

    def _release(self, code: str) -> None:
        if (ringing := self._inviting.get(code)) is not None:
            ringing.cancel()
        for party, call in self._present.items():
            if call.party == code:
                self._line.release(party)

    # --- the agent ---------------------------------------------------------------------------------------------

    def _let_agent_go(self) -> None:
        if self._with is not None and self._with.party is not None:
            self._line.release(self._with.party)

    def _agent_left(self, agent: AgentHandover) -> None:
        """Go on without the agent where somebody is left or sought; otherwise the line ends by itself."""
        agent.party = None
        is_passing = self._passing is not None
        if not (is_passing or self._present):
            return
        self._with = None
        self._later(agent.leave())
        self._sound(None)
        if self._talk.is_held:
            self._line.retrieve()
            self._playback.stop()
            self._talk = replace(self._talk, is_held=False)
        self._tell(AgentLeft(self._clock(), is_passing=is_passing))
        if is_passing and not self._present:
            self._sound(self._ringback())

    async def _ringback(self) -> None:
        async with sounding(self._playback, ringback()):
            await asyncio.Event().wait()

    async def _pass_on(self, wish: TalkWish) -> None:
        next_one = AgentHandover(self._desk, self._queue, told=self._news_of_next)
        is_taken = False
        try:
            asked = self._wished(wish)
            result = await next_one.seek(
                self._line, self._playback, asked, turn=0, ring_seconds=self._settings.ring_seconds
            )
            is_taken = result is TransferResult.ANSWERED
        finally:
            self._passing = None
            if not is_taken:
                await next_one.leave()
        if is_taken:
            self._taken_over(next_one)
        else:
            self._not_taken()

    def _wished(self, wish: TalkWish) -> HandoverWish:
        is_skill = wish.target in _SKILLS
        return replace(
            self._wish,
            reason="passed_on",
            briefing=f"{wish.note}\n{self._wish.briefing}" if wish.note else self._wish.briefing,
            skill=Skill(wish.target) if is_skill else self._wish.skill,
            only=None if is_skill else wish.target,
            not_for=self._with.agent if self._with is not None else None,
            is_called_for=False,
        )

    def _news_of_next(self, _turn: int, news: HandoverNews) -> None:
        if news.agent is not None:
            self._change(replace(self._talk, passing=PassState.RINGING))

    def _taken_over(self, next_one: AgentHandover) -> None:
        before, self._with = self._with, next_one
        self._sound(None)
        self._playback.stop()
        if self._talk.is_held:
            self._line.retrieve()
        self._line.stay(stays=False)
        self._change(Talk(parties=self._talk.parties))
        if before is not None:
            if before.party is not None:
                self._line.release(before.party)
            self._later(before.leave())
        self._tell(PassedOn(self._clock(), next_one.agent))

    def _not_taken(self) -> None:
        self._line.stay(stays=False)
        self._change(replace(self._talk, passing=PassState.NOBODY))
        if self._with is None and not self._present:
            self._sound(None)
            self._playback.stop()
            self._is_alone.set()
            self._tell(LeftAlone(self._clock()))

    def _keep_here(self) -> None:
        if self._passing is not None:
            self._passing.cancel()
        self._line.stay(stays=False)
        self._change(replace(self._talk, passing=PassState.KEPT))

    # --- telling and keeping -----------------------------------------------------------------------------------

    def _name(self, code: str) -> str:
        return self._settings.telephones[code].name

    def _note(self, code: str, state: PartyState) -> None:
        self._change(self._talk.with_party(code, state, self._clock()))

    def _change(self, talk: Talk) -> None:
        self._talk, self._is_told = talk, False

    def _sound(self, sound: Coroutine[Any, Any, None] | None) -> None:
        """Let ``sound`` go on until another begins; None for silence."""
        if self._tone is not None:
            self._tone.cancel()
        self._tone = None if sound is None else asyncio.create_task(sound, name="talk tone")

    def _keep(self, call: PartyCall) -> None:
        if self._calls is not None:
            self._later(self._kept(self._calls, call))

    async def _kept(self, calls: PartyCalls, call: PartyCall) -> None:
        try:
            await calls.keep(call)
        except HotlineError as error:
            log.error("party_call.not_kept", party_call=call.id, error=error.code)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="talk record")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _end(self) -> None:
        """Leave nothing behind: telephones that ring, tones, records without an end."""
        self._sound(None)
        tasks = [task for task in (*self._inviting.values(), self._passing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for call in self._present.values():
            self._keep(replace(call, state=PartyState.LEFT, ended_at=self._clock()))
        self._present.clear()
        if self._with is not None:
            await self._with.leave()
        await asyncio.gather(*self._keeping, return_exceptions=True)
