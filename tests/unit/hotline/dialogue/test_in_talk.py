"""While people talk, the machine says who comes, who is gone and that somebody is to wait; and takes over who was left alone."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from hotline.dialogue.actions import PlanCallback
from hotline.dialogue.events import AgentJoined, KeyPressed, Said
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
    TalkSaid,
)
from hotline.domain.callbacks import CallingHours
from tests.builders import NOW
from tests.talking import Conversation

HOURS = CallingHours(((time(9), time(12)), (time(14), time(17)), (time(17), time(20))), timedelta(minutes=30))


def in_talk(**settings) -> Conversation:
    call = Conversation(calling_hours=HOURS, **settings)
    call.says("转人工")
    call.happens(AgentJoined(NOW, call.turn, "1024"))
    return call


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (PartyRings(NOW, "110"), "正在接通110"),
        (PartyJoined(NOW, "市住建局"), "市住建局已经接入"),
        (PartyGone(NOW, "110"), "110已经退出"),
        (PartyNotReached(NOW, "市住建局", "busy"), "正在通话中"),
        (PartyNotReached(NOW, "市住建局", "no_answer"), "没有人接听"),
        (PartyNotReached(NOW, "市住建局", "rejected"), "没有接听"),
        (PartyNotReached(NOW, "市住建局", "failed"), "没有接通"),
        (PartyNotReached(NOW, "市住建局", "no_line"), "线路正忙"),
        (PartyNotReached(NOW, "市住建局", "left"), "不再接通"),
        (PutOnHold(NOW), "请您稍候"),
        (PutOnHold(NOW, is_still=True), "还在为您联系"),
        (AgentLeft(NOW), "可以继续通话"),
        (AgentLeft(NOW, is_passing=True), "转给其他话务员"),
        (PassedOn(NOW, "1025"), "号话务员为您服务"),
        (PassedOn(NOW, "A7"), "A7号话务员"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_happens_is_said_to_all_who_talk(event: TalkEvent, words: str) -> None:
    call = in_talk()
    call.happens(event)
    assert words in call.said


def test_who_is_on_hold_is_told_nothing_of_what_happens_without_them() -> None:
    call = in_talk()
    call.happens(PutOnHold(NOW))
    assert call.happens(PartyJoined(NOW, "市住建局")) == ()
    assert call.happens(Retrieved(NOW)) == ()
    call.happens(PartyGone(NOW, "市住建局"))
    assert "市住建局已经退出" in call.said


def test_who_was_left_alone_is_offered_to_be_called_back() -> None:
    call = in_talk()
    call.happens(AgentLeft(NOW, is_passing=True))
    call.happens(LeftAlone(NOW))
    assert call.heard == ("agent_busy", "callback_offer")
    assert call.session.outcome.value == "failed"
    call.happens(KeyPressed(NOW, "1"))
    assert isinstance(call.did[-1], PlanCallback)


def test_words_to_an_agent_are_not_for_the_machine_and_news_of_no_talk_are_none() -> None:
    call = in_talk()
    assert call.happens(Said(NOW, "我要投诉", "我要投诉")) == ()
    fresh = Conversation()
    assert fresh.happens(PartyJoined(NOW, "110")) == ()


def test_what_people_say_to_each_other_is_not_answered() -> None:
    call = in_talk()
    assert call.happens(TalkSaid(NOW, "citizen", "我家暖气不热，转人工，有人晕倒了", "")) == ()
    assert not call.session.is_secret


def test_a_state_secret_between_people_ends_the_writing_down() -> None:
    call = in_talk()
    assert call.happens(TalkSaid(NOW, "citizen", "我这里有一份机密文件要反映", "")) == ()
    assert call.session.is_secret
    assert call.session.so_far.text == ""


def test_words_that_come_after_the_talk_are_nobodys() -> None:
    call = Conversation(calling_hours=HOURS)
    assert call.happens(TalkSaid(NOW, "agent", "机密文件", "")) == ()
    assert not call.session.is_secret
