"""Chats on the agents' desk: shared out beside calls, held several at a time, taken, passed on, and not lost with an agent."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hotline.domain.agent_chats import held_chat, pass_chat_on, take_chat
from hotline.domain.agents import (
    Agent,
    AgentIsBusyError,
    Desk,
    DeskRules,
    Handover,
    HandoverState,
    IllegalHandoverError,
    Medium,
    NoSuchAgentError,
    Presence,
    Refusal,
    Skill,
)
from tests.builders import NOW

RULES = DeskRules(chats=2, least_handled=1)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_desk(*agents: str, at: datetime = NOW) -> Desk:
    desk = Desk()
    for number in agents:
        skills = frozenset({Skill.ORDINARY, Skill.DIALECT} if number == "2" else {Skill.ORDINARY})
        desk = desk.sign_in(Agent(number, "话务员", skills, Presence.READY, at, at))
    return desk


def waiting(desk: Desk, *ids: str, medium: Medium = Medium.CHAT, at: datetime = NOW) -> Desk:
    for one in ids:
        desk = desk.request(Handover(one, one, "", Skill.ORDINARY, "asked", "", at, at, medium=medium))
    return desk.at(at, RULES)


def holders(desk: Desk) -> dict[str, str | None]:
    return {one.id: one.agent for one in desk.handovers.values()}


def test_chats_go_to_who_holds_the_fewest_up_to_as_many_as_one_may_have() -> None:
    desk = waiting(a_desk("1", "2"), "a", "b", "c", "d", "e")
    assert holders(desk) == {"a": "1", "b": "2", "c": "1", "d": "2", "e": None}
    assert [agent.presence for agent in desk.agents.values()] == [Presence.READY, Presence.READY]
    assert desk.position("e", NOW, RULES) == 1


def test_who_holds_a_chat_gets_no_call_and_no_more_chats_while_a_call_waits_for_them() -> None:
    desk = waiting(waiting(a_desk("1"), "a"), "call", medium=Medium.CALL, at=later(1))
    assert desk.call_of("1") is None
    desk = waiting(desk, "b", at=later(2))
    assert [chat.id for chat in desk.chats_of("1")] == ["a"]
    assert (desk.position("call", later(2), RULES), desk.position("b", later(2), RULES)) == (1, 1)
    desk = desk.leave("a", later(3)).at(later(3), RULES)
    call = desk.call_of("1")
    assert call is not None
    assert (call.id, desk.agents["1"].presence, desk.chats_of("1")) == ("call", Presence.BUSY, ())


def test_a_chat_is_taken_by_whom_it_is_offered_to_or_by_who_picks_it() -> None:
    desk = waiting(a_desk("1"), "a", "b", "c")
    desk = take_chat(desk, "a", "1", later(5), RULES)
    assert (desk.handovers["a"].state, desk.handovers["a"].since) == (HandoverState.BRIDGED, later(5))
    assert take_chat(desk, "a", "1", later(6), RULES) == desk
    with pytest.raises(AgentIsBusyError):
        take_chat(desk, "c", "1", later(6), RULES)
    desk = a_desk("1", "2").at(NOW, RULES)
    desk = waiting(desk.turn("1", Presence.PAUSED, NOW).turn("2", Presence.PAUSED, NOW), "a")
    assert holders(desk) == {"a": None}


def test_nobody_takes_what_is_somebody_elses_or_nothing() -> None:
    desk = waiting(a_desk("1", "2"), "a")
    with pytest.raises(IllegalHandoverError):
        take_chat(desk, "a", "2", NOW, RULES)
    with pytest.raises(IllegalHandoverError):
        take_chat(desk, "unknown", "1", NOW, RULES)
    with pytest.raises(NoSuchAgentError):
        take_chat(desk, "a", "9", NOW, RULES)
    call = waiting(a_desk("1"), "call", medium=Medium.CALL)
    with pytest.raises(IllegalHandoverError):
        take_chat(call, "call", "1", NOW, RULES)
    busy = waiting(call, "a")
    with pytest.raises(AgentIsBusyError):
        take_chat(busy, "a", "1", NOW, RULES)
    lost = desk.leave("a", NOW)
    with pytest.raises(IllegalHandoverError):
        held_chat(lost, "a", "1")


def test_a_chat_that_nobody_can_have_is_lost_and_cannot_be_taken() -> None:
    desk = waiting(a_desk("1"), "a").refuse("a", Refusal.REJECTED, NOW)
    assert desk.handovers["a"].state is HandoverState.REJECTED
    assert desk.agents["1"].presence is Presence.READY
    with pytest.raises(IllegalHandoverError):
        take_chat(desk, "a", "1", NOW, RULES)


def test_who_lets_an_offered_chat_lie_is_paused_and_keeps_the_others() -> None:
    desk = take_chat(waiting(a_desk("1", "2"), "a"), "a", "1", NOW, RULES)
    desk = waiting(desk, "b", "c", at=later(1))
    (offered,) = [one for one in desk.chats_of("1") if one.state is HandoverState.BRIEFING]
    desk = desk.refuse(offered.id, Refusal.NO_ANSWER, later(2)).at(later(2), RULES)
    assert (desk.agents["1"].presence, desk.handovers[offered.id].agent) == (Presence.PAUSED, "2")
    assert [chat.id for chat in desk.chats_of("1")] == ["a"]


def test_after_the_last_chat_there_is_time_to_wrap_up() -> None:
    desk = waiting(a_desk("1"), "a", "b")
    for chat in ("a", "b"):
        desk = take_chat(desk, chat, "1", NOW, RULES)
    desk = desk.leave("a", later(60))
    assert desk.agents["1"].presence is Presence.READY
    desk = desk.leave("b", later(100))
    assert (desk.agents["1"].presence, desk.handled_chats, desk.handled) == (Presence.WRAP_UP, (60, 100), ())
    paused = take_chat(waiting(a_desk("1"), "a"), "a", "1", NOW, RULES).turn("1", Presence.PAUSED, NOW)
    assert paused.leave("a", later(9)).agents["1"].presence is Presence.PAUSED
    offered = waiting(a_desk("1"), "a").leave("a", later(1))
    assert (offered.agents["1"].presence, offered.handled_chats) == (Presence.READY, ())


def test_who_holds_chats_may_pause_but_not_sign_out() -> None:
    desk = waiting(a_desk("1"), "a")
    assert desk.turn("1", Presence.PAUSED, NOW).agents["1"].presence is Presence.PAUSED
    with pytest.raises(AgentIsBusyError):
        desk.turn("1", Presence.OFFLINE, NOW)


def test_with_an_agent_whose_desk_is_gone_held_chats_fail_and_offered_ones_wait_again() -> None:
    desk = take_chat(waiting(a_desk("1"), "a", "b"), "a", "1", NOW, RULES)
    for chat in ("a", "b"):
        desk = desk.keep(chat, later(40))
    desk = desk.sign_in(Agent("2", "", frozenset({Skill.ORDINARY}), Presence.READY, later(40), later(40)))
    desk = desk.at(later(50), RULES)
    assert {one.id: (one.state, one.agent) for one in desk.handovers.values()} == {
        "a": (HandoverState.FAILED, None), "b": (HandoverState.BRIEFING, "2"),
    }  # fmt: skip


def test_a_chat_is_passed_on_to_a_colleague_a_skill_or_anybody_else() -> None:
    held = take_chat(waiting(a_desk("1"), "a"), "a", "1", NOW, RULES)
    with pytest.raises(NoSuchAgentError):
        pass_chat_on(held, "a", "1", later(5), to="")
    for number in ("2", "3"):
        held = held.sign_in(Agent(number, "", frozenset({Skill.DIALECT} if number == "2" else ()), Presence.READY, NOW, NOW))  # fmt: skip
    assert pass_chat_on(held, "a", "1", later(5), to="3").at(later(5), RULES).handovers["a"].agent == "3"
    assert (
        pass_chat_on(held, "a", "1", later(5), to="dialect").at(later(5), RULES).handovers["a"].agent == "2"
    )
    anybody = pass_chat_on(held, "a", "1", later(5), to="").at(later(5), RULES).handovers["a"]
    assert (anybody.agent in ("2", "3"), anybody.requested_at) == (True, later(5))
    with pytest.raises(IllegalHandoverError):
        pass_chat_on(held, "a", "2", later(5), to="")


def test_the_wait_for_a_chat_is_estimated_from_chats() -> None:
    desk = waiting(a_desk("1", "2"), "a")
    assert desk.estimated_wait(1, RULES, Medium.CHAT) is None
    desk = take_chat(desk, "a", "1", NOW, RULES).leave("a", later(400))
    assert desk.estimated_wait(2, RULES, Medium.CHAT) == 200.0
