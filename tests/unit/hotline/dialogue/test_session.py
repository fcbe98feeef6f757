"""What a citizen hears: the session's decisions, one behaviour a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotline.dialogue.actions import (
    AddToOrder,
    End,
    GiveWayToEmergency,
    Listen,
    LookUp,
    Outcome,
    RegisterAppeal,
    Say,
    StopSaying,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import (
    AgentJoined,
    EngineFailed,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    LocationShared,
    NoAgentFree,
    PassagesFound,
    PromptFinished,
    Said,
    SpeechStarted,
    TransferFailed,
    Understood,
)
from hotline.domain.appeal import (
    Address,
    AppealKind,
    ContactChannel,
    EmergencyService,
    Fact,
    FactKind,
    PhoneNumber,
    Place,
    Secrecy,
)
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_meaning, a_passage
from tests.talking import Conversation, with_a_complaint

LUOZHUANG = Place(said="罗庄", county_code="371311", county="罗庄区", detail="盛庄街道办对面")

NOTED = ("facts_noted", "confirm_short")
"""What was added changes nothing of the read-back: it is not read again, as if nothing had been added."""


def test_a_caller_is_greeted_and_listened_to() -> None:
    call = Conversation()
    assert call.heard == ("greeting",)
    assert call.last(Listen) == Listen(1, Expected.OPEN, 7.0)


def test_a_question_that_the_knowledge_base_answers_is_answered() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    asked = call.last(LookUp)
    assert asked == LookUp(3, "什么时候供暖", "0101")
    call.happens(PassagesFound(NOW, 3, (a_passage(),)))
    say = call.last(Say)
    assert isinstance(say, Say)
    assert say.text == "关于您的问题，采暖期是十一月十日到次年三月二十日。请问还有其他问题吗？"
    call.says("没有了，谢谢")
    assert call.heard == ("goodbye",)
    assert call.did[-1] == End(Outcome.ANSWERED)


def test_what_else_may_have_been_heard_is_looked_for_too() -> None:
    call = Conversation()
    heard = Said(
        NOW, "什么时候共暖", "什么时候共暖", engine="whisper", others=("什么时候供暖", "什么时候公暖")
    )
    call.says(heard, a_complaint("什么时候共暖", kind=AppealKind.INQUIRY))
    asked = call.last(LookUp)
    assert asked == LookUp(3, "什么时候共暖", "0101", is_heard=True, others=("什么时候供暖", "什么时候公暖"))


def test_other_readings_of_half_a_sentence_are_not_those_of_the_whole() -> None:
    call = Conversation()
    call.happens(Said(NOW, "请问", "请问", engine="whisper", others=("情闻",)))
    rest = Said(
        NOW, "什么时候供暖", "什么时候供暖", engine="whisper", continues=True, others=("什么时候共暖",)
    )
    call.says(rest, a_complaint("请问，什么时候供暖", kind=AppealKind.INQUIRY))
    assert call.last(LookUp).others == ()


@pytest.mark.parametrize("closing", ["好的", "没有了谢谢", "嗯", "清楚了", "不用了", "梅有了"])
def test_a_caller_who_wants_nothing_more_is_bidden_goodbye(closing: str) -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.says(closing)[-1] == End(Outcome.ANSWERED)


def test_silence_after_an_answer_ends_the_call_as_answered() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.happens(FellSilent(NOW, call.turn))[-1] == End(Outcome.ANSWERED)


def test_a_question_without_a_sure_answer_becomes_a_work_order() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(is_confident=False),)))
    assert call.heard == ("no_answer_register", "confirm")
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert (order.appeal.kind, order.appeal.category, order.appeal.is_confirmed) == (
        AppealKind.INQUIRY,
        "0101",
        True,
    )


def test_an_unhelpful_answer_is_followed_by_a_work_order() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says("不是这个")
    assert call.heard == ("no_answer_register", "confirm")
    assert call.session.outcome is Outcome.FAILED


def test_a_complaint_with_its_place_is_read_back_and_registered_after_yes() -> None:
    call = with_a_complaint()
    say = call.last(Say)
    assert isinstance(say, Say)
    assert say.text == "我跟您核对一下，您反映的是兰山区银雀山街道供暖问题。登记的内容对吗？"
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.place == LANSHAN
    assert order.appeal.phone == PHONE


def test_recorded_is_said_only_after_the_commit() -> None:
    call = with_a_complaint()
    said_before = call.says("对")
    assert not [action for action in said_before if isinstance(action, Say)]
    call.is_registered()
    say = call.last(Say)
    assert isinstance(say, Say)
    assert say.text == (
        "已受理，请您记一下工单编号，261123 00001。承办单位是兰山区人民政府，会在11月30日前办理并答复您。请问还有其他问题吗？"
    )
    assert call.says("没有了")[-1] == End(Outcome.REGISTERED)


def test_an_order_that_a_person_must_dispatch_names_no_unit() -> None:
    call = with_a_complaint()
    call.says("对")
    call.is_registered(unit=None)
    assert call.heard == ("registered", "registered_manual", "anything_more")


def test_a_commit_that_fails_is_told_and_the_caller_is_put_through() -> None:
    call = with_a_complaint()
    call.says("对")
    call.happens(EngineFailed(NOW, call.turn, "store"))
    assert call.heard == ("not_recorded", "transferring")
    assert isinstance(call.did[-1], TransferToAgent)
    assert "已受理" not in "".join(action.text for action in call.did if isinstance(action, Say))


def test_a_commit_that_fails_with_nobody_free_never_claims_to_be_recorded() -> None:
    call = with_a_complaint()
    call.says("对")
    call.happens(EngineFailed(NOW, call.turn, "store"))
    call.happens(NoAgentFree(NOW, call.turn))
    call.happens(EngineFailed(NOW, call.turn, "store"))
    assert call.heard == ("not_recorded", "message_none")
    assert call.did[-1] == End(Outcome.FAILED)


def test_a_missing_place_is_asked_for_and_heard_as_a_place() -> None:
    call = Conversation()
    call.says("暖气不热", a_complaint())
    assert call.heard == ("ask_place",)
    listen = call.last(Listen)
    assert isinstance(listen, Listen)
    assert listen.expect is Expected.PLACE
    call.says("兰山区银雀山街道", a_meaning("兰山区银雀山街道", Intent.UNKNOWN, place=LANSHAN))
    assert call.heard == ("confirm",)


def test_a_place_that_is_not_known_is_asked_twice_then_kept_in_the_callers_words() -> None:
    call = Conversation()
    call.says("暖气不热", a_complaint())
    call.says("老供销社后面", a_meaning("老供销社后面", Intent.UNKNOWN))
    assert call.heard == ("ask_county",)
    call.says("就在老供销社", a_meaning("就在老供销社", Intent.UNKNOWN))
    assert call.heard == ("confirm",)
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.place == Place(said="老供销社后面", detail="老供销社后面")


def test_a_county_alone_is_completed_by_one_more_question() -> None:
    county = Place(said="费县", county_code="371325", county="费县")
    call = Conversation()
    call.says("费县暖气不热", a_complaint("费县暖气不热", place=county))
    assert call.heard == ("ask_place_detail",)
    call.says("建设路那一片", a_meaning("建设路那一片", Intent.UNKNOWN))
    assert call.heard == ("confirm",)
    say = call.last(Say)
    assert isinstance(say, Say)
    assert "费县建设路那一片供暖问题" in say.text


def test_a_correction_of_the_county_replaces_it() -> None:
    call = with_a_complaint()
    call.says("不对，是罗庄", a_meaning("不对，是罗庄", Intent.DENY, place=LUOZHUANG))
    say = call.last(Say)
    assert isinstance(say, Say)
    assert "罗庄区盛庄街道办对面供暖问题" in say.text


def test_a_plain_no_is_asked_what_is_wrong() -> None:
    call = with_a_complaint()
    call.says("不对")
    assert call.heard == ("what_is_wrong",)


def test_keys_one_and_two_answer_the_confirmation() -> None:
    call = with_a_complaint()
    call.happens(KeyPressed(NOW, "2"))
    assert call.heard == ("what_is_wrong",)
    call = with_a_complaint()
    call.happens(KeyPressed(NOW, "1"))
    assert isinstance(call.did[-1], RegisterAppeal)


def test_a_tip_off_is_confidential_whatever_is_answered() -> None:
    call = Conversation()
    call.says("举报", a_complaint("有人偷排污水", kind=AppealKind.TIP_OFF, place=LANSHAN))
    assert call.heard == ("ask_secrecy_tip_off",)
    call.says("不需要")
    assert call.heard == ("secrecy_by_law", "confirm")
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.secrecy is Secrecy.CONFIDENTIAL


def test_a_number_left_at_the_confirmation_confirms_and_is_kept() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT, phone=None)
    chat.says("兰山区暖气不热", a_complaint("暖气不热", place=LANSHAN))
    assert chat.heard == ("confirm_contact",)
    chat.says("13905390002", a_meaning("13905390002", Intent.UNKNOWN, phone=PhoneNumber("13905390002")))
    order = chat.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.phone == PhoneNumber("13905390002")


@pytest.mark.parametrize("words", ["转人工", "专人工", "我要转人工服务", "人工", "给我找个真人", "话务员"])
def test_asking_for_a_person_reaches_a_person(words: str) -> None:
    call = Conversation()
    call.says(words)
    assert call.heard == ("transferring",)
    assert isinstance(call.did[-1], TransferToAgent)
    call.happens(AgentJoined(NOW, call.turn))
    assert call.happens(HungUp(NOW)) == (End(Outcome.AGENT),)


def test_a_key_that_means_nothing_is_answered_at_once_and_only_once() -> None:
    call = Conversation()
    assert call.happens(KeyPressed(NOW, "3"))
    assert call.heard == ("reprompt_open",)
    assert call.happens(KeyPressed(NOW, "3")) == ()
    call.says("路灯不亮", a_complaint("路灯不亮", place=None))
    assert call.heard == ("ask_place",)
    call.happens(KeyPressed(NOW, "7"))
    assert call.heard == ("key_unknown", "ask_place")
    assert call.said.startswith("这里不用按键，请您直接说。请问具体在什么位置")


@pytest.mark.parametrize(
    "opening",
    [
        "我想问一下",
        "我想问问",
        "喂，你好，我想咨询个事儿",
        "我要反映个问题",
        "俺打听个事",
        "问个问题",
        "我想反映一下情况",
    ],
)
def test_who_only_announces_a_question_is_asked_to_go_on(opening: str) -> None:
    call = Conversation()
    call.says(opening)
    assert call.heard == ("invite",)
    assert call.last(Listen).slowness == 1.5  # whoever paused there pauses again
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    assert call.last(LookUp).question == "什么时候供暖"


def test_who_has_told_nothing_yet_is_not_hung_up_on_but_when_they_take_leave() -> None:
    call = Conversation()
    call.says("没有了", a_meaning("没有了", Intent.GOODBYE))  # a television's
    assert call.heard == ("not_understood",)
    call.says("再见", a_meaning("再见", Intent.GOODBYE))
    assert call.heard == ("goodbye",)


def test_who_greets_is_waited_for_a_little_longer_and_the_others_are_not() -> None:
    call = Conversation()
    call.says("喂，您好啊", a_meaning("喂，您好啊", Intent.GREET))
    assert (call.heard, call.last(Listen).slowness) == (("invite",), 1.5)
    call.says("路灯坏了", a_complaint("路灯坏了", place=None))
    assert (call.heard, call.last(Listen).slowness) == (("ask_place",), 1.0)


@pytest.mark.parametrize(
    "matter",
    ["想要" * 2_000 + "，", "我想问问医保", "反映路灯", "我要问什么时候供暖", "问题很大", "我要投诉"],
)
def test_who_says_a_word_of_the_matter_is_understood(matter: str) -> None:
    call = Conversation()
    assert any(isinstance(action, Understand) for action in call.says(matter))


def test_key_zero_reaches_a_person_at_any_question() -> None:
    call = with_a_complaint()
    call.happens(KeyPressed(NOW, "0"))
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert transfer.briefing == (
        "诉求人电话：139****0001。类别：供暖。地点：兰山区银雀山街道。原话：兰山区银雀山街道暖气不热。"
    )


def test_with_nobody_free_what_was_said_is_recorded_for_a_call_back() -> None:
    call = with_a_complaint()
    call.happens(KeyPressed(NOW, "0"))
    call.happens(NoAgentFree(NOW, call.turn))
    assert call.heard == ("agent_busy",)
    order = call.did[-1]
    assert isinstance(order, RegisterAppeal)
    assert not order.appeal.is_confirmed
    call.is_registered()
    assert call.heard == ("message_registered", "goodbye")
    assert call.did[-1] == End(Outcome.REGISTERED)


def test_with_nobody_free_and_nothing_said_the_caller_may_leave_a_message() -> None:
    call = Conversation()
    call.says("转人工")
    call.happens(TransferFailed(NOW, call.turn, "busy"))
    assert call.heard == ("agent_busy", "leave_message")
    call.says("费县路灯坏了", a_meaning("费县路灯坏了", kind=AppealKind.HELP))
    order = call.did[-1]
    assert isinstance(order, RegisterAppeal)
    assert (order.appeal.text, order.appeal.is_confirmed) == ("费县路灯坏了", False)


@pytest.mark.parametrize(
    ("words", "service"),
    [
        ("我家着火了", EmergencyService.FIRE),
        ("这里有人打架，动刀子了", EmergencyService.POLICE),
        ("我孩子走丢了，五岁", EmergencyService.POLICE),
        ("快来人啊我家找火了", EmergencyService.FIRE),
        ("有人晕倒了", EmergencyService.AMBULANCE),
        ("我爸喝了农药", EmergencyService.AMBULANCE),
        ("有人拿着刀在砍人", EmergencyService.POLICE),
        ("路口出车祸了", EmergencyService.TRAFFIC),
        ("有人从楼上掉下来了", EmergencyService.AMBULANCE),
        ("孩子掉河里了", EmergencyService.FIRE),
        ("电梯里困人了", EmergencyService.FIRE),
        ("山上着了火，往村里烧过来了", EmergencyService.FIRE),
        ("有人要跳桥", EmergencyService.POLICE),
        ("小孩掉进化粪池了", EmergencyService.FIRE),
        ("工地塌方埋了人", EmergencyService.FIRE),
        ("俺爷爷断气了", EmergencyService.AMBULANCE),
        ("大水把人冲走了", EmergencyService.FIRE),
    ],
)
def test_an_emergency_is_handed_over_at_once(words: str, service: EmergencyService) -> None:
    call = Conversation()
    done = call.says(words)
    give_way = done[-1]
    assert isinstance(give_way, GiveWayToEmergency)
    assert give_way.service is service
    assert call.heard == ("emergency",)
    (record,) = call.happens(AgentJoined(NOW, call.turn))
    assert isinstance(record, RegisterAppeal)
    assert record.appeal.emergency is service
    assert call.happens(HungUp(NOW)) == (End(Outcome.EMERGENCY),)


@pytest.mark.parametrize(
    "words",
    [
        "消防通道被车堵了",
        "怕着火",
        "小区有火灾隐患",
        "去年着火了保险怎么理赔",
        "我要找货",
        "楼道里堆杂物容易着火",
        "可能是着火那次留下的",
        "要预防火灾",
        "楼上吊顶漏水了",
        "楼上掉了一块墙皮",
        "燃气灶打不着火",
        "楼道堆满了，真着了火咋跑",
        "推销的天天打我电话",
        "暖气不来了，整栋都凉的",
        "开发商老板失联了",
        "不动产证拿到了，孩子五十分",
        "录取通知书查不到，急死人了",
        "沂河路路口没有红绿灯，经常出车祸",
        "交通事故怎么认定",
        "楼梯扶手断了",
        "我去年被骗了三万现在钱还没追回来",
        "业主要求查账",
        "花池子里全是烟头",
        "我们小区断气了",
        "俺村南头那座小桥塌了半个多月了，收割机过不去，村里说上报了要排队，镇上说没有钱，请上面给看看",
    ],
)
def test_words_about_fire_that_are_no_emergency_do_not_ring_119(words: str) -> None:
    call = Conversation()
    assert isinstance(call.says(words)[-1], Understand)


def test_a_possible_emergency_is_asked_about_once() -> None:
    call = Conversation()
    call.says("想说一下着火")
    assert call.heard == ("emergency_check",)
    assert isinstance(call.says("是的")[-1], GiveWayToEmergency)
    call = Conversation()
    call.says("想说一下着火")
    assert call.says("不是")[-1] == Understand(call.turn, "想说一下着火")


@pytest.mark.parametrize(
    "words",
    [
        "楼上可能着火了",
        "家里煤气味特别大咋办",
        "楼下有人打架",
        "对面会不会着火了",
        "恐怕有人溺水",
        "我媳妇要生了，打120打不通",
        "我老伴心口疼得厉害",
        "隔壁两口子打架打得很凶",
        "有个老人在路边迷路了",
        "我儿子被骗了三万，对方还让他转账",
        "我刚刚被骗了，钱转过去了",
        "网上刷单被骗走八千",
        "有人站在楼顶要往下跳",
        "电线断了，赶紧来修",
        "电线断了赶紧来修",  # at once, but only asked about
        "墙倒了砸着人了",
        "客车翻沟里了",
        "挖出来一个炮弹",
        "河里漂着个人",
        "洪水进村了",
        "我妈吃错药了",
        "孩子抽抽了",
        "手让机器绞住了",
        "孩子的手夹在门里拿不出来",
        "充电的电瓶炸了",
        "车里锁着个孩子",
        "被疯狗咬了",
        "孩子喝了洗衣液",
        "学校门口有人拿刀",
        "我妈走丢了",
        "孩子放学没回家",
        "我要报警",
        "屋里都是煤气",
        "有人吞药了",
        "液氨泄漏了",
        "我妈被电动车撞了，对方跑了",
        "楼道里全是烟",
        "我手机掉进化粪池了",
        "他家老人被埋在我家地里",  # a grave, it may be
        "我闺女被骗到外地联系不上了",
        "我被传销的关起来了，被关着不让走",
        "有个老人躺在路边不动了",
        "家里老人等着吸氧，停电了",
        "隔壁老头好几天没出门了，敲门也不应",
        "孩子反锁在屋里，煤气还开着",
        "我老伴得老年痴呆，出去一下午了还没回来",
        "井盖没了，刚才有个人掉下去了",
        "俺那口子天天打我",
        "110打不通",
        "手机掉河里了",
        "路边的护栏让车撞了",
        "你能帮我打个120吗",
        "补好了避免楼上着火了",  # how 不好了，对面楼上着火了 was heard
    ],
)
def test_an_emergency_that_is_doubted_is_asked_about_not_passed_over(words: str) -> None:
    call = Conversation()
    call.says(words)
    assert call.heard == ("emergency_check",)


_CRIES_AS_HEARD = {  # down a telephone line by whisper-base: what was said, and whom it is for
    "有人晕水了": ("有人溺水", EmergencyService.FIRE),
    "有人叫合理了": ("掉河里了", EmergencyService.FIRE),
    "家里牵人去泄漏了": ("燃气泄漏了", EmergencyService.FIRE),
    "喂，我们小区炒火了": ("着火了", EmergencyService.FIRE),
    "全部上气来了": ("喘不上气", EmergencyService.AMBULANCE),
    "他喝牛腰了": ("喝农药", EmergencyService.AMBULANCE),
    "留了好多谢": ("流了好多血", EmergencyService.AMBULANCE),
    "快叫救勿车": ("叫救护车", EmergencyService.AMBULANCE),
    "有人拿刀凯人": ("拿刀砍人", EmergencyService.POLICE),
    "老人走就了": ("老人走丢", EmergencyService.POLICE),
    "出车过来": ("出车祸了", EmergencyService.TRAFFIC),
    "轮到里朝火了快点来": ("着火了", EmergencyService.FIRE),
    "车转人了": ("车撞人了", EmergencyService.TRAFFIC),
}


@pytest.mark.parametrize("heard", _CRIES_AS_HEARD)
def test_a_cry_that_was_misheard_is_asked_about_and_put_through_on_yes(heard: str) -> None:
    call = Conversation()
    call.says(heard)
    assert call.heard == ("emergency_check",)
    done = call.says("是的")
    assert isinstance(done[-1], GiveWayToEmergency)
    assert done[-1].service is _CRIES_AS_HEARD[heard][1]


def test_a_misheard_cry_that_was_none_is_understood_as_what_it_was_and_never_asked_again() -> None:
    call = Conversation()
    call.says("出车过来")
    assert call.says("不是")[-1] == Understand(call.turn, "出车过来")
    said = [action.prompts for action in call.says("车转人了") if isinstance(action, Say)]
    assert ("emergency_check",) not in said


@pytest.mark.parametrize(
    "words",
    [
        "家里停水了",
        "孩子转学需要什么手续",
        "身份证丢了",
        "没其他了",
        "好知道了",
        "请帮我保密",
        "家里漏水了",
        "水龙头卡住了",
        "楼道里放了老鼠药",
        "档案找不着了",
        "水是来了，可是是黄的",
        "人行道砖都翘起来了",
        "我想表扬个人",
        "狗咬人了",
        "变压器坏了",
        "我想问一下电瓶车上牌去哪里办",
        "前几天有人晕水了",
        "好像全部上气来了，就是我们小区暖气管道里的声音",
    ],
)
def test_what_only_sounds_a_little_like_a_cry_is_not_asked_about(words: str) -> None:
    call = Conversation()
    call.says(words)
    assert "emergency_check" not in call.heard


def test_a_needless_question_about_an_emergency_loses_nothing_of_what_is_being_taken_down() -> None:
    call = Conversation()
    call.says("暖气不热", a_complaint("暖气不热"))
    assert call.heard == ("ask_place",)
    call.says("出车过来")
    assert call.heard == ("emergency_check",)
    call.says("不是", a_meaning("出车过来", Intent.UNKNOWN))
    assert (call.session.so_far.category, call.heard) == ("0101", ("ask_place_again",))


def test_what_is_written_is_not_taken_for_a_misheard_cry() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    assert isinstance(chat.says("出车过来")[-1], Understand)


def test_an_emergency_line_that_does_not_answer_leads_to_a_person() -> None:
    call = Conversation()
    call.says("我家着火了")
    done = call.happens(TransferFailed(NOW, call.turn))
    assert [type(action) for action in done] == [RegisterAppeal, Say, TransferToAgent]
    assert call.session.outcome is Outcome.EMERGENCY


def test_a_silent_caller_is_asked_twice_then_put_through() -> None:
    call = Conversation()
    call.happens(FellSilent(NOW, call.turn))
    assert call.heard == ("reprompt_open",)
    call.happens(FellSilent(NOW, call.turn))
    assert call.heard == ("reprompt_keys",)
    call.happens(FellSilent(NOW, call.turn))
    assert isinstance(call.did[-1], TransferToAgent)


def test_a_caller_who_is_not_understood_twice_is_put_through() -> None:
    call = Conversation()
    call.says("呜啦啦", a_meaning("呜啦啦", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("not_understood",)
    call.says("哇啦啦", a_meaning("哇啦啦", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert isinstance(call.did[-1], TransferToAgent)


@pytest.mark.parametrize(("told", "then"), [("有人卖假烟", "confirm"), ("呜啦啦", "ask_matter")])
def test_a_place_behind_what_was_not_understood_is_where_that_is(told: str, then: str) -> None:
    call = Conversation()
    call.says(told, a_meaning(told, Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    where = Place(said="兰山区通达路", county_code="371302", county="兰山区", detail="通达路")
    call.says("兰山区通达路", a_meaning("兰山区通达路", place=where))
    assert call.heard == (then,)
    if then == "confirm":
        assert told in call.last(Say).text
        call.says("对")
        assert call.last(RegisterAppeal).appeal.place == where
        assert told in call.last(RegisterAppeal).appeal.text


@pytest.mark.parametrize("answer", ["没了", "就这个事", "对"])
def test_who_adds_nothing_to_a_few_words_has_those_taken_down(answer: str) -> None:
    call = Conversation()
    where = Place(said="兰山区金泰小区", county_code="371302", county="兰山区", detail="金泰小区")
    call.says("金泰小区鹅叫", a_meaning("鹅叫", place=where))
    assert call.heard == ("ask_matter",)
    call.says(answer)
    assert call.heard == ("confirm",)
    assert (call.session.so_far.text, call.session.so_far.place) == ("鹅叫", where)


def test_a_recogniser_that_fails_twice_leads_to_a_person() -> None:
    call = Conversation()
    call.happens(HearingLost(NOW, is_engine_down=True))
    assert call.heard == ("hearing_down",)
    call.happens(HearingLost(NOW, is_engine_down=True))
    assert isinstance(call.did[-1], TransferToAgent)


def test_an_understander_that_is_away_leads_to_a_person_with_the_callers_words() -> None:
    call = Conversation()
    call.says("费县的路灯坏了")
    call.happens(EngineFailed(NOW, call.turn, "understander"))
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert "费县的路灯坏了" in transfer.briefing


def test_a_knowledge_base_that_is_away_leads_to_a_work_order() -> None:
    call = Conversation()
    call.says("公积金怎么提取", a_complaint("公积金怎么提取", kind=AppealKind.INQUIRY, category="0303"))
    call.happens(EngineFailed(NOW, call.turn, "retriever"))
    assert call.heard == ("no_answer_register", "confirm")


def test_speech_stops_a_prompt_but_not_the_hand_over() -> None:
    call = Conversation()
    assert call.happens(SpeechStarted(NOW)) == (StopSaying(),)
    call.says("转人工")
    assert call.happens(SpeechStarted(NOW)) == ()


def test_a_finished_prompt_needs_no_stopping() -> None:
    call = Conversation()
    call.happens(PromptFinished(NOW, call.turn))
    assert call.happens(SpeechStarted(NOW)) == ()


def test_an_answer_to_a_turn_that_has_passed_is_dropped() -> None:
    call = Conversation()
    call.says("暖气不热")
    late = call.turn
    call.says("在兰山区")
    assert call.last(Understand) == Understand(late + 1, "暖气不热，在兰山区")
    assert call.happens(Understood(NOW, late, a_complaint())) == ()


def test_a_caller_who_hangs_up_during_intake_leaves_a_record_to_follow_up() -> None:
    call = with_a_complaint()
    record, end = call.happens(HungUp(NOW))
    assert isinstance(record, RegisterAppeal)
    assert not record.appeal.is_confirmed
    assert end == End(Outcome.FAILED)


def test_repeat_says_the_question_again() -> None:
    call = with_a_complaint()
    call.says("再说一遍")
    assert call.heard == ("confirm",)


def test_wait_gives_the_caller_time() -> None:
    call = with_a_complaint()
    call.says("你等一下", a_meaning("你等一下", Intent.WAIT))
    assert call.heard == ("take_your_time",)
    listen = call.last(Listen)
    assert isinstance(listen, Listen)
    assert listen.seconds == 20.0


def test_an_idle_chat_keeps_what_was_begun_and_ends() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("兰山区暖气不热", a_complaint("兰山区暖气不热", place=LANSHAN))
    kinds = [type(action) for action in chat.happens(FellSilent(NOW, chat.turn))]
    assert kinds == [StopSaying, RegisterAppeal, Say, End]


def test_a_second_matter_in_one_call_becomes_a_second_order() -> None:
    call = with_a_complaint()
    call.says("对")
    call.is_registered()
    call.says("还有，我们那路灯也坏了", a_complaint("我们那路灯也坏了", place=LANSHAN))
    call.says("对")
    orders = [action for action in call.did if isinstance(action, RegisterAppeal)]
    assert [order.appeal.text for order in orders] == ["兰山区银雀山街道暖气不热", "我们那路灯也坏了"]


def test_a_place_shared_from_a_map_answers_the_question_for_it() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.happens(LocationShared(NOW, LANSHAN))
    assert (chat.heard, chat.said) == (
        ("place_first",),
        "位置收到了：兰山区银雀山街道。请写一下是什么事情。",
    )
    chat.says("暖气不热", a_complaint())
    assert chat.heard == ("confirm",)
    assert chat.happens(LocationShared(NOW, LANSHAN)) != ()
    chat.says("对")
    chat.is_registered()
    chat.happens(LocationShared(NOW, LANSHAN))
    assert chat.heard == ("place_first",)


@pytest.mark.parametrize("channel", [ContactChannel.PHONE, ContactChannel.WEB_CHAT])
def test_of_a_place_alone_no_matter_is_guessed(channel: ContactChannel) -> None:
    talk = Conversation(channel)
    talk.says("兰山区银雀山街道", a_complaint("兰山区银雀山街道", category="0204", place=LANSHAN))
    assert talk.heard == ("ask_matter",)
    talk.says("暖气不热", a_complaint("暖气不热"))
    assert talk.heard == ("confirm",)
    assert talk.session.so_far.place == LANSHAN


@pytest.mark.parametrize(
    ("words", "page"), [("我要催办26112900001", "own_orders"), ("怎么撤单", "own_orders"), ("公开的办结案例在哪看", "published")]
)  # fmt: skip
def test_what_a_page_shows_is_pointed_to_there_and_nowhere_else(words: str, page: str) -> None:
    chat, call = Conversation(ContactChannel.WEB_CHAT), Conversation()
    chat.says(words)
    assert chat.heard == (page,)
    call.happens(Said(NOW, words, words))
    assert call.heard != (page,)


def test_what_is_added_to_what_was_just_registered_goes_to_that_order() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    chat.says("对")
    chat.is_registered()
    chat.says("补充一下，是每天早上六点到八点", a_complaint("补充一下，是每天早上六点到八点"))
    added = chat.last(AddToOrder)
    assert isinstance(added, AddToOrder)
    assert (added.number, added.text) == ("26112300001", "补充一下，是每天早上六点到八点")


def test_what_is_off_topic_or_only_a_greeting_is_answered_and_listened_on() -> None:
    for intent, heard in ((Intent.OFF_TOPIC, "off_topic"), (Intent.GREET, "invite")):
        call = Conversation()
        call.says("今天天气不错", a_meaning("今天天气不错", intent))
        assert call.heard == (heard,)


def test_goodbye_at_the_beginning_ends_the_call() -> None:
    call = Conversation()
    call.says("那先这样了啊", a_meaning("那先这样了啊", Intent.GOODBYE))
    assert call.did[-1] == End(Outcome.FAILED)


def test_words_that_settle_nothing_at_the_confirmation_are_asked_again_then_a_person_takes_over() -> None:
    call = with_a_complaint()
    call.says("这个嘛", a_meaning("这个嘛", Intent.UNKNOWN))
    assert call.heard == ("confirm_unclear",)
    call.says("这个嘛", a_meaning("这个嘛", Intent.UNKNOWN))
    assert isinstance(call.did[-1], TransferToAgent)


@pytest.mark.parametrize(
    ("words", "values", "lead"),
    [
        ("就是村东头那条路", {}, "facts_noted"),
        ("三万二", {"facts": (Fact(FactKind.AMOUNT, "三万二", "32000"),)}, "facts_noted"),
        ("怕他报复", {"wants_secrecy": True}, "secrecy_wished"),
    ],
)
def test_what_is_added_at_the_confirmation_goes_into_the_order(
    words: str, values: dict[str, Any], lead: str
) -> None:
    call = with_a_complaint()
    call.says(words, a_meaning(words, Intent.UNKNOWN, **values))
    assert call.heard == (lead, "confirm_short")
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.text == f"兰山区银雀山街道暖气不热，{words}"
    assert (order.appeal.secrecy is Secrecy.CONFIDENTIAL) == (lead == "secrecy_wished")


def test_who_adds_and_adds_at_the_confirmation_is_put_through() -> None:
    call = with_a_complaint()
    for number in range(1, 7):
        call.says(f"还有第{number}栋楼", a_meaning(f"还有第{number}栋楼", Intent.UNKNOWN))
        assert call.heard == ("facts_noted", "confirm_short")
    call.says("还有第七栋楼", a_meaning("还有第七栋楼", Intent.UNKNOWN))
    assert isinstance(call.did[-1], TransferToAgent)


@pytest.mark.parametrize(
    "meaning",
    [
        a_meaning(
            "城建花园三号楼", kind=AppealKind.SUGGESTION, category="0204", category_confidence=0.9,
            place=Place(said="城建花园三号楼", detail="城建花园三号楼"),
        ),
        a_meaning("K5路", category="0204", category_confidence=0.9),
    ],
)  # fmt: skip
def test_a_place_or_a_few_sounds_at_the_confirmation_change_no_matter(meaning: Understanding) -> None:
    call = with_a_complaint()
    call.says(meaning.text, meaning)
    assert call.heard == (("confirm",) if meaning.slots.place else NOTED)
    assert (call.session.so_far.category, call.session.so_far.kind) == ("0101", AppealKind.HELP)


def test_who_says_what_they_meant_changes_the_matter_without_a_no() -> None:
    call = with_a_complaint()
    words = "我说的是公积金"
    call.says(words, a_meaning(words, category="0303", category_confidence=0.6))
    assert call.session.so_far.category == "0303"


def test_more_words_at_the_confirmation_change_no_matter_that_nobody_said_was_wrong() -> None:
    call = with_a_complaint()
    call.says("公司叫鑫达物流", a_meaning("公司叫鑫达物流", category="0303", category_confidence=1.0))
    assert (call.heard, call.session.so_far.category) == (NOTED, "0101")


@pytest.mark.parametrize(
    ("words", "values"),
    [("我叫李强电话13905390001", {"people": ("李强",), "phone": PHONE}), ("不方便说", {})],
)
def test_who_it_is_or_what_is_not_known_is_no_place(words: str, values: dict[str, Any]) -> None:
    call = Conversation()
    county = Place(said="河东区", county_code="371312", county="河东区")
    call.says("河东区公司拖欠工资", a_complaint("河东区公司拖欠工资", place=county))
    assert call.heard == ("ask_place_detail",)
    call.says(words, a_meaning(words, Intent.UNKNOWN, **values))
    assert call.heard == ("confirm",)
    assert call.session.so_far.place == county


def test_thanks_are_answered() -> None:
    call = Conversation()
    call.says("上次那事解决了，谢谢啊", a_meaning("上次那事解决了，谢谢啊", Intent.THANK))
    assert call.heard == ("welcome", "anything_more")


def test_who_objects_to_a_result_is_put_through() -> None:
    call = Conversation()
    call.says("我对处理结果不满意")
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert (transfer.reason, "我对处理结果不满意" in transfer.briefing) == ("dissatisfied", True)


def test_a_place_that_was_named_is_asked_for_its_county_only() -> None:
    call = Conversation()
    station = Place(said="临沂北站", detail="临沂北站")
    call.says("在临沂北站路灯坏了", a_complaint("在临沂北站路灯坏了", place=station))
    assert call.heard == ("ask_county",)
    call.says("不知道啊", a_meaning("不知道啊", Intent.UNKNOWN))
    assert call.heard == ("ask_place_again",)


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ("沂河路和通达路交叉口", "ask_county"),
        ("就是解放路上那个饭店", "ask_county"),
        ("金雀花园小区吧", "ask_county"),
        ("小区", "ask_place_again"),
    ],
)
def test_the_name_of_a_place_that_is_not_known_is_kept_and_asked_for_its_county(
    answer: str, asked: str
) -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了"))
    call.says(answer, a_meaning(answer, Intent.UNKNOWN))
    place = call.session.so_far.place
    name = answer.removeprefix("就是") if asked == "ask_county" else ""
    assert (call.heard, place and place.detail) == ((asked,), name)


def test_what_only_says_where_is_read_back_once() -> None:
    call = Conversation()
    call.says("我家猫上树下不来了", a_meaning("我家猫上树下不来了", kind=AppealKind.HELP))
    assert call.heard == ("ask_place",)
    call.says(LANSHAN.said, a_meaning(LANSHAN.said, place=replace(LANSHAN, street="银雀山街道")))
    assert call.heard == ("confirm",)
    assert "您反映的情况是：兰山区银雀山街道，我家猫上树下不来了。登记的内容对吗？" in call.said


def test_a_bare_name_at_the_read_back_is_where_on_the_street_it_is() -> None:
    call = Conversation()
    call.says(
        "路灯坏了，在义堂镇",
        a_complaint("路灯坏了，在义堂镇", place=replace(LANSHAN, street="义堂镇", detail="")),
    )
    assert call.heard == ("confirm",)
    call.says("香榭丽都", a_meaning("香榭丽都", Intent.UNKNOWN))
    place = call.session.so_far.place
    assert (call.heard, place and place.detail) == (("confirm",), "香榭丽都")


def test_a_name_behind_the_street_is_kept_whatever_it_ends_in() -> None:
    call = Conversation()
    call.says("办不了房产证", a_complaint("办不了房产证"))
    street = replace(LANSHAN, said="兰山区", detail="")
    call.says("兰山区书香门第", a_meaning("兰山区书香门第", Intent.UNKNOWN, place=street))
    place = call.session.so_far.place
    assert place is not None
    assert place.text.endswith("书香门第")


@pytest.mark.parametrize("said", ["兰山区那边的", "兰山区我记不清了", "兰山区吧", "兰山区"])
def test_what_is_no_name_is_not_kept_as_one(said: str) -> None:
    call = Conversation()
    call.says("办不了房产证", a_complaint("办不了房产证"))
    county = replace(LANSHAN, said="兰山区", street_code=None, street=None, detail="")
    call.says(said, a_meaning(said, Intent.UNKNOWN, place=county))
    assert call.heard == ("ask_place_detail",)


def test_a_place_is_added_at_the_read_back_that_nobody_asked_for() -> None:
    call = Conversation()
    call.says("出租车不打表", a_complaint("出租车不打表", kind=AppealKind.PRAISE))
    assert call.heard == ("confirm",)
    call.says("临沂北站", a_meaning("临沂北站", Intent.UNKNOWN))
    place = call.session.so_far.place
    assert (call.heard, place and place.detail) == (("ask_county",), "临沂北站")


@pytest.mark.parametrize(
    "words",
    [
        "我想死，活着没意思",
        "我真的不想活下去了，活够了",
        "活不下去了",
        "再不给我就不活了！",
        "俺也不活了",
        "再不解决我就死在镇政府门口",
    ],
)
def test_who_may_have_lost_the_will_to_live_is_put_through_to_a_person_at_once(words: str) -> None:
    call = Conversation()
    call.says(words)
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert (transfer.reason, words in transfer.briefing) == ("despair", True)
    assert (call.heard, "12356" in call.said) == (("despair",), True)


def test_what_may_be_an_emergency_is_kept_when_the_caller_hangs_up_or_wants_a_person() -> None:
    words = "有个老头摔倒了，流血了"
    call = Conversation()
    call.says(words)
    assert call.heard == ("emergency_check",)
    call.happens(HungUp(NOW))
    kept = call.last(RegisterAppeal)
    assert isinstance(kept, RegisterAppeal)
    assert (kept.appeal.text, kept.appeal.is_confirmed) == (words, False)

    call = Conversation()
    call.says(words)
    call.says("转人工")
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert words in transfer.briefing


@pytest.mark.parametrize(
    "words", ["年轻生孩子有补贴吗", "走投无路了也没人管", "这树不活了", "鱼死在河里", "有只狗死在镇政府门口"]
)
def test_other_words_are_no_despair(words: str) -> None:
    call = Conversation()
    call.says(words)
    assert isinstance(call.did[-1], Understand)


def test_who_waits_for_a_person_is_not_put_through_anew() -> None:
    call = Conversation()
    call.says("我想死")
    call.happens(NoAgentFree(NOW, call.turn))
    offered = call.heard
    call.says("我想死，活着没意思")
    assert [type(each) for each in call.did].count(TransferToAgent) == 1
    assert "despair" not in (*offered, *call.heard)


def test_a_name_is_no_matter_even_where_it_sounds_like_one() -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了", category="0204", category_confidence=0.7))
    call.says("鑫达物流公司", a_complaint("鑫达物流公司", category="0106", category_confidence=0.95))
    draft = call.session.so_far
    assert draft.place is not None
    assert (draft.category, draft.place.said) == ("0204", "鑫达物流公司")


def test_the_question_for_the_place_may_be_answered_with_the_matter() -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了", category="0204", category_confidence=0.6))
    assert call.heard == ("ask_place",)
    call.says("我家没暖气", a_complaint("我家没暖气", category="010102", category_confidence=0.9))
    draft = call.session.so_far
    assert (draft.category, draft.place) == ("010102", None)


def test_the_first_that_is_heard_of_the_matter_is_not_called_unheard_when_the_place_was_asked_for() -> None:
    call = Conversation()
    call.says("我们楼上老出事", a_meaning("我们楼上老出事", kind=AppealKind.HELP))
    assert call.heard == ("ask_place",)
    call.says("物业不作为", a_complaint("物业不作为", category="0301", category_confidence=0.9, place=None))
    assert call.heard == ("ask_place",)
    call.says("电梯老坏", a_complaint("电梯老坏", category="0301", category_confidence=0.9, place=None))
    assert call.heard == ("ask_place_again",)
    assert call.session.so_far.place is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [("怎么办呀", "我在网上买的鞋不给退，怎么办呀"), ("要等几天", "我在网上买的鞋不给退，要等几天")],
)
def test_who_asks_within_an_intake_what_to_do_is_answered_on_the_matter(text: str, asked: str) -> None:
    call = Conversation()
    call.says(
        "我在网上买的鞋不给退", a_complaint("我在网上买的鞋不给退", category="0701", category_confidence=0.9)
    )
    call.says(text, a_meaning(text, kind=AppealKind.INQUIRY))
    look_up = call.did[-1]
    assert isinstance(look_up, LookUp)
    assert look_up.question == asked


def test_a_question_is_no_name_of_a_place() -> None:
    call = Conversation()
    county = replace(LANSHAN, said="兰山区", street_code=None, street=None, detail="")
    call.says("路灯坏了，在兰山区", a_complaint("路灯坏了，在兰山区", place=county))
    assert call.heard == ("ask_place_detail",)
    call.says("几天能修好呢", a_meaning("几天能修好呢", Intent.UNKNOWN))
    place = call.session.so_far.place
    assert place is not None
    assert place.detail == ""


def test_who_it_is_about_comes_to_mind_after_the_order_and_is_added_to_it() -> None:
    call = with_a_complaint()
    call.says("对")
    call.is_registered()
    words = "对了，房东叫李强，电话13705391111"
    call.says(
        words, a_complaint(words, phone=PhoneNumber("13705391111"), category="0305", category_confidence=0.9)
    )
    added = call.did[-1]
    assert isinstance(added, AddToOrder)
    assert (added.number, added.text) == ("26112300001", words)


def test_what_is_said_to_be_wrong_is_not_understood_with_what_is_right() -> None:
    call = with_a_complaint()
    call.says("不是暖气，是红绿灯")
    asked = call.did[-1]
    assert isinstance(asked, Understand)
    assert asked.text == "不对，红绿灯"


def test_a_name_in_the_place_is_put_right() -> None:
    call = Conversation()
    road = replace(LANSHAN, detail="沂蒙路和金雀山路路口")
    call.says("路灯坏了", a_complaint("路灯坏了", place=road))
    assert call.heard == ("confirm",)
    call.says("不是沂蒙路，是通达路")
    assert (call.heard, "通达路和金雀山路路口" in call.said) == (("confirm",), True)


@pytest.mark.parametrize(
    ("kind", "read_back"),
    [
        (AppealKind.PRAISE, "您反映的情况是：兰山区办事大厅的小王办事又快又好。"),
        (AppealKind.INQUIRY, "您想问的是：兰山区办事大厅的小王上班吗。"),
    ],
)
def test_a_place_within_the_words_is_read_back_once(kind: AppealKind, read_back: str) -> None:
    call = Conversation()
    county = replace(LANSHAN, said="兰山区", street_code=None, street=None, detail="")
    text = read_back.partition("：")[2].rstrip("。")
    call.says(text, a_complaint(text, kind=kind, place=county))
    if kind is AppealKind.INQUIRY:
        call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard[-1] == "confirm"
    assert read_back in call.said


def test_a_place_that_came_with_the_matter_is_not_asked_for_again() -> None:
    call = Conversation()
    hospital = Fact(FactKind.ORGANISATION, "人民医院", "人民医院")
    call.says("人民医院门口堵车", a_complaint("人民医院门口堵车", place=None, facts=(hospital,)))
    county = replace(LANSHAN, said="兰山区", street_code=None, street=None, detail="")
    call.says("兰山区", a_meaning("兰山区", place=county))
    assert call.heard == ("confirm",)
    assert "兰山区人民医院" in call.said


def test_a_place_that_is_pointed_at_by_its_name_is_one() -> None:
    call = Conversation()
    call.says("有个大坑", a_complaint("有个大坑", place=None))
    call.says("就是人民医院那个路口", a_meaning("就是人民医院那个路口", Intent.UNKNOWN))
    assert call.heard == ("ask_county",)


@pytest.mark.parametrize(
    ("detail", "road", "said", "right"),
    [
        ("平安路12号", "平安路", "不对，是通达路", "通达路12号"),
        ("平安路", "平安路", "不对 应该是通达路", "通达路"),
        ("平安路", "平安路", "不是，通达路", "通达路"),
        ("育才小区", "", "应该是育新小区", "育新小区"),
        ("阳光花园3号楼", "", "错了，是5号楼", "阳光花园5号楼"),
        ("阳光花园3号楼", "", "不对不对，是二单元", "阳光花园3号楼二单元"),
        ("平安路", "平安路", "不是平安路", "平安路"),
    ],
)
def test_a_name_that_is_said_to_be_right_stands_for_what_was_wrong(
    detail: str, road: str, said: str, right: str
) -> None:
    call = Conversation()
    place = replace(LANSHAN, detail=detail, address=Address(road=road) if road else None)
    call.says("路灯坏了", a_complaint("路灯坏了", place=place))
    call.says(said, a_meaning(said, Intent.UNKNOWN))
    assert call.session.so_far.place is not None
    assert (call.session.so_far.place.detail, call.session.so_far.category) == (right, "0101")


def test_a_name_with_its_county_is_another_place() -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了", place=replace(LANSHAN, detail="平安路")))
    elsewhere = replace(LUOZHUANG, detail="龙潭社区")
    said = "不对，是罗庄区盛庄街道龙潭社区"
    call.says(said, a_meaning(said, Intent.UNKNOWN, place=elsewhere))
    assert call.session.so_far.place == elsewhere


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("我有两个事，一个是路灯不亮，一个是下水道堵了", "路灯不亮"),
        ("一个是路灯不亮，一个是下水道堵了", "路灯不亮"),
        ("一个是路灯不亮，一个是下水道堵了，都在兰山区金阳花园", "路灯不亮，都在兰山区金阳花园"),
        ("我要反映两个问题一是路灯不亮二是下水道堵了", "路灯不亮"),
        ("物业不好，一是不打扫，二是乱收费", "物业不好，一是不打扫，二是乱收费"),
    ],
)
def test_two_matters_that_are_announced_are_taken_one_after_the_other(said: str, first: str) -> None:
    call = Conversation()
    call.says(said)
    asked = call.did[-1]
    assert isinstance(asked, Understand)
    assert asked.text == first


def test_another_matter_that_is_told_as_one_of_the_same_place_is_there() -> None:
    call = with_a_complaint()
    first = call.session.so_far.place
    call.says("对")
    call.is_registered()
    text = "还有门口的斑马线也看不清了"
    call.says(text, a_complaint(text, category="0502", place=None))
    assert (call.heard, call.session.so_far.place) == (("confirm",), first)


def test_a_name_behind_a_road_is_kept() -> None:
    call = Conversation()
    call.says("外卖里有苍蝇", a_complaint("外卖里有苍蝇", place=None))
    road = replace(LANSHAN, said="兰山区通达路", street_code=None, street=None, detail="通达路")
    text = "兰山区通达路老王家黄焖鸡"
    call.says(text, a_meaning(text, Intent.UNKNOWN, place=road))
    assert call.session.so_far.place is not None
    assert call.session.so_far.place.detail == "通达路老王家黄焖鸡"


def test_a_second_matter_may_be_at_the_place_of_the_first() -> None:
    call = with_a_complaint()
    first = call.session.so_far.place
    call.says("对")
    call.is_registered()
    call.says("还有个事，饭店油烟太大", a_complaint("还有个事，饭店油烟太大"))
    call.says("就在我们小区门口", a_meaning("就在我们小区门口", Intent.UNKNOWN))
    assert call.session.so_far.place == first
    assert call.heard == ("confirm",)


def test_praise_is_read_back_in_its_own_words_and_asked_for_no_place() -> None:
    call = Conversation()
    call.says("谢谢你们修好了路灯", a_complaint("谢谢你们修好了路灯", kind=AppealKind.PRAISE))
    assert (call.heard, "谢谢你们修好了路灯" in call.said) == (("confirm",), True)


def test_who_dialled_the_wrong_number_is_let_go() -> None:
    call = Conversation()
    call.says("不好意思，打错了")
    assert (call.heard, call.did[-1]) == (("goodbye",), End(Outcome.FAILED))


def test_a_long_yes_registers_with_what_it_adds() -> None:
    call = with_a_complaint()
    call.says("对的没错是三号楼", a_meaning("对的没错是三号楼", Intent.AFFIRM, place=LANSHAN))
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.text == "兰山区银雀山街道暖气不热，对的没错是三号楼"


def test_a_yes_keeps_the_time_and_the_name_that_it_adds_and_nothing_else() -> None:
    call = with_a_complaint()
    words = "对的，从昨天晚上开始的，我姓李"
    added = {"occurred": "昨天晚上", "people": ("李",), "place": LUOZHUANG, "category": "0204"}
    call.says(words, a_meaning(words, Intent.AFFIRM, **added))
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    appeal = order.appeal
    assert (appeal.occurred, appeal.citizen_name, appeal.category) == ("昨天晚上", "李", "0101")
    assert appeal.place is not None
    assert appeal.place.county == "兰山区"


def test_a_time_or_a_name_may_be_corrected_like_any_other_fact() -> None:
    call = with_a_complaint()
    for words, fact in (("不对，是上周三", {"occurred": "上周三"}), ("不对，我姓李", {"people": ("李",)})):
        call.says(words, a_meaning(words, Intent.DENY, **fact))
        assert call.heard == NOTED
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert (order.appeal.occurred, order.appeal.citizen_name) == ("上周三", "李")


def test_a_long_no_without_facts_is_asked_what_is_wrong() -> None:
    call = with_a_complaint()
    call.says("你说的跟我说的不一样", a_meaning("你说的跟我说的不一样", Intent.DENY))
    assert call.heard == ("what_is_wrong",)


def test_after_too_many_corrections_a_person_takes_over() -> None:
    call = with_a_complaint()
    for _ in range(3):
        call.says("不对", None)
        call.says("是暖气费多收了", a_complaint("是暖气费多收了"))
    call.says("不对", None)
    call.says("是暖气费多收了", a_complaint("是暖气费多收了"))
    assert isinstance(call.did[-1], TransferToAgent)


def test_a_number_with_another_place_at_the_confirmation_is_read_back_again() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT, phone=None)
    chat.says("兰山区暖气不热", a_complaint("暖气不热", place=LANSHAN))
    feixian = Place(said="费县", county_code="371325", county="费县", detail="建设路")
    words = "费县建设路，13905390002"
    chat.says(words, a_meaning(words, Intent.UNKNOWN, phone=PhoneNumber("13905390002"), place=feixian))
    assert chat.heard == ("confirm",)


def test_in_writing_an_answer_is_given_in_full() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    chat.happens(PassagesFound(NOW, chat.turn, (a_passage(),)))
    assert chat.said.startswith("供暖时间：采暖期为11月10日至次年3月20日。")


def test_in_writing_an_emergency_is_told_to_dial_and_the_chat_goes_on() -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("我家着火了")
    done = chat.happens(TransferFailed(NOW, chat.turn))
    assert [type(action) for action in done] == [RegisterAppeal, Say, Listen]


def test_key_one_answers_whether_there_is_danger() -> None:
    call = Conversation()
    call.says("想说一下着火")
    assert isinstance(call.happens(KeyPressed(NOW, "1"))[-1], GiveWayToEmergency)


def test_one_more_thing_is_listened_to() -> None:
    call = Conversation()
    call.says("还有一件事")
    assert call.heard == ("go_ahead",)


@pytest.mark.parametrize("said", ["对的。当机的内容是对的。", "对，没错，登记吧就这样的"])
def test_a_plain_yes_confirms_whatever_the_model_makes_of_what_was_misheard_behind_it(said: str) -> None:
    call = with_a_complaint()
    call.says(said, a_meaning(said, Intent.DENY))
    assert isinstance(call.last(RegisterAppeal), RegisterAppeal)


@pytest.mark.parametrize("said", ["对，不过地址错了", "好的但是不是供暖"])
def test_a_yes_that_is_taken_back_confirms_nothing(said: str) -> None:
    call = with_a_complaint()
    call.says(said, a_meaning(said, Intent.DENY))
    assert call.heard == ("what_is_wrong",)


@pytest.mark.parametrize("question", ["那多久能修好", "几天能解决啊", "什么时候给答复"])
def test_who_asks_after_registration_how_long_it_takes_hears_the_deadline_again(question: str) -> None:
    call = with_a_complaint()
    call.says("对")
    call.is_registered()
    first = call.said
    call.says(question)
    assert call.heard == ("registered_due", "anything_more")
    assert call.said.partition("请问还有")[0] in first


@pytest.mark.parametrize("words", ["这几天停水", "好几天没来电了"])
def test_another_matter_after_registration_is_no_question_of_how_long_it_takes(words: str) -> None:
    call = with_a_complaint()
    call.says("对")
    call.is_registered()
    call.says(words)
    assert call.last(Understand).text == words
    assert call.heard == ("registered", "registered_due", "anything_more")


def test_a_place_that_is_read_back_and_told_once_more_adds_nothing() -> None:
    call = with_a_complaint()
    again = a_meaning(LANSHAN.said, place=LANSHAN)
    call.says(LANSHAN.said, again)
    assert call.heard == ("confirm",)
    assert LANSHAN.said in call.said
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.text.count(LANSHAN.said) == 1


def test_more_of_a_place_that_is_read_back_is_taken() -> None:
    call = with_a_complaint()
    more = Place(said="兰山区开元小区", county_code="371302", county="兰山区", detail="开元小区")
    call.says("兰山区开元小区", a_meaning("兰山区开元小区", place=more))
    assert call.heard == ("confirm",)
    assert "开元小区" in call.said


def test_a_name_that_is_read_back_and_told_once_more_adds_nothing() -> None:
    call = with_a_complaint()
    place = Place(
        said="兰山区开元花园小区3号楼", county_code="371302", county="兰山区", detail="开元花园小区3号楼"
    )
    call.says("兰山区开元花园小区3号楼", a_meaning("兰山区开元花园小区3号楼", place=place))
    call.says("开元花园小区", a_meaning("开元花园小区", Intent.UNKNOWN))
    assert call.heard == ("confirm",)
    assert "开元花园小区3号楼" in call.said
