"""What is said beside an answer, after it or against it: none of it is lost, and none of it is taken for something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotline.city import load_city
from hotline.dialogue.actions import (
    AddToOrder,
    End,
    GiveWayToEmergency,
    LookUp,
    LookUpProgress,
    RegisterAppeal,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import (
    EngineFailed,
    FactsAdded,
    NoProgress,
    PassagesFound,
    ProgressFound,
    PromptFinished,
    Understood,
)
from hotline.domain.appeal import AppealKind, ContactChannel, EmergencyService, Secrecy
from hotline.domain.deeds import Satisfaction
from hotline.domain.diversion import ContactOutcome
from hotline.domain.knowledge import Passage
from hotline.domain.meaning import Intent
from hotline.domain.repeats import OrderNews
from hotline.domain.work_order import Status
from tests.builders import LANSHAN, LINYI, NOW, PHONE, a_complaint, a_meaning, a_passage, an_article
from tests.talking import DUE, Conversation, with_a_complaint

CITY = load_city(LINYI)
HANDLING = OrderNews("26112300001", Status.HANDLING, NOW, DUE, "兰山区人民政府", "0101")


def registered(call: Conversation) -> RegisterAppeal:
    done = call.last(RegisterAppeal)
    assert isinstance(done, RegisterAppeal)
    return done


def after_registering(**settings) -> Conversation:
    call = Conversation(**settings)
    call.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    call.says("对")
    call.is_registered()
    return call


# --- at the read-back --------------------------------------------------------------------------------------------


def test_a_wish_for_secrecy_beside_a_yes_is_kept() -> None:
    call = with_a_complaint()
    call.says("对，不过要保密", a_meaning("对，不过要保密", Intent.AFFIRM, wants_secrecy=True))
    assert registered(call).appeal.secrecy is Secrecy.CONFIDENTIAL
    call.is_registered()
    assert "secrecy_noted" in call.heard


def test_another_matter_beside_a_yes_comes_next() -> None:
    call = with_a_complaint()
    text = "对，还有我们村里的水井也塌了一块"
    call.says(text, a_complaint(text, category="0102"))
    assert registered(call).appeal.text == "兰山区银雀山街道暖气不热"
    call.is_registered()
    assert call.heard[-1] == "next_matter"


def test_a_fact_beside_a_yes_goes_with_what_is_registered() -> None:
    call = with_a_complaint()
    call.says("对，还有就是我家在三楼", a_meaning("对，还有就是我家在三楼", Intent.AFFIRM))
    assert "三楼" in registered(call).appeal.text
    assert call.session.so_far.text.endswith("我家在三楼")


@pytest.mark.parametrize("text", ["对了，还有个事，楼下广场舞太吵", "还要反映一个，楼下广场舞太吵"])
def test_another_matter_at_the_read_back_is_no_yes_and_waits(text: str) -> None:
    call = with_a_complaint()
    call.says(text)
    assert call.heard[0] == "matter_later"
    call.says("对")
    assert registered(call).appeal.text == "兰山区银雀山街道暖气不热"
    call.is_registered()
    assert call.heard[-1] == "next_matter"


def at_a_question_read_back() -> Conversation:
    call = Conversation(categories=CITY.categories)
    asked = a_complaint("消费券什么时候发", kind=AppealKind.INQUIRY, category="070601")
    call.says(asked.text, asked)
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("no_answer_register", "confirm")
    return call


@pytest.mark.parametrize(
    ("text", "category", "kind"),
    [
        ("我们小区电梯也坏了", "030104", AppealKind.COMPLAINT),
        ("还有我们小区电梯坏了", "030104", AppealKind.COMPLAINT),
        ("我们小区路灯也不亮", "020401", AppealKind.HELP),
        ("我要投诉物业不修电梯", "030104", AppealKind.COMPLAINT),
    ],
)
def test_another_trouble_at_the_read_back_of_a_question_waits(
    text: str, category: str, kind: AppealKind
) -> None:
    call = at_a_question_read_back()
    call.says(text, a_complaint(text, category=category, kind=kind))
    assert call.heard[0] == "matter_later"
    call.says("对")
    assert (registered(call).appeal.text, registered(call).appeal.category) == ("消费券什么时候发", "070601")
    call.is_registered()
    assert call.heard[-1] == "next_matter"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("我也没收到", {"category": "020902", "category_confidence": 0.4}),
        ("我孩子也没有户口", {"category": "050101", "kind": AppealKind.INQUIRY}),
        ("商家也不收", {"category": "070602", "kind": AppealKind.COMPLAINT}),
        ("我们小区电梯坏不坏都行", {"category": "030104", "kind": AppealKind.COMPLAINT}),
    ],
)
def test_what_is_told_of_a_question_goes_with_it(text: str, values: dict[str, Any]) -> None:
    call = at_a_question_read_back()
    call.says(text, a_complaint(text, **values))
    assert "matter_later" not in call.heard
    assert call.session.so_far.text == f"消费券什么时候发，{text}"


@pytest.mark.parametrize(
    "text",
    [
        "先别登记了，我跟俺家里人商量商量再说吧",
        "要不先不报了吧，等两天看看",
        "我改主意了，都是邻居，不告他了",
        "不登记，我就想问问",
        "我没要登记啊，我就咨询一下",
    ],
)
def test_who_takes_the_matter_back_in_a_clause_has_nothing_registered(text: str) -> None:
    call = with_a_complaint()
    call.says(text)
    assert call.heard == ("withdrawn", "anything_more")
    assert call.session.contact_outcome is ContactOutcome.WITHDRAWN


@pytest.mark.parametrize(
    "text", ["他叫我别投诉了，说给我修，可到现在也没修", "物业不处理", "你们不处理我就上访"]
)
def test_who_tells_of_others_takes_nothing_back(text: str) -> None:
    call = with_a_complaint()
    call.says(text, a_complaint(text))
    assert "withdrawn" not in call.heard


def test_what_is_asked_beside_taking_back_is_answered_next() -> None:
    call = with_a_complaint()
    call.says("算了算了，我不投诉了，我就想问问停车费多少钱")
    assert call.heard == ("withdrawn", "next_matter")
    call.happens(PromptFinished(NOW, call.turn))
    assert isinstance(call.did[-1], Understand)
    assert call.did[-1].text == "我就想问问停车费多少钱"


@pytest.mark.parametrize("text", ["登记了以后是谁来管呀", "你这个几天能办", "报这个要不要钱"])
def test_a_question_at_the_read_back_is_no_fact(text: str) -> None:
    call = with_a_complaint()
    call.says(text, a_meaning(text, Intent.UNKNOWN))
    assert isinstance(call.did[-1], LookUp)
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard[0] == "aside_unknown"
    call.says("对")
    assert text in registered(call).appeal.text  # so that it is answered with the rest


# --- after registering -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "我刚才说错了，不是顺合村，是南头村",
        "村名记错了，应该是沙墩镇",
        "刚才那个地方不对，是振兴路才对",
        "忘了说了，是村东头那一溜",
        "你再给加上一条，晚上有小孩摔倒过",
    ],
)
def test_what_is_put_right_or_added_afterwards_goes_to_the_order(text: str) -> None:
    call = after_registering()
    if isinstance(call.says(text)[-1], Understand):
        call.happens(Understood(NOW, call.turn, a_meaning(text, Intent.DENY)))
    added = call.did[-1]
    assert isinstance(added, AddToOrder)
    assert (added.number, added.text, added.wants_secrecy) == ("26112300001", text, False)


def test_secrecy_may_be_wished_for_and_given_up_afterwards() -> None:
    call = after_registering()
    call.says(
        "对了，别把我号码给他们", a_meaning("对了，别把我号码给他们", Intent.UNKNOWN, wants_secrecy=True)
    )
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", "对了，别把我号码给他们", wants_secrecy=True)
    call.happens(FactsAdded(NOW, call.turn, "26112300001"))
    text = "算了不保密了，让他们直接给我打电话吧"
    call.says(text, a_meaning(text, Intent.UNKNOWN))
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", text)


@pytest.mark.parametrize(
    "text", ["大概坏了有一个月了", "跟我一块干活的还有七个人，都没给", "那狗是黑色的，特别大"]
)
def test_a_fact_that_names_no_matter_of_its_own_is_added_to_the_order(text: str) -> None:
    call = after_registering()
    call.says(text, a_meaning(text, category="0204", category_confidence=0.3))
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("村里还有人天天赌博", {"category": "0204", "category_confidence": 0.9}),
        ("我还想反映一个村里的事", {}),
        ("沂水那边也有个路灯不亮", {"place": replace(LANSHAN, said="沂水县", county_code="371323")}),
    ],
)
def test_a_matter_of_its_own_is_none(text: str, values: dict[str, Any]) -> None:
    call = after_registering()
    call.says(text, a_meaning(text, **values))
    assert not isinstance(call.did[-1], AddToOrder)


def test_a_second_matter_is_never_added_to_the_first() -> None:
    call = Conversation()
    call.says("两个事，一个是暖气不热，一个是村里那个桥", a_complaint("暖气不热", place=LANSHAN))
    call.says("对")
    call.is_registered()
    call.happens(PromptFinished(NOW, call.turn))
    asked = call.did[-1]
    assert isinstance(asked, Understand)
    call.happens(
        Understood(NOW, asked.turn, a_meaning("村里那个桥", category="0204", category_confidence=0.2))
    )
    assert not any(isinstance(action, AddToOrder) for action in call.did)


def test_a_tip_off_with_a_wish_for_secrecy_is_none_for_the_order_before() -> None:
    call = after_registering()
    text = "我举报隔壁赌博，给我保密"
    call.says(text, a_complaint(text, category="0102", kind=AppealKind.TIP_OFF, wants_secrecy=True))
    assert not isinstance(call.did[-1], AddToOrder)


@pytest.mark.parametrize("text", ["老板姓刘，电话我有", "一共有十二个工友都没发"])
def test_what_begins_as_a_fact_is_one_whatever_is_guessed_of_it(text: str) -> None:
    call = after_registering()
    call.says(text, a_meaning(text, category="0204", category_confidence=0.9))
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", text)


def test_a_call_back_that_is_wished_for_when_it_is_done_is_no_wish_for_a_person() -> None:
    call = with_a_complaint()
    call.says("对，修好了给我回个电话", a_meaning("对，修好了给我回个电话", Intent.AFFIRM))
    assert registered(call).appeal.text.endswith("修好了给我回个电话")


def test_who_will_not_say_where_keeps_the_matter() -> None:
    call = Conversation()
    call.says("有家饭店用地沟油", a_complaint("有家饭店用地沟油", category="0204"))
    call.says("不说", a_meaning("不说", Intent.UNKNOWN))
    assert "withdrawn" not in call.heard
    assert call.session.so_far.text == "有家饭店用地沟油"


def test_a_question_that_sounds_like_an_end_is_searched_for() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    text = "不是没有了，我还想问一下护照怎么办理"
    call.says(text, a_meaning(text, Intent.GOODBYE))
    assert isinstance(call.did[-1], LookUp)


def test_what_was_spoken_of_as_well_comes_before_the_end() -> None:
    call = after_registering(asks_rating=True)
    call.says("不是没有了，我还有个事，护照怎么办理", a_meaning("不是没有了，我", Intent.DENY))
    assert isinstance(call.did[-1], Understand)
    assert call.did[-1].text == "护照怎么办理"


def test_after_two_unclear_answers_to_an_alarm_that_was_heard_somebody_is_rung() -> None:
    call = Conversation()
    call.says("我老伴摔倒起不来了")
    call.says("俺咋办啊")
    assert call.heard == ("emergency_check",)
    call.says("哎呀妈呀")
    assert isinstance(call.did[-1], GiveWayToEmergency)


def test_who_urges_what_was_just_registered_hears_until_when() -> None:
    call = after_registering()
    call.says("你们抓紧点啊", a_meaning("你们抓紧点啊", Intent.UNKNOWN))
    assert call.heard == ("registered_due", "anything_more")


def test_a_matter_behind_a_plain_answer_is_the_one_that_counts() -> None:
    call = after_registering()
    done = call.says("我知道了，还有个事，村里停电了")
    assert isinstance(done[-1], Understand)
    assert done[-1].text == "村里停电了"


def test_who_takes_an_order_back_is_put_through() -> None:
    call = after_registering()
    call.says("刚才那个不用办了，我们自己修好了")
    assert isinstance(call.did[-1], TransferToAgent)
    assert call.did[-1].reason == "withdraw"


@pytest.mark.parametrize("text", ["恁给俺记上了没", "啥时候给我处理啊", "多久能处理"])
def test_who_asks_whether_it_is_on_record_hears_who_handles_it(text: str) -> None:
    call = after_registering()
    call.says(text)
    assert call.heard == ("registered_due", "anything_more")
    assert "兰山区人民政府" in call.said


@pytest.mark.parametrize(
    "text", ["没了，恁快点派人来啊", "木有了木有了，恁可得给俺问问", "没有了，你们上点心", "没啦"]
)
def test_nothing_more_but_a_word_of_urging_is_nothing_more(text: str) -> None:
    call = after_registering()
    assert isinstance(call.says(text)[-1], End)


def test_nothing_more_with_another_matter_is_more() -> None:
    call = after_registering()
    assert isinstance(call.says("没了，对了还有路灯也坏了，赶紧修")[-1], Understand)


@pytest.mark.parametrize("text", ["发短信行不行", "等办好了才满意呢"])
def test_words_that_hold_a_rating_rate_nothing(text: str) -> None:
    call = after_registering(asks_rating=True)
    call.says(text)
    assert call.session.rating is None


def test_who_rates_only_when_it_is_done_is_not_asked_again() -> None:
    call = after_registering(asks_rating=True)
    call.says("没有了")
    assert call.heard == ("ask_rating",)
    call.says("等办完了再说吧，现在咋评")
    assert call.heard == ("goodbye",)
    call = after_registering(asks_rating=True)
    call.says("没有了")
    call.says("没什么不满意的，挺好")
    assert call.heard == ("ask_rating_again",)
    call.says("满意")
    assert call.session.rating is Satisfaction.SATISFIED


# --- orders of another day ---------------------------------------------------------------------------------------


def test_what_is_called_settled_and_is_not_is_an_objection_of_who_has_an_order() -> None:
    text = "短信说我那个事办完了，人都没来看一眼，根本没修"
    call = Conversation()
    call.says(text)
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    assert isinstance(call.did[-1], TransferToAgent)
    assert (call.did[-1].reason, call.session.so_far.text) == ("dissatisfied", text)


def test_what_was_objected_to_is_told_to_the_person_where_no_order_can_be_looked_for() -> None:
    text = "短信说我那个事办完了，人都没来看一眼，根本没修"
    call = Conversation()
    call.says(text)
    call.happens(EngineFailed(NOW, call.turn, "progress"))
    passed_on = call.did[-1]
    assert isinstance(passed_on, TransferToAgent)
    assert text in passed_on.briefing


def test_and_a_matter_of_who_has_none() -> None:
    text = "物业打电话说修好了，其实根本没修，电梯还是坏的"
    call = Conversation()
    call.says(text.replace("物业", "单位"))
    call.happens(NoProgress(NOW, call.turn))
    assert isinstance(call.did[-1], Understand)
    assert call.did[-1].text.endswith("电梯还是坏的")


def test_how_an_order_stands_comes_before_the_question_beside_it() -> None:
    call = Conversation()
    call.says("上次报的路灯咋样了，顺便问下医保卡怎么激活")
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    assert call.heard[-1] == "next_matter"


def test_who_presses_has_their_only_open_order_urged_and_is_told_of_it() -> None:
    call = Conversation()
    call.says("我催一下暖气那个事")
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", "我催一下暖气那个事", urges=True)
    call.happens(FactsAdded(NOW, call.turn, "26112300001"))
    assert call.said.startswith("查到了。11月23日登记的供暖诉求")
    assert "已经替您催办" in call.said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("查一下我的工单，编号是二零二四零五零六一二三四五", "ask_number_again"),
        ("查进度，我妈登记的那个单子", "ask_number"),
    ],
)
def test_the_callers_own_orders_are_not_told_for_another(text: str, name: str) -> None:
    call = Conversation()
    call.says(text)
    assert call.heard == (name,)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("那个事办完了，你把单子取消了吧", "withdraw"),
        ("我之前反映的问题解决了，麻烦你给销了吧，谢谢恁", "withdraw"),
        ("我之前打的那个漏水的，忘了说要保密了，现在加上行不", "asked"),
        ("承办单位给我打电话威胁我让我撤单", "dissatisfied"),
        ("单位让我撤单，我不同意", "dissatisfied"),
        ("我要撤单", "withdraw"),
        ("你们回复的内容和事实不符", "dissatisfied"),
    ],
)
def test_what_only_people_may_do_to_an_order_is_for_people(text: str, reason: str) -> None:
    call = Conversation()
    call.says(text)
    assert isinstance(call.did[-1], TransferToAgent)
    assert call.did[-1].reason == reason


# --- questions ---------------------------------------------------------------------------------------------------


def test_who_names_only_a_topic_is_asked_to_go_on_and_both_are_searched_for() -> None:
    call = Conversation()
    call.says("社保卡", a_complaint("社保卡", category="0303", category_confidence=0.6))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("invite",)
    call.says("丢了", a_complaint("社保卡，丢了", kind=AppealKind.INQUIRY, category="0303"))
    asked = call.did[-1]
    assert isinstance(asked, LookUp)
    assert asked.question == "社保卡，丢了"


def test_a_question_at_the_end_of_a_story_is_searched_for_alone() -> None:
    text = "你好，我是罗庄的，我儿子在杭州交的公积金，现在想回来买房子，能不能用杭州的公积金在临沂贷款啊"
    call = Conversation()
    call.says(text, a_complaint(text, kind=AppealKind.INQUIRY, category="0303"))
    call.happens(PassagesFound(NOW, call.turn, ()))
    asked = call.did[-1]
    assert isinstance(asked, LookUp)
    assert asked.question == "能不能用杭州的公积金在临沂贷款啊"
    call.happens(PassagesFound(NOW, call.turn, ()))
    call.happens(PassagesFound(NOW, call.turn, ()))  # with what it began with
    assert call.heard[-1] in ("confirm", "ask_place")


@pytest.mark.parametrize(
    ("category", "heard"), [("0402", ("answer_lead", "A0402-10", "anything_more")), ("0701", ("confirm",))]
)
def test_a_question_is_searched_for_with_what_the_story_began_with_and_answered_of_its_class(
    category: str, heard: tuple[str, ...]
) -> None:
    text = "社保卡丢了，人现在在上海打工，回不去临沂，请问网上能不能补办，怎么操作"
    call = Conversation()
    call.says(text, a_complaint(text, kind=AppealKind.INQUIRY, category="0402", category_confidence=0.9))
    asked = []
    for _ in range(2):
        call.happens(PassagesFound(NOW, call.turn, ()))
        look_up = call.did[-1]
        assert isinstance(look_up, LookUp)
        asked.append(look_up.question)
    assert asked == ["网上能不能补办，怎么操作", "社保卡丢了，网上能不能补办"]
    found = Passage(an_article(id="A0402-10", category=category), 0.9, is_confident=True)
    call.happens(PassagesFound(NOW, call.turn, (found,)))
    assert call.heard[-len(heard) :] == heard


_CAR_PARK = (
    "小区的地下车位开发商只卖不租，一个车位十五万，我们业主都买不起，物业还不让车进小区，请问这样合法吗"
)
_SCHOOLS = "县里学校的公用经费被财政局统筹去了近五分之一，学校领导想点办法就可以争取一点财政补助"


@pytest.mark.parametrize(
    ("text", "category", "is_answered"),
    [
        (f"{_CAR_PARK}？希望有关部门尽快查处，责令开发商出租车位。", "0402", False),
        (f"{_CAR_PARK}？希望有关部门帮我们解决这个问题。", "0402", True),
        (f"{_CAR_PARK}？希望有关部门帮我们解决这个问题。", "0701", False),
        (f"{_CAR_PARK}？希望各位身体健康，工作顺利，家庭幸福。", "0701", True),
        (f"{_SCHOOLS}，请问补助的原则是什么？依据是什么？能不能信息公开？", "0701", False),
        (f"{_SCHOOLS}，请问补助的原则是什么？依据是什么？能不能信息公开？", "0402", True),
    ],
)
def test_an_article_that_tells_what_a_letter_says_beside_does_not_close_it(
    text: str, category: str, *, is_answered: bool
) -> None:
    call = Conversation()
    call.says(text, a_complaint(text, kind=AppealKind.INQUIRY, category="0402", category_confidence=0.9))
    found = Passage(an_article(id="A0402-10", category=category), 0.9, is_confident=True)
    call.happens(PassagesFound(NOW, call.turn, (found,)))
    assert ("answer_lead" in call.heard) == is_answered


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("不对，是修暖气", "什么时候供暖，修暖气"),
        ("不是供暖，我问的是退暖气费", "什么时候供暖，退暖气费"),
    ],
)
def test_what_was_meant_instead_is_searched_for_with_what_was_asked(text: str, question: str) -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says(text)
    asked = call.did[-1]
    assert isinstance(asked, LookUp)
    assert asked.question == question


def test_a_question_behind_thanks_is_a_question() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says("好的，谢谢，那要是停了找谁能管")
    assert isinstance(call.did[-1], Understand)
    assert call.did[-1].text == "那要是停了找谁能管"


@pytest.mark.parametrize("text", ["不对吧，我听邻居说三百八", "你确定吗", "你说错了吧"])
def test_who_doubts_an_answer_hears_what_it_rests_on(text: str) -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says(text)
    assert call.heard == ("answer_doubted", "anything_more")
    assert "临沂市供热条例" in call.said
    call.says("依据是什么")
    assert call.said.startswith("临沂市供热条例")


# --- emergencies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["紧急", "怎么不紧急，你快点", "人都快没了你还问", "恁快点吧俺求求恁了", "转吧转吧", "赶紧的吧"]
)
def test_who_says_in_any_words_that_it_is_urgent_is_put_through(text: str) -> None:
    call = Conversation()
    call.says("我老伴摔倒起不来了")
    assert call.heard == ("emergency_check",)
    call.says(text)
    assert isinstance(call.did[-1], GiveWayToEmergency)


def test_who_answers_neither_is_asked_once_more() -> None:
    call = Conversation()
    call.says("我老伴摔倒起不来了")
    call.says("俺不知道咋办啊")
    assert call.heard == ("emergency_check",)
    call.says("没事，打完针了")
    assert isinstance(call.did[-1], Understand)


@pytest.mark.parametrize("text", ["他在外头踹门呢，我不敢开门，恁说俺咋弄", "都见血了"])
def test_who_describes_the_danger_is_put_through(text: str) -> None:
    call = Conversation()
    call.says("老公打我")
    call.says(text)
    assert isinstance(call.did[-1], GiveWayToEmergency)


def test_a_long_answer_that_denies_nothing_is_asked_for_once_more_and_then_taken_for_yes() -> None:
    call = Conversation()
    call.says("楼下有人打架")
    call.says("就在我们小区东边那个超市门口")
    assert call.heard == ("emergency_check",)
    call.says("兰山区柳青街道福星小区东门")
    assert isinstance(call.did[-1], GiveWayToEmergency)


def test_a_long_answer_of_something_else_goes_on_with_that() -> None:
    call = Conversation()
    call.says("楼下有人打架")
    assert call.says("我就是想问一下医保怎么交")[-1] == Understand(
        call.turn, "楼下有人打架，我就是想问一下医保怎么交"
    )


def test_a_long_answer_to_an_alarm_that_only_sounded_so_is_none_without_an_alarm_of_its_own() -> None:
    call = Conversation()
    call.says("出车过来")
    assert isinstance(call.says("就在我们小区东边那个超市门口")[-1], Understand)
    call = Conversation()
    call.says("出车过来")
    call.says("有个人躺在地上不动弹了也没人管")
    assert isinstance(call.did[-1], GiveWayToEmergency)
    assert call.did[-1].service is EmergencyService.AMBULANCE


def test_who_denies_a_cry_that_is_no_matter_is_invited_to_go_on() -> None:
    call = Conversation()
    call.says("楼下有人打架")
    call.says("没事了", a_meaning("楼下有人打架", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("go_ahead",)
    call.says("嗡嗡嗡", a_meaning("嗡嗡嗡", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("not_understood",)


@pytest.mark.parametrize("asks_back", ["嗯？", "啊？？"])
def test_a_question_in_writing_is_no_yes_to_the_question_about_danger(asks_back: str) -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("家里煤气味好大")
    chat.says(asks_back)
    assert chat.heard == ("emergency_check",)
    chat.says("嗯")
    assert isinstance(chat.did[-1], GiveWayToEmergency)


@pytest.mark.parametrize(
    ("text", "is_despair"),
    [
        ("俺补货了", False),
        ("我补货了", False),
        ("俺不活了", True),
        ("邻居天天半夜唱歌吵得俺想死", False),
        ("屋里没暖气冻得人想死", False),
        ("疼得俺想死", True),
        ("邻居吵得俺想死，活着没意思", True),
    ],
)
def test_goods_and_figures_of_speech_are_no_despair(text: str, is_despair: bool) -> None:
    done = Conversation().says(text)[-1]
    assert (isinstance(done, TransferToAgent) and done.reason == "despair") is is_despair


def test_despair_in_a_short_letter_is_heard() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("村里占我家果园不给钱，再不给我就不活了！请领导给我做主！")
    assert isinstance(chat.did[-1], TransferToAgent)
    assert chat.did[-1].reason == "despair"


def test_despair_at_the_end_of_a_long_story_is_heard_by_telephone() -> None:
    story = "我跟你说啊，我这个病治了三年了，家里钱都花光了，儿子也不管我，我现在真的是不如死了"
    call = Conversation()
    call.says(story)
    assert isinstance(call.did[-1], TransferToAgent)
    assert call.did[-1].reason == "despair"
    chat = Conversation(ContactChannel.WEB_CHAT)
    assert isinstance(chat.says(story)[-1], Understand)  # in a letter it tells how bad a matter is


def test_an_answer_of_another_kind_to_the_place_is_no_place() -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了", category="0204"))
    call.says("没事了人已经回家了", a_meaning("没事了人已经回家了", Intent.UNKNOWN))
    assert call.session.so_far.place is None
    call.says(
        "保密吧，我还在那上班呢", a_meaning("保密吧，我还在那上班呢", Intent.UNKNOWN, wants_secrecy=True)
    )
    assert call.session.so_far.secrecy is Secrecy.CONFIDENTIAL


@pytest.mark.parametrize(
    "text",
    [
        "好嘞没了", "好好没了", "唉，没了", "木有勒", "中，没了", "那行没啥了", "那我等你们信儿", "那我等你们电话是吧",
        "算了不问了", "那我去问问", "我明天去看看吧", "哦，原来如此",
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_order", [True, False])
def test_an_end_in_own_words_is_nothing_more(text: str, *, is_order: bool) -> None:
    call = after_registering(asks_rating=True) if is_order else Conversation(asks_rating=True)
    if not is_order:
        call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
        call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says(text)
    assert call.heard == ("ask_rating",)


@pytest.mark.parametrize(
    "text",
    ["我等了三个月了没人管", "去问问社保怎么交", "没水了", "有没有别的办法", "13905390001，等电话太久"],
)
def test_what_tells_more_is_no_end(text: str) -> None:
    call = after_registering(asks_rating=True)
    call.says(text)
    assert isinstance(call.did[-1], Understand)


@pytest.mark.parametrize("text", ["哦哦", "噢"])
def test_who_only_hears_it_out_is_asked_whether_there_is_more(text: str) -> None:
    call = after_registering()
    call.says(text)
    assert call.heard == ("anything_more",)


@pytest.mark.parametrize(
    "text",
    [
        "会有人给我打电话吗", "是你们给我回话还是他们给我回话", "啥时候能给修", "啥时候能给个说法",
    ],
)  # fmt: skip
def test_who_asks_who_will_answer_and_when_hears_who_handles_it(text: str) -> None:
    call = after_registering()
    call.says(text)
    assert call.heard == ("registered_due", "anything_more")


@pytest.mark.parametrize("text", ["都坏了仨月了", "都仨月了"])
def test_how_long_it_is_so_is_a_fact_of_the_order(text: str) -> None:
    call = after_registering()
    call.says(text, replace(a_meaning(text, Intent.UNKNOWN), category_confidence=0.43))
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", text)


def test_who_wants_word_when_it_is_done_has_it_noted_and_gets_nobody_now() -> None:
    call = after_registering()
    call.says("到时候给我回电话吧")
    assert call.did[-1] == AddToOrder(call.turn, "26112300001", "到时候给我回电话吧")


def test_nothing_more_where_a_place_was_asked_for_puts_that_question_once_more() -> None:
    call = Conversation()
    call.says("暖气不热", a_complaint("暖气不热"))
    call.says("好嘞没了")
    assert call.heard == ("ask_place",)
    call.says("没了", a_meaning("没了", Intent.DENY))
    assert call.heard == ("ask_place_again",)
