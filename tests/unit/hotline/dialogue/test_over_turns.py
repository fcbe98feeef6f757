"""What reaches over one turn: second thoughts, alarms in mid-sentence, a second matter, a question in between, pace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.dialogue.actions import (
    GiveWayToEmergency,
    Listen,
    LookUp,
    LookUpProgress,
    RegisterAppeal,
    Say,
    StayHere,
    StopSaying,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import (
    FellSilent,
    HearingLost,
    HungUp,
    LocationShared,
    PartlySaid,
    PassagesFound,
    ProgressFound,
    PromptFinished,
    Said,
    Started,
    Understood,
)
from hotline.domain.appeal import AppealKind, ContactChannel, EmergencyService, PhoneNumber, Place
from hotline.domain.meaning import Intent
from hotline.domain.repeats import OrderNews
from hotline.domain.work_order import Status
from tests.builders import LANSHAN, NOW, a_complaint, a_meaning, a_passage, a_session, an_article
from tests.talking import Conversation, with_a_complaint

LUOZHUANG = Place(said="罗庄", county_code="371311", county="罗庄区", detail="盛庄小区")


def goes_on(call: Conversation, text: str) -> tuple:
    return call.happens(Said(NOW, text, text, continues=True))


# --- who goes on after a short pause -----------------------------------------------------------------------------


def test_half_a_sentence_that_was_answered_too_soon_is_understood_with_its_other_half():
    call = Conversation()
    call.says("我家暖气不热", a_complaint("我家暖气不热"))
    assert call.heard == ("ask_place",)
    done = goes_on(call, "在兰山区银雀山街道")
    assert isinstance(done[0], StopSaying)
    assert call.last(Understand).text == "我家暖气不热，在兰山区银雀山街道"
    call.happens(Understood(NOW, call.turn, a_complaint(call.last(Understand).text, place=LANSHAN)))
    assert call.heard == ("confirm",)
    call.says("对")
    assert call.last(RegisterAppeal).appeal.text == "我家暖气不热，在兰山区银雀山街道"  # once, not twice


def test_a_yes_taken_back_at_once_is_no_yes():
    call = with_a_complaint()
    call.says("不是")
    assert call.heard == ("what_is_wrong",)
    goes_on(call, "不是投诉是咨询")
    assert call.last(Understand).text == "不对，咨询"  # what is wrong says nothing of what it is


def test_what_has_been_set_going_is_not_taken_back():
    call = with_a_complaint()
    call.says("对")
    before = len(call.did)
    assert goes_on(call, "麻烦快一点") == ()
    assert len(call.did) == before
    call.is_registered()
    assert call.heard == ("registered", "registered_due", "anything_more")


def test_words_said_while_an_order_is_looked_up_take_nothing_back():
    call = Conversation()
    call.says("26112000007办得怎么样了")
    call.says("快点")
    order = OrderNews("26112000007", Status.HANDLING, NOW, NOW, "兰山区人民政府", "0101")
    call.happens(ProgressFound(NOW, call.turn, (order,)))
    goes_on(call, "没有了")
    assert call.heard == ("goodbye",)


def test_after_a_transfer_was_begun_more_words_change_nothing():
    call = Conversation()
    call.says("转人工")
    assert goes_on(call, "快一点") == ()


# --- alarms before the sentence ends -----------------------------------------------------------------------------


def test_an_emergency_is_put_through_before_the_sentence_ends():
    call = Conversation()
    done = call.happens(PartlySaid(NOW, "我家着火了快"))
    assert isinstance(done[-1], GiveWayToEmergency)
    assert done[-1].service is EmergencyService.FIRE
    assert call.happens(Said(NOW, "我家着火了快来人在兰山区", "")) == ()
    call.happens(HungUp(NOW))
    assert call.last(RegisterAppeal).appeal.text == "我家着火了快来人在兰山区"


def test_a_false_alarm_is_taken_back_and_asked_about_once():
    call = Conversation()
    call.happens(PartlySaid(NOW, "楼上着火了"))
    done = call.happens(Said(NOW, "楼上着火了是去年的事，赔偿还没有结果", ""))
    assert [type(action) for action in done] == [StopSaying, StayHere, Say, Listen]
    assert call.heard == ("emergency_check",)
    call.says("不是", a_complaint("赔偿没结果", category=None))
    assert call.session.contact_outcome.value != "emergency"
    assert not call.session.so_far.emergency


def test_a_mere_mention_is_left_to_the_whole_sentence():
    call = Conversation()
    assert call.happens(PartlySaid(NOW, "我想问消防通道")) == ()
    assert call.happens(PartlySaid(NOW, "要是着火")) == ()


# --- two matters -------------------------------------------------------------------------------------------------


def test_two_matters_in_one_breath_become_two_orders():
    call = Conversation()
    call.says(
        "兰山区银雀山街道暖气不热，还有一件事，门口的路灯也坏了", a_complaint("暖气不热", place=LANSHAN)
    )
    assert call.last(Understand).text == "兰山区银雀山街道暖气不热"
    call.says("对")
    call.is_registered("26112300001")
    assert call.heard[-1] == "next_matter"
    call.happens(PromptFinished(NOW, call.last(Say).turn))
    assert call.last(Understand).text == "门口的路灯也坏了"
    call.happens(Understood(NOW, call.turn, a_complaint("门口的路灯也坏了", category="0204", place=LANSHAN)))
    call.says("对")
    assert call.last(RegisterAppeal).appeal.category == "0204"
    call.is_registered("26112300002")
    assert call.heard[-1] == "anything_more"


def test_two_matters_that_nobody_announced_are_at_one_place_unless_another_is_told():
    call = Conversation()
    told = "电梯坏了还有楼下烧烤店油烟大"
    halves = ("电梯坏了", "楼下烧烤店油烟大")
    call.says(told, replace(a_complaint(told, place=LANSHAN), halves=halves))
    assert call.last(Understand).text == "电梯坏了"
    call.happens(Understood(NOW, call.turn, a_complaint("电梯坏了", category="0301", place=LANSHAN)))
    call.says("对")
    call.is_registered("26112300001")
    call.happens(PromptFinished(NOW, call.last(Say).turn))
    assert call.last(Understand).text == "楼下烧烤店油烟大"
    call.happens(Understood(NOW, call.turn, a_complaint("楼下烧烤店油烟大", category="0604")))
    assert call.heard == ("confirm",)
    call.says("对")
    appeal = call.last(RegisterAppeal).appeal
    assert (appeal.category, appeal.place, appeal.text) == ("0604", LANSHAN, "楼下烧烤店油烟大")


def test_a_second_matter_keeps_the_place_that_was_shared_where_the_first_left_none():
    call = Conversation()
    call.happens(LocationShared(NOW, LANSHAN))
    told = "什么时候供暖还有楼下烧烤店油烟大"
    call.says(told, replace(a_complaint(told, place=None), halves=("什么时候供暖", "楼下烧烤店油烟大")))
    call.happens(Understood(NOW, call.turn, a_meaning("什么时候供暖", Intent.UNKNOWN)))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.happens(PromptFinished(NOW, call.last(Say).turn))
    call.happens(Understood(NOW, call.turn, a_complaint("楼下烧烤店油烟大", category="0604", place=None)))
    assert call.session.so_far.place == LANSHAN


def three_told() -> Conversation:
    """Return a call in which the first of three matters that were told at once is read back."""
    call = Conversation()
    told = "有三件事，路灯不亮、垃圾没人收、电梯坏了，兰山区金阳花园"
    call.says(told, a_complaint("路灯不亮", category="0101", place=None))
    assert call.last(Understand).text == "路灯不亮，兰山区金阳花园"
    call.happens(
        Understood(NOW, call.turn, a_complaint("路灯不亮，兰山区金阳花园", category="0101", place=LANSHAN))
    )
    return call


def test_several_matters_that_are_announced_are_taken_one_after_the_other_at_the_place_told_for_all():
    call = three_told()
    assert call.heard == ("confirm",)
    for text, category in (("垃圾没人收", "0204"), ("电梯坏了，兰山区金阳花园", "0301")):
        call.says("对")
        call.is_registered("26112300001")
        assert call.heard[-1] == "next_matter"
        call.happens(PromptFinished(NOW, call.last(Say).turn))
        assert call.last(Understand).text == text
        call.happens(Understood(NOW, call.turn, a_complaint(text, category=category, place=None)))
        if "金阳花园" not in text:
            whole = f"{text}，兰山区金阳花园"
            assert call.last(Understand).text == whole
            call.happens(Understood(NOW, call.turn, a_complaint(whole, category=category, place=LANSHAN)))
        assert call.heard == ("confirm",)
    call.says("对")
    appeal = call.last(RegisterAppeal).appeal
    assert (appeal.category, appeal.place, appeal.text) == ("0301", LANSHAN, "电梯坏了")
    call.is_registered("26112300003")
    assert call.heard[-1] == "anything_more"


def test_a_yes_while_the_next_matter_is_understood_skips_none():
    call = three_told()
    call.says("对")
    call.is_registered("26112300001")
    call.happens(PromptFinished(NOW, call.last(Say).turn))
    call.says("对")
    assert call.last(Understand).text == "垃圾没人收"
    call.happens(Understood(NOW, call.turn, a_complaint("垃圾没人收", category="0204", place=LANSHAN)))
    assert call.heard == ("confirm",)
    call.says("对")
    call.is_registered("26112300002")
    assert call.heard[-1] == "next_matter"


def test_matters_that_wait_are_kept_when_the_caller_hangs_up():
    call = three_told()
    call.happens(HungUp(NOW))
    assert call.last(RegisterAppeal).appeal.text == "路灯不亮，垃圾没人收，电梯坏了，兰山区金阳花园"


def test_matters_that_wait_are_kept_beside_the_one_that_is_just_put_on_record():
    call = three_told()
    call.says("对")
    call.happens(HungUp(NOW))
    appeal = call.last(RegisterAppeal).appeal
    assert (appeal.text, appeal.is_confirmed) == ("垃圾没人收，电梯坏了，兰山区金阳花园", False)


def test_matters_that_wait_go_to_a_person_with_the_one_at_hand():
    call = three_told()
    call.says("转人工")
    assert "垃圾没人收，电梯坏了，兰山区金阳花园" in call.last(TransferToAgent).briefing
    assert call.session.so_far.text.endswith("垃圾没人收，电梯坏了，兰山区金阳花园")


def test_two_matters_within_an_intake_are_left_to_whoever_reads_it():
    call = with_a_complaint()
    told = "对了电梯坏了还有楼下烧烤店油烟大"
    call.says(told, replace(a_complaint(told, category="0301"), halves=("对了电梯坏了", "楼下烧烤店油烟大")))
    assert "烧烤店油烟大" in call.session.so_far.text


def test_a_second_matter_is_not_lost_when_the_caller_hangs_up():
    call = Conversation()
    call.says(
        "兰山区银雀山街道暖气不热，还有一件事，门口的路灯也坏了", a_complaint("暖气不热", place=LANSHAN)
    )
    call.says("对")
    call.is_registered()
    call.happens(HungUp(NOW))
    assert call.last(RegisterAppeal).appeal.text == "门口的路灯也坏了"
    assert not call.last(RegisterAppeal).appeal.is_confirmed


def test_a_second_matter_is_joined_to_what_interrupts_its_announcement():
    call = Conversation()
    call.says(
        "兰山区银雀山街道暖气不热，还有一件事，门口的路灯也坏了", a_complaint("暖气不热", place=LANSHAN)
    )
    call.says("对")
    call.is_registered()
    call.says("是罗庄区的路灯")
    assert call.last(Understand).text == "门口的路灯也坏了，是罗庄区的路灯"


# --- a question in between ---------------------------------------------------------------------------------------


def a_question(text: str):
    return a_complaint(text, kind=AppealKind.INQUIRY, category=None, category_confidence=0.0)


def test_a_question_within_the_intake_is_answered_and_the_intake_goes_on():
    call = Conversation()
    call.says("我家暖气不热", a_complaint("我家暖气不热"))
    call.says("什么时候开始供暖啊", a_question("什么时候开始供暖啊"))
    assert call.last(LookUp).question == "什么时候开始供暖啊"
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.heard[-2:] == ("aside_back", "ask_place")
    assert "采暖期是十一月十日" in call.said
    call.says("兰山区银雀山街道", a_meaning("兰山区银雀山街道", Intent.UNKNOWN, place=LANSHAN))
    assert call.heard == ("confirm",)


def test_a_question_within_the_intake_without_an_answer_goes_to_people():
    call = with_a_complaint()
    call.says("要等几天呢", a_question("要等几天呢"))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("aside_unknown", "confirm")


def test_words_that_count_and_do_not_ask_are_added_to_the_matter() -> None:
    call = with_a_complaint()
    words = "好几个孩子都吐了，好几天了"
    call.says(words, a_meaning(words, kind=AppealKind.INQUIRY))
    assert call.heard == ("facts_noted", "confirm_short")
    assert call.session.so_far.text.endswith(words)


def test_questions_within_an_intake_are_answered_one_by_one_before_the_open_one():
    call = Conversation()
    call.says("高龄补贴怎么领", a_question("高龄补贴怎么领"))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("no_answer_register", "confirm")
    for _ in range(2):
        call.says("要等几天呢", a_question("要等几天呢"))
        call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
        assert call.heard == ("A0101-01", "aside_back", "confirm")
    call.says("再说一遍")
    assert call.heard == ("A0101-01", "aside_back", "confirm")


def test_what_is_asked_in_between_is_searched_for_alone_where_it_is_not_of_the_matter():
    call = Conversation()
    call.says("暖气费多少钱一平", a_question("暖气费多少钱一平"))
    call.happens(PassagesFound(NOW, call.turn, ()))
    call.says("几号开始供暖呢", a_question("几号开始供暖呢"))
    assert call.last(LookUp).question == "暖气费多少钱一平，几号开始供暖呢"
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.last(LookUp).question == "几号开始供暖呢"
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.heard == ("A0101-01", "aside_back", "confirm")


def test_what_is_surely_of_another_class_is_searched_for_alone_at_once():
    call = with_a_complaint()
    text = "身份证丢了怎么补"
    call.says(text, a_meaning(text, kind=AppealKind.INQUIRY, category="0501", category_confidence=0.9))
    assert call.last(LookUp).question == text
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.heard == ("A0101-01", "aside_back", "confirm")


@pytest.mark.parametrize(
    ("title", "category", "first"),
    [
        ("网购七天无理由退货怎么退", "0701", "aside_unknown"),
        ("离婚冷静期从哪天算", "0701", "A0101-01"),
        ("课后服务要收多少钱", "0101", "aside_unknown"),
    ],
)
def test_what_is_found_alone_is_told_where_it_is_named(title, category, first):
    call = with_a_complaint()
    call.says("冷静期从哪天算", a_question("冷静期从哪天算呢"))
    call.happens(PassagesFound(NOW, call.turn, ()))
    found = replace(a_passage(), article=an_article(title=title, category=category))
    call.happens(PassagesFound(NOW, call.turn, (found,)))
    assert call.heard[0] == first


@pytest.mark.parametrize("text", ["怎么收费呢", "那咋办呢"])
def test_what_names_nothing_is_not_searched_for_alone(text):
    call = with_a_complaint()
    call.says(text, a_question(text))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard[0] == "aside_unknown"


def test_an_aside_that_was_heard_again_is_not_told_with_the_next():
    call = with_a_complaint()
    call.says("要等几天呢", a_question("要等几天呢"))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says("你再说一遍")
    assert call.heard == ("A0101-01", "aside_back", "confirm")
    call.says("要等几天呢", a_question("要等几天呢"))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.heard == ("A0101-01", "aside_back", "confirm")


@pytest.mark.parametrize("intent", [Intent.ASK_PROGRESS, Intent.APPEAL])
def test_progress_asked_for_within_an_intake_is_looked_up_once_the_matter_is_registered(intent):
    asks = "帮我查一下进度，工单26112000007"
    call = Conversation()
    call.says("我家暖气不热", a_complaint("我家暖气不热"))
    call.says(asks, a_meaning(asks, intent))
    assert call.heard == ("progress_later", "ask_place")
    assert call.said.startswith("好的，这件事登记完，我就给您查。我们接着登记。")
    call.says("兰山区银雀山街道", a_meaning("兰山区银雀山街道", Intent.UNKNOWN, place=LANSHAN))
    call.says("对")
    assert call.last(RegisterAppeal).appeal.text == "我家暖气不热，兰山区银雀山街道"
    call.is_registered("26112300001")
    assert call.heard[-1] == "next_matter"
    call.happens(PromptFinished(NOW, call.last(Say).turn))
    assert call.last(Understand).text == asks
    call.happens(Understood(NOW, call.turn, a_meaning(asks, Intent.ASK_PROGRESS)))
    assert call.last(LookUpProgress).number == "26112000007"


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("上个月的事", ("facts_noted", "confirm_short")),
        ("就打我的电话", ("facts_noted", "confirm_short")),
        ("我那个单子", ("progress_later", "confirm")),
        ("上次那个呢", ("progress_later", "confirm")),
        ("啥时候给我修", ("progress_later", "confirm")),
    ],
)
def test_what_a_model_takes_for_a_question_of_an_earlier_order_is_one_only_with_a_word_of_it(text, heard):
    call = with_a_complaint()
    call.says(text, a_meaning(text, Intent.ASK_PROGRESS))
    assert call.heard == heard


def test_progress_asked_for_beside_a_second_matter_comes_with_it():
    call = Conversation()
    call.says(
        "兰山区银雀山街道暖气不热，还有一件事，门口的路灯也坏了", a_complaint("暖气不热", place=LANSHAN)
    )
    call.says("先帮我查一下进度", a_meaning("先帮我查一下进度", Intent.ASK_PROGRESS))
    assert call.heard == ("progress_later", "confirm")
    call.says("对")
    call.is_registered()
    call.happens(PromptFinished(NOW, call.last(Say).turn))
    assert call.last(Understand).text == "门口的路灯也坏了，先帮我查一下进度"


# --- corrections -------------------------------------------------------------------------------------------------


def test_the_place_may_be_corrected_at_any_time():
    call = with_a_complaint()
    call.says("不对，是罗庄盛庄小区", a_meaning("不对，是罗庄盛庄小区", Intent.DENY, place=LUOZHUANG))
    assert "罗庄区" in call.said
    call.says("对")
    assert call.last(RegisterAppeal).appeal.place.county == "罗庄区"


def test_a_telephone_number_that_is_told_is_read_back():
    call = Conversation(phone=None)
    call.says("兰山区银雀山街道暖气不热", a_complaint("暖气不热", place=LANSHAN))
    assert call.heard == ("confirm_contact",)
    number = PhoneNumber("13905390002")
    call.says("13905390002", a_meaning("13905390002", Intent.UNKNOWN, phone=number))
    assert call.heard == ("confirm_phone",)
    assert call.said == "您留的电话是139 0539 0002，对吗？"
    call.says("对")
    assert call.last(RegisterAppeal).appeal.phone == number


# --- pace, temper, dialect ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", ["你说慢一点", "我耳朵不好", "岁数大了听不清，慢点说"])
def test_who_asks_for_it_is_spoken_to_slowly_and_waited_for_longer(wish):
    call = Conversation()
    call.says("我家暖气不热", a_complaint("我家暖气不热"))
    call.says(wish)
    assert call.said.startswith("好的，我说慢一点。请问具体在什么位置？")
    assert call.last(Say).is_slow
    assert (call.last(Listen).slowness, call.last(Listen).seconds) == (1.5, 7.0 * 1.5)


def test_a_wish_for_slowness_within_a_matter_loses_nothing_of_the_matter():
    call = Conversation()
    call.says("我岁数大了，我们小区的电梯坏了好几天了上不去楼", a_complaint("电梯坏了", category="0302"))
    assert call.last(Understand).text == "我岁数大了，我们小区的电梯坏了好几天了上不去楼"
    assert call.last(Say).is_slow


def test_who_needed_it_before_is_spoken_to_slowly_from_the_first_word():
    session = a_session()
    (say, listen) = session.handle(
        Started(NOW, "c1", ContactChannel.PHONE, PhoneNumber("13905390001"), prefers_slow=True)
    )
    assert (say.is_slow, listen.slowness, session.is_slow) == (True, 1.5, True)


def test_who_is_silent_twice_is_spoken_to_slowly():
    call = Conversation()
    call.happens(FellSilent(NOW, call.turn))
    assert not call.last(Say).is_slow
    call.happens(FellSilent(NOW, call.turn))
    assert call.last(Say).is_slow


def test_who_is_not_understood_twice_is_put_through_to_somebody_who_knows_the_dialect():
    call = Conversation()
    call.happens(HearingLost(NOW, is_engine_down=False))
    call.happens(HearingLost(NOW, is_engine_down=False))
    assert call.last(TransferToAgent).skill == "dialect"


@pytest.mark.parametrize("wish", ["俺不会说普通话", "有没有会说方言的"])
def test_who_asks_for_the_dialect_is_put_through_at_once(wish):
    call = Conversation()
    call.says(wish)
    assert (call.last(TransferToAgent).reason, call.last(TransferToAgent).skill) == ("dialect", "dialect")


def test_who_is_upset_is_not_made_to_repeat_themselves():
    call = Conversation()
    call.says("都一个星期了没人管", a_complaint("都一个星期了没人管", category=None, is_upset=True))
    call.happens(HearingLost(NOW, is_engine_down=False))
    assert call.last(TransferToAgent).reason == "not_heard"


def test_who_had_to_be_turned_away_for_want_of_capacity_is_told_so():
    call = Conversation()
    call.happens(HearingLost(NOW, is_engine_down=True, is_engine_busy=True))
    assert call.said == "抱歉，现在来电较多，刚才没能听清，请您再说一遍，或者按0转人工。"


# --- short answers where something else was asked ----------------------------------------------------------------


def test_nothing_more_is_neither_yes_nor_no_to_what_was_read_back():
    call = with_a_complaint()
    call.says("没有了")
    assert call.heard == ("confirm_unclear",)
    call.says("对的")
    assert isinstance(call.did[-1], RegisterAppeal)


def test_a_yes_with_thanks_and_farewell_is_a_yes():
    call = with_a_complaint()
    call.says("好的，谢谢，没有了")
    assert isinstance(call.did[-1], RegisterAppeal)


@pytest.mark.parametrize("answer", ["对的没错", "没有了", "不知道"])
def test_a_short_answer_is_not_taken_for_a_place(answer):
    call = Conversation()
    call.says(
        "暖气不热", a_complaint("暖气不热", place=Place(said="兰山区", county_code="371302", county="兰山区"))
    )
    assert call.heard == ("ask_place_detail",)
    call.says(answer, a_meaning(answer, Intent.AFFIRM))
    assert answer == "不知道" or answer not in call.said
    assert call.heard == ("confirm",)


# --- which place is meant ----------------------------------------------------------------------------------------

GAODU = (
    Place(said="高都", county_code="371311", county="罗庄区", street_code="371311006", street="高都街道"),
    Place(said="高都", county_code="371328", county="蒙阴县", street_code="371328104", street="高都镇"),
)


def asked_which() -> Conversation:
    call = Conversation()
    call.says("高都的路灯坏了", a_complaint("高都的路灯坏了", category="0204", place_choices=GAODU))
    assert call.said == "请问是罗庄区高都街道，还是蒙阴县高都镇？"
    return call


@pytest.mark.parametrize(
    ("answer", "county"),
    [
        ("第二个", "蒙阴县"),
        ("后面那个", "蒙阴县"),
        ("第一个", "罗庄区"),
        ("罗庄区的", "罗庄区"),
        ("是蒙阴", "蒙阴县"),
    ],
)
def test_a_place_that_may_be_two_is_asked_about_and_chosen(answer: str, county: str):
    call = asked_which()
    call.says(answer)
    call.says("对")
    place = call.last(RegisterAppeal).appeal.place
    assert (place.county, place.street[:2]) == (county, "高都")


def test_neither_of_the_places_is_understood_as_any_other_and_asked_once():
    call = asked_which()
    call.says(
        "都不是，是费县", a_meaning("都不是，是费县", Intent.UNKNOWN, place=LUOZHUANG, place_choices=GAODU)
    )
    assert call.heard == ("confirm",)
    assert "罗庄区盛庄小区" in call.said
