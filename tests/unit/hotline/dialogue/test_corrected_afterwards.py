"""A citizen may correct what was just registered: it goes to that order, and is said to be there after the commit only."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import AddToOrder, RegisterAppeal, TransferToAgent
from hotline.dialogue.events import EngineFailed, FactsAdded
from hotline.domain.appeal import Place
from hotline.domain.meaning import Understanding
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning
from tests.talking import Conversation

LUOZHUANG = Place(said="罗庄区盛庄街道", county_code="371311", county="罗庄区", street="盛庄街道")
WORDS = "不对，位置是罗庄区盛庄街道"
CORRECTED = a_meaning(WORDS, place=LUOZHUANG)


def registered() -> Conversation:
    call = Conversation()
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
