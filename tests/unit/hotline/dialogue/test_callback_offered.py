"""Nobody is free: the citizen is offered to be called back at a certain time, and told so only after the commit."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from hotline.dialogue.actions import End, PlanCallback, RegisterAppeal, TransferToAgent
from hotline.dialogue.events import CallbackPlanned, EngineFailed, FellSilent, HungUp, KeyPressed, NoAgentFree
from hotline.domain.callbacks import CallingHours
from hotline.domain.meaning import Intent
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning
from tests.talking import Conversation

HOURS = CallingHours(((time(9), time(12)), (time(14), time(17)), (time(17), time(20))), timedelta(minutes=30))
WINDOW = HOURS.next_window(NOW)


def nobody_free(*said: str, phone=PHONE) -> Conversation:
    call = Conversation(phone=phone, calling_hours=HOURS)
    for words in said:
        call.says(words, a_complaint(words))
    call.says("转人工")
    assert isinstance(call.did[-1], TransferToAgent)
    call.happens(NoAgentFree(NOW, call.turn))
    return call


def planned(call: Conversation) -> PlanCallback:
    action = call.did[-1]
    assert isinstance(action, PlanCallback)
    return action


def test_a_time_is_offered_and_told_again_once_it_is_kept() -> None:
    call = nobody_free()
    assert call.heard == ("agent_busy", "callback_offer")
    told = call.said.partition("工作人员在")[2].partition("给您回电")[0]
    assert told.endswith("之间")
    call.says("可以")
    assert planned(call) == PlanCallback(call.turn, PHONE, WINDOW, "")
    call.happens(CallbackPlanned(NOW, call.turn, WINDOW))
    assert call.heard == ("callback_planned", "goodbye")
    assert told in call.said
    assert isinstance(call.did[-1], End)


@pytest.mark.parametrize(
    "agree", ["好的", "行", "嗯", "好，让他回我电话", "给我回个电话吧", "那就打我手机吧"]
)
def test_who_agrees_is_called(agree: str) -> None:
    call = nobody_free()
    call.says(agree)
    assert planned(call).phone == PHONE


@pytest.mark.parametrize("said", ["那你登记吧", "你给我登记一下", "不用了，先记下来吧"])
def test_who_would_rather_tell_the_machine_is_taken_down(said: str) -> None:
    known, unknown = nobody_free("我家暖气不热"), nobody_free()
    known.says(said)
    unknown.says(said)
    assert (known.heard, unknown.heard) == (("ask_place",), ("go_ahead",))


def test_a_matter_that_is_not_known_is_kept_for_who_would_rather_have_it_registered() -> None:
    call = Conversation(calling_hours=HOURS)
    call.says("那个啥坏了一大片", a_complaint("那个啥坏了一大片", category=None))
    call.says("转人工")
    call.happens(NoAgentFree(NOW, call.turn))
    call.says("那你登记吧")
    recorded = call.did[-1]
    assert isinstance(recorded, RegisterAppeal)
    assert recorded.appeal.text == "那个啥坏了一大片"


@pytest.mark.parametrize("said", ["没有了", "不用了", "没事了"])
def test_who_has_nothing_more_behind_an_order_makes_no_second(said: str) -> None:
    call = Conversation(calling_hours=HOURS)
    call.says("路灯不亮", a_complaint("路灯不亮", place=LANSHAN))
    call.says("对")
    call.is_registered()
    call.says("转人工")
    call.happens(NoAgentFree(NOW, call.turn))
    call.says("哎呀怎么老是忙啊", a_meaning("哎呀怎么老是忙啊", Intent.UNKNOWN))
    registered = sum(isinstance(action, RegisterAppeal) for action in call.did)
    call.says(said)
    assert (registered, isinstance(call.did[-1], End), call.heard) == (1, True, ("goodbye",))


@pytest.mark.parametrize(
    "refusal", ["算了", "那算了", "算了吧不要回电了", "我不要回电我现在就要说", "再说吧"]
)
def test_who_refuses_in_other_words_is_not_called(refusal: str) -> None:
    call = nobody_free()
    call.says(refusal)
    assert call.heard == ("agent_busy", "leave_message")


def test_who_tells_the_matter_instead_is_taken_down_by_the_machine() -> None:
    call = nobody_free()
    call.says("不用了，我家暖气还是不热", a_complaint("我家暖气还是不热"))
    assert call.heard == ("ask_place",)
    assert call.session._draft.accounts == ("我家暖气还是不热",)


def test_who_told_a_matter_before_is_called_and_the_words_go_along() -> None:
    call = nobody_free("我家暖气不热")
    call.says("修了几回都没修好", a_complaint("修了几回都没修好"))
    assert planned(call).words == "我家暖气不热，修了几回都没修好"


def test_words_that_say_nothing_are_asked_about_once_and_then_taken_for_consent() -> None:
    call = nobody_free()
    call.says("哎呀怎么老是忙啊", a_meaning("哎呀怎么老是忙啊", Intent.UNKNOWN))
    assert call.heard == ("agent_busy", "callback_offer")
    call.says("真是的", a_meaning("真是的", Intent.UNKNOWN))
    assert planned(call).words == "哎呀怎么老是忙啊，真是的"


def test_silence_and_key_one_are_consent_too() -> None:
    silent, pressed = nobody_free(), nobody_free()
    silent.happens(FellSilent(NOW, silent.turn))
    pressed.happens(KeyPressed(NOW, "1"))
    assert planned(silent).window == planned(pressed).window == WINDOW


def test_what_was_said_before_goes_along() -> None:
    call = nobody_free("我家暖气不热")
    call.says("可以")
    assert planned(call).words == "我家暖气不热"


def test_who_does_not_want_it_leaves_a_message() -> None:
    call = nobody_free()
    call.says("不用了")
    assert call.heard == ("agent_busy", "leave_message")


def test_a_task_that_could_not_be_kept_is_not_promised() -> None:
    call = nobody_free("我家暖气不热")
    call.says("可以")
    call.happens(EngineFailed(NOW, call.turn, "callbacks"))
    assert isinstance(call.did[-1], RegisterAppeal)
    assert not any("callback_planned" in getattr(action, "prompts", ()) for action in call.did)


def test_without_a_number_there_is_nobody_to_call() -> None:
    assert nobody_free(phone=None).heard == ("agent_busy", "leave_message")


@pytest.mark.parametrize("moment", ["while it rings", "while it is offered"])
def test_who_hangs_up_while_waiting_for_a_person_is_known_to_have_waited(moment: str) -> None:
    call = Conversation(calling_hours=HOURS)
    call.says("转人工")
    if moment == "while it is offered":
        call.happens(NoAgentFree(NOW, call.turn))
    call.happens(HungUp(NOW))
    assert call.session.was_abandoned


def test_who_hangs_up_after_the_greeting_is_not_called_back() -> None:
    call = Conversation(calling_hours=HOURS)
    call.happens(HungUp(NOW))
    assert not call.session.was_abandoned


@pytest.mark.parametrize("said", ["上午我没空，下午三点以后行不行", "后天吧", "晚上行不行"])
def test_who_has_no_time_is_offered_the_next_and_is_noted_at_last(said: str) -> None:
    call = nobody_free("暖气不热")
    first = call.said.partition("工作人员在")[2].partition("给您回电")[0]
    call.says(said)
    assert call.heard == ("callback_other", "callback_offer")
    second = call.said.partition("工作人员在")[2].partition("给您回电")[0]
    assert first != second
    call.says("可以")
    assert said in planned(call).words
    call = nobody_free("暖气不热")
    for _ in range(3):
        call.says(said)
    call.happens(CallbackPlanned(NOW, call.turn, planned(call).window))
    assert call.heard == ("callback_wish_noted", "goodbye")


def test_who_wants_no_call_but_the_matter_noted_leaves_a_message() -> None:
    call = nobody_free("医院乱收费")
    call.says("不用回电了，你记一下就行")
    recorded = call.did[-1]
    assert isinstance(recorded, RegisterAppeal)
    assert recorded.appeal.text == "医院乱收费"


@pytest.mark.parametrize("words", ["算了，我跟你说吧", "我跟你说吧", "不用了，我跟你说说"])
def test_who_would_rather_tell_it_is_invited_to_go_on(words: str) -> None:
    call = nobody_free()
    call.says(words)
    assert call.heard == ("go_ahead",)
