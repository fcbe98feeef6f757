"""Whatever agents and callers do, a call is with one agent at most, an agent with one call, and none is lost."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hotline.domain.agents import (
    LOST,
    STEPS,
    WITH_AGENT,
    Agent,
    AgentIsBusyError,
    Desk,
    DeskRules,
    Handover,
    HandoverState,
    IllegalHandoverError,
    NoSuchAgentError,
    Presence,
    Refusal,
    Skill,
)
from tests.builders import NOW

RULES = DeskRules()
AGENTS = st.sampled_from(["1", "2", "3"])
CALLS = st.sampled_from(["a", "b", "c", "d"])
SKILLS = st.sampled_from(Skill)


class Floor(RuleBasedStateMachine):
    """Three agents, four callers, and time that only goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.now = NOW
        self.open: set[str] = set()

    def _pass(self) -> None:
        self.desk = self.desk.at(self.now, RULES)

    @rule(seconds=st.integers(0, 60))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        for name in self.open:
            self.desk = self.desk.keep(name, self.now)
        self._pass()

    @rule(number=AGENTS, skills=st.frozensets(SKILLS, min_size=1))
    def sign_in(self, number: str, skills: frozenset[Skill]) -> None:
        self.desk = self.desk.sign_in(Agent(number, number, skills, Presence.READY, self.now, self.now))
        self._pass()

    @rule(number=AGENTS, presence=st.sampled_from([Presence.READY, Presence.PAUSED, Presence.OFFLINE]))
    def turn(self, number: str, presence: Presence) -> None:
        try:
            self.desk = self.desk.turn(number, presence, self.now)
        except (AgentIsBusyError, NoSuchAgentError):
            return
        self._pass()

    @rule(name=CALLS, skill=SKILLS, is_urgent=st.booleans())
    def call(self, name: str, skill: Skill, is_urgent: bool) -> None:
        if name not in self.open:
            self.open.add(name)
            wish = Handover(name, name, "", skill, "asked", "", self.now, self.now, is_urgent)
            self.desk = self.desk.request(wish)
            self._pass()

    @rule(name=CALLS, state=st.sampled_from(HandoverState))
    def step(self, name: str, state: HandoverState) -> None:
        found = self.desk.handovers.get(name)
        if state in (HandoverState.BRIEFING, HandoverState.REQUESTED) or state in LOST:
            return  # the desk's own steps
        try:
            self.desk = self.desk.step(name, state, self.now)
        except IllegalHandoverError:
            assert found is None or state not in STEPS[found.state]
        else:
            assert found is not None
            assert state in STEPS[found.state]

    @rule(name=CALLS, why=st.sampled_from(Refusal))
    def refuse(self, name: str, why: Refusal) -> None:
        try:
            self.desk = self.desk.refuse(name, why, self.now)
        except IllegalHandoverError:
            return
        self._pass()

    @rule(name=CALLS)
    def leave(self, name: str) -> None:
        self.open.discard(name)
        self.desk = self.desk.leave(name, self.now)
        self._pass()

    @invariant()
    def everybody_has_one_at_most(self) -> None:
        with_agents = [one.agent for one in self.desk.handovers.values() if one.state in WITH_AGENT]
        assert None not in with_agents
        assert len(with_agents) == len(set(with_agents))
        busy = {one.id for one in self.desk.agents.values() if one.presence is Presence.BUSY}
        assert busy <= set(with_agents)

    @invariant()
    def nobody_is_lost(self) -> None:
        assert self.open == set(self.desk.handovers)
        for one in self.desk.handovers.values():
            assert (one.agent is not None) == (one.state in WITH_AGENT)

    @invariant()
    def nobody_waits_beside_a_free_agent_for_long(self) -> None:
        desk = self.desk.at(self.now, RULES)
        ready = {one.id for one in desk.agents.values() if one.presence is Presence.READY}
        for one in desk.waiting(self.now, RULES):
            if self.now - one.requested_at > timedelta(seconds=RULES.skill_patience):
                assert ready <= one.refused_by


TestFloor = Floor.TestCase
TestFloor.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
