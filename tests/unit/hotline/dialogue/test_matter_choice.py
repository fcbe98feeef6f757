"""The one question that tells finer classes apart (细类拿不准时只问一次)."""

from dataclasses import replace

import pytest

from hotline.dialogue.actions import LookUp, Say, Understand
from hotline.dialogue.events import PassagesFound
from hotline.domain.appeal import AppealKind, Place
from hotline.domain.category import Category
from hotline.domain.meaning import Intent
from tests.builders import NOW, a_meaning
from tests.talking import Conversation

LANSHAN = Place(
    "兰山区银雀山街道某小区", county_code="371302", county="兰山区", street="银雀山街道", detail="某小区"
)
HEAT = Category("0101", "供暖", "供暖", "公用事业", urgency="utilities")
CLASSES = {
    "0101": HEAT,
    "010101": replace(HEAT, code="010101", name="供热温度不达标", spoken="暖气不热"),
    "010102": replace(HEAT, code="010102", name="供热中断", spoken="暖气停供"),
    "010103": replace(HEAT, code="010103", name="供热收费", spoken="暖气收费"),
    "0204": Category("0204", "路灯照明", "路灯", "城市管理"),
}


def unsure(text: str = "家里暖气有问题", **values):
    given = {
        "kind": AppealKind.HELP,
        "category": "0101",
        "category_confidence": 0.8,
        "choices": ("010101", "010102"),
        "place": LANSHAN,
        **values,
    }
    return a_meaning(text, **given)


def talk_about(text="家里暖气有问题", categories=CLASSES, **values) -> Conversation:
    """A conversation that has heard of a matter that may be of two finer classes."""
    talk = Conversation(categories=categories)
    talk.says(text, unsure(text, **values))
    return talk


def draft(talk: Conversation):
    return talk.session._draft


def test_what_may_be_meant_is_asked_once_before_anything_else() -> None:
    talk = talk_about()
    assert "".join(talk.last(Say).parts) == "请问主要是暖气不热，还是暖气停供？"
    talk.says("就是那个暖气的事", unsure("就是那个暖气的事"))
    assert "请问主要是" not in "".join(talk.last(Say).parts)
    assert draft(talk).category == "0101"


def test_the_classes_own_question_is_asked_where_it_has_one() -> None:
    own = {**CLASSES, "0101": replace(HEAT, question="请问是不热，还是完全停了？")}
    assert "".join(talk_about(categories=own).last(Say).parts) == "请问是不热，还是完全停了？"


@pytest.mark.parametrize(
    ("answer", "category"), [("第一个", "010101"), ("后面那个", "010102"), ("是暖气停供了", "010102")]
)
def test_a_turn_or_the_words_themselves_settle_it(answer: str, category: str) -> None:
    talk = talk_about()
    talk.says(answer)
    assert draft(talk).category == category
    assert draft(talk).category_confidence == 1.0


def test_an_answer_in_other_words_is_understood_among_the_classes_offered() -> None:
    talk = talk_about()
    talk.says(
        "屋里冰凉", a_meaning("屋里冰凉", category="010101", category_confidence=0.5, kind=AppealKind.HELP)
    )
    assert draft(talk).category == "010101"


def test_runners_up_count_when_the_best_was_not_offered() -> None:
    talk = talk_about()
    meaning = a_meaning(
        "交了钱也没有",
        category="010103",
        category_confidence=0.5,
        runners_up=(("010102", 0.3),),
        kind=AppealKind.HELP,
    )
    talk.says(meaning.text, meaning)
    assert draft(talk).category == "010102"


def test_another_matter_instead_of_an_answer_is_a_correction() -> None:
    talk = talk_about()
    talk.says(
        "不是，是路灯不亮",
        a_meaning("不是，是路灯不亮", category="0204", category_confidence=0.6, kind=AppealKind.HELP),
    )
    assert draft(talk).category == "0204"


def test_an_answer_that_says_nothing_leaves_the_coarser_class_and_its_words_out() -> None:
    talk = talk_about()
    talk.says("嗯是的", a_meaning("嗯是的", intent=Intent.AFFIRM))
    assert draft(talk).category == "0101"
    assert draft(talk).text == "家里暖气有问题"


def test_a_turn_that_was_not_offered_settles_nothing() -> None:
    talk = talk_about()
    talk.says("第三个")
    assert isinstance(talk.did[-1], Understand)


def test_a_finer_class_said_later_replaces_the_coarser_one_even_when_less_sure() -> None:
    talk = talk_about(choices=())
    talk.says(
        "不对，是停暖了",
        a_meaning("不对，是停暖了", category="010102", category_confidence=0.5, kind=AppealKind.HELP),
    )
    assert draft(talk).category == "010102"


@pytest.mark.parametrize("words", ["行，知道了", "不用了"])
def test_a_question_without_an_answer_is_read_back_as_it_was_asked_and_may_be_given_up(words: str) -> None:
    talk = talk_about("家里暖气有问题怎么办", kind=AppealKind.INQUIRY)
    assert isinstance(talk.did[-1], LookUp)
    talk.happens(PassagesFound(NOW, talk.turn, ()))
    assert talk.heard == ("no_answer_register", "confirm")  # which trouble it is, is not asked
    assert "您想问的是：兰山区银雀山街道某小区，家里暖气有问题怎么办" in talk.said
    talk.says(words)
    assert talk.heard == ("withdrawn", "anything_more")


@pytest.mark.parametrize(
    ("answer", "category"), [("试试", "0101"), ("不是，是路灯坏了", "0204"), ("门口的路灯坏了", "0204")]
)
def test_a_word_or_two_misheard_do_not_make_it_another_matter(answer: str, category: str) -> None:
    talk = talk_about()
    talk.says(answer, a_meaning(answer, category="0204", category_confidence=0.95, kind=AppealKind.HELP))
    assert draft(talk).category == category


def test_a_short_answer_that_is_no_class_for_sure_is_the_likeliest_of_those_offered() -> None:
    talk = talk_about()
    guesses = (("010102", 0.4), ("0204", 0.1))
    talk.says("停了", a_meaning("停了", category=None, category_confidence=0.0, runners_up=guesses))
    assert draft(talk).category == "010102"
