"""Who waits for an agent is told how long and need not wait: key 1 asks to be called back."""

from __future__ import annotations

from datetime import time, timedelta

from hotline.dialogue.actions import PlanCallback, Say, StayHere, TransferToAgent
from hotline.dialogue.events import AgentJoined, AgentRings, KeyPressed, NoAgentFree, WaitsForAgent
from hotline.domain.callbacks import CallingHours
from tests.builders import NOW, PHONE, a_complaint
from tests.talking import Conversation

HOURS = CallingHours(((time(9), time(12)), (time(14), time(17)), (time(17), time(20))), timedelta(minutes=30))


def transferring(**settings) -> Conversation:
    call = Conversation(calling_hours=HOURS, **settings)
    call.says("转人工")
    assert isinstance(call.did[-1], TransferToAgent)
    return call


def test_the_place_in_the_queue_and_the_wait_are_told() -> None:
    call = transferring()
    call.happens(WaitsForAgent(NOW, call.turn, 3, 130.0))
    assert call.heard == ("queue_ahead", "queue_wait", "queue_callback")
    assert "前面还有2位" in call.said
    assert "3分钟" in call.said
    call.happens(WaitsForAgent(NOW, call.turn, 1))
    assert call.heard == ("queue_next", "queue_callback")


def test_an_unknown_wait_is_not_invented() -> None:
    call = transferring()
    call.happens(WaitsForAgent(NOW, call.turn, 2))
    assert "分钟" not in call.said


def test_who_is_rung_is_told_by_number_and_joins() -> None:
    call = transferring()
    call.happens(AgentRings(NOW, call.turn, "1024"))
    assert call.heard == ("agent_rings",)
    call.happens(AgentJoined(NOW, call.turn, "1024"))
    assert call.session.outcome.value == "agent"


def test_key_one_ends_the_wait_and_offers_a_time() -> None:
    call = transferring()
    call.happens(WaitsForAgent(NOW, call.turn, 5, 600.0))
    done = call.happens(KeyPressed(NOW, "1"))
    assert isinstance(done[0], StayHere)
    assert call.heard == ("callback_wished", "callback_offer")
    call.happens(KeyPressed(NOW, "1"))
    plan = call.did[-1]
    assert isinstance(plan, PlanCallback)
    assert (plan.phone, plan.window) == (PHONE, HOURS.next_window(NOW))


def test_key_one_means_nothing_before_it_was_told() -> None:
    call = transferring()
    assert call.happens(KeyPressed(NOW, "1")) == ()


def test_an_unknown_caller_is_offered_no_call() -> None:
    call = transferring(phone=None)
    call.happens(WaitsForAgent(NOW, call.turn, 2))
    assert call.heard == ("queue_ahead",)
    assert call.happens(KeyPressed(NOW, "1")) == ()


def test_news_that_come_when_the_wait_is_over_are_not_spoken() -> None:
    call = transferring()
    turn = call.turn
    call.happens(NoAgentFree(NOW, turn))
    spoken = sum(isinstance(action, Say) for action in call.did)
    call.happens(WaitsForAgent(NOW, turn, 2))
    call.happens(AgentRings(NOW, turn, "1"))
    assert sum(isinstance(action, Say) for action in call.did) == spoken


def test_who_speaks_for_an_enterprise_is_put_through_to_who_knows_such_matters() -> None:
    call = Conversation()
    words = "我们公司想问惠企补贴怎么申报"
    call.says(words, a_complaint(words))
    call.says("转人工")
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert transfer.skill == "enterprise"
