"""People take over a conversation in writing and give it back; who waits for them may write on, or wait no longer."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from hotline.dialogue.actions import End, Listen, PlanCallback, RegisterAppeal, StayHere, TransferToAgent
from hotline.dialogue.events import AgentJoined, NoAgentFree, Said, WaitsForAgent
from hotline.dialogue.written_events import (
    AgentParted,
    AgentWrote,
    Parting,
    UnitDismissed,
    UnitInvited,
    UnitWrote,
)
from hotline.domain.appeal import ContactChannel
from hotline.domain.callbacks import CallingHours
from tests.builders import NOW, PHONE
from tests.talking import Conversation

HOURS = CallingHours(((time(9), time(12)), (time(14), time(17)), (time(17), time(20))), timedelta(minutes=30))


def waiting(**settings) -> Conversation:
    chat = Conversation(ContactChannel.APP, calling_hours=HOURS, **settings)
    chat.says("转人工")
    assert isinstance(chat.did[-1], TransferToAgent)
    return chat


def with_an_agent(**settings) -> Conversation:
    chat = waiting(**settings)
    chat.happens(AgentJoined(NOW, chat.turn, "1024"))
    return chat


def test_who_joins_is_told_by_number() -> None:
    chat = with_an_agent()
    assert chat.said == "1024号话务员为您服务，前面的对话都看得到，请直接说。"
    assert chat.session.outcome.value == "agent"


def test_what_people_write_to_each_other_is_not_the_machines_business() -> None:
    chat = with_an_agent()
    assert chat.happens(AgentWrote(NOW, "1024", "您好")) == ()
    assert chat.says("暖气不热") == ()
    assert chat.happens(UnitWrote(NOW, "26112300001", "市热力公司", "已经派人")) == ()


def test_a_unit_comes_and_goes_and_sees_nobody() -> None:
    chat = with_an_agent()
    chat.happens(UnitInvited(NOW, "26112300001", "市热力公司"))
    assert chat.said == "已经请市热力公司加入对话。对方看不到您的姓名和电话。"
    chat.happens(UnitDismissed(NOW, "26112300001", "市热力公司"))
    assert chat.said == "市热力公司已经退出对话。"


def test_an_agent_who_gives_back_leaves_the_citizen_with_the_assistant() -> None:
    chat = with_an_agent()
    done = chat.happens(AgentParted(NOW, "1024", Parting.BACK))
    assert chat.heard == ("agent_parted",)
    assert isinstance(done[-1], Listen)
    assert chat.says("没有了")[-1] == End(chat.session.outcome)
    assert chat.session.outcome.value == "agent"


def test_an_agent_who_closes_has_the_citizen_asked_how_it_was() -> None:
    chat = with_an_agent(asks_rating=True)
    chat.happens(AgentParted(NOW, "1024", Parting.CLOSED))
    assert chat.heard == ("ask_rating",)
    chat.says("满意")
    assert (chat.session.rating.value, type(chat.did[-1])) == ("satisfied", End)


def test_without_ratings_it_ends_at_once() -> None:
    chat = with_an_agent()
    assert type(chat.happens(AgentParted(NOW, "1024", Parting.CLOSED))[-1]) is End
    assert chat.heard == ("goodbye",)


@pytest.mark.parametrize(
    ("how", "heard"), [(Parting.PASSED_ON, "agent_passes_on"), (Parting.LOST, "agent_lost")]
)
def test_another_agent_is_looked_for(how: Parting, heard: str) -> None:
    chat = with_an_agent()
    done = chat.happens(AgentParted(NOW, "1024", how))
    assert chat.heard == (heard,)
    assert isinstance(done[-1], TransferToAgent)
    chat.happens(AgentJoined(NOW, chat.turn, "1025"))
    assert chat.said.startswith("1025号话务员")


def test_nobody_leaves_or_comes_before_somebody_joined() -> None:
    chat = waiting()
    assert chat.happens(AgentParted(NOW, "1024", Parting.BACK)) == ()


def test_what_is_written_while_waiting_is_kept_for_people() -> None:
    chat = waiting()
    assert chat.says("兰山区银雀山街道暖气不热") == ()
    chat.says("已经三天了")
    chat.happens(NoAgentFree(NOW, chat.turn))
    assert chat.heard == ("agent_busy", "callback_offer")
    chat.says("不可以")
    registered = chat.last(RegisterAppeal)
    assert isinstance(registered, RegisterAppeal)
    assert registered.appeal.text == "兰山区银雀山街道暖气不热，已经三天了"


@pytest.mark.parametrize("words", ["不等了", "取消排队吧", "算了"])
def test_who_does_not_want_to_wait_is_let_go(words: str) -> None:
    chat = waiting()
    done = chat.says(words)
    assert isinstance(done[0], StayHere)
    assert chat.heard == ("waits_no_more",)


def test_who_would_rather_be_called_is_offered_a_time() -> None:
    chat = waiting()
    assert chat.says("给我回电") == ()
    chat.happens(WaitsForAgent(NOW, chat.turn, 3))
    assert chat.heard == ("queue_ahead", "queue_callback")
    done = chat.says("给我回电")
    assert isinstance(done[0], StayHere)
    chat.says("可以")
    plan = chat.last(PlanCallback)
    assert isinstance(plan, PlanCallback)
    assert (plan.phone, plan.window) == (PHONE, HOURS.next_window(NOW))


def test_the_hours_of_agents_are_told_to_who_comes_outside_them() -> None:
    chat = waiting()
    chat.happens(NoAgentFree(NOW, chat.turn, hours="8:00—20:00"))
    assert chat.said.startswith("现在不是人工服务时间（8:00—20:00）。我可以请工作人员在")
    stranger = Conversation(ContactChannel.WEB_CHAT, phone=None, calling_hours=HOURS)
    stranger.says("转人工")
    stranger.happens(NoAgentFree(NOW, stranger.turn, hours="8:00—20:00"))
    assert stranger.said.startswith("现在不是人工服务时间（8:00—20:00）。请您写出要反映的事情")
    told = waiting()
    told.says("兰山区银雀山街道暖气不热")
    told.happens(NoAgentFree(NOW, told.turn, hours="8:00—20:00"))
    told.says("不可以")
    assert told.said == "现在不是人工服务时间（8:00—20:00）。"


def test_an_emergency_is_heard_even_while_waiting() -> None:
    chat = waiting()
    chat.happens(Said(NOW, "我家着火了快来人", "我家着火了快来人"))
    assert chat.session.outcome.value == "emergency"
