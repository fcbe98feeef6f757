"""Agents and the calls that wait for them: who gets which call, how long it takes, and that none is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.domain.agents import (
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
from tests.builders import NOW, after

RULES = DeskRules()


def agent(number: str, *skills: Skill, seconds: float = 0.0) -> Agent:
    known = frozenset(skills) or frozenset({Skill.ORDINARY})
    return Agent(number, f"话务员{number}", known, Presence.READY, after(seconds), after(seconds))


def call(
    name: str, seconds: float = 0.0, skill: Skill = Skill.ORDINARY, *, is_urgent: bool = False
) -> Handover:
    at = after(seconds)
    return Handover(name, f"c-{name}", "13905390001", skill, "asked", "暖气不热", at, at, is_urgent)


def desk(*agents: Agent) -> Desk:
    found = Desk()
    for one in agents:
        found = found.sign_in(one)
    return found


def given(found: Desk) -> dict[str, str | None]:
    return {name: one.agent for name, one in found.handovers.items()}


def test_who_waits_longest_gets_who_is_free_longest() -> None:
    found = (
        desk(agent("2", seconds=-10), agent("1", seconds=-20)).request(call("b", -1)).request(call("a", -5))
    )
    assert given(found.at(NOW, RULES)) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (call("elder", -10, Skill.ELDER), call("longer", -60)),
        (call("fire", 0, is_urgent=True), call("longer", -600)),
    ],
)
def test_elders_and_emergencies_are_ahead(first: Handover, then: Handover) -> None:
    rules = DeskRules(silent=3_600)
    found = desk(agent("1")).request(then).request(first).at(NOW, rules)
    assert given(found) == {first.id: "1", then.id: None}
    assert found.position(then.id, NOW, rules) == 1


def test_dialect_goes_to_who_speaks_it_while_there_is_patience() -> None:
    able = agent("2", Skill.DIALECT, seconds=1)
    found = desk(agent("1"), able).request(call("a", skill=Skill.DIALECT)).at(NOW, RULES)
    assert given(found) == {"a": "2"}
    both = found.request(call("b", skill=Skill.DIALECT))
    assert given(both.at(after(20), RULES))["b"] is None
    assert (
        given(both.keep("b", after(31)).keep("a", after(31)).saw("1", after(31)).at(after(31), RULES))["b"]
        == "1"
    )


def test_dialect_goes_to_anybody_where_nobody_speaks_it() -> None:
    assert given(desk(agent("1")).request(call("a", skill=Skill.DIALECT)).at(NOW, RULES)) == {"a": "1"}


def test_who_does_not_answer_is_paused_and_the_next_is_rung() -> None:
    found = desk(agent("1", seconds=-2), agent("2")).request(call("a")).at(NOW, RULES)
    found = found.step("a", HandoverState.RINGING, NOW).refuse("a", Refusal.NO_ANSWER, after(20))
    assert found.agents["1"].presence is Presence.PAUSED
    assert given(found.at(after(20), RULES)) == {"a": "2"}


def test_who_refuses_stays_ready_and_is_not_offered_the_call_again() -> None:
    found = desk(agent("1", seconds=-2), agent("2")).request(call("a")).at(NOW, RULES)
    found = found.refuse("a", Refusal.REJECTED, after(1)).at(after(1), RULES)
    assert (found.agents["1"].presence, given(found)) == (Presence.READY, {"a": "2"})
    lost = found.refuse("a", Refusal.REJECTED, after(2))
    assert (lost.handovers["a"].state, lost.agents["2"].presence) == (HandoverState.REJECTED, Presence.READY)


def test_the_last_who_does_not_answer_leaves_the_call_lost() -> None:
    found = desk(agent("1")).request(call("a")).at(NOW, RULES)
    assert found.refuse("a", Refusal.NO_ANSWER, NOW).handovers["a"].state is HandoverState.FAILED


def test_a_call_that_waits_when_the_last_agent_leaves_is_lost() -> None:
    found = desk(agent("1"), agent("2")).request(call("a")).at(NOW, RULES).request(call("b"))
    found = found.turn("2", Presence.OFFLINE, NOW) if found.agents["2"].presence is Presence.READY else found
    found = found.refuse("a", Refusal.NO_ANSWER, NOW)
    assert found.at(NOW, RULES).handovers["b"].state is HandoverState.FAILED


def test_a_talk_leads_over_wrap_up_to_ready_again() -> None:
    found = desk(agent("1")).request(call("a")).at(NOW, RULES)
    for state in (HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED):
        found = found.step("a", state, after(5))
    found = found.leave("a", after(65))
    assert (found.agents["1"].presence, found.handled, dict(found.handovers)) == (
        Presence.WRAP_UP,
        (60.0,),
        {},
    )
    found = found.saw("1", after(94))
    assert found.at(after(94), RULES).agents["1"].presence is Presence.WRAP_UP
    assert found.at(after(96), RULES).agents["1"].presence is Presence.READY


def test_desks_and_calls_without_a_sign_of_life_are_gone_but_never_a_talk() -> None:
    found = desk(agent("1"), agent("2", seconds=1)).request(call("a")).at(NOW, RULES)
    later = found.keep("a", after(60)).at(after(60), RULES)
    assert set(later.agents) == {"1"}
    orphaned = later.at(after(120), RULES)
    assert (dict(orphaned.handovers), set(orphaned.agents)) == ({}, set())


def test_nobody_is_away_from_a_call() -> None:
    found = desk(agent("1")).request(call("a")).at(NOW, RULES)
    with pytest.raises(AgentIsBusyError):
        found.turn("1", Presence.PAUSED, NOW)
    with pytest.raises(NoSuchAgentError):
        found.turn("9", Presence.PAUSED, NOW)
    assert found.sign_in(agent("1", Skill.ELDER)).agents["1"].presence is Presence.BUSY


@pytest.mark.parametrize("state", [HandoverState.BRIDGED, HandoverState.ACCEPTED, HandoverState.RINGING])
def test_steps_that_skip_others_are_illegal(state: HandoverState) -> None:
    with pytest.raises(IllegalHandoverError):
        desk().request(call("a")).step("a", state, NOW)


def test_the_wait_is_estimated_from_the_last_talks() -> None:
    found = Desk(handled=(100.0, 200.0, 100.0, 200.0))
    on_duty = {one.id: one for one in (agent("1"), agent("2"))}
    assert Desk(agents=on_duty, handled=found.handled).estimated_wait(1, RULES) is None
    known = Desk(agents=on_duty, handled=(*found.handled, 150.0))
    assert (known.estimated_wait(1, RULES), known.estimated_wait(4, RULES)) == (75.0, 300.0)
    assert Desk(handled=known.handled).estimated_wait(1, RULES) is None


def test_the_position_is_told_from_the_front() -> None:
    found = (
        desk(agent("1")).request(call("a", -3)).at(NOW, RULES).request(call("b", -1)).request(call("c", -2))
    )
    assert [one.id for one in found.waiting(NOW, RULES)] == ["c", "b"]
    assert found.position("b", NOW + timedelta(seconds=1), RULES) == 2
