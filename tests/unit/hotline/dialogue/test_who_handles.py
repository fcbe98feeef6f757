"""Whose business something is: told from the catalogue, offered to be taken down, and never invented."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import End, FindUnit, Listen, LookUp, Understand
from hotline.dialogue.events import EngineFailed, FellSilent, PassagesFound, UnitFound
from hotline.domain.appeal import AppealKind, ContactChannel
from tests.builders import LANSHAN, NOW, a_complaint, a_passage
from tests.talking import Conversation

MEANING = a_complaint("暖气不热", kind=AppealKind.INQUIRY, place=LANSHAN)


def asked(words: str, **settings) -> Conversation:
    call = Conversation(**settings)
    call.says(words, a_complaint(words, kind=None))
    assert isinstance(call.did[-1], LookUp)
    call.happens(PassagesFound(NOW, call.turn, ()))
    return call


def told(unit: str | None = "兰山区人民政府") -> Conversation:
    call = asked("小区暖气不热该找哪个部门")
    call.happens(UnitFound(NOW, call.turn, MEANING, unit, "按属地派单"))
    return call


@pytest.mark.parametrize(
    ("words", "matter"),
    [
        ("小区暖气不热归谁管", "小区暖气不热"),
        ("请问，楼道里堆杂物，这事该谁管？", "楼道里堆杂物"),
        ("谁负责修路灯呢，我们村的", "修路灯，我们村"),
    ],
)
def test_what_it_is_about_is_looked_up_without_the_question(words: str, matter: str) -> None:
    find = asked(words).did[-1]
    assert isinstance(find, FindUnit)
    assert find.text == matter


def test_who_has_not_said_what_it_is_about_is_asked() -> None:
    call = Conversation()
    call.says("请问这事归谁管")
    assert call.heard == ("ask_who_matter",)
    call.says("小区暖气不热")
    assert isinstance(call.did[-1], FindUnit)


def test_the_unit_is_told_with_the_reason_in_writing() -> None:
    call = told()
    assert call.said == "这类事情一般由兰山区人民政府负责。需要我帮您登记下来，转给他们办理吗？"
    chat = asked("小区暖气不热归谁管", channel=ContactChannel.WEB_CHAT)
    chat.happens(UnitFound(NOW, chat.turn, MEANING, "兰山区人民政府", "按属地派单"))
    assert chat.said.startswith("这类事情一般由兰山区人民政府负责（按属地派单）。")


def test_who_wants_it_taken_down_goes_on_as_with_any_matter() -> None:
    call = told()
    call.says("需要")
    assert call.heard == ("confirm",)
    assert "供暖" in call.said


def test_who_does_not_is_done_and_was_answered() -> None:
    call = told()
    assert call.says("不用了")[-1] == End(call.session.outcome)
    assert call.session.outcome.value == "answered"
    assert told().happens(FellSilent(NOW, told().turn))[-1] == End(call.session.outcome)


def test_other_words_are_another_matter() -> None:
    call = told()
    assert isinstance(call.says("我还想问公积金怎么提取")[-1], Understand)


def test_where_nobody_can_tell_a_person_decides() -> None:
    for call in (told(None), asked("小区暖气不热归谁管")):
        if call.heard != ("who_unknown", "who_offer"):
            call.happens(EngineFailed(NOW, call.turn, "router"))
        assert call.heard == ("who_unknown", "who_offer")
        call.says("需要")
        assert isinstance(call.did[-1], Listen)
    assert told(None).session.outcome.value == "failed"


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    call = asked("小区暖气不热归谁管")
    turn = call.turn
    call.says("着火了")
    assert call.happens(UnitFound(NOW, turn, MEANING, "兰山区人民政府")) == ()
    assert call.happens(UnitFound(NOW, call.turn, MEANING, "兰山区人民政府")) == ()
    assert call.happens(EngineFailed(NOW, call.turn, "router")) == ()


def test_an_article_that_says_whose_it_is_comes_first() -> None:
    call = Conversation()
    call.says("路灯坏了归谁管", a_complaint("路灯坏了归谁管"))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.heard[0] == "answer_lead"


def test_who_asks_whose_it_is_behind_a_matter_means_that_matter() -> None:
    call = Conversation()
    call.says("小区暖气不热", a_complaint("小区暖气不热", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says("这事归谁管")
    find = call.did[-1]
    assert isinstance(find, FindUnit)
    assert find.text == "小区暖气不热"


def test_of_a_class_that_is_only_guessed_no_unit_is_told() -> None:
    call = asked("我们厂要扩产，想申请技改补贴，找哪个部门")
    guess = a_complaint("想申请技改补贴", category="1001", category_confidence=0.4)
    call.happens(UnitFound(NOW, call.turn, guess, "市民政局", "按类别"))
    assert call.heard == ("who_unknown", "who_offer")


@pytest.mark.parametrize(
    "words",
    [
        "楼上卫生间漏水到我家，物业不管。请问谁来管？请求有关部门介入处理！",
        "小区门口违停严重，请问到底归哪个部门管？强烈要求整改！",
        "楼下烧烤摊天天冒烟找了社区也不管你说这归谁管我要投诉",
        "楼下烧烤摊天天冒烟呛得俺睡不着觉，找了社区社区也不管，这事到底归谁管",
    ],
)
def test_who_demands_or_complains_beside_it_has_it_registered(words: str) -> None:
    call = Conversation()
    call.says(words, a_complaint(words, kind=AppealKind.INQUIRY))
    assert call.heard == ("ask_place",)
    assert call.says("兰山区金雀山路", a_complaint("兰山区金雀山路", category=None, place=LANSHAN))
    assert call.heard == ("confirm",)
    assert "您反映的" in call.said


@pytest.mark.parametrize(
    "words",
    [
        "小区暖气不热，物业不管，归谁管",
        "我要投诉饭店卫生该找哪个部门",
        "请告诉我路灯不亮哪个部门负责处理",
        "希望政府明确，楼道堆杂物由哪个部门负责",
    ],
)
def test_who_only_asks_whose_it_is_is_told(words: str) -> None:
    assert isinstance(asked(words).did[-1], FindUnit)
