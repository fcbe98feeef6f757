"""What is asked about an answer is answered out of the same article; what it does not tell is not made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotline.dialogue.actions import LookUp, Understand
from hotline.dialogue.events import EngineFailed, PassagesFound
from hotline.dialogue.follow_ups import FollowUps
from hotline.domain.appeal import AppealKind
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Passage
from hotline.domain.meaning import Intent
from tests.builders import LANSHAN, NOW, a_complaint, a_meaning, an_article
from tests.talking import Conversation

CARD = an_article(
    id="A0503-01", category="0503", title="老年卡怎么办", spoken="带身份证到服务站办。",
    full="65周岁以上老人可以申请。带身份证到镇街服务站办理；也可以在爱山东网上申请。不收工本费。", fee="",
)  # fmt: skip
OF_ANOTHER_MATTER = Passage(an_article(id="A0801-03", category="0801"), 0.9, is_confident=True)
ELSEWHERE = an_article(id="A0503-09", category="0503", spoken="外地老人持居住证办。")
OF_THE_SAME_MATTER = Passage(ELSEWHERE, 0.9, is_confident=True)


def answered(**values: Any) -> Conversation:
    call = Conversation()
    call.says(
        "老年卡怎么办",
        a_meaning("老年卡怎么办", kind=AppealKind.INQUIRY, category="0503", category_confidence=0.9),
    )
    call.happens(PassagesFound(NOW, call.turn, (Passage(replace(CARD, **values), 0.9, is_confident=True),)))
    assert call.heard == ("answer_lead", "A0503-01", "anything_more")
    return call


def asks(call: Conversation, question: str, category: str | None) -> None:
    confidence = 0.9 if category else 0.0
    call.says(
        question,
        a_meaning(question, kind=AppealKind.INQUIRY, category=category, category_confidence=confidence),
    )


def looks_up(call: Conversation) -> tuple[str, str | None]:
    asked = call.did[-1]
    assert isinstance(asked, LookUp)
    return asked.question, asked.category


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("多大岁数能办啊", "65周岁以上老人可以申请。"),
        ("那要多少钱", "不收工本费。"),
        ("在哪办", "带身份证到镇街服务站办理。"),
        ("网上能办不", "也可以在爱山东网上申请。"),
        ("需要带啥", "带身份证到镇街服务站办理。"),
        ("怎么办理", "65周岁以上老人可以申请。带身份证到镇街服务站办理；也可以在爱山东网上申请。"),
    ],
)
def test_a_question_about_the_answer_is_answered_out_of_its_article(question: str, told: str) -> None:
    call = answered()
    call.says(question)
    assert call.heard == ("A0503-01", "anything_more")
    assert call.said == f"{told}请问还有其他问题吗？"


def test_a_field_of_the_guide_comes_before_sentences_and_may_hold_several_lines() -> None:
    call = answered(fee="十元", materials=("身份证", "照片"))
    call.says("多少钱")
    assert call.said == "十元。请问还有其他问题吗？"
    call.says("带什么")
    assert call.said == "身份证；照片。请问还有其他问题吗？"


def test_what_only_the_spoken_answer_tells_is_told_too() -> None:
    call = answered(full="按规定办理。")
    call.says("去哪办")
    assert call.said == "带身份证到服务站办。请问还有其他问题吗？"


@pytest.mark.parametrize(
    ("phone", "heard"),
    [("", ("follow_up_untold", "anything_more")), ("96196", ("follow_up_ask", "anything_more"))],
)
@pytest.mark.parametrize("none", ["not sure", "the same", "down"])
def test_what_no_article_tells_is_not_made_up(phone: str, heard: tuple[str, ...], none: str) -> None:
    call = answered(phone=phone)
    call.says("几点上班")
    assert looks_up(call) == ("老年卡怎么办，几点上班", "0503")
    found = {
        "not sure": PassagesFound(NOW, call.turn, (Passage(ELSEWHERE, 0.4, is_confident=False),)),
        "the same": PassagesFound(
            NOW, call.turn, (Passage(replace(CARD, phone=phone), 0.9, is_confident=True),)
        ),
        "down": EngineFailed(NOW, call.turn, "retriever"),
    }
    call.happens(found[none])
    assert (call.heard, phone in call.said) == (heard, True)


@pytest.mark.parametrize(
    "question", ["身份证补办要多少钱", "我家路灯坏了找谁修要多少钱能不能快一点来修", "谁来修路"]
)
def test_whoever_says_what_it_is_about_asks_something_else(question: str) -> None:
    call = answered()
    call.says(
        question, a_meaning(question, kind=AppealKind.INQUIRY, category="0501", category_confidence=0.9)
    )
    asked = call.did[-1]
    assert isinstance(asked, LookUp)
    assert asked.question == question


@pytest.mark.parametrize(
    ("question", "category"), [("那外地户口呢", "0501"), ("跨省呢？", "0501"), ("忘了办还能补吗", None)]
)
def test_what_is_asked_on_and_not_found_is_taken_down_with_the_first_question(
    question: str, category: str | None
) -> None:
    call = answered()
    asks(call, question, category)
    call.happens(PassagesFound(NOW, call.turn, ()))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("no_answer_register", "confirm")
    draft = call.session.so_far
    assert (draft.text, draft.category, draft.kind) == (
        f"老年卡怎么办，{question}",
        "0503",
        AppealKind.INQUIRY,
    )


@pytest.mark.parametrize("question", ["那租房合同行不行", "没有发票行不行"])
def test_what_is_asked_on_is_looked_up_whatever_else_it_was_understood_as(question: str) -> None:
    call = answered()
    call.says(question, a_complaint(question, kind=AppealKind.COMPLAINT))
    asked = call.did[-1]
    assert isinstance(asked, LookUp)
    assert asked.question == question


@pytest.mark.parametrize("alone", [(), (OF_ANOTHER_MATTER,)])
@pytest.mark.parametrize(
    ("question", "category"),
    [
        ("那外地户口呢", "0501"),
        ("我人在外地怎么办", None),
        ("现在还有吗", "0402"),
        ("没有的能办几次", "9901"),
        ("那不住能不能停", "0502"),
    ],
)
def test_what_is_asked_on_and_is_not_found_alone_is_looked_up_with_what_was_asked_before(
    question: str, category: str | None, alone: tuple[Passage, ...]
) -> None:
    call = answered()
    asks(call, question, category)
    assert looks_up(call)[0] == question
    call.happens(PassagesFound(NOW, call.turn, alone))
    assert looks_up(call) == (f"老年卡怎么办，{question}", "0503")
    call.happens(PassagesFound(NOW, call.turn, (OF_THE_SAME_MATTER,)))
    assert call.heard == ("answer_lead", "A0503-09", "anything_more")
    assert call.said == "关于您的问题，外地老人持居住证办。请问还有其他问题吗？"


def test_what_is_found_with_what_was_asked_before_may_be_asked_on_in_turn() -> None:
    call = answered()
    call.says("那外地户口呢", a_meaning("那外地户口呢", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, ()))
    call.happens(PassagesFound(NOW, call.turn, (OF_THE_SAME_MATTER,)))
    call.says("那小孩呢", a_meaning("那小孩呢", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert looks_up(call)[0] == "老年卡怎么办，那外地户口呢，那小孩呢"
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.session.so_far.text == "老年卡怎么办，那外地户口呢，那小孩呢"


def test_what_is_asked_on_and_found_alone_in_the_same_matter_is_answered_at_once() -> None:
    call = answered()
    call.says("那外地户口呢", a_meaning("那外地户口呢", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (OF_THE_SAME_MATTER,)))
    assert call.heard == ("answer_lead", "A0503-09", "anything_more")


def test_a_complaint_that_begins_like_a_question_is_a_matter_of_its_own() -> None:
    call = answered()
    words = "那我投诉他们乱收费怎么弄"
    call.says(words, a_complaint(words))
    assert call.session.so_far.text == words
    assert not isinstance(call.did[-1], LookUp)


def test_another_matter_is_not_taken_down_with_the_question_that_was_answered() -> None:
    call = answered()
    words = "孩子被狗咬了咋办"
    call.says(words, a_meaning(words, kind=AppealKind.INQUIRY, category="0504", category_confidence=0.9))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert (call.session.so_far.text, call.session.so_far.category) == (words, "0504")


def test_what_the_article_says_of_it_is_told_where_the_search_finds_nothing() -> None:
    call = answered(full="满65周岁的都能办。外地老人持居住证也可以申请。")
    call.says("外地老人能申请不", a_meaning("外地老人能申请不", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("A0503-01", "anything_more")
    assert call.said == "外地老人持居住证也可以申请。请问还有其他问题吗？"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("两口子呢", "带身份证到服务站办。这里要是没有说到您问的，可以说“转人工”，请话务员帮您查。"),
        ("老年卡在爱山东上申请", "也可以在爱山东网上申请。"),
    ],
)
def test_who_asks_on_and_is_found_the_same_answer_hears_what_it_says_of_that_or_whom_else_to_ask(
    question: str, told: str
) -> None:
    call = answered()
    call.says(question, a_meaning(question, kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (Passage(CARD, 0.9, is_confident=True),)))
    assert call.said == f"{told}请问还有其他问题吗？"


def test_who_asks_the_whole_question_again_is_answered_again() -> None:
    call = answered()
    question = "我刚才没有听清楚你说的，我是问老年卡到底怎么办"
    call.says(question, a_meaning(question, kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (Passage(CARD, 0.9, is_confident=True),)))
    assert call.heard == ("answer_lead", "A0503-01", "anything_more")


def test_words_that_every_answer_has_do_not_make_it_about_the_question() -> None:
    call = answered(full="65周岁以上的可以申请办理。")
    call.says("那外地户口可以申请办理吗", a_meaning("那外地户口可以申请办理吗", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, ()))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("no_answer_register", "confirm")


def test_a_place_alone_makes_the_question_an_appeal_where_the_matter_has_a_place() -> None:
    call = Conversation()
    call.says(
        "停暖了什么时候来",
        a_meaning("停暖了什么时候来", kind=AppealKind.INQUIRY, category="0101", category_confidence=0.9),
    )
    call.happens(
        PassagesFound(NOW, call.turn, (Passage(an_article(category="0101"), 0.9, is_confident=True),))
    )
    call.says(LANSHAN.said, a_meaning(LANSHAN.said, place=LANSHAN))
    assert call.heard == ("confirm",)
    assert call.session.so_far.text == f"停暖了什么时候来，{LANSHAN.said}"


def test_what_asks_nothing_is_not_taken_for_a_question() -> None:
    call = answered()
    call.says("嗯那啥来着", a_meaning("嗯那啥来着", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("not_understood",)


LOANS = an_article(id="A0303-02", category="0303", title="公积金贷款能贷多少", questions=("最多能贷多少",))


@pytest.mark.parametrize(
    ("question", "category", "confidence", "kind"),
    [
        ("能贷多少", "0303", 0.74, AppealKind.INQUIRY),
        ("最多能贷多少", "0801", 0.49, AppealKind.INQUIRY),
        ("表坏了谁换", "0102", 0.82, AppealKind.HELP),
        ("那天从哪天算", "0403", 0.42, AppealKind.INQUIRY),
    ],
)
@pytest.mark.parametrize("alone", [(), (Passage(LOANS, 0.9, is_confident=True),)])
def test_few_words_of_a_class_that_is_only_guessed_go_on_from_the_answer(
    question: str, category: str, confidence: float, kind: AppealKind, alone: tuple[Passage, ...]
) -> None:
    call = answered()
    call.says(question, a_meaning(question, kind=kind, category=category, category_confidence=confidence))
    call.happens(PassagesFound(NOW, call.turn, alone))
    assert looks_up(call) == (f"老年卡怎么办，{question}", "0503")
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("no_answer_register", "confirm")
    draft = call.session.so_far
    assert (draft.text, draft.category, draft.kind) == (
        f"老年卡怎么办，{question}",
        "0503",
        AppealKind.INQUIRY,
    )


@pytest.mark.parametrize(
    ("question", "title", "confidence"),
    [
        ("护照怎么办", "护照怎么办", 0.6),
        ("公积金能贷多少", "公积金贷款能贷多少", 0.6),
        ("能贷多少", "别的", 0.9),
    ],
)
def test_few_words_that_name_what_is_found_or_are_surely_of_its_class_are_answered_with_it(
    question: str, title: str, confidence: float
) -> None:
    call = answered()
    call.says(
        question,
        a_meaning(question, kind=AppealKind.INQUIRY, category="0303", category_confidence=confidence),
    )
    call.happens(
        PassagesFound(NOW, call.turn, (Passage(replace(LOANS, title=title), 0.9, is_confident=True),))
    )
    assert call.heard == ("answer_lead", "A0303-02", "anything_more")


@pytest.mark.parametrize(
    ("question", "category", "kind"),
    [("学校食堂几点开门", "0801", AppealKind.INQUIRY), ("车丢了咋办", "0503", AppealKind.HELP)],
)
def test_few_words_that_name_something_or_tell_a_trouble_of_the_same_class_are_a_matter(
    question: str, category: str, kind: AppealKind
) -> None:
    call = answered()
    call.says(question, a_meaning(question, kind=kind, category=category, category_confidence=0.65))
    if kind is AppealKind.INQUIRY:
        call.happens(PassagesFound(NOW, call.turn, ()))
    assert (call.session.so_far.text, call.session.so_far.category) == (question, category)


def test_two_characters_that_the_article_does_not_speak_of_are_another_matter() -> None:
    call = answered()
    asks(call, "低保咋申请", "1001")
    assert looks_up(call)[0] == "低保咋申请"
    call = answered()
    call.says("孩子怎么申请")
    assert call.heard == ("A0503-01", "anything_more")


@pytest.mark.parametrize(
    ("words", "category", "confidence"),
    [
        ("我去镇上他们不给办，说俺有儿子", None, 0.0),
        ("去了公交公司没办成", "0503", 0.9),
        ("村里不给报，说俺娘户口有问题", "0501", 0.67),
        ("材料交了退回来了，说我不符合", None, 0.0),
    ],
)
def test_who_was_turned_down_is_taken_down_of_the_class_of_the_answer_with_its_question(
    words: str, category: str | None, confidence: float
) -> None:
    call = answered()
    call.says(
        words,
        a_meaning(words, kind=AppealKind.HELP, category=category, category_confidence=confidence),
    )
    draft = call.session.so_far
    assert (draft.text, draft.category, draft.kind) == (f"老年卡怎么办，{words}", "0503", AppealKind.HELP)


@pytest.mark.parametrize(
    ("words", "category"),
    [
        ("我要投诉，开发商不给办房产证", "0302"),
        ("另外村里不给办低保", "1001"),
        ("他们不给办怎么办", "1105"),
    ],
)
def test_who_was_turned_down_elsewhere_tells_another_matter(words: str, category: str) -> None:
    call = answered()
    kind = AppealKind.COMPLAINT
    call.says(words, a_meaning(words, kind=kind, category=category, category_confidence=0.65))
    assert call.session.so_far.category == category


@pytest.mark.parametrize(
    "words", ["发短信给我", "你把这个发短信给我吧", "能发短信给我不", "能不能给我发个短信"]
)
def test_who_wants_an_answer_by_sms_hears_that_it_is_not_sent_and_the_answer_again(words: str) -> None:
    call = answered()
    for _ in range(2):
        call.says(words)
        assert call.heard == ("text_not_sent", "answer_lead", "A0503-01", "anything_more")
    assert call.said.startswith("对不起，答复我这里发不了短信。")
    assert "带身份证到服务站办。" in call.said


@pytest.mark.parametrize("words", ["骗子给我发短信", "天天给我发短信推销", "收到短信说我中奖了"])
def test_who_tells_of_messages_does_not_want_one(words: str) -> None:
    call = answered()
    call.says(words)
    assert isinstance(call.did[-1], Understand)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ({"aspects": {}}, "追问词表缺少内容或写法不对"),
        (
            {"aspects": {"fee": {"asked": ["多少钱"], "fields": ["price"], "told": []}}, "aspect_empty": []},
            "知识条目没有这一栏",
        ),
    ],
)
def test_a_mistake_in_the_list_says_what_and_where(rows: dict[str, Any], reason: str) -> None:
    with pytest.raises(CityConfigError, match=reason):
        FollowUps(rows, file="answers.yaml")


def test_what_the_article_does_not_tell_may_be_told_by_another() -> None:
    call = answered()
    call.says("几点上班")
    told = Passage(replace(ELSEWHERE, hours="工作日九点到五点"), 0.9, is_confident=True)
    call.happens(PassagesFound(NOW, call.turn, (told,)))
    assert call.heard == ("answer_lead", "A0503-09", "anything_more")


def test_another_article_that_does_not_tell_it_either_is_no_answer() -> None:
    call = answered()
    call.says("几点上班")
    call.happens(PassagesFound(NOW, call.turn, (OF_THE_SAME_MATTER,)))
    assert call.heard == ("follow_up_untold", "anything_more")


def test_who_asks_something_else_meanwhile_is_answered_that() -> None:
    call = answered()
    call.says("几点上班")
    call.says(
        "老年卡丢了咋办",
        a_meaning("老年卡丢了咋办", kind=AppealKind.INQUIRY, category="0503", category_confidence=0.9),
    )
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.session.so_far.text == "老年卡丢了咋办"


@pytest.mark.parametrize(
    "words", ["那你帮我登记吧", "我现在报修", "派人来看看", "可是没发给俺", "我到现在也没收到"]
)
def test_who_wants_what_was_answered_registered_has_it_taken_down_as_that_matter(words: str) -> None:
    call = Conversation()
    asked = "路灯坏了归谁修"
    call.says(asked, a_meaning(asked, kind=AppealKind.INQUIRY, category="0204", category_confidence=0.9))
    call.happens(
        PassagesFound(NOW, call.turn, (Passage(an_article(category="0204"), 0.9, is_confident=True),))
    )
    call.says(words)
    assert call.heard == ("ask_place",)
    draft = call.session.so_far
    assert (draft.text, draft.category, draft.kind) == (f"{asked}，{words}", "0204", AppealKind.HELP)


def test_who_complains_of_somebody_has_not_the_question_registered() -> None:
    call = answered()
    call.says("我要投诉物业", a_complaint("我要投诉物业"))
    assert call.session.so_far.text == "我要投诉物业"


def test_what_was_found_alone_is_answered_where_both_questions_together_find_nothing() -> None:
    call = answered()
    call.says("那他的养老金怎么办", a_meaning("那他的养老金怎么办", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (OF_ANOTHER_MATTER,)))
    call.happens(PassagesFound(NOW, call.turn, (Passage(ELSEWHERE, 0.4, is_confident=False),)))
    assert call.heard == ("answer_lead", "A0801-03", "anything_more")


def test_the_same_answer_is_not_told_a_third_time() -> None:
    call = answered()
    for question, heard in (("那两口子呢", "A0503-01"), ("那小两口呢", "follow_up_untold")):
        call.says(question, a_meaning(question, kind=AppealKind.INQUIRY))
        call.happens(PassagesFound(NOW, call.turn, ()))
        call.happens(PassagesFound(NOW, call.turn, (Passage(CARD, 0.9, is_confident=True),)))
        assert call.heard == (heard, "anything_more")


def test_an_article_on_just_what_is_asked_of_the_matter_tells_it_however_alike_others_are() -> None:
    call = answered()
    call.says("几天能办")
    others = (
        Passage(CARD, 0.6, is_confident=False),
        Passage(an_article(id="A0801-09", category="0801", title="学籍几天能办好"), 0.5, is_confident=False),
        Passage(
            an_article(id="A0503-07", category="0503", title="公交线路几点收车"), 0.5, is_confident=False
        ),
        Passage(
            an_article(id="A0503-08", category="0503", title="老年卡几天能办好"), 0.4, is_confident=False
        ),
    )
    call.happens(PassagesFound(NOW, call.turn, others))
    assert call.heard == ("answer_lead", "A0503-08", "anything_more")


def test_who_asks_for_it_to_be_registered_while_asked_where_says_no_place() -> None:
    call = Conversation()
    call.says("家里暖气不热", a_complaint("家里暖气不热"))
    assert call.heard == ("ask_place",)
    call.says("帮我登记一下", a_meaning("帮我登记一下"))
    assert (call.heard, call.session.so_far.place) == (("ask_place_again",), None)


@pytest.mark.parametrize(
    ("found", "heard"), [((OF_THE_SAME_MATTER,), "answer_lead"), ((), "follow_up_untold")]
)
def test_who_tells_how_it_is_with_them_after_an_answer_is_not_asked_what_it_is_about(
    found: tuple[Passage, ...], heard: str
) -> None:
    call = answered()
    call.says("我八十多了走不动", a_meaning("我八十多了走不动", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert looks_up(call)[0] == "老年卡怎么办，我八十多了走不动"
    call.happens(PassagesFound(NOW, call.turn, found))
    assert call.heard[0] == heard


def test_a_short_question_that_is_found_alone_is_answered_whatever_was_asked_before() -> None:
    call = answered()
    call.says(
        "怎么离婚", a_meaning("怎么离婚", kind=AppealKind.INQUIRY, category="1002", category_confidence=0.9)
    )
    call.happens(PassagesFound(NOW, call.turn, (OF_ANOTHER_MATTER,)))
    assert call.heard == ("answer_lead", "A0801-03", "anything_more")


@pytest.mark.parametrize("words", ["不用帮我登记", "我没说要帮我登记"])
def test_who_wants_nothing_registered_has_nothing_taken_down(words: str) -> None:
    call = answered()
    call.says(words)
    assert isinstance(call.did[-1], Understand)


def test_words_that_say_nothing_and_ask_nothing_are_no_question() -> None:
    call = answered()
    call.says("这个是有的", a_meaning("这个是有的", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("not_understood",)


@pytest.mark.parametrize(
    ("question", "values", "is_told"),
    [
        ("公园晚上几点关门", {"title": "公园要门票吗", "spoken": "不要门票。"}, False),
        ("公园晚上几点关门", {"title": "公园要门票吗", "spoken": "不要门票，每天早上六点到晚上十点。"}, True),
        (
            "公园晚上几点关门",
            {"title": "公园要门票吗", "spoken": "不要门票。", "hours": "6:00 至 22:00"},
            True,
        ),
        ("公园晚上几点关门", {"title": "公园几点关门、要门票吗", "spoken": "不要门票，也不关门。"}, True),
        ("物业公司电话多少", {"title": "怎么更换物业公司", "spoken": "要开业主大会表决。"}, False),
        ("物业公司电话多少", {"title": "怎么更换物业公司", "spoken": "电话问街道办。"}, True),
        ("怎么更换物业公司", {"title": "怎么更换物业公司", "spoken": "要开业主大会表决。"}, True),
    ],
)
def test_who_asks_for_an_hour_or_a_number_is_not_answered_with_what_tells_none(
    question: str, values: dict[str, str], is_told: bool
) -> None:
    article = an_article(id="A0206-01", questions=(), full=values["spoken"], **values)
    call = Conversation()
    asks(call, question, "0206")
    call.happens(PassagesFound(NOW, call.turn, (Passage(article, 0.9, is_confident=True),)))
    assert ("A0206-01" in call.heard) is is_told
    assert ("follow_up_untold" in call.heard) is not is_told
    if not is_told:
        call.says("那你帮我登记一下")
        assert call.heard[0] in ("ask_place", "confirm")
        assert call.session.so_far.text.startswith(question)


def test_so_little_that_is_asked_after_an_answer_is_registered_with_its_question_whatever_is_guessed_of_it() -> (
    None
):
    call = answered()
    asks(call, "要排多少队", "0403")
    call.happens(PassagesFound(NOW, call.turn, ()))
    call.happens(PassagesFound(NOW, call.turn, ()))
    draft = call.session.so_far
    assert "no_answer_register" in call.heard
    assert (draft.category, draft.text) == ("0503", "老年卡怎么办，要排多少队")


@pytest.mark.parametrize(
    "words", ["俺去办了，人家说俺户口不在这不给办", "人家说材料不够", "房东不给开证明", "人家说不能办"]
)
def test_who_was_turned_down_by_hearsay_tells_of_it_and_does_not_doubt(words: str) -> None:
    call = answered(source="山东省优待老年人规定")
    call.says(words, a_meaning(words, kind=AppealKind.HELP))
    draft = call.session.so_far
    assert (draft.text, draft.category) == (f"老年卡怎么办，{words}", "0503")


@pytest.mark.parametrize("words", ["人家说不要钱", "邻居说六十就能办"])
def test_who_hears_otherwise_doubts_the_answer(words: str) -> None:
    call = answered(source="山东省优待老年人规定")
    call.says(words)
    assert call.heard == ("answer_doubted", "anything_more")


def test_a_landlord_who_gives_no_money_back_is_another_matter() -> None:
    call = answered()
    text = "房东不给登记，押金也没退"
    call.says(text, a_meaning(text, kind=AppealKind.COMPLAINT, category="0302"))
    assert call.session.so_far.text == text


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("不是，我是问身份证到期怎么换", "身份证到期怎么换"),
        ("错了，我问的是护照到期怎么换", "护照到期怎么换"),
        ("不是问这个，我问的是残疾证怎么办", "残疾证怎么办"),
        ("你这个不对，我问的是低保怎么申请", "低保怎么申请"),
        ("我问的是护照要多少钱", "护照要多少钱"),
        ("不是老年卡，我问的是残疾证", "残疾证怎么办"),
    ],
)
def test_what_was_asked_instead_and_names_its_matter_is_asked_alone(words: str, asked: str) -> None:
    call = answered(source="山东省优待老年人规定")
    call.says(words)
    assert isinstance(call.did[-1], Understand)
    assert call.did[-1].text == asked


@pytest.mark.parametrize(
    ("words", "told"),
    [("不是，我问的是多少钱", "不收工本费。"), ("我问的是在哪办", "带身份证到镇街服务站办理。")],
)
def test_what_was_asked_instead_of_the_same_matter_is_told_of_it(words: str, told: str) -> None:
    call = answered()
    call.says(words)
    assert call.said == f"{told}请问还有其他问题吗？"


def test_what_was_asked_instead_and_names_no_matter_is_searched_for_in_context() -> None:
    call = answered()
    call.says("不对，我问的是补办")
    assert looks_up(call)[0] == "老年卡怎么办，补办"


def test_a_question_that_is_taken_down_as_another_is_asked_anew() -> None:
    call = Conversation()
    asks(call, "村里修路要不要出钱", None)
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard[-1] == "confirm"
    call.says("我不是问这个，我是问社保断交了咋补")
    assert isinstance(call.did[-1], Understand)
    assert call.did[-1].text == "社保断交了咋补"


@pytest.mark.parametrize(
    "words", ["是一次给还是每年给", "一次办完还是分着办", "去派出所还是去政务大厅", "用现金不", "当天能拿不"]
)
def test_which_of_two_and_what_ends_in_a_no_is_asked_about_the_answer(words: str) -> None:
    call = answered()
    call.says(words, a_meaning(words, kind=AppealKind.HELP))
    if isinstance(call.did[-1], LookUp):
        call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.session.so_far.text.startswith("老年卡怎么办") or looks_up(call)[0].startswith("老年卡怎么办")


def test_who_has_to_go_is_told_out_of_the_article() -> None:
    call = answered(full="65周岁以上老人可以申请。需本人到场办理。")
    call.says("用本人去不")
    assert call.said == "需本人到场办理。请问还有其他问题吗？"


@pytest.mark.parametrize("words", ["路灯还是不亮", "垃圾还是没人清", "厂里还是排污水"])
def test_what_is_still_so_is_no_question(words: str) -> None:
    call = answered()
    call.says(words, a_complaint(words))
    assert call.heard == ("ask_place",)


# --- questions that sound like a trouble -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "欠薪上哪里投诉",
        "拖欠工资找谁反映啊",
        "拖欠工资怎么要回来",
        "暖气不热可以退费吗",
        "暖气不热能退钱不",
        "物业费能不能少交",
    ],
)
def test_what_is_asked_of_a_trouble_is_searched_for(text: str) -> None:
    call = Conversation()
    call.says(text, a_complaint(text))
    assert isinstance(call.did[-1], LookUp)


@pytest.mark.parametrize(
    "text",
    ["我去哪投诉都没人管", "暖气不热也不给退费", "买到假货能退钱吗", "暖气不热怎么办", "停水找谁都不管"],
)
def test_a_trouble_is_taken_down_whatever_is_asked_beside(text: str) -> None:
    call = Conversation()
    call.says(text, a_complaint(text))
    assert call.heard == ("ask_place",)


@pytest.mark.parametrize("text", ["过年也不让放啊", "今年也不让放啊", "那农村也得交吗"])
def test_an_answer_said_back_in_surprise_is_asked_on(text: str) -> None:
    call = answered()
    call.says(text, a_complaint(text))
    assert isinstance(call.did[-1], LookUp)


@pytest.mark.parametrize("text", ["他们也不让进啊", "晚上都不让睡啊", "也不给修啊"])
def test_a_trouble_told_after_an_answer_is_no_echo_of_it(text: str) -> None:
    call = answered()
    call.says(text, a_complaint(text, category_confidence=0.9))
    assert call.heard == ("ask_place",)


def test_a_question_that_names_a_place_after_an_answer_stays_a_question() -> None:
    call = answered(category="0101")
    text = "那在兰山区租房子的能上公立学校吗"
    place = replace(LANSHAN, said="兰山区租房子的能上公立学校")
    call.says(text, a_meaning(text, Intent.APPEAL, kind=AppealKind.INQUIRY, place=place))
    assert isinstance(call.did[-1], LookUp)
