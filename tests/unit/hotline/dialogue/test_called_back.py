"""Who is called back hears who calls and is put through to the agent who waits; nobody is asked or promised twice."""

from __future__ import annotations

from datetime import time, timedelta

from hotline.dialogue.actions import End, GiveWayToEmergency, RegisterAppeal, TransferToAgent
from hotline.dialogue.events import AgentJoined, CalledBack, HungUp, NoAgentFree, Said, Started
from hotline.domain.appeal import ContactChannel
from hotline.domain.callbacks import CallingHours
from tests.builders import NOW, PHONE, a_session

HOURS = CallingHours(((time(9), time(12)), (time(14), time(17))), timedelta(minutes=30))
CALLBACK = CalledBack("t1", PHONE, "我家暖气不热，已经三天了", "h1")


def called():
    session = a_session(calling_hours=HOURS)
    did = session.handle(Started(NOW, "c2", ContactChannel.PHONE, PHONE, callback=CALLBACK))
    return session, did


def test_the_greeting_tells_no_stranger_what_it_is_about_and_the_agent_is_the_one_kept_free() -> None:
    _, (say, transfer) = called()
    assert say.prompts == ("callback_greeting",)
    assert "暖气" not in say.text
    assert isinstance(transfer, TransferToAgent)
    assert (transfer.reason, transfer.handover) == ("callback", "h1")
    assert CALLBACK.words in transfer.briefing


def test_an_agent_who_is_lost_means_another_call_not_another_promise() -> None:
    session, (_, transfer) = called()
    did = session.handle(NoAgentFree(NOW, transfer.turn))
    assert did[0].prompts == ("goodbye_callback",)
    assert isinstance(did[-1], End)
    assert session.outcome.value == "failed"


def test_who_hangs_up_while_waiting_has_a_task_already() -> None:
    session, _ = called()
    did = session.handle(HungUp(NOW))
    assert not any(isinstance(action, RegisterAppeal) for action in did)
    assert not session.was_abandoned


def test_a_talk_with_an_agent_is_one() -> None:
    session, (_, transfer) = called()
    session.handle(AgentJoined(NOW, transfer.turn, "1024"))
    assert session.outcome.value == "agent"


def test_an_emergency_comes_before_the_agent() -> None:
    session, _ = called()
    did = session.handle(Said(NOW, "着火了，救命", "着火了，救命"))
    assert any(isinstance(action, GiveWayToEmergency) for action in did)
