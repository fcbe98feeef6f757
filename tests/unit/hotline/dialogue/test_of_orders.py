"""What is asked about an order that was registered or told: its number, whose it is, what it says, a promise, its unit's telephone."""

from __future__ import annotations

import pytest

from hotline.city import read_lists
from hotline.dialogue.actions import AddToOrder, End, LookUpProgress, Say, Understand
from hotline.dialogue.events import FactsAdded, NoProgress, ProgressFound
from hotline.dialogue.words import ANSWER_FILES, AnswerWords
from hotline.domain.appeal import ContactChannel
from hotline.domain.life_cycle import Status
from hotline.domain.repeats import OrderNews
from tests.builders import LANSHAN, LINYI, NOW, PHONE, a_complaint
from tests.talking import DUE, Conversation

ASKED = AnswerWords(read_lists(LINYI / "lexicon", ANSWER_FILES)).order_questions
NUMBER, SECOND = "26112300001", "26112300002"
HANDLING = OrderNews(NUMBER, Status.HANDLING, NOW, DUE, "兰山区人民政府", "0101")


def registered(*numbers: str, channel: ContactChannel = ContactChannel.PHONE, **settings) -> Conversation:
    call = Conversation(channel, **settings)
    for number in numbers or (NUMBER,):
        call.says("还有个事，路灯坏了", a_complaint("路灯坏了", place=LANSHAN))
        call.says("对")
        call.is_registered(number)
    return call


def told_by_number(**settings) -> Conversation:
    call = Conversation(**settings)
    call.says("查工单二六一一二三零零零零幺")
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    return call


@pytest.mark.parametrize(
    "text",
    [
        "号码是多少",
        "再念一遍号码",
        "号是多少",
        "啥号来着",
        "单子号多少",
        "单号再给我念一遍",
        "等等，号码我还没记下呢",
        "你慢点念，我拿笔记一下",
        "我记一下，念吧",
        "第一个的号呢",
        "两个号都给俺说一遍",
        "俺拿笔记一下",
        "工单号发给我一下",
    ],
)
def test_who_wants_to_write_the_number_down_asks_for_it(text: str) -> None:
    assert ASKED.asks_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "我家门牌号看不清了",
        "我把我的电话号码给你",
        "你记一下我的号码",
        "我换个号码",
        "快递单号查不到",
        "车牌号是多少我没记住",
        "你再说一遍",
        "我说一下",
        "你记一下",
        "记一下",
        "多少钱",
    ],
)
def test_who_speaks_of_another_number_does_not(text: str) -> None:
    assert not ASKED.asks_number(text)


def test_the_number_is_said_slowly_and_the_question_put_again() -> None:
    call = registered()
    call.says("你慢点念，我拿笔记一下")
    say = call.last(Say)
    assert isinstance(say, Say)
    assert (call.heard, say.is_slow) == (("number_again", "anything_more"), True)
    assert call.said == "工单编号是261123 00001。请问还有其他问题吗？"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("号码是多少", "工单编号是261123 00002。"),
        ("第一个的号呢", "先登记的那件，编号是261123 00001。"),
        ("两个号都给我说一遍", "先登记的那件，编号是261123 00001。后面那件，编号是261123 00002。"),
    ],
)
def test_of_two_orders_that_is_told_which_is_asked_for(text: str, said: str) -> None:
    call = registered(NUMBER, SECOND)
    call.says(text)
    assert call.said == f"{said}请问还有其他问题吗？"


def test_at_the_rating_the_number_is_told_too_and_then_a_rating_asked() -> None:
    call = registered(asks_rating=True)
    call.says("没有了")
    call.says("等等，号码我还没记下呢")
    assert call.heard == ("number_again", "ask_rating")
    call.says("我抄下来了")
    assert call.heard == ("ask_rating",)
    assert isinstance(call.says("满意")[-1], End)


def test_who_wants_it_sent_hears_it_again() -> None:
    call = registered()
    call.says("我眼花看不清，你发个短信吧")
    assert call.heard == ("number_not_sent", "number_again", "anything_more")


@pytest.mark.parametrize("text", ["我记下了", "我抄下来了", "俺写下来了", "号码记住了，谢谢"])
def test_who_has_noted_the_number_only_says_so(text: str) -> None:
    call = registered()
    call.says(text)
    assert call.heard == ("anything_more",)


@pytest.mark.parametrize("text", ["记好了，没别的了", "记好了没别的了"])
def test_who_has_noted_it_and_has_nothing_more_is_done(text: str) -> None:
    assert isinstance(registered().says(text)[-1], End)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("记下了没", None),
        ("记住了吗", None),
        ("他记下了我的车牌", None),
        ("我记住了", ""),
        ("记好了，没了", "没了"),
    ],
)
def test_what_is_said_behind_the_note_is_told_apart(text: str, rest: str | None) -> None:
    assert ASKED.behind_note(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "这归谁管啊",
        "这个事是哪个部门管",
        "我想问一下这个是归哪个单位管啊",
        "这个事你们转给哪个部门了",
        "你们转给谁了啊",
        "这个由谁来处理啊",
        "不是说八号之前给答复吗",
        "催一下",
    ],
)
def test_whose_it_is_is_said_again_of_what_was_registered(text: str) -> None:
    call = registered()
    call.says(text)
    assert call.heard == ("registered_due", "anything_more")


@pytest.mark.parametrize("text", ["你们是哪个部门的", "路灯归谁管", "谁举报的我", "找谁赔钱"])
def test_who_asks_of_somebody_else_names_them(text: str) -> None:
    assert not ASKED.asks_whose(text)


def test_who_asks_whose_it_is_and_has_nothing_to_tell_is_done() -> None:
    call = Conversation()
    call.says("请问这事归谁管")
    assert isinstance(call.says("没了")[-1], End)


def test_what_the_order_says_is_read() -> None:
    call = registered()
    call.says("你单子里咋写的，给我念念呗")
    assert call.heard == ("order_written", "anything_more")
    assert call.said.startswith("工单里登记的是：您反映的是")
    assert isinstance(Conversation().says("你单子里咋写的，给我念念呗")[-1], LookUpProgress)


def test_on_a_page_that_shows_orders_it_is_pointed_to() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("请问工单里写了什么内容")
    assert chat.heard == ("own_orders",)


@pytest.mark.parametrize(
    ("text", "is_asked", "is_asked_at_hand"),
    [
        ("能不能告诉我承办单位的电话", True, True),
        ("怎么联系承办单位", True, True),
        ("你把他们电话给我，我自己联系", False, True),
        ("住建局电话多少", False, False),
        ("他们电话打不通", False, False),
        ("物业的电话是多少", False, False),
    ],
)
def test_the_telephone_of_the_unit_is_asked_for(text: str, *, is_asked: bool, is_asked_at_hand: bool) -> None:
    found = (ASKED.asks_unit_phone(text, is_at_hand=False), ASKED.asks_unit_phone(text, is_at_hand=True))
    assert found == (is_asked, is_asked_at_hand)


def test_who_asks_for_the_units_telephone_hears_that_a_person_can_tell_it() -> None:
    call = registered()
    call.says("你把他们电话给我，我自己联系")
    assert call.heard == ("unit_phone", "anything_more")


@pytest.mark.parametrize(
    "text",
    [
        "你不是说今天给我回复吗，咋到现在一个电话都没有",
        "不是说今天就给答复吗，怎么没动静",
        "你们不是说八号之前给答复的吗",
        "为什么还没有回复我？",
        "说好的三天之内给我回信的，这都五天了",
        "恁答应今天给俺回话的",
    ],
)
def test_who_was_promised_an_answer_is_told_how_the_order_stands(text: str) -> None:
    call = Conversation()
    call.says(text)
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)
    call.happens(NoProgress(NOW, call.turn))
    assert isinstance(call.did[-1], Understand)


@pytest.mark.parametrize(
    "text",
    [
        "物业不是说今天给答复吗",
        "老板答应今天给我打电话的",
        "不是说六十岁以上免费吗",
        "说好的拆迁款没给",
        "答应给我们办房产证一直没办",
        "怎么没人来修路灯",
    ],
)
def test_what_another_promised_is_a_matter(text: str) -> None:
    assert not ASKED.reminds(text)


@pytest.mark.parametrize(
    ("text", "is_looked_up"),
    [
        ("我查一个单子，尾号0004", True),
        ("我查一个单子，261201", True),
        ("查一下工单", True),
        ("超市收银单子给错了", False),
        ("医院查了个单子丢了", False),
        ("查一下我的社保", False),
    ],
)
def test_an_order_is_looked_up_by_whatever_part_of_its_number(text: str, *, is_looked_up: bool) -> None:
    assert ASKED.looks_up(text) is is_looked_up


def test_part_of_a_number_raises_no_alarm() -> None:
    call = Conversation()
    call.says("我查一个单子，尾号0004")
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)


@pytest.mark.parametrize("text", ["给我催一催", "催一下呗，天天黑灯瞎火的老人都摔了跟头了", "能加急不"])
def test_who_has_filed_an_order_may_urge_it_by_its_number(text: str) -> None:
    call = told_by_number()
    call.says(text)
    assert call.did[-1] == LookUpProgress(call.turn, None, PHONE)
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    assert call.did[-1] == AddToOrder(call.turn, NUMBER, text, urges=True)
    call.happens(FactsAdded(NOW, call.turn, NUMBER))
    assert call.heard == ("urged", "anything_more")


def test_who_has_not_is_told_who_may() -> None:
    call = told_by_number()
    call.says("催一下吧")
    call.happens(NoProgress(NOW, call.turn))
    assert call.heard == ("urged_by_others", "anything_more")
    call = told_by_number(phone=None)
    call.says("催一下吧")
    assert call.heard == ("urged_by_others", "anything_more")


def test_who_points_at_the_order_that_was_told_may_urge_it_afterwards() -> None:
    call = Conversation()
    call.says("查进度")
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    call.says("就是供暖那个")
    assert call.heard == ("anything_more",)
    text = "都三天了怎么还没人来，催一下！！"
    call.says(text)
    assert call.did[-1] == AddToOrder(call.turn, NUMBER, text, urges=True)


@pytest.mark.parametrize("text", ["另外我家停水了，赶快来修", "催一下物业", "快点催他们来修，我还要反映停水"])
def test_who_urges_something_else_tells_of_it(text: str) -> None:
    call = Conversation()
    call.says("查进度")
    call.happens(ProgressFound(NOW, call.turn, (HANDLING,)))
    call.says(text)
    assert not any(isinstance(action, AddToOrder) for action in call.did)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("那要是没人管我咋办", True),
        ("那要是他们不管咋办", True),
        ("要是到期了还没人管我找谁", True),
        ("万一没人来修呢", True),
        ("你们能管得了吗", True),
        ("你们到底能不能管", True),
        ("要是孩子没人管咋办", False),
        ("如果单位不给办社保找谁", False),
        ("你们能处理一下楼上噪音吗", False),
    ],
)
def test_what_if_nothing_is_done_is_asked(text: str, *, asks: bool) -> None:
    assert ASKED.asks_if_undone(text) is asks


def test_who_asks_what_if_nothing_is_done_may_call_again() -> None:
    call = registered()
    call.says("那要是没人管我咋办")
    assert call.heard == ("registered_due", "order_undone", "anything_more")


@pytest.mark.parametrize("text", ["短信会发给我不", "那到时候是你们打给我还是怎么着"])
def test_who_will_answer_is_told_at_the_rating_too(text: str) -> None:
    call = registered(asks_rating=True)
    call.says(text)
    assert call.heard == ("registered_due", "anything_more")
    call.says("没有了")
    call.says(text)
    assert call.heard == ("registered_due", "ask_rating")
