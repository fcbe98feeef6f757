"""A conversation ends with the question how it was; only what is said or pressed is a rating."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import End, RegisterAppeal, TransferToAgent, Understand
from hotline.dialogue.events import FellSilent, HungUp, KeyPressed, PassagesFound
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.deeds import Satisfaction
from hotline.domain.meaning import Intent
from tests.builders import LANSHAN, NOW, a_complaint, a_meaning, a_passage
from tests.talking import Conversation


def answered(channel: ContactChannel = ContactChannel.PHONE, *, asks_rating: bool = True) -> Conversation:
    call = Conversation(channel, asks_rating=asks_rating)
    question = a_meaning("什么时候供暖", kind=AppealKind.INQUIRY, category="0101", category_confidence=0.9)
    call.says("什么时候供暖", question)
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    return call


def asked(channel: ContactChannel = ContactChannel.PHONE) -> Conversation:
    call = answered(channel)
    call.says("没有了")
    assert call.heard == ("ask_rating",)
    return call


def ended(call: Conversation) -> bool:
    return isinstance(call.did[-1], End)


@pytest.mark.parametrize(
    ("words", "rating"),
    [
        ("满意", Satisfaction.SATISFIED),
        ("挺好的，谢谢", Satisfaction.SATISFIED),
        ("还可以吧", Satisfaction.MOSTLY),
        ("基本满意", Satisfaction.MOSTLY),
    ],
)
def test_who_is_satisfied_says_so_and_is_thanked(words: str, rating: Satisfaction) -> None:
    call = asked()
    call.says(words)
    assert (call.session.rating, call.heard, ended(call)) == (rating, ("rated", "goodbye"), True)


@pytest.mark.parametrize(
    ("words", "rating"),
    [
        ("满意", Satisfaction.SATISFIED),
        ("基本满意", Satisfaction.MOSTLY),
        ("非常满意，谢谢", Satisfaction.SATISFIED),
    ],
)
def test_who_rates_before_being_asked_has_rated(words: str, rating: Satisfaction) -> None:
    call = answered()
    call.says(words)
    assert (call.session.rating, call.heard, ended(call)) == (rating, ("rated", "goodbye"), True)


def one_of_two_registered() -> Conversation:
    call = Conversation(asks_rating=True)
    call.says("有两件事，路灯不亮、垃圾没人收", a_complaint("路灯不亮", place=LANSHAN))
    call.says("对")
    call.is_registered()
    return call


def test_who_rates_before_all_is_taken_down_is_asked_on() -> None:
    call = one_of_two_registered()
    call.says("满意")
    assert (call.session.rating, call.last(Understand).text) == (Satisfaction.SATISFIED, "垃圾没人收")


def test_what_was_not_taken_down_is_kept_for_who_leaves_dissatisfied() -> None:
    call = one_of_two_registered()
    call.says("不满意")
    call.says("不用了")
    assert (call.last(RegisterAppeal).appeal.text, ended(call)) == ("垃圾没人收", True)


def test_more_than_a_word_of_discontent_is_another_matter() -> None:
    call = answered()
    call.says("我不满意物业的服务态度", a_complaint("我不满意物业的服务态度"))
    assert (call.session.rating, call.heard) == (None, ("ask_place",))


@pytest.mark.parametrize(("key", "rating"), [("1", Satisfaction.SATISFIED), ("2", Satisfaction.MOSTLY)])
def test_keys_rate_too(key: str, rating: Satisfaction) -> None:
    call = asked()
    call.happens(KeyPressed(NOW, key))
    assert (call.session.rating, ended(call)) == (rating, True)


@pytest.mark.parametrize(
    ("words", "rating"),
    [
        ("1", Satisfaction.SATISFIED),
        ("一", Satisfaction.SATISFIED),
        ("2", Satisfaction.MOSTLY),
        ("二", Satisfaction.MOSTLY),
        ("选二吧", Satisfaction.MOSTLY),
        ("我按2", Satisfaction.MOSTLY),
        ("三", Satisfaction.DISSATISFIED),
        ("二分", Satisfaction.DISSATISFIED),
        ("二号楼", None),
    ],
)
def test_the_number_of_a_key_rates_when_it_is_said(words: str, rating: Satisfaction | None) -> None:
    call = asked()
    call.says(words)
    assert call.session.rating == rating


@pytest.mark.parametrize("said", ["不满意", "态度太差"])
def test_who_is_not_satisfied_is_offered_a_person(said: str) -> None:
    call = asked()
    call.says(said)
    assert (call.session.rating, call.heard) == (Satisfaction.DISSATISFIED, ("rated_badly",))
    call.says("要")
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert transfer.reason == "dissatisfied"


def test_who_is_not_satisfied_may_leave_it_at_that() -> None:
    call = asked()
    call.happens(KeyPressed(NOW, "3"))
    call.says("不用了")
    assert (call.session.rating, call.heard, ended(call)) == (
        Satisfaction.DISSATISFIED,
        ("goodbye",),
        True,
    )


def test_silence_is_no_rating() -> None:
    call = asked()
    call.happens(FellSilent(NOW, call.turn))
    assert (call.session.rating, call.heard, ended(call)) == (None, ("goodbye",), True)


@pytest.mark.parametrize("said", ["好的", "嗯", "没有了", "不用"])
def test_a_plain_yes_or_no_is_no_rating(said: str) -> None:
    call = asked()
    call.says(said)
    assert (call.session.rating, ended(call)) == (None, True)


@pytest.mark.parametrize("said", ["满意吗", "态度挺好就是不知道能不能解决", "你们光会登记不办事"])
def test_a_rating_that_is_not_understood_is_asked_for_once_more(said: str) -> None:
    call = asked()
    call.says(said)
    assert call.heard == ("ask_rating_again",)
    call.says("满意吗")
    assert (call.session.rating, ended(call)) == (None, True)


def test_another_matter_is_heard_instead() -> None:
    call = asked()
    done = call.says("对了我家门口的路灯也坏了")
    (understand,) = [action for action in done if isinstance(action, Understand)]
    assert (understand.text, call.session.rating) == ("对了我家门口的路灯也坏了", None)


def test_it_is_asked_only_once() -> None:
    call = asked()
    call.says("还有个问题")
    assert call.heard == ("go_ahead",)
    question = a_meaning("暖气费多少钱", kind=AppealKind.INQUIRY, category="0101", category_confidence=0.9)
    call.says("暖气费多少钱", question)
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says("没有了")
    assert (call.heard, ended(call)) == (("goodbye",), True)


def test_who_hangs_up_after_rating_has_rated() -> None:
    call = asked()
    call.happens(KeyPressed(NOW, "3"))
    call.happens(HungUp(NOW))
    assert (call.session.rating, call.did[-1]) == (Satisfaction.DISSATISFIED, End(call.session.outcome))


def test_a_person_is_always_there() -> None:
    call = asked()
    call.happens(KeyPressed(NOW, "0"))
    assert isinstance(call.did[-1], TransferToAgent)


def test_nobody_is_asked_where_nothing_was_settled_or_the_city_does_not_ask() -> None:
    unsettled = Conversation(asks_rating=True)
    unsettled.says("再见", a_meaning("再见", Intent.GOODBYE))
    assert (unsettled.heard, ended(unsettled)) == (("goodbye",), True)
    quiet = answered(asks_rating=False)
    quiet.says("没有了")
    assert (quiet.heard, ended(quiet)) == (("goodbye",), True)


@pytest.mark.parametrize(
    ("digit", "rating", "heard"),
    [
        ("1", Satisfaction.SATISFIED, ("rated", "goodbye")),
        ("２", Satisfaction.MOSTLY, ("rated", "goodbye")),
        ("3。", Satisfaction.DISSATISFIED, ("rated_badly",)),
        ("选3", Satisfaction.DISSATISFIED, ("rated_badly",)),
    ],
)
def test_a_digit_that_is_written_is_the_key(digit: str, rating: Satisfaction, heard: tuple[str, ...]) -> None:
    chat = asked(ContactChannel.WEB_CHAT)
    chat.says(digit)
    assert (chat.session.rating, chat.heard) == (rating, heard)


def test_another_digit_is_none_and_nothing_was_misheard_in_writing() -> None:
    chat = asked(ContactChannel.WEB_CHAT)
    chat.says("4")
    assert (chat.session.rating, chat.heard, "没有听清" in chat.said) == (None, ("ask_rating_again",), False)


@pytest.mark.parametrize("words", ["满意", "挺满意", "我非常满意"])
def test_who_is_satisfied_tells_no_matter_wherever_it_is_said(words: str) -> None:
    call = Conversation(asks_rating=True)
    call.says(words)
    assert call.heard == ("invite",)
    call = asked()
    call.says("对了还有")
    call.says(words)
    assert not any(isinstance(action, Understand) for action in call.did[-3:])


@pytest.mark.parametrize(
    ("words", "rating"),
    [
        ("五分", Satisfaction.SATISFIED),
        ("给你们打满分", Satisfaction.SATISFIED),
        ("一百分", Satisfaction.SATISFIED),
        ("打4分吧", Satisfaction.MOSTLY),
        ("三分", Satisfaction.MOSTLY),
        ("一分", Satisfaction.DISSATISFIED),
        ("我给2分", Satisfaction.DISSATISFIED),
        ("滿意", Satisfaction.SATISFIED),
        ("等了五分钟", None),
        ("一分钱", None),
    ],
)
def test_a_score_by_itself_is_a_rating(words: str, rating: Satisfaction | None) -> None:
    call = asked()
    call.says(words)
    assert call.session.rating is rating
