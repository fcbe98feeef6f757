"""Repeats in the conversation: the earlier order is told of, merging is offered, and nothing blocks registering."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.dialogue.actions import (
    CheckRepeat,
    End,
    Listen,
    MergeIntoOrder,
    Outcome,
    RegisterAppeal,
    Say,
    TransferToAgent,
)
from hotline.dialogue.events import (
    AppealRegistered,
    EngineFailed,
    FellSilent,
    HungUp,
    KeyPressed,
    Merged,
    NoRepeat,
    RepeatFound,
)
from hotline.dialogue.journal import decode, encode, replay
from hotline.domain.appeal import ContactChannel
from hotline.domain.repeats import OrderNews
from hotline.domain.speech import Expected
from hotline.domain.work_order import Status
from tests.builders import LANSHAN, NOW, a_complaint, a_session
from tests.talking import DUE, Conversation

EARLIER = OrderNews(
    number="26112000007", status=Status.HANDLING, registered_at=NOW - timedelta(days=3), due_at=DUE,
    lead_unit_name="兰山区人民政府", category="0101",
)  # fmt: skip
CLOSED = OrderNews("26111000003", Status.CONCLUDED, NOW - timedelta(days=13), category="0101", is_open=False)


def confirmed(channel: ContactChannel = ContactChannel.PHONE) -> Conversation:
    """A citizen with a complaint who has said that it was taken down rightly; the check is under way."""
    call = Conversation(channel, answers_checks=False)
    call.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    call.says("对")
    return call


def told_of(order: OrderNews, **values: Any) -> Conversation:
    call = confirmed()
    call.happens(RepeatFound(NOW, call.turn, order, **values))
    return call


def registered(call: Conversation) -> RegisterAppeal:
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    return order


def test_before_registering_the_callers_earlier_orders_are_looked_at() -> None:
    call = confirmed()
    check = call.did[-1]
    assert isinstance(check, CheckRepeat)
    assert (str(check.caller), check.appeal.text) == ("139****0001", "兰山区银雀山街道暖气不热")
    call.happens(NoRepeat(NOW, call.turn))
    assert (registered(call).appeal, registered(call).linked_to) == (check.appeal, None)


def test_a_citizen_without_a_calling_number_is_registered_at_once() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT, phone=None, answers_checks=False)
    chat.says("兰山区暖气不热", a_complaint("暖气不热", place=LANSHAN))
    assert isinstance(chat.says("对")[-1], RegisterAppeal)


def test_the_progress_of_the_earlier_order_is_told_and_merging_offered() -> None:
    call = told_of(EARLIER)
    assert call.said == (
        "您反映的这件事，11月20日已经登记过，工单编号261120 00007，承办单位正在办理。承办单位是兰山区人民政府。"
        "办理期限到11月30日。我把您这次说的并到原来的工单里，办理结果一并答复您，可以吗？"
        "有新情况要另外登记的，请说“不可以”。"
    )
    listen = call.last(Listen)
    assert isinstance(listen, Listen)
    assert listen.expect is Expected.YES_NO


def test_merged_is_said_only_after_the_commit() -> None:
    call = told_of(EARLIER)
    done = call.says("可以")
    merge = done[-1]
    assert isinstance(merge, MergeIntoOrder)
    assert (merge.number, merge.appeal.text, merge.told) == (
        "26112000007", "兰山区银雀山街道暖气不热",
        "您反映的事情和工单26112000007是同一件，已经并入，办理结果一并答复您。",
    )  # fmt: skip
    assert not [action for action in done if isinstance(action, Say)]
    call.happens(Merged(NOW, call.turn, "26112000007"))
    assert call.said.startswith("已经并入工单261120 00007，")
    assert call.says("没有了")[-1] == End(Outcome.REGISTERED)


@pytest.mark.parametrize("words", ["可以", "好的", "并入吧", "没有新情况", "同意"])
def test_who_agrees_is_merged(words: str) -> None:
    assert isinstance(told_of(EARLIER).says(words)[-1], MergeIntoOrder)


@pytest.mark.parametrize("words", ["不可以", "不用", "不对", "这回是另外一家的暖气"])
def test_who_does_not_want_to_merge_gets_a_new_order_linked_to_the_old(words: str) -> None:
    call = told_of(EARLIER)
    call.says(words)
    assert registered(call).linked_to == "26112000007"


def test_words_that_are_neither_yes_nor_no_are_kept_in_the_new_order() -> None:
    call = told_of(EARLIER)
    call.says("这回水管还漏了")
    assert registered(call).appeal.text == "兰山区银雀山街道暖气不热，这回水管还漏了"


def test_new_facts_are_registered_by_themselves_and_said_so() -> None:
    call = told_of(EARLIER, has_new_facts=True)
    assert registered(call).linked_to == "26112000007"
    call.is_registered(unit=None)
    assert "您这次说的有新情况，我另外登记一张，和原来的工单关联。已受理，" in call.said


def test_a_closed_order_may_be_taken_up_anew_or_left() -> None:
    call = told_of(CLOSED)
    assert "已经办结" in call.said
    assert "需要重新登记吗？" in call.said
    call.says("不用了")
    assert call.heard == ("repeat_closed_kept", "anything_more")
    assert call.session.so_far.text == "兰山区银雀山街道暖气不热"
    call = told_of(CLOSED)
    call.says("需要")
    assert registered(call).linked_to == "26111000003"


@pytest.mark.parametrize("engine", ["repeats", "merge"])
def test_a_check_or_a_merge_that_fails_registers(engine: str) -> None:
    call = confirmed()
    if engine == "merge":
        call.happens(RepeatFound(NOW, call.turn, EARLIER))
        call.says("可以")
    call.happens(EngineFailed(NOW, call.turn, engine))
    assert registered(call).linked_to == ("26112000007" if engine == "merge" else None)
    call.is_registered()
    assert "已受理" in call.said


def test_an_earlier_order_that_is_secret_is_linked_without_a_word() -> None:
    call = confirmed()
    call.happens(NoRepeat(NOW, call.turn, linked_to="26112000009"))
    assert registered(call).linked_to == "26112000009"
    call.is_registered()
    assert "26112000009" not in "".join(action.text for action in call.did if isinstance(action, Say))


def test_keys_answer_the_offer_and_silence_registers() -> None:
    call = told_of(EARLIER)
    assert isinstance(call.happens(KeyPressed(NOW, "1"))[-1], MergeIntoOrder)
    call = told_of(EARLIER)
    assert isinstance(call.happens(KeyPressed(NOW, "2"))[-1], RegisterAppeal)
    call = told_of(EARLIER)
    assert isinstance(call.happens(FellSilent(NOW, call.turn))[-1], RegisterAppeal)


def test_who_hangs_up_after_confirming_is_registered_as_confirmed() -> None:
    for call in (confirmed(), told_of(EARLIER)):
        record, end = call.happens(HungUp(NOW))[-2:]
        assert isinstance(record, RegisterAppeal)
        assert record.appeal.is_confirmed
        assert end == End(Outcome.FAILED)


def test_a_person_is_reached_from_the_offer() -> None:
    call = told_of(EARLIER)
    assert isinstance(call.says("转人工")[-1], TransferToAgent)


def test_a_late_answer_of_the_check_is_dropped() -> None:
    call = confirmed()
    late = call.turn
    call.happens(EngineFailed(NOW, late, "repeats"))
    assert call.happens(RepeatFound(NOW, late, EARLIER)) == ()


def test_a_second_matter_is_not_linked_to_the_first_ones_order() -> None:
    call = told_of(EARLIER)
    call.says("不用")
    call.is_registered()
    call.says("路灯也坏了", a_complaint("路灯也坏了", place=LANSHAN))
    call.says("对")
    call.happens(NoRepeat(NOW, call.turn))
    assert registered(call).linked_to is None


def test_journals_hold_the_new_entries() -> None:
    call = told_of(EARLIER)
    call.says("可以")
    for entry in (RepeatFound(NOW, 3, EARLIER, has_new_facts=True), *call.did):
        assert decode(*encode(entry)) == entry


def test_a_journal_of_before_there_were_checks_replays_to_the_same_end() -> None:
    call = Conversation(answers_checks=False)
    call.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    call.says("对")
    old = [*call.events, AppealRegistered(NOW, call.turn, "26112300001", None, None)]
    session = a_session()
    said = [action for action in replay(session, old) if isinstance(action, Say)]
    assert "已受理" in said[-1].text
    assert session.outcome is Outcome.REGISTERED


def test_an_old_registration_in_a_journal_is_read_with_its_defaults() -> None:
    _, body = encode(RegisterAppeal(4, call_appeal()))
    old = {name: value for name, value in body.items() if name not in ("diversion", "linked_to")}
    assert decode("RegisterAppeal", old) == RegisterAppeal(4, call_appeal())


def call_appeal() -> Any:
    check = confirmed().did[-1]
    assert isinstance(check, CheckRepeat)
    return check.appeal


def test_answers_that_come_in_another_stage_change_nothing() -> None:
    call = confirmed()
    call.happens(NoRepeat(NOW, call.turn))
    for event in (
        RepeatFound(NOW, call.turn, EARLIER),
        NoRepeat(NOW, call.turn),
        Merged(NOW, call.turn, "26112000007"),
        EngineFailed(NOW, call.turn, "repeats"),
        EngineFailed(NOW, call.turn, "progress"),
    ):
        assert call.happens(event) == ()
