"""Agents (话务员) and the calls that wait for them: one desk, changed only by the functions here.

A ``Desk`` is a value: every step returns another one, and time is an argument. Who shares it between processes is
somebody else's business (``hotline.service.agent_desk``).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.errors import HotlineError
from hotline.domain.talks import NoTalkError, Talk, TalkWish, TalkWishRefusedError, Wanted


class Skill(StrEnum):
    """What an agent is good at (技能)."""

    ORDINARY = "ordinary"  # 普通
    DIALECT = "dialect"  # 方言
    ENTERPRISE = "enterprise"  # 企业
    ELDER = "elder"  # 老年人


class Medium(StrEnum):
    """How a citizen who wants a person is talked with."""

    CALL = "call"  # 通话
    CHAT = "chat"  # 网上对话


class Presence(StrEnum):
    """Whether an agent can take a call (坐席状态)."""

    READY = "ready"  # 空闲
    BUSY = "busy"  # 振铃或通话中
    WRAP_UP = "wrap_up"  # 话后整理
    PAUSED = "paused"  # 小休
    OFFLINE = "offline"  # 签出或失联


class HandoverState(StrEnum):
    """How the hand-over of one call stands (转接状态)."""

    REQUESTED = "requested"  # 排队
    BRIEFING = "briefing"  # 弹屏
    RINGING = "ringing"  # 振铃
    ACCEPTED = "accepted"  # 应答
    BRIDGED = "bridged"  # 通话
    REJECTED = "rejected"  # 拒接，没有别人
    FAILED = "failed"  # 无人接听或没有接通，没有别人
    CANCELLED = "cancelled"  # 来电人挂机或改变主意


_S = HandoverState
STEPS: Final[Mapping[HandoverState, frozenset[HandoverState]]] = {
    _S.REQUESTED: frozenset({_S.BRIEFING, _S.REJECTED, _S.FAILED, _S.CANCELLED}),
    _S.BRIEFING: frozenset({_S.RINGING, _S.REQUESTED, _S.REJECTED, _S.FAILED, _S.CANCELLED}),
    _S.RINGING: frozenset({_S.ACCEPTED, _S.REQUESTED, _S.REJECTED, _S.FAILED, _S.CANCELLED}),
    _S.ACCEPTED: frozenset({_S.BRIDGED, _S.FAILED, _S.CANCELLED}),
    _S.BRIDGED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}
"""Which state may follow which. ``REQUESTED`` again: the agent did not take it, and the next one is looked for."""

WITH_AGENT: Final = frozenset({_S.BRIEFING, _S.RINGING, _S.ACCEPTED, _S.BRIDGED})
_JUST_NOW: Final = timedelta(seconds=5)  # desks ask four times a second: few of those need to be written
LOST: Final = frozenset({_S.REJECTED, _S.FAILED, _S.CANCELLED})


class Refusal(StrEnum):
    """Why an agent who was offered a call did not take it."""

    REJECTED = "rejected"  # said no: stays ready for others
    NO_ANSWER = "no_answer"  # is not at the desk: is paused
    FAILED = "failed"  # the telephone cannot be reached: is paused


class IllegalHandoverError(HotlineError):
    """A step that the hand-over's state does not allow. Nothing was changed."""

    code = "handover.illegal"


class NoSuchAgentError(HotlineError):
    """Nobody has signed in by that number (工号)."""

    code = "agent.unknown"


class AgentIsBusyError(HotlineError):
    """The agent has a call, and cannot be away from it."""

    code = "agent.busy"


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who takes calls. ``since``: when ``presence`` began; ``seen_at``: the last sign of life of their desk."""

    id: str
    name: str
    skills: frozenset[Skill]
    presence: Presence
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """One call on its way to an agent. ``refused_by`` are those who were offered it and did not take it.

    ``kept_at`` is the last sign of life of the call; ``briefing`` is what the agent is shown. ``only``: the one agent it
    is for; who ``is_called_for`` asked for it themselves, and is offered it whatever their presence. ``wishes`` are what
    the agent wants done with the call, ``talk`` is how it stands. A chat is handed over the same way, but rings nowhere: an
    agent takes it, and may hold several.
    """

    id: str
    conversation: str
    phone: str
    skill: Skill
    reason: str
    briefing: str
    requested_at: datetime
    kept_at: datetime
    is_urgent: bool = False
    state: HandoverState = HandoverState.REQUESTED
    since: datetime | None = None
    agent: str | None = None
    refused_by: frozenset[str] = frozenset()
    only: str | None = None
    is_called_for: bool = False
    medium: Medium = Medium.CALL
    wishes: tuple[TalkWish, ...] = ()
    talk: Talk = field(default_factory=Talk)


@dataclass(frozen=True, slots=True)
class DeskRules:
    """How calls are shared out; all of it is settings.

    ``elder`` and ``urgent``: seconds of waiting that such callers are ahead by. ``skill_patience``: after so long any
    agent will do. ``silent``: a desk or a call that gives no sign of life for so long is gone. ``wrap_up``: time after a
    call. ``least_handled``: so many calls must be known before a wait is estimated. ``chats``: so many an agent holds at
    once; who holds one is offered no call.
    """

    elder: float = 60.0
    urgent: float = 3_600.0
    skill_patience: float = 30.0
    silent: float = 45.0
    wrap_up: float = 30.0
    handled_kept: int = 50
    least_handled: int = 5
    chats: int = 3


@dataclass(frozen=True, slots=True)
class Desk:
    """All agents and all calls and chats that wait for them or are with them. ``handled``: seconds that the last calls took.

    ``handled_chats``: the same of chats.
    """

    agents: Mapping[str, Agent] = field(default_factory=dict)
    handovers: Mapping[str, Handover] = field(default_factory=dict)
    handled: tuple[float, ...] = ()
    handled_chats: tuple[float, ...] = ()

    # --- agents ------------------------------------------------------------------------------------------------

    def sign_in(self, agent: Agent) -> Desk:
        """Let an agent begin, or change their skills; who has a call keeps it."""
        present = self.agents.get(agent.id)
        if present is not None and present.presence is Presence.BUSY:
            agent = replace(agent, presence=Presence.BUSY, since=present.since)
        return replace(self, agents={**self.agents, agent.id: agent})

    def turn(self, agent: str, presence: Presence, at: datetime) -> Desk:
        """Change an agent's presence at their wish. Raises ``NoSuchAgentError``, ``AgentIsBusyError``."""
        found = self._agent(agent)
        if found.presence is Presence.BUSY or (presence is Presence.OFFLINE and self.chats_of(agent)):
            raise AgentIsBusyError(agent)
        if presence is Presence.OFFLINE:
            return replace(self, agents={key: one for key, one in self.agents.items() if key != agent})
        return _with(self, replace(found, presence=presence, since=at, seen_at=at))

    def saw(self, agent: str, at: datetime) -> Desk:
        """Note a sign of life of an agent's desk, unless there was one just now. Raises ``NoSuchAgentError``."""
        found = self._agent(agent)
        return self if at - found.seen_at < _JUST_NOW else _with(self, replace(found, seen_at=at))

    def saw_all(self, agents: Collection[str], at: datetime) -> Desk:
        """Note a sign of life of many agents' desks at once; who has not signed in is passed over."""
        seen = {name: replace(self.agents[name], seen_at=at) for name in agents if name in self.agents}
        return replace(self, agents={**self.agents, **seen})

    @property
    def on_duty(self) -> tuple[Agent, ...]:
        """Agents who take calls now or as soon as they are through with the last one."""
        taking = (Presence.READY, Presence.BUSY, Presence.WRAP_UP)
        return tuple(agent for agent in self.agents.values() if agent.presence in taking)

    def call_of(self, agent: str) -> Handover | None:
        """Return the call that an agent is offered or talks to."""
        theirs = (one for one in self.handovers.values() if one.agent == agent)
        return next((one for one in theirs if one.medium is Medium.CALL), None)

    def chats_of(self, agent: str) -> tuple[Handover, ...]:
        """Return the chats that an agent is offered or holds, the oldest first."""
        theirs = [
            one
            for one in self.handovers.values()
            if one.agent == agent and one.medium is Medium.CHAT and one.state in WITH_AGENT
        ]
        return tuple(sorted(theirs, key=lambda one: (one.requested_at, one.id)))

    # --- calls -------------------------------------------------------------------------------------------------

    def request(self, handover: Handover) -> Desk:
        """Let a call wait for an agent."""
        return replace(self, handovers={**self.handovers, handover.id: handover})

    def keep(self, handover: str, at: datetime) -> Desk:
        """Note a sign of life of a call, unless there was one just now; one that is unknown stays unknown."""
        found = self.handovers.get(handover)
        if found is None or at - found.kept_at < _JUST_NOW:
            return self
        return _holding(self, replace(found, kept_at=at))

    def step(self, handover: str, state: HandoverState, at: datetime) -> Desk:
        """Take a call on with its agent. Raises ``IllegalHandoverError``."""
        found = self._legal(handover, state)
        return _holding(self, replace(found, state=state, since=at))

    def refuse(self, handover: str, why: Refusal, at: datetime) -> Desk:
        """Let the call wait for somebody else; lost when there is nobody else. Raises ``IllegalHandoverError``."""
        found = self._legal(handover, HandoverState.REQUESTED)
        desk, refused = self, found.refused_by
        if found.agent is not None:
            presence = Presence.READY if why is Refusal.REJECTED else Presence.PAUSED
            if found.medium is Medium.CALL or presence is Presence.PAUSED:
                desk = _freed(desk, found.agent, presence, at)
            refused = refused | {found.agent}
        again = replace(found, agent=None, refused_by=refused, state=HandoverState.REQUESTED, since=at)
        if not _may_still_take(desk, again):
            lost = HandoverState.REJECTED if why is Refusal.REJECTED else HandoverState.FAILED
            again = replace(again, state=lost)
        return _holding(desk, again)

    def leave(self, handover: str, at: datetime) -> Desk:
        """Let a call go: it ended, or is not to be handed over any more. Its agent is free, after a talk for wrap-up."""
        found = self.handovers.get(handover)
        if found is None:
            return self
        desk = replace(self, handovers={key: one for key, one in self.handovers.items() if key != handover})
        if found.agent is None or found.state not in WITH_AGENT:
            return desk
        if found.medium is Medium.CHAT:
            return _chat_left(desk, found, found.agent, at)
        if found.state is not HandoverState.BRIDGED:
            return _freed(desk, found.agent, Presence.READY, at)
        assert found.since is not None
        talked = (at - found.since).total_seconds()
        return replace(_freed(desk, found.agent, Presence.WRAP_UP, at), handled=(*desk.handled, talked))

    # --- talks -------------------------------------------------------------------------------------------------

    def talk_of(self, agent: str) -> Handover:
        """Return the call that an agent talks to. Raises ``NoTalkError``."""
        found = self.call_of(agent)
        if found is None or found.state is not HandoverState.BRIDGED:
            raise NoTalkError(agent)
        return found

    def wish(self, agent: str, wish: TalkWish) -> Desk:
        """Ask for something to be done with an agent's call. Raises ``NoTalkError``, ``TalkWishRefusedError``."""
        found = self.talk_of(agent)
        found.talk.check(wish, found.wishes)
        if wish.wanted is Wanted.PASS_ON and not self._may_pass_on(agent, wish.target):
            raise TalkWishRefusedError(wish.wanted, wish.target)
        return _holding(self, replace(found, wishes=(*found.wishes, wish)))

    def without_wishes(self, handover: str) -> Desk:
        """Take a call's wishes off: they are being done."""
        found = self.handovers.get(handover)
        return self if found is None or not found.wishes else _holding(self, replace(found, wishes=()))

    def talked(self, handover: str, talk: Talk) -> Desk:
        """Note how a call's talk stands; one that is unknown stays unknown."""
        found = self.handovers.get(handover)
        return self if found is None else _holding(self, replace(found, talk=talk))

    def _may_pass_on(self, agent: str, target: str) -> bool:
        others = (one for one in self.on_duty if one.id != agent)
        return any(target == one.id or target in one.skills for one in others)

    # --- time --------------------------------------------------------------------------------------------------

    def at(self, now: datetime, rules: DeskRules) -> Desk:
        """Let time pass: desks and calls without a sign of life are gone, wrap-up ends, calls are offered."""
        desk, silent = self, timedelta(seconds=rules.silent)
        for handover in self.handovers.values():
            if now - handover.kept_at > silent:
                desk = desk.leave(handover.id, now)
        agents: dict[str, Agent] = {}
        for agent in desk.agents.values():
            if agent.presence is not Presence.BUSY and now - agent.seen_at > silent:
                continue
            is_through = now - agent.since > timedelta(seconds=rules.wrap_up)
            if agent.presence is Presence.WRAP_UP and is_through:
                agents[agent.id] = replace(agent, presence=Presence.READY, since=now)
            else:
                agents[agent.id] = agent
        kept = -rules.handled_kept
        desk = replace(
            desk, agents=agents, handled=desk.handled[kept:], handled_chats=desk.handled_chats[kept:]
        )
        desk = _without_lost_agents(desk, now)
        for handover in desk.waiting(now, rules):
            desk = _offered(desk, handover, now, rules)
        return desk

    def waiting(self, now: datetime, rules: DeskRules) -> tuple[Handover, ...]:
        """Return the calls that wait for an agent, the next one first."""
        waiting = [one for one in self.handovers.values() if one.state is HandoverState.REQUESTED]
        return tuple(sorted(waiting, key=lambda one: (-_weight(one, now, rules), one.requested_at, one.id)))

    def position(self, handover: str, now: datetime, rules: DeskRules) -> int:
        """Return a waiting call's or chat's place among its like, 1 for the next one."""
        medium = self.handovers[handover].medium
        alike = [one.id for one in self.waiting(now, rules) if one.medium is medium]
        return alike.index(handover) + 1

    def estimated_wait(self, position: int, rules: DeskRules, medium: Medium = Medium.CALL) -> float | None:
        """Return the seconds that the call or chat at ``position`` will wait, None while that cannot be said.

        With all of c agents busy and talks of s seconds on average a call leaves every s / c seconds (M/M/c, Kleinrock,
        Queueing Systems I, 1975, section 3.5), and ``position`` of them must leave.
        """
        handled = self.handled if medium is Medium.CALL else self.handled_chats
        at_once = len(self.on_duty) * (1 if medium is Medium.CALL else rules.chats)
        if not at_once or len(handled) < rules.least_handled:
            return None
        return position * math.fsum(handled) / len(handled) / at_once

    def _legal(self, handover: str, state: HandoverState) -> Handover:
        found = self.handovers.get(handover)
        if found is None or state not in STEPS[found.state]:
            raise IllegalHandoverError(f"{handover}: {found.state if found else None} → {state}")
        return found

    def _agent(self, agent: str) -> Agent:
        if (found := self.agents.get(agent)) is None:
            raise NoSuchAgentError(agent)
        return found


def _with(desk: Desk, agent: Agent) -> Desk:
    return replace(desk, agents={**desk.agents, agent.id: agent})


def _holding(desk: Desk, handover: Handover) -> Desk:
    return replace(desk, handovers={**desk.handovers, handover.id: handover})


def _freed(desk: Desk, agent: str, presence: Presence, at: datetime) -> Desk:
    found = desk.agents.get(agent)
    return desk if found is None else _with(desk, replace(found, presence=presence, since=at))


def _chat_left(desk: Desk, chat: Handover, agent: str, at: datetime) -> Desk:
    """Note a chat that its agent held or was offered; after the last one there is time to wrap up."""
    if chat.state is not HandoverState.BRIDGED or chat.since is None:
        return desk
    desk = replace(desk, handled_chats=(*desk.handled_chats, (at - chat.since).total_seconds()))
    held = desk.agents.get(agent)
    is_through = held is not None and held.presence is Presence.READY and not desk.chats_of(agent)
    return _freed(desk, agent, Presence.WRAP_UP, at) if is_through else desk


def _may_still_take(desk: Desk, handover: Handover) -> bool:
    return bool(_candidates(desk, handover))


def _candidates(desk: Desk, handover: Handover) -> list[Agent]:
    """Return who may take the call now or later."""
    agents = desk.agents.values() if handover.is_called_for else desk.on_duty
    return [
        agent for agent in agents if agent.id not in handover.refused_by and handover.only in (None, agent.id)
    ]


def _waits_for_it(agent: Agent, handover: Handover) -> bool:
    return handover.is_called_for and agent.presence is not Presence.BUSY


def _offered(desk: Desk, handover: Handover, now: datetime, rules: DeskRules) -> Desk:
    """Offer the call to who has been free the longest, of those with the skill while it has not waited long.

    A chat goes to who holds the fewest; who holds chats takes no call, and no more chats while a call waits for them.
    """
    others = _candidates(desk, handover)
    if not others:
        return _holding(desk, replace(handover, state=HandoverState.FAILED, since=now))
    free = [agent for agent in others if _may_be_offered(desk, agent, handover, rules)]
    able = [agent for agent in free if _can(agent, handover.skill)]
    has_able = any(_can(agent, handover.skill) for agent in others)
    is_patient = now - handover.requested_at <= timedelta(seconds=rules.skill_patience)
    chosen = able if has_able and is_patient else able or free
    if not chosen:
        return desk
    agent = min(chosen, key=lambda one: (len(desk.chats_of(one.id)), one.since, one.id))
    if handover.medium is Medium.CALL:
        desk = _with(desk, replace(agent, presence=Presence.BUSY, since=now))
    return _holding(desk, replace(handover, state=HandoverState.BRIEFING, agent=agent.id, since=now))


def _may_be_offered(desk: Desk, agent: Agent, handover: Handover, rules: DeskRules) -> bool:
    held = len(desk.chats_of(agent.id))
    if handover.medium is Medium.CALL:
        return not held and (agent.presence is Presence.READY or _waits_for_it(agent, handover))
    if agent.presence is not Presence.READY or held >= rules.chats:
        return False
    calls = (one for one in desk.handovers.values() if one.medium is Medium.CALL)
    return not held or not any(
        one.state is HandoverState.REQUESTED and agent in _candidates(desk, one) for one in calls
    )


def _without_lost_agents(desk: Desk, now: datetime) -> Desk:
    """Let chats go whose agent's desk is gone: one that was only offered waits again."""
    for chat in desk.handovers.values():
        if chat.medium is Medium.CHAT and chat.agent is not None and chat.agent not in desk.agents:
            state = HandoverState.REQUESTED
            if chat.state is HandoverState.BRIDGED:
                state = HandoverState.FAILED
            desk = _holding(desk, replace(chat, agent=None, state=state, since=now))
    return desk


def _can(agent: Agent, skill: Skill) -> bool:
    return skill is Skill.ORDINARY or skill in agent.skills


def _weight(handover: Handover, now: datetime, rules: DeskRules) -> float:
    waited = (now - handover.requested_at).total_seconds()
    ahead = rules.urgent if handover.is_urgent else 0.0
    return waited + ahead + (rules.elder if handover.skill is Skill.ELDER else 0.0)
