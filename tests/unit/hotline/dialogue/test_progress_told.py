"""How an order stands: asked by number or by the calling telephone, told in plain words, secret ones guarded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.dialogue.actions import End, Listen, LookUpProgress, Outcome, Say, TransferToAgent, Understand
from hotline.dialogue.events import EngineFailed, FellSilent, HungUp, KeyPressed, NoProgress, ProgressFound
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.diversion import ContactOutcome
from hotline.domain.meaning import Intent
from hotline.domain.repeats import OrderNews
from hotline.domain.speech import Expected
from hotline.domain.work_order import Status
from tests.builders import NOW, PHONE, a_complaint, a_meaning
from tests.talking import DUE, Conversation

NUMBER = "26112300001"
HANDLING = OrderNews(NUMBER, Status.HANDLING, NOW, DUE, "兰山区人民政府", "0101")
DONE = OrderNews("26110200005", Status.CONCLUDED, NOW - timedelta(days=21), category="0303", is_open=False)


def asking(text: str = "我的工单办得怎么样了") -> Conversation:
    call = Conversation()
    call.says(text)
    return call


def test_who_says_what_an_earlier_matter_was_about_tells_of_the_matter() -> None:
    call = asking("我前几天反映的小区停水到现在还没有人来管")
    assert isinstance(call.did[-1], Understand)


@pytest.mark.parametrize(
    "text",
    [
        "上次那个事没给我解决",
        "我昨天报的路灯咋还没修",
        "前天登记的停水有结果吗",
        "我举报的那个厂子查了没",
        "我反映的问题怎么还没解决",
        "查进度",
        "帮我查一下工单",
        "我反映的问题处理得怎么样了",
        "茶进度",
    ],
)
def test_asking_for_progress_looks_at_the_calling_number(text: str) -> None:
    call = asking(text)
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)


@pytest.mark.parametrize(
    "text", ["26112300001办得怎么样了", "查工单二六一一二三零零零零幺", "查进度，2611 2300 001"]
)
def test_a_number_that_is_said_is_looked_up(text: str) -> None:
    call = asking(text)
    assert call.did[-1] == LookUpProgress(call.turn, NUMBER, PHONE)


def test_the_understanding_may_say_that_progress_is_asked() -> None:
    call = Conversation()
    call.says("俺家那个修上了没", a_meaning("俺家那个修上了没", Intent.ASK_PROGRESS))
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)


def test_status_unit_and_due_date_are_told_and_the_number_read_back() -> None:
    call = asking()
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    assert call.said == (
        "查到了。11月23日登记的供暖诉求，工单编号261123 00001，承办单位正在办理。承办单位是兰山区人民政府。"
        "办理期限到11月30日。请问还有其他问题吗？"
    )
    assert call.says("没有了")[-1] == End(Outcome.ANSWERED)
    record = call.session.so_far
    assert (call.session.contact_outcome, record.kind, record.text) == (
        ContactOutcome.ANSWERED, AppealKind.INQUIRY, "我的工单办得怎么样了",
    )  # fmt: skip


def test_of_several_orders_the_first_are_told_with_their_count() -> None:
    call = asking()
    call.happens(ProgressFound(NOW, call.turn, (HANDLING, DONE, DONE, DONE)))
    assert call.said.startswith("查到了。您这个号码登记过4张工单，先说最近的。11月23日登记的供暖诉求，")
    assert call.said.count("工单编号") == 3
    assert "11月2日登记的住房公积金诉求，工单编号261102 00005，已经办结。" in call.said


def test_in_writing_the_number_stays_whole() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT, phone=None)
    chat.says("查进度26112300001")
    chat.happens(ProgressFound(NOW, chat.turn, (HANDLING,)))
    assert "工单编号26112300001，承办单位正在办理" in chat.said


def test_every_status_has_plain_words() -> None:
    for status in Status:
        call = asking()
        call.happens(ProgressFound(NOW, call.turn, (OrderNews(NUMBER, status, NOW),)))
        assert status.value not in call.said
        assert "{" not in call.said


def test_without_a_number_and_a_telephone_the_number_is_asked_for_as_digits() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT, phone=None)
    chat.says("查进度")
    listen = chat.last(Listen)
    assert isinstance(listen, Listen)
    assert (chat.heard, listen.expect) == (("ask_number",), Expected.DIGITS)
    chat.says("26112300001")
    assert chat.did[-1] == LookUpProgress(chat.turn, NUMBER, None)


def test_a_number_that_is_not_found_is_asked_again_then_a_person_looks() -> None:
    call = asking("查进度26112300009")
    call.happens(NoProgress(NOW, call.turn))
    assert call.heard == ("ask_number_again",)
    call.says("二六一一二三零零零零八")
    call.happens(NoProgress(NOW, call.turn))
    assert call.heard == ("ask_number_again",)
    call.says("26112300007")
    call.happens(NoProgress(NOW, call.turn))
    assert isinstance(call.did[-1], TransferToAgent)


def test_a_telephone_without_orders_is_asked_for_the_number() -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    assert call.heard == ("progress_none", "ask_number")


def press(call: Conversation, keys: str) -> None:
    for key in keys:
        call.happens(KeyPressed(NOW, key))


def test_the_number_may_be_keyed_and_its_noughts_call_nobody() -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    press(call, NUMBER[:-1])
    assert call.heard == ("progress_none", "ask_number")
    press(call, NUMBER[-1])
    assert call.did[-1] == LookUpProgress(call.turn, NUMBER, PHONE)
    call.happens(NoProgress(NOW, call.turn, needs_proof=True))
    press(call, "0")
    assert isinstance(call.did[-1], TransferToAgent)  # before any digit it asks for a person


def test_the_proof_may_be_keyed() -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    press(call, NUMBER)
    call.happens(NoProgress(NOW, call.turn, needs_proof=True))
    press(call, "9001")
    assert call.did[-1] == LookUpProgress(call.turn, NUMBER, PHONE, "9001")


def test_half_a_number_that_was_keyed_is_asked_again_and_begun_anew() -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    press(call, "2611#")
    assert call.heard == ("ask_number_again",)
    press(call, "26")
    call.happens(FellSilent(NOW, call.turn))
    press(call, NUMBER)
    assert call.did[-1] == LookUpProgress(call.turn, NUMBER, PHONE)


def test_half_a_number_is_asked_again_and_then_a_person_looks() -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    call.says("2611230")
    assert call.heard == ("ask_number_again",)
    call.says("2611230")
    assert isinstance(call.did[-1], TransferToAgent)


def test_another_matter_instead_of_the_number_is_taken_up() -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    call.says("算了我家暖气不热", a_complaint())
    assert call.heard == ("ask_place",)


def test_a_matter_with_a_count_in_it_is_no_number() -> None:
    call = asking("你们到底管不管啊我打了五遍了")
    call.happens(NoProgress(NOW, call.turn))
    call.says("路灯坏了一个月", a_complaint("路灯坏了一个月"))
    assert call.heard == ("ask_place",)


def test_a_secret_order_is_told_only_with_the_last_four_digits() -> None:
    call = asking("26112300001办得怎么样了")
    call.happens(NoProgress(NOW, call.turn, needs_proof=True))
    assert call.heard == ("ask_proof",)
    call.says("零零零幺")
    assert call.did[-1] == LookUpProgress(call.turn, NUMBER, PHONE, "0001")


def test_a_proof_that_does_not_fit_leads_to_a_person_and_tells_nothing() -> None:
    call = asking("26112300001办得怎么样了")
    call.happens(NoProgress(NOW, call.turn, needs_proof=True))
    call.says("1234")
    call.happens(NoProgress(NOW, call.turn, was_refused=True))
    assert call.heard == ("progress_refused",)
    assert isinstance(call.did[-1], TransferToAgent)
    told = "".join(action.text for action in call.did if isinstance(action, Say))
    assert "承办单位正在" not in told


def test_a_store_that_is_away_leads_to_a_person() -> None:
    call = asking()
    call.happens(EngineFailed(NOW, call.turn, "progress"))
    assert call.heard == ("progress_unavailable",)
    assert isinstance(call.did[-1], TransferToAgent)


def test_a_question_about_progress_of_something_else_is_understood_as_usual() -> None:
    call = Conversation()
    assert isinstance(call.says("居住证办理要多久")[-1], Understand)


def test_who_has_no_number_at_hand_is_put_through_or_if_all_is_said_let_go() -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    assert isinstance(call.says("没有")[-1], TransferToAgent)
    call = asking()
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    call.says("查进度26112300009")
    call.happens(NoProgress(NOW, call.turn))
    call.says("不用了")
    assert call.heard == ("go_ahead", "anything_more")


def test_progress_that_comes_when_nobody_waits_for_it_changes_nothing() -> None:
    call = Conversation()
    assert call.happens(ProgressFound(NOW, call.turn, (HANDLING,))) == ()
    assert call.happens(NoProgress(NOW, call.turn)) == ()


def test_who_hangs_up_before_the_answer_leaves_nothing_for_an_agent_to_do() -> None:
    call = asking()
    assert call.happens(HungUp(NOW)) == (End(Outcome.FAILED),)
    assert call.session.contact_outcome is ContactOutcome.ABANDONED


@pytest.mark.parametrize("said", ["我不记得编号了", "编号忘了", "我不记得编号了转员工"])
def test_who_has_forgotten_the_number_is_put_through_to_a_person(said: str) -> None:
    call = asking()
    call.happens(NoProgress(NOW, call.turn))
    assert call.heard == ("progress_none", "ask_number")
    call.says(said)
    assert isinstance(call.did[-1], TransferToAgent)
    assert call.heard == ("transferring_progress",)


def test_how_long_it_takes_is_told_after_the_progress() -> None:
    call = asking()
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    call.says("那得几天才能办好")
    assert "11月30日" in call.said
    assert "兰山区人民政府" in call.said
