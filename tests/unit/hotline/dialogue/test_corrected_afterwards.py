"""A citizen may correct what was just registered: it goes to that order, and is said to be there after the commit only."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import (
    AddToOrder,
    LookUp,
    LookUpProgress,
    RegisterAppeal,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import EngineFailed, FactsAdded, HungUp, NoProgress, ProgressFound
from hotline.domain.appeal import AppealKind, ContactChannel, Place, Secrecy
from hotline.domain.category import Category
from hotline.domain.deeds import Satisfaction
from hotline.domain.meaning import Understanding
from hotline.domain.repeats import OrderNews
from hotline.domain.work_order import Status
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


# --- which order, and whether it is one at all -------------------------------------------------------------------

KAIYANG = Place(
    said="兰山区金雀山街道开阳路66号",
    county_code="371302",
    county="兰山区",
    street="金雀山街道",
    detail="开阳路66号",
)
FIRST, SECOND = "26112300001", "26112300002"
CLASSES = {
    "0101": Category("0101", "供暖", "供暖", "公用事业", keywords=("暖气", "供热")),
    "0102": Category("0102", "供水", "供水", "公用事业", keywords=("停水", "自来水")),
}
HEATING = OrderNews("26112000007", Status.HANDLING, NOW, NOW, "兰山区人民政府", "0101")
WATER = OrderNews("26112000008", Status.HANDLING, NOW, NOW, "兰山区人民政府", "0102")


def with_heating(*, asks_rating: bool = False) -> Conversation:
    call = Conversation(asks_rating=asks_rating, categories=CLASSES)
    call.says("暖气不热", a_complaint("暖气不热", place=KAIYANG))
    call.says("对")
    call.is_registered(FIRST)
    return call


def with_water_as_well() -> Conversation:
    """Registers heating, and reads back that there is no water."""
    call = with_heating()
    call.says("还想说一个，停水了", a_complaint("停水了", category="0102", place=LUOZHUANG))
    assert call.heard == ("confirm",)
    return call


@pytest.mark.parametrize(
    "words",
    [
        "刚才说的不对，是开阳路88号",
        "改一下，不是开阳路是长安路",
        "改下地址，不是开阳路是光明路",
        "我刚才说的门牌号不对，应该是65号",
        "把地址改成建设路吧",
        "不是开阳路，是文化路，改一下",
        "是长安路不是开阳路",
        "等等，我电话说错了，是13905390002",
    ],
)
def test_what_was_told_wrongly_is_put_right_however_it_is_said(words: str) -> None:
    call = with_heating()
    call.says(words)
    assert call.did[-1] == AddToOrder(call.turn, FIRST, words)


@pytest.mark.parametrize(
    "words",
    [
        "红绿灯时间太短改一下",
        "第二个路口不对着门",
        "你说错了吧",
        "不是没有，还要反映停水",
    ],
)
def test_what_is_not_of_the_order_puts_nothing_right(words: str) -> None:
    call = with_heating()
    call.says(words)
    assert isinstance(call.did[-1], Understand)


def test_who_only_says_that_it_was_wrong_is_asked_what_is_right() -> None:
    call = with_heating()
    call.says("我刚才地址说错了")
    assert call.did[-1] == AddToOrder(call.turn, FIRST, "我刚才地址说错了")
    call.happens(FactsAdded(NOW, call.turn, FIRST))
    assert call.heard == ("order_what_is_right",)
    call.says("开阳路88号")
    assert call.did[-1] == AddToOrder(call.turn, FIRST, "我刚才地址说错了，开阳路88号")


def test_who_has_nothing_to_put_right_after_all_is_done() -> None:
    call = with_heating()
    call.says("我刚才地址说错了")
    call.happens(FactsAdded(NOW, call.turn, FIRST))
    call.says("没有了")
    assert call.heard == ("goodbye",)


@pytest.mark.parametrize(
    "words", ["前面那个不要了", "头一个不报了", "那个事算了，不要了", "前面那个不要了，我想反映饭店油烟"]
)
def test_an_order_that_is_not_wanted_any_more_is_for_a_person(words: str) -> None:
    call = with_heating()
    call.says(words)
    transfer = call.last(TransferToAgent)
    assert isinstance(transfer, TransferToAgent)
    assert (transfer.reason, words in transfer.briefing) == ("withdraw", True)


def test_the_first_order_is_taken_back_by_a_person_who_sees_the_second_as_well() -> None:
    call = with_water_as_well()
    call.says("第一个不要了，只要停水这个")
    transfer = call.last(TransferToAgent)
    assert isinstance(transfer, TransferToAgent)
    assert (transfer.reason, "停水了，第一个不要了" in transfer.briefing) == ("withdraw", True)


@pytest.mark.parametrize(
    "words", ["第一个地址不对，应该是长安路", "等等刚才第一个说错了，是长安路不是正阳路"]
)
def test_the_first_order_is_put_right_while_the_second_is_read_back(words: str) -> None:
    call = with_water_as_well()
    call.says(words)
    assert call.did[-1] == AddToOrder(call.turn, FIRST, words)
    call.happens(FactsAdded(NOW, call.turn, FIRST))
    assert call.heard == ("facts_added", "confirm")
    assert call.session.so_far.text == "停水了"
    call.says("对")
    assert isinstance(call.did[-1], RegisterAppeal)


def test_what_is_taken_down_is_kept_of_who_hangs_up_while_the_first_order_is_put_right() -> None:
    call = with_water_as_well()
    call.says("第一个地址不对，应该是长安路")
    (register,) = [one for one in call.happens(HungUp(NOW)) if isinstance(one, RegisterAppeal)]
    assert (register.appeal.text, register.appeal.is_confirmed) == ("停水了", False)


def test_what_was_put_aside_comes_back_once() -> None:
    call = with_water_as_well()
    call.says("第一个地址不对，应该是长安路")
    call.happens(FactsAdded(NOW, call.turn, FIRST))
    call.says("对")
    call.is_registered(SECOND)
    call.says("地址改成建设路")
    call.happens(FactsAdded(NOW, call.turn, SECOND))
    assert call.heard == ("facts_added", "anything_more")


def test_the_first_order_is_left_to_a_person_where_it_is_not_told_what_is_right() -> None:
    call = with_water_as_well()
    call.says("第一个地址不对")
    assert isinstance(call.did[-1], TransferToAgent)


def test_what_is_wrong_with_what_is_read_back_is_of_no_order() -> None:
    call = with_water_as_well()
    call.says("刚才那个地址不对，是长安路")
    assert not any(isinstance(action, AddToOrder) for action in call.did)


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("刚才暖气那个说错了，是长安路不是正阳路", FIRST),
        ("说错了，是长安路不是开阳路", FIRST),
        ("第一个说错了，是长安路", FIRST),
        ("第二个说错了，是长安路", SECOND),
        ("我刚才说错了，是长安路", SECOND),
        ("刚才那个地址不对，是长安路", None),
        ("第一个要保密", FIRST),
        ("两个都要保密", None),
    ],
)
def test_of_two_orders_the_one_that_is_named_is_changed_or_a_person_is_asked(
    words: str, number: str | None
) -> None:
    call = with_water_as_well()
    call.says("对")
    call.is_registered(SECOND)
    done = call.says(words)
    if isinstance(done[-1], Understand):
        call.says(words, a_meaning(words, wants_secrecy=True))
    last = call.did[-1]
    assert (last.number if isinstance(last, AddToOrder) else None) == number
    assert isinstance(last, AddToOrder | TransferToAgent)


@pytest.mark.parametrize("words", ["门牌号说错了，应该是65号", "暖气的位置说错了，是开阳路65号"])
def test_the_rating_is_asked_again_once_something_was_put_right_instead(words: str) -> None:
    call = with_heating(asks_rating=True)
    call.says("没有了")
    call.says(words)
    assert call.did[-1] == AddToOrder(call.turn, FIRST, words)
    call.happens(FactsAdded(NOW, call.turn, FIRST))
    assert call.heard == ("facts_added", "ask_rating")
    call.says("满意")
    assert (call.session.rating, call.heard) == (Satisfaction.SATISFIED, ("rated", "goodbye"))


def test_who_asked_for_secrecy_at_the_rating_is_asked_for_it_again() -> None:
    call = with_heating(asks_rating=True)
    call.says("没有了")
    call.says("我要保密")
    call.happens(FactsAdded(NOW, call.turn, FIRST))
    call.says("没有了")
    assert call.heard == ("ask_rating",)


def test_something_wrong_is_put_right_at_the_rating_too_which_itself_may_be_wrong() -> None:
    call = with_heating(asks_rating=True)
    call.says("没有了")
    call.says("说错了，是满意")
    assert not any(isinstance(action, AddToOrder) for action in call.did)
    call = with_heating(asks_rating=True)
    call.says("没有了")
    call.says("等等，门牌号说错了，应该是65号")
    assert isinstance(call.did[-1], AddToOrder)


@pytest.mark.parametrize(
    ("words", "orders", "number"),
    [
        ("我来补充个情况，上次那个暖气管子也漏了", (HEATING, WATER), HEATING.number),
        ("补充：暖气管子也漏了", (HEATING,), HEATING.number),
        ("我要补充一下上次的单子，他们晚上才出来烧", (HEATING,), None),
        ("我要改一下我那个工单的地址，应该是文化路", (HEATING, WATER), None),
        ("刚才那个单子的地址给我改一下，应该是蒙山路", (), None),
        ("我刚才打的电话地址报错了，是上海路，不是北京路", (HEATING,), None),
    ],
)
def test_an_order_of_another_day_is_added_to_where_it_is_named_and_left_to_a_person_otherwise(
    words: str, orders: tuple[OrderNews, ...], number: str | None
) -> None:
    call = Conversation(categories=CLASSES)
    call.says(words)
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)
    call.happens(ProgressFound(NOW, call.turn, orders) if orders else NoProgress(NOW, call.turn))
    last = call.did[-1]
    if number is not None:
        assert last == AddToOrder(call.turn, number, words)
        call.happens(FactsAdded(NOW, call.turn, number))
        assert (call.heard, call.session.outcome.value) == (("facts_added", "anything_more"), "answered")
    else:
        assert isinstance(last, TransferToAgent)
        assert words in last.briefing


def test_an_addition_to_no_order_may_be_a_matter() -> None:
    call = Conversation()
    call.says("补充：路灯杆也歪了")
    call.happens(NoProgress(NOW, call.turn))
    assert isinstance(call.did[-1], Understand)


def test_what_calls_without_a_telephone_has_no_order_to_change() -> None:
    call = Conversation(phone=None)
    call.says("我上次登记的还要补充一点，有人摔倒了")
    assert isinstance(call.did[-1], TransferToAgent)


@pytest.mark.parametrize(
    "words", ["施工单位改一下施工时间吧", "之前物业说要加一条路", "上次的单子怎么补充材料", "昨天停水了"]
)
def test_what_changes_no_order_of_another_day_is_understood(words: str) -> None:
    call = Conversation()
    call.says(words)
    assert isinstance(call.did[-1], Understand)


@pytest.mark.parametrize(
    "words",
    [
        "昨天打的那个，忘了说保密了",
        "我昨天打过一个，名字能不能给我保密啊，我怕他们报复",
        "昨天俺打过电话，名字别跟人家说是俺",
    ],
)
@pytest.mark.parametrize("is_another", [False, True])
def test_an_order_of_another_day_is_kept_secret_by_a_person(words: str, *, is_another: bool) -> None:
    call = with_heating() if is_another else Conversation()
    call.says(words)
    assert isinstance(call.did[-1], TransferToAgent)


@pytest.mark.parametrize(
    ("words", "category", "is_added"),
    [
        ("还有停水也没人管", "0102", False),
        ("还有暖气管子也漏水", "0102", True),
        ("还有就是老板姓刘", None, True),
    ],
)
def test_what_else_names_another_matter_is_no_addition(
    words: str, category: str | None, *, is_added: bool
) -> None:
    call = with_heating()
    call.says(words, a_meaning(words, category=category, category_confidence=0.1))
    assert isinstance(call.did[-1], AddToOrder) is is_added


@pytest.mark.parametrize("words", ["还有一件", "还有第二件事", "第二件事"])
def test_who_says_that_there_is_another_is_asked_to_go_on(words: str) -> None:
    call = with_heating()
    call.says(words)
    assert call.heard == ("go_ahead",)


LIFT = {
    code: Category(code, name, name, "住房城乡建设", keywords=words)
    for code, name, words in (
        ("030102", "物业收费", ("物业费",)),
        ("030104", "电梯", ("困人",)),
        ("040206", "养老保险", ("退休",)),
    )
}


def with_a_lift() -> Conversation:
    call = Conversation(categories=LIFT)
    call.says("电梯坏了", a_complaint("电梯坏了", category="030104", place=KAIYANG))
    call.says("对")
    call.is_registered(FIRST)
    return call


@pytest.mark.parametrize(
    ("words", "category", "is_added"),
    [
        ("物业还乱收费", "030102", False),
        ("那个物业费的事也想说说", None, False),
        ("那个旧沙发不要了，往哪扔", None, False),
        ("那边那个学校门口的也坏了", "030104", False),
        ("房产证上名字写错了，咋改", None, False),
        ("我把人家号码弄错了，钱交给别人了", "040206", False),
        ("物业也不管", "030102", True),
        ("旁边那个也坏了", "030104", True),
        ("上哪都推来推去", None, True),
        ("上哪反映都没用", None, True),
        ("我的身份证号说错了，尾号是1234", None, True),
        ("我名字登记错了，是王建国", "040206", True),
        ("我孩子户口上出生日期登记错了，去哪改", "040206", False),
        ("老人上下楼都不方便", None, True),
        ("电梯的楼号给弄错了，是六号楼", "030104", True),
        ("不是，我是说里面的灯一会亮一会不亮", None, True),
        ("不是，我是说物业乱收费", "030102", False),
    ],
)
def test_only_what_surely_is_of_the_order_is_added(
    words: str, category: str | None, *, is_added: bool
) -> None:
    call = with_a_lift()
    done = call.says(words)
    if isinstance(done[-1], Understand):
        call.says(words, a_complaint(words, category=category, category_confidence=0.5))
    assert isinstance(call.did[-1], AddToOrder) is is_added


@pytest.mark.parametrize("category", [None, "030102"])
def test_what_was_taken_up_by_mistake_behind_an_order_ends_where_there_is_nothing_more(
    category: str | None,
) -> None:
    call = with_a_lift()
    call.says("还有一个，那边那个", a_complaint("还有一个，那边那个", category=category))
    assert call.heard == ("ask_place",)
    call.says("没有了")
    assert call.heard == ("ask_place",)
    call.says("俺老伴说没有了")
    assert (call.heard == ("goodbye",)) is (category is None)
