"""The agents' desk as channels and screens use it: one ``Desk``, shared by all processes (坐席调度)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from hotline.domain.agent_chats import held_chat, pass_chat_on, take_chat
from hotline.domain.agents import (
    LOST,
    Agent,
    Desk,
    DeskRules,
    Handover,
    HandoverState,
    Medium,
    Presence,
    Refusal,
    Skill,
)
from hotline.domain.talks import Talk, TalkWish
from hotline.service.signals import AGENTS, Signals

T = TypeVar("T")


class DeskStore(Protocol):
    """Keeps the desk. Every method raises ``EngineUnavailableError`` within a second when it cannot."""

    async def change(self, step: Callable[[Desk], tuple[Desk, T]]) -> T:
        """Replace the desk by what ``step`` makes of it, as one step; ``step`` may be tried more than once."""

    async def read(self) -> Desk:
        """Return the desk."""


class DeskInMemory:
    """A desk of one process."""

    def __init__(self, signals: Signals | None = None) -> None:
        """Begin with nobody signed in; changes are told by ``signals``."""
        self._desk = Desk()
        self._signals = signals

    async def change(self, step: Callable[[Desk], tuple[Desk, T]]) -> T:
        """Replace the desk."""
        before = self._desk
        self._desk, found = step(before)
        if self._signals is not None and self._desk != before:
            await self._signals.tell(AGENTS, {})
        return found

    async def read(self) -> Desk:
        """Return the desk."""
        return self._desk


@dataclass(frozen=True, slots=True)
class HandoverWish:
    """A call that wants a person. ``phone``: the calling number, empty when unknown.

    ``only``: the one agent it is for; ``is_called_for``: that agent asked for it. ``not_for``: who passes it on. ``id``: the
    same wish again is the same hand-over.
    """

    conversation: str
    phone: str
    skill: Skill
    reason: str
    briefing: str
    is_urgent: bool = False
    only: str | None = None
    is_called_for: bool = False
    not_for: str | None = None
    medium: Medium = Medium.CALL
    id: str = ""


@dataclass(frozen=True, slots=True)
class HandoverNews:
    """How a hand-over stands. ``position`` and ``wait_seconds`` while it waits; ``wait_seconds`` None: cannot be said."""

    state: HandoverState
    agent: str | None = None
    position: int = 0
    wait_seconds: float | None = None


class AgentDesk:
    """The desk with its rules and its clock."""

    def __init__(
        self, store: DeskStore, rules: DeskRules, clock: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        """Take where the desk is kept."""
        self._store = store
        self._rules = rules
        self._clock = clock
        self._new_id = new_id

    async def request(self, wish: HandoverWish) -> str | None:
        """Let a call or chat wait; return the hand-over's id, None when nobody is on duty."""
        handover, now = wish.id or self._new_id(), self._clock()

        def step(desk: Desk) -> tuple[Desk, str | None]:
            desk = desk.keep(handover, now).at(now, self._rules)
            known = desk.handovers.get(handover)
            if known is not None and known.state not in LOST:
                return desk, handover
            if not desk.on_duty and not wish.is_called_for:
                return desk, None
            wanted = Handover(
                id=handover,
                conversation=wish.conversation,
                phone=wish.phone,
                skill=wish.skill,
                reason=wish.reason,
                briefing=wish.briefing,
                requested_at=now,
                kept_at=now,
                is_urgent=wish.is_urgent,
                only=wish.only,
                is_called_for=wish.is_called_for,
                medium=wish.medium,
                refused_by=frozenset() if wish.not_for is None else frozenset({wish.not_for}),
            )
            return desk.request(wanted).at(now, self._rules), handover

        return await self._store.change(step)

    async def news(self, handover: str) -> HandoverNews:
        """Give a sign of life of the call and tell how it stands; one that is unknown is cancelled."""
        now = self._clock()

        def step(desk: Desk) -> tuple[Desk, HandoverNews]:
            desk = desk.keep(handover, now).at(now, self._rules)
            found = desk.handovers.get(handover)
            if found is None:
                return desk, HandoverNews(HandoverState.CANCELLED)
            if found.state is not HandoverState.REQUESTED:
                return desk, HandoverNews(found.state, found.agent)
            position = desk.position(handover, now, self._rules)
            wait = desk.estimated_wait(position, self._rules, found.medium)
            return desk, HandoverNews(found.state, None, position, wait)

        return await self._store.change(step)

    async def step(self, handover: str, state: HandoverState) -> None:
        """Take the hand-over on. Raises ``IllegalHandoverError``."""
        now = self._clock()
        await self._store.change(lambda desk: (desk.step(handover, state, now), None))

    async def refuse(self, handover: str, why: Refusal) -> HandoverNews:
        """Note that the agent did not take it; the next one is looked for. Raises ``IllegalHandoverError``."""
        now = self._clock()
        await self._store.change(lambda desk: (desk.refuse(handover, why, now), None))
        return await self.news(handover)

    async def leave(self, handover: str) -> None:
        """The call is over, or is to be handed to nobody any more."""
        now = self._clock()
        await self._store.change(lambda desk: (desk.leave(handover, now), None))

    async def sign_in(self, agent: str, name: str, skills: frozenset[Skill]) -> None:
        """Let an agent begin, ready."""
        now = self._clock()
        signed_in = Agent(agent, name, skills, Presence.READY, now, now)
        await self._store.change(lambda desk: (desk.sign_in(signed_in), None))

    async def turn(self, agent: str, presence: Presence) -> None:
        """Change an agent's presence. Raises ``NoSuchAgentError``, ``AgentIsBusyError``."""
        now = self._clock()
        await self._store.change(lambda desk: (desk.turn(agent, presence, now), None))

    async def saw(self, agent: str) -> Handover | None:
        """Note a sign of life of an agent's desk; return the call that is theirs now. Raises ``NoSuchAgentError``."""
        now = self._clock()

        def step(desk: Desk) -> tuple[Desk, Handover | None]:
            desk = desk.saw(agent, now).at(now, self._rules)
            return desk, desk.call_of(agent)

        return await self._store.change(step)

    async def chats_of(self, agent: str) -> tuple[Handover, ...]:
        """Note a sign of life of an agent's desk; return the chats they are offered or hold. Raises ``NoSuchAgentError``."""
        now = self._clock()

        def step(desk: Desk) -> tuple[Desk, tuple[Handover, ...]]:
            desk = desk.saw(agent, now).at(now, self._rules)
            return desk, desk.chats_of(agent)

        return await self._store.change(step)

    async def take_chat(self, chat: str, agent: str) -> Handover:
        """Let an agent take a chat. Raises ``NoSuchAgentError``, ``AgentIsBusyError``, ``IllegalHandoverError``."""
        now = self._clock()

        def step(desk: Desk) -> tuple[Desk, Handover]:
            desk = take_chat(desk.saw(agent, now), chat, agent, now, self._rules)
            return desk, desk.handovers[chat]

        return await self._store.change(step)

    async def held_chat(self, chat: str, agent: str) -> Handover:
        """Return a chat that an agent holds. Raises ``IllegalHandoverError``."""
        return held_chat(await self._store.read(), chat, agent)

    async def pass_chat_on(self, chat: str, agent: str, *, to: str) -> None:
        """Let a chat wait for another agent. Raises ``IllegalHandoverError``, ``NoSuchAgentError``."""
        now = self._clock()

        def step(desk: Desk) -> tuple[Desk, None]:
            return pass_chat_on(desk, chat, agent, now, to=to).at(now, self._rules), None

        return await self._store.change(step)

    async def saw_all(self, agents: Collection[str]) -> None:
        """Note a sign of life of many agents' desks at once."""
        now = self._clock()
        await self._store.change(lambda desk: (desk.saw_all(agents, now).at(now, self._rules), None))

    async def refuse_as(self, agent: str) -> None:
        """Let an agent refuse the call that is offered to them. Raises ``NoSuchAgentError``, ``IllegalHandoverError``."""
        offered = await self.saw(agent)
        await self.refuse(offered.id if offered is not None else "", Refusal.REJECTED)

    async def wish(self, agent: str, wish: TalkWish) -> None:
        """Ask for something to be done with an agent's call. Raises ``NoTalkError``, ``TalkWishRefusedError``."""
        await self._store.change(lambda desk: (desk.wish(agent, wish), None))

    async def take_wishes(self, handover: str) -> tuple[TalkWish, ...]:
        """Return what is to be done with a call, once."""
        found = (await self._store.read()).handovers.get(handover)
        if found is None or not found.wishes:
            return ()

        def step(desk: Desk) -> tuple[Desk, tuple[TalkWish, ...]]:
            found = desk.handovers.get(handover)
            return desk.without_wishes(handover), found.wishes if found is not None else ()

        return await self._store.change(step)

    async def talked(self, handover: str, talk: Talk) -> None:
        """Note how the talk of a call stands."""
        await self._store.change(lambda desk: (desk.talked(handover, talk), None))

    async def board(self) -> tuple[Desk, DeskRules, datetime]:
        """Return everything, for a wallboard (大屏)."""
        return await self._store.read(), self._rules, self._clock()
