"""An agent takes a conversation from the machine (接管): it falls silent at once, and goes on where nobody comes."""

from __future__ import annotations

from hotline.dialogue.actions import End, Listen, Say, StopSaying, TransferToAgent
from hotline.dialogue.events import AgentJoined, AgentRings, HungUp, PromptFinished, TakenOver, TransferFailed
from hotline.domain.appeal import ContactChannel
from tests.builders import NOW, a_complaint
from tests.talking import Conversation, with_a_complaint

TAKEN = TakenOver(NOW, "1024", "h1")


def kinds(done: tuple[object, ...]) -> list[str]:
    return [type(one).__name__ for one in done]


def test_the_machine_stops_in_mid_sentence_and_hands_over_what_it_has() -> None:
    call = with_a_complaint()
    stop, say, transfer = call.happens(TAKEN)
    assert isinstance(stop, StopSaying)
    assert isinstance(say, Say)
    assert say.text == "请稍等，话务员来接听您的电话。"
    assert isinstance(transfer, TransferToAgent)
    assert (transfer.reason, transfer.handover) == ("taken_over", "h1")
    assert "银雀山街道" in transfer.briefing
    call.happens(AgentRings(NOW, call.turn, "1024"))
    call.happens(AgentJoined(NOW, call.turn, "1024"))
    assert call.session.outcome.value == "agent"


def test_what_was_being_understood_goes_along() -> None:
    call = Conversation()
    call.says("兰山区银雀山街道暖气不热")  # not understood yet
    call.happens(TAKEN)
    transfer = call.last(TransferToAgent)
    assert isinstance(transfer, TransferToAgent)
    assert "暖气不热" in transfer.briefing


def test_a_number_that_is_being_given_is_told_first() -> None:
    call = with_a_complaint()
    call.says("不用保密")
    call.says("对")
    assert call.happens(TAKEN) == ()  # the order is being registered
    call.is_registered()
    says = [one for one in call.did if isinstance(one, Say)][-2:]
    assert [say.prompts[0] for say in says] == ["registered", "taken_over"]
    assert isinstance(call.did[-1], TransferToAgent)
    assert not any(isinstance(one, StopSaying) for one in call.did[-4:])


def test_nobody_came_after_all_and_the_question_is_put_again() -> None:
    call = with_a_complaint()
    asked = call.last(Listen)
    call.happens(TAKEN)
    call.happens(TransferFailed(NOW, call.turn, "rejected"))
    assert "对不起，话务员没有接起来，我接着为您办。" in call.said
    again = call.last(Listen)
    assert isinstance(asked, Listen)
    assert isinstance(again, Listen)
    assert again.expect == asked.expect
    call.says("不用保密")
    call.says("对")
    call.is_registered()
    assert "registered" in call.heard


def test_at_the_greeting_the_matter_is_asked_for() -> None:
    call = Conversation()
    call.happens(TAKEN)
    call.happens(TransferFailed(NOW, call.turn, "no_answer"))
    assert call.heard == ("taken_over_not", "go_ahead")
    assert isinstance(call.did[-1], Listen)


def test_who_has_it_or_is_called_to_it_keeps_it() -> None:
    call = Conversation()
    call.says("转人工")
    assert call.happens(TAKEN) == ()
    call.happens(AgentJoined(NOW, call.turn, "8001"))
    assert call.happens(TAKEN) == ()
    alarm = Conversation()
    alarm.says("我家着火了")
    assert alarm.happens(TAKEN) == ()


def test_a_talk_that_ends_is_not_held_up() -> None:
    call = with_a_complaint()
    call.says("不用保密")
    call.says("对")
    call.is_registered()
    call.happens(PromptFinished(NOW, call.turn))
    call.says("没有了")
    assert isinstance(call.did[-1], End)
    assert call.happens(TAKEN) == ()


def test_who_hangs_up_before_the_agent_is_there_has_their_matter_kept() -> None:
    call = with_a_complaint()
    call.happens(TAKEN)
    assert "RegisterAppeal" in kinds(call.happens(HungUp(NOW)))


def test_in_writing_the_citizen_reads_who_serves_them() -> None:
    chat = Conversation(ContactChannel.APP)
    chat.says("暖气不热", a_complaint("暖气不热"))
    chat.happens(TAKEN)
    assert chat.said == "请稍等，话务员来接待您。"
    chat.happens(AgentJoined(NOW, chat.turn, "1024"))
    assert chat.said == "1024号话务员为您服务，前面的对话都看得到，请直接说。"
