"""A citizen may correct what was just registered: it goes to that order, and is said to be there after the commit only."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import AddToOrder, LookUp, RegisterAppeal, TransferToAgent
from hotline.dialogue.events import EngineFailed, FactsAdded
from hotline.domain.appeal import AppealKind, ContactChannel, Place, Secrecy
from hotline.domain.meaning import Understanding
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning
from tests.talking import Conversation

LUOZHUANG = Place(said="罗庄区盛庄街道", county_code="371311", county="罗庄区", street="盛庄街道")
WORDS = "不对，位置是罗庄区盛庄街道"
CORRECTED = a_meaning(WORDS, place=LUOZHUANG)


def registered(*, asks_rating: bool = False) -> Conversation:
    call = Conversation(asks_rating=asks_rating)
    call.says("路灯坏了", a_complaint("路灯坏了", place=LANSHAN))
    call.says("对")
    call.is_registered()
    return call


def test_a_place_that_was_wrong_is_added_to_the_order_that_was_registered() -> None:
    call = registered()
    call.says(WORDS, CORRECTED)
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", WORDS)
    assert "加到工单" not in call.said
    call.happens(FactsAdded(NOW, call.turn, "26112300001"))
    assert call.heard == ("facts_added", "anything_more")
    assert call.says("没有了")
    assert call.session.outcome.value == "registered"


def test_what_cannot_be_added_is_told_and_goes_to_a_person_with_the_words() -> None:
    call = registered()
    call.says(WORDS, CORRECTED)
    call.happens(EngineFailed(NOW, call.turn, "facts"))
    transfer = call.last(TransferToAgent)
    assert isinstance(transfer, TransferToAgent)
    assert (call.heard, WORDS in transfer.briefing) == (("not_added",), True)


@pytest.mark.parametrize("is_rating", [False, True])
def test_who_asks_for_secrecy_afterwards_is_kept_secret_from_then_on(*, is_rating: bool) -> None:
    call = registered(asks_rating=is_rating)
    if is_rating:
        call.says("没有了")
        assert call.heard == ("ask_rating",)
    call.says("我要保密")
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", "我要保密", wants_secrecy=True)
    assert "保密" not in call.said
    call.happens(FactsAdded(NOW, call.turn, "26112300001"))
    assert call.heard == ("secrecy_added", "anything_more")


def test_who_does_not_need_secrecy_has_nothing_more() -> None:
    call = registered()
    call.says("不用保密")
    assert call.heard == ("goodbye",)


@pytest.mark.parametrize(
    ("matter", "stage", "again"),
    [
        (a_complaint("路灯坏了"), "ask_place", ("secrecy_wished", "ask_place")),
        (a_complaint("路灯坏了", place=LANSHAN), "confirm", ("secrecy_wished", "confirm_short")),
    ],
)
def test_secrecy_is_kept_at_whatever_moment_it_is_asked_for(
    matter: Understanding, stage: str, again: tuple[str, ...]
) -> None:
    call = Conversation()
    call.says(matter.text, matter)
    assert call.heard == (stage,)
    call.says("别说是我说的")
    assert call.heard == again
    assert call.session.so_far.secrecy is Secrecy.CONFIDENTIAL
    assert call.session.so_far.text == "路灯坏了，别说是我说的"


def test_who_waives_secrecy_at_the_confirmation_does_not_say_that_it_is_wrong() -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了", place=LANSHAN, wants_secrecy=True))
    call.says("不需要保密")
    assert call.heard == ("secrecy_waived", "confirm_short")
    assert call.session.so_far.secrecy is Secrecy.NONE


def test_who_waives_secrecy_of_a_tip_off_at_the_confirmation_hears_that_the_law_keeps_it() -> None:
    call = Conversation()
    call.says("举报偷排", a_complaint("举报偷排", kind=AppealKind.TIP_OFF, place=LANSHAN))
    call.says("要保密")
    call.says("不需要保密")
    assert call.heard == ("secrecy_by_law", "confirm_short")
    assert call.session.so_far.secrecy is Secrecy.CONFIDENTIAL


def test_who_only_waives_secrecy_again_hears_all_that_is_to_be_confirmed_and_then_a_person() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("路灯坏了", a_complaint("路灯坏了", place=LANSHAN, wants_secrecy=True))
    chat.says("不用保密")
    assert chat.heard == ("secrecy_waived", "confirm")
    chat.says("不用保密")
    assert chat.heard == ("confirm_whole",)
    assert "兰山区银雀山街道供暖问题" in chat.said
    chat.says("不用保密")
    assert any(isinstance(action, TransferToAgent) for action in chat.did)


def test_a_yes_after_secrecy_was_waived_twice_registers() -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了", place=LANSHAN))
    call.says("不用保密")
    call.says("不用保密")
    assert call.heard == ("confirm_whole",)
    assert any(isinstance(action, RegisterAppeal) for action in call.says("对"))


def test_whoever_has_brought_no_matter_is_told_of_secrecy_by_the_knowledge_base() -> None:
    call = Conversation()
    call.says("能保密吗", a_meaning("能保密吗", kind=AppealKind.INQUIRY))
    assert isinstance(call.did[-1], LookUp)


@pytest.mark.parametrize(
    "meaning",
    [
        a_complaint("不是，还有一件事，楼上漏水", place=LUOZHUANG),
        a_meaning("罗庄区也一样", place=LUOZHUANG),
        a_meaning("不对不对，你听我说"),
    ],
    ids=["another matter", "no correction", "nothing new"],
)
def test_what_is_no_correction_changes_no_order(meaning: Understanding) -> None:
    call = registered()
    call.says(meaning.text, meaning)
    assert not any(isinstance(action, AddToOrder) for action in call.did)


def test_a_number_alone_afterwards_is_added_to_the_order() -> None:
    call = registered()
    call.says("13905390001", a_meaning("13905390001", phone=PHONE))
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", "13905390001")


def test_a_number_that_is_given_in_a_sentence_is_no_question() -> None:
    call = registered()
    text = "我换个电话，联系我13905390001"
    call.says(text, a_meaning(text, kind=AppealKind.INQUIRY, category="1105", phone=PHONE))
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", text)


def test_a_number_to_call_back_may_be_corrected_too() -> None:
    call = registered()
    call.says("不是，电话是13905390002", a_meaning("不是，电话是13905390002", phone=PHONE))
    assert isinstance(call.did[-1], AddToOrder)


def test_late_news_and_a_conversation_without_an_order_correct_nothing() -> None:
    call = Conversation()
    assert call.happens(FactsAdded(NOW, call.turn, "26112300001")) == ()
    assert call.happens(EngineFailed(NOW, call.turn, "facts")) == ()
    call.says(WORDS, CORRECTED)
    assert not any(isinstance(action, AddToOrder | RegisterAppeal) for action in call.did)
