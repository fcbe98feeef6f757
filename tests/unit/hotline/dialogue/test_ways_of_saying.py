"""Ways of saying that no form has: who one is, that one called before, that one will not say where, what is no matter at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.city import load_city, read_lists
from hotline.dialogue.actions import (
    CheckRepeat,
    Listen,
    LookUp,
    LookUpProgress,
    RegisterAppeal,
    Say,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.events import NoProgress, PassagesFound, ProgressFound, UnitFound
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.words import ANSWER_FILES, AnswerWords
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.life_cycle import Status
from hotline.domain.meaning import Intent
from hotline.domain.repeats import OrderNews
from tests.builders import LANSHAN, LINYI, NOW, a_complaint, a_meaning, a_passage
from tests.talking import Conversation

CITY = load_city(LINYI)
ROWS = read_lists(LINYI / "lexicon", ANSWER_FILES)
WORDS = AnswerWords(ROWS)


@pytest.mark.parametrize(
    ("text", "announces"),
    [
        ("我要投诉", True),
        ("我要给市长提个建议", True),
        ("我有个建议", True),
        ("我想表扬个人", True),
        ("我要实名举报", True),
        ("我要投诉物业", False),
        ("建议在滨河路多修几个公厕", False),
        ("我要举报违建", False),
    ],
)
def test_what_only_announces_a_complaint_or_a_suggestion_says_not_which(text: str, announces: bool) -> None:
    assert WORDS.only_announces(text) is announces


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("我有个问题", True),
        ("有个事想咨询一下", True),
        ("喂，是不是市政府啊，俺找政府有事", True),
        ("你好我想反映一个情况", True),
        ("有点事想麻烦你们", True),
        ("我反映一下我们小区的情况", True),
        ("我想说说俺村里的事", True),
        ("就是", True),
        ("是这样的", True),
        ("来了来了，刚才没拿稳电话", True),
        ("我腿脚不好，话说不清楚", True),
        ("有人", True),
        ("来了来了，路灯不亮", False),
        ("有人烧垃圾", False),
        ("反映小区停水的问题", False),
        ("我有个老人卡", False),
        ("有个大坑", False),
        ("那我登记一下吧", True),
        ("俺来登记个事", True),
        ("我要登记一个问题", True),
        ("那你给我登记一下吧", True),
        ("我要登记结婚", False),
        ("失业登记", False),
        ("我想问下怎么登记", False),
        ("登记一下我家的房子", False),
    ],
)
def test_an_opening_says_nothing_of_the_matter(text: str, opens: bool) -> None:
    assert WORDS.only_opens(text) is opens


@pytest.mark.parametrize(
    ("text", "takes_up"),
    [
        ("那我登记下吧", True),
        ("那登记吧", True),
        ("那你帮我登记一下吧", True),
        ("我再登记一个事", False),
        ("那在哪登记", False),
        ("结婚登记", False),
        ("不用登记", False),
    ],
)
def test_what_is_to_be_registered_is_the_matter_at_hand(text: str, takes_up: bool) -> None:
    assert WORDS.takes_up(text) is takes_up


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("投诉多长时间能处理完", True),
        ("投诉一般几天能处理完", True),
        ("举报以后多长时间能处理？", True),
        ("我问下投诉多久能有结果", True),
        ("那反映问题以后多久回复", True),
        ("打12345多久有回音", True),
        ("上次反映的几天能办好", False),
        ("我投诉了几天了", False),
        ("投诉什么时候有结果", False),
        ("投诉物业多久能处理", False),
        ("多久能处理完", False),
    ],
)
def test_how_long_a_complaint_takes_is_asked_of_none_in_particular(text: str, asks: bool) -> None:
    assert WORDS.asks_how_long_it_takes(text) is asks


def test_how_long_a_complaint_takes_is_searched_for_and_no_complaint() -> None:
    call = Conversation(categories=CITY.categories)
    text = "投诉多长时间能处理完"
    done = call.says(text, a_complaint(text, category=None, kind=AppealKind.COMPLAINT))
    question, category = WORDS.how_long_it_takes
    (asked,) = (one for one in done if isinstance(one, LookUp))
    assert (asked.question, asked.category) == (question, category)
    assert (call.session.so_far.kind, call.session.so_far.text) == (AppealKind.INQUIRY, text)


def test_how_long_a_complaint_takes_is_answered_between_the_questions() -> None:
    call = Conversation()
    call.says("暖气不热", a_complaint("暖气不热"))
    text = "反映问题以后多久回复"
    call.says(text, a_complaint(text, category="1104"))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    assert call.heard == ("A0101-01", "aside_back", "ask_place")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("河东区天马网吧", "天马网吧"),
        ("河东区蓝月亮酒吧啊", "蓝月亮酒吧"),
        ("河东区老味道烤吧吧", "老味道烤吧"),
        ("河东区凤凰城吧", "凤凰城"),
        ("河东区金阳花园吧", "金阳花园"),
    ],
)
def test_a_name_keeps_the_end_that_sounds_like_a_particle(text: str, name: str) -> None:
    assert WORDS.places.behind("河东区", text) == name


def test_who_wishes_to_register_where_the_place_was_asked_for_names_no_other_matter() -> None:
    call = Conversation()
    call.says("老板拖欠工资", a_complaint("老板拖欠工资"))
    before, said = call.session.so_far.category, "那我登记一下吧"
    call.says(said, a_meaning(said, category="0504", category_confidence=0.9))
    assert call.heard == ("ask_place_again",)
    assert call.session.so_far.category == before


def test_who_wishes_to_register_at_the_read_back_confirms_it() -> None:
    call = Conversation()
    call.says("路灯不亮", a_complaint("路灯不亮", place=LANSHAN))
    assert call.heard == ("confirm",)
    assert any(isinstance(one, RegisterAppeal | CheckRepeat) for one in call.says("那登记一下吧"))


def test_who_only_announces_a_suggestion_is_asked_which_before_being_asked_where() -> None:
    call = Conversation()
    call.says("我要给市长提个建议", a_meaning("我要给市长提个建议", kind=AppealKind.SUGGESTION))
    assert call.heard == ("ask_matter",)
    call = Conversation()
    call.says("我想表扬个人", a_meaning("我想表扬个人", Intent.UNKNOWN))
    assert call.heard == ("ask_matter",)


@pytest.mark.parametrize(
    "text",
    [
        "我想找一下上次接我电话的那个小姑娘",
        "你们那个短信让我评价，我点不开",
        "我接到你们的回访电话，没接着",
        "我是街道办事处的，有个工单派错了",
        "收到短信说我的工单办结了，可是根本没人来过",
        "快点来人",
        "帮我转一下社保局",
        "我找张主任",
        "你好我想找一下民政局",
        "能不能帮我转到兰山区政府",
        "我上次反映的你们糊弄我，我要找你们领导",
        "我上次反映的你们糊弄我",
        "你用临沂话说",
        "我跟你说了半天你没听懂",
        "给我转到交警大队吧",
        "我想改一下登记的电话",
        "你给我接一下你们领导",
    ],
)
def test_who_wants_to_be_put_through_to_somebody_gets_a_person(text: str) -> None:
    assert isinstance(Conversation().says(text)[-1], TransferToAgent)


@pytest.mark.parametrize("text", ["我找了三家医院都不给看", "转到城里上学要什么手续", "我想转社保关系"])
def test_who_tells_of_something_else_is_not_put_through(text: str) -> None:
    assert not WORDS.wants_agent(text)
    assert not WORDS.is_for_somebody(text)


@pytest.mark.parametrize(
    "text",
    [
        "你是人还是机器啊",
        "你是真人吗",
        "你是谁",
        "这是中国移动客服吗",
        "那你能给我办啥事",
        "我不是打给电力公司的吗",
    ],
)
def test_who_asks_what_answers_is_told_and_asked_again(text: str) -> None:
    call = Conversation()
    call.says(text)
    assert call.heard == ("machine_open",)
    call = Conversation()
    call.says("暖气不热", a_complaint("暖气不热"))
    call.says(text)
    assert call.heard == ("machine", "ask_place")


@pytest.mark.parametrize(
    "text",
    [
        "我前天打过电话，说好了给我回电话的，到现在没动静",
        "我打了好几次电话了，你们到底管不管，上次说三天给回复，现在都一个星期了",
    ],
)
def test_who_called_before_and_does_not_say_what_about_is_told_of_their_orders(text: str) -> None:
    done = Conversation().says(text, a_meaning(text, kind=AppealKind.COMPLAINT))
    assert isinstance(done[-1], LookUpProgress)


def test_who_called_others_before_and_says_what_about_is_registered_as_ever() -> None:
    call = Conversation()
    text = "我家暖气不热，给物业打了好几次电话都不管"
    call.says(text, a_complaint(text))
    assert call.heard == ("ask_place",)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("上次那个暖气的事咋样了", True),
        ("我的事办到哪了", True),
        ("我那两个事都咋样了", True),
        ("前天报的那个单子处理了没", True),
        ("我的那个投诉有没有结果啊", True),
        ("我在你们公众号上提交了一个诉求，一直没人理", True),
        ("我想问拆迁的事有没有结果", False),
        ("我家孩子上学的事怎么办", False),
        ("我们小区停水的问题怎么样才能解决", False),
        ("我反映楼下烧烤油烟的问题", False),
    ],
)
def test_how_their_matter_stands_is_asked_in_many_ways(text: str, *, asks: bool) -> None:
    assert WORDS.wants_progress(text) is asks


def test_their_own_place_is_none_where_no_place_was_said_before() -> None:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了"))
    call.says("还是我们小区", a_meaning("还是我们小区", Intent.UNKNOWN))
    assert call.session.so_far.place is None
    assert call.heard == ("ask_place_again",)


@pytest.mark.parametrize(
    ("text", "is_settled"),
    [
        ("我上次让你们登记那个停水的，现在来水了，谢谢你们啊", True),
        ("路灯修好了，感谢", True),
        ("你们单位的人来过了，态度很好，我很满意，就是来说一声", True),
        ("没啥事，就是跟你们说声谢谢，路灯亮了", True),
        ("路灯亮了，谢谢，就是太暗了", False),
        ("水是来了，可是是黄的，谢谢", False),
        ("电梯没修好，请处理一下，谢谢", False),
        ("路灯修好了，今天想说的是楼下烧烤店天天冒烟，请你们来看看，谢谢", False),
        ("暖气还是不热，修好了又坏，谢谢", False),
    ],
)
def test_who_says_that_it_is_settled_and_thanks_has_nothing_registered(
    text: str, *, is_settled: bool
) -> None:
    call = Conversation()
    call.says(text, a_complaint(text))
    assert (call.heard[0] == "welcome") is is_settled


def test_what_may_be_a_question_and_is_of_no_class_is_looked_up_first() -> None:
    call = Conversation()
    text = "你们是不是二十四小时都有人"
    done = call.says(text, a_meaning(text, kind=AppealKind.HELP))
    assert isinstance(done[-1], LookUp)
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("no_answer_register", "ask_place")


def test_who_demands_something_has_asked_nothing_that_was_not_answered() -> None:
    call = Conversation()
    text = "健身房的老板带着大家的会员费跑了，预付的钱一分也没退，我们几十个人怎么办，请求有关部门查处，帮我们把钱追回来"
    call.says(text, a_meaning(text, kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert "no_answer_register" not in call.heard


def test_a_name_that_is_wrong_in_a_deed_is_no_order_that_is_wrong() -> None:
    assert not WORDS.is_dissatisfied_with_result("房产证上名字写错了一个字咋改")


@pytest.mark.parametrize("text", ["给我唱个歌", "没事我就是试试这个电话通不通"])
def test_what_no_hotline_is_for_is_no_matter(text: str) -> None:
    call = Conversation()
    call.says(text, a_complaint(text))
    assert call.heard == ("off_topic",)


@pytest.mark.parametrize(
    ("text", "is_invited"),
    [("我刚才打过电话，没说完就断了", True), ("刚才电话断了，我接着说", True), ("我家电话线断了", False)],
)
def test_whose_call_was_cut_off_is_asked_to_go_on(text: str, *, is_invited: bool) -> None:
    call = Conversation()
    call.says(text)
    assert (call.heard == ("invite",)) is is_invited


def test_where_it_is_takes_up_the_offer_to_take_the_matter_down() -> None:
    call = Conversation()
    call.says("井盖翘起来了归谁管", a_complaint("井盖翘起来了归谁管", category=None, kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, ()))
    matter = a_complaint("井盖翘起来了", kind=AppealKind.INQUIRY)
    call.happens(UnitFound(NOW, call.turn, matter, None))
    assert call.heard == ("who_unknown", "who_offer")
    said = LANSHAN.text
    call.says(said, a_meaning(said, place=replace(LANSHAN, said=said)))
    assert call.heard == ("confirm",)
    assert call.session.so_far.place == replace(LANSHAN, said=said)


def test_who_is_asked_in_vain_what_it_is_about_gets_a_person() -> None:
    call = Conversation()
    call.says("我要投诉", a_meaning("我要投诉", kind=AppealKind.COMPLAINT))
    assert call.heard == ("ask_matter",)
    done: tuple[object, ...] = ()
    for _ in range(3):
        done = call.says("嗯", a_meaning("嗯", Intent.AFFIRM))
        if isinstance(done[-1], TransferToAgent):
            break
    assert isinstance(done[-1], TransferToAgent)


def test_who_says_the_address_of_an_order_is_wrong_gets_a_person() -> None:
    call = Conversation()
    assert isinstance(call.says("刚才给我登记的那个地址错了，应该是白沙埠镇")[-1], TransferToAgent)


def test_who_waives_secrecy_before_being_asked_is_not_asked() -> None:
    call = Conversation(categories=CITY.categories)
    text = "医生骂人"
    call.says(text, a_complaint(text, kind=AppealKind.COMPLAINT, category="0902"))
    call.says("不用保密", a_meaning("不用保密", Intent.UNKNOWN))
    call.says("兰山区银雀山街道", a_meaning("兰山区银雀山街道", Intent.UNKNOWN, place=LANSHAN))
    assert call.heard[-1] == "confirm"


def test_a_fear_of_reprisals_is_no_place_but_a_wish_for_secrecy() -> None:
    call = Conversation()
    call.says("我要投诉城管打人", a_complaint("我要投诉城管打人"))
    meaning = a_meaning("我怕报复", Intent.UNKNOWN, wants_secrecy=True)
    call.says("我怕报复", meaning)
    assert call.heard == ("secrecy_wished", "ask_place_again")
    assert call.session.so_far.place is None


@pytest.mark.parametrize(
    ("text", "may_tell"),
    [
        ("我想补充一下", False),
        ("我怕报复", False),
        ("算了", False),
        ("米游了", False),  # how 没有了 was heard
        ("随便你们", False),
        ("就在我们村口小卖部对面", True),
        ("鑫达物流", True),
    ],
)
def test_words_that_name_nothing_known_tell_a_place_or_none(text: str, may_tell: bool) -> None:
    assert WORDS.places.may_tell(text) is may_tell


@pytest.mark.parametrize("text", ["我不想说在哪儿", "问这个干啥", "不方便透露"])
def test_who_will_not_say_where_has_said_no_place(text: str) -> None:
    assert WORDS.read(text, Answer.NO_PLACE) is Answer.NO_PLACE


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("就是这么回事", Answer.YES),
        ("是嘞", Answer.YES),
        ("OK", Answer.YES),
        ("就按这个登记吧", Answer.YES),
        ("不太对", Answer.NO),
        ("你听错了", Answer.NO),
        ("辛苦你了", Answer.DONE),
        ("行，那我等消息", Answer.DONE),
        ("没啥问的了", Answer.DONE),
        ("12345", None),
        ("差不多吧", Answer.YES),
        ("对着哩", Answer.YES),
        ("对着嘞", Answer.YES),
        ("是这么个事", Answer.YES),
        ("好像不对", Answer.NO),
        ("不要了", Answer.NO),
        ("暂时没有", Answer.DONE),
        ("我想想 没有了", Answer.DONE),
        ("我想想，没水了", None),
        ("那先挂了", Answer.DONE),
        ("这回对了", Answer.YES),
        ("这下没错了", Answer.YES),
        ("好使", Answer.YES),
        ("不好使", None),
        ("就是这个问题", Answer.YES),
        ("就这一个", Answer.DONE),
        ("就这一个诉求", Answer.DONE),
        ("只有这一件", Answer.DONE),
        ("没了，就问这一个，谢谢", Answer.DONE),
        ("就这一条路不亮", None),
        ("就一个问题，他们啥时候来", None),
    ],
)
def test_everyday_answers_to_a_read_back_and_at_the_end(text: str, answer: Answer | None) -> None:
    assert WORDS.read(text, Answer.YES, Answer.NO, Answer.DONE) is answer


@pytest.mark.parametrize(
    "text",
    [
        "有没有活人",
        "接值班的",
        "给我转客服",
        "换个人来",
        "跟你说不清",
        "找你们领导",
        "让人跟我说",
        "转坐席",
        "我要真人",
    ],
)
def test_a_person_is_asked_for_in_many_ways(text: str) -> None:
    assert WORDS.wants_agent(text)


@pytest.mark.parametrize(
    ("text", "lead"),
    [("最好保密", ()), ("要的", ()), ("无所谓", ("secrecy_by_law",)), ("公开就行", ("secrecy_by_law",))],
)
def test_secrecy_is_wanted_or_waived_in_plain_words(text: str, lead: tuple[str, ...]) -> None:
    call = Conversation()
    call.says("举报偷排", a_complaint("举报偷排", kind=AppealKind.TIP_OFF, place=LANSHAN))
    assert call.heard == ("ask_secrecy_tip_off",)
    call.says(text)
    assert call.heard == (*lead, "confirm")


def test_who_lets_it_be_at_the_read_back_has_nothing_registered() -> None:
    call = Conversation()
    call.says("暖气不热", a_complaint("暖气不热", place=LANSHAN))
    assert call.heard == ("confirm",)
    call.says("算了吧")
    assert call.heard[0] == "withdrawn"


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("请问办准生证要什么材料，还有啊，我们村的路灯坏了也没人修", "还有啊，我们村的路灯坏了也没人修"),
        ("医保怎么交，还有我想反映楼下噪音太大", "还有我想反映楼下噪音太大"),
        ("路灯坏了，还有我们小区的井盖也丢了", ""),
        ("暖气不热，还有我想问问什么时候修好", ""),
    ],
)
def test_a_question_and_a_complaint_in_one_breath_are_two_matters(text: str, second: str) -> None:
    assert WORDS.two_matters(text)[1] == second


def test_who_says_after_an_answer_who_they_are_is_answered_on_what_they_asked() -> None:
    call = Conversation()
    question = "住院报销比例是多少"
    call.says(question, a_complaint(question, kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    said = "我是退休职工"
    done = call.says(said, a_complaint(said, kind=AppealKind.INQUIRY, category="0402"))
    assert isinstance(done[-1], LookUp)
    other = replace(a_passage(), article=replace(a_passage().article, id="A0402-14", category="0402"))
    again = call.happens(PassagesFound(NOW, call.turn, (other,)))
    assert isinstance(again[-1], LookUp)
    assert again[-1].question == f"{question}，{said}"
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert "A0402-14" not in call.heard


def test_a_name_behind_the_place_is_kept_and_a_matter_behind_it_is_none() -> None:
    assert WORDS.places.behind("高新区", "高新区双月湖那边") == "双月湖"
    assert WORDS.places.behind("罗庄区", "罗庄区双月园那个海鲜大酒店") == "双月园那个海鲜大酒店"
    call = Conversation()
    call.says("我要举报", a_complaint("我要举报", category=None))
    text = "兰山区某某局局长受贿"
    call.says(
        "兰山区有人受贿",
        a_complaint(text, place=replace(LANSHAN, street=None, street_code=None, said="兰山区")),
    )
    assert call.session.so_far.place is not None
    assert not call.session.so_far.place.detail


def test_what_is_told_instead_of_the_street_is_the_matter() -> None:
    call = Conversation()
    county = replace(LANSHAN, street=None, street_code=None, said="临沭")
    call.says(
        "我说的是临沭，不是临沂",
        a_meaning("我说的是临沭，不是临沂", kind=AppealKind.HELP, place=county),
    )
    assert call.heard == ("ask_place_detail",)
    call.says("我家停水", a_complaint("我家停水"))
    assert call.session.so_far.category == "0101"
    assert call.session.so_far.place.detail == ""


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("等会儿，我拿下身份证", True),
        ("等一下啊", True),
        ("我考虑一下", True),
        ("那我再想想", True),
        ("我考虑一下要不要退租，房东不退押金", False),
        ("你等会儿俺找找本子", True),
        ("等了一下午没人来", False),
        ("等一下午了还没人来修", False),
        ("稍等就给修，等了三天", False),
        ("老伴你小点声，我打电话呢", True),
        ("妈你别说话我正打电话", True),
        ("小刚，别闹，奶奶打电话呢", True),
        ("别吵我打电话呢", True),
        ("别闹了", True),
        ("他爹你还有啥要说的没", True),
        ("孩子他爹，你说还有啥事来着", True),
        ("他爸，你问问还有事没", True),
        ("俺老伴你还有别的事没", True),
        ("老公还有没有别的", True),
        ("闺女，你还有啥要问的没", False),
        ("老伴还有个事没说", False),
        ("他妈有退休金没", False),
        ("俺还有事呢", False),
        ("怎么没人给我打电话呢", False),
        ("楼上天天吵，能不能让他们别吵了", False),
        ("老伴你小点声，我打电话呢，我们小区停水了", False),
    ],
)
def test_who_asks_the_hotline_to_wait_is_waited_for(text: str, waits: bool) -> None:
    assert WORDS.asks_to_wait(text) is waits


def test_who_fetches_something_meanwhile_has_no_matter_registered() -> None:
    call = Conversation()
    text = "等会儿，我拿下身份证"
    done = call.says(text, a_complaint(text, kind=AppealKind.INQUIRY))
    assert call.heard == ("take_your_time",)
    assert isinstance(done[-1], Listen)


def test_who_does_not_hear_well_is_told_again_and_slower() -> None:
    call = Conversation()
    call.says("暖气不热", a_complaint("暖气不热"))
    call.says("我听不清楚，你声音大点")
    assert call.heard[-1] == "ask_place"
    say = call.last(Say)
    assert isinstance(say, Say)
    assert say.is_slow


def test_what_is_no_place_is_no_part_of_one() -> None:
    call = Conversation()
    county = replace(LANSHAN, street=None, street_code=None, said="兰山区")
    call.says("领导吃拿卡要", a_complaint("领导吃拿卡要", place=county))
    assert call.heard == ("ask_place_detail",)
    call.says("不说了，保密吧", a_meaning("不说了，保密吧", Intent.UNKNOWN, wants_secrecy=True))
    assert call.session.so_far.place is not None
    assert not call.session.so_far.place.detail


def test_a_new_matter_that_is_urgent_urges_no_earlier_order() -> None:
    call = Conversation()
    call.says("查进度")
    call.happens(ProgressFound(NOW, call.turn, (OrderNews("26112300001", Status.HANDLING, NOW),)))
    text = "楼下漏水了赶紧处理"
    call.says(text, a_complaint(text))
    assert call.heard == ("ask_place",)


def asked_about_an_allowance() -> Conversation:
    call = Conversation(categories=CITY.categories)
    call.says("低保怎么申请", a_meaning("低保怎么申请", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    return call


@pytest.mark.parametrize(("text", "category"), [("我一个人过，没儿没女", None), ("他不同意", "1403")])
def test_who_says_after_an_answer_for_whom_it_is_is_answered_on_that(text: str, category: str | None) -> None:
    call = asked_about_an_allowance()
    done = call.says(text, a_complaint(text, category=category))
    assert isinstance(done[-1], LookUp)
    done = call.happens(PassagesFound(NOW, call.turn, ()))
    assert isinstance(done[-1], LookUp)
    assert done[-1].question == f"低保怎么申请，{text}"


def test_who_says_after_an_answer_whence_they_are_and_what_is_wrong_has_that_taken_down() -> None:
    call = asked_about_an_allowance()
    call.says("我是王庄的，路灯坏了", a_complaint("我是王庄的，路灯坏了", category="0204"))
    assert call.heard == ("ask_place",)


def test_a_number_that_nobody_wrote_down_is_not_taken_for_an_appeal() -> None:
    call = Conversation()
    call.says("住建局电话多少", a_meaning("住建局电话多少", Intent.UNKNOWN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("follow_up_untold", "anything_more")
    text = "那兰山区的呢"
    call.says(text, a_meaning(text, kind=AppealKind.INQUIRY, place=LANSHAN))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("follow_up_untold", "anything_more")


def test_a_matter_that_asks_where_it_is_reported_is_taken_down() -> None:
    call = Conversation(categories=CITY.categories)
    call.says("水管爆了在哪报修", a_complaint("水管爆了在哪报修", category="010204", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, ()))
    assert call.heard == ("no_answer_register", "confirm")


def test_who_has_not_written_the_number_down_hears_it_again() -> None:
    assert WORDS.read("我还没记住", Answer.REPEAT) is Answer.REPEAT


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("我要咨询退役军人的事", "退役军人"),
        ("我想问一下公积金的问题", "公积金"),
        ("我想咨询一下孩子上学方面的政策", "孩子上学"),
        ("我想问一下暖气不热的问题", ""),
        ("我想问问医保怎么交的问题", ""),
        ("我要反映小区停水的问题", ""),
        ("我想咨询个事", ""),
    ],
)
def test_who_says_what_a_question_is_about_is_asked_for_it(text: str, topic: str) -> None:
    assert WORDS.asks_about(text) == topic
    if topic:
        call = Conversation()
        call.says(text)
        assert call.heard == ("invite",)
        done = call.says("怎么办理")
        assert isinstance(done[-1], Understand)
        assert done[-1].text == f"{topic}，怎么办理"


def test_who_asks_when_somebody_comes_hears_the_date_again() -> None:
    for text in ("什么时候有人来", "你们几天给我回话"):
        assert WORDS.follow_ups.asks_how_long(text)


def test_the_question_for_secrecy_is_asked_once_more_where_something_else_was_said() -> None:
    call = Conversation()
    call.says("举报偷排", a_complaint("举报偷排", kind=AppealKind.TIP_OFF, place=LANSHAN))
    assert call.heard == ("ask_secrecy_tip_off",)
    call.says("就在桥下面", a_meaning("就在桥下面", Intent.UNKNOWN))
    assert call.heard == ("ask_secrecy_tip_off",)
    call.says("晚上排", a_meaning("晚上排", Intent.UNKNOWN))
    assert call.heard == ("confirm",)


def test_who_lets_it_be_before_anything_is_told_is_not_asked_where() -> None:
    call = Conversation()
    call.says("算了")
    assert call.heard[0] == "withdrawn"


def test_who_has_no_number_of_an_order_gets_a_person() -> None:
    call = Conversation()
    call.says("查工单")
    call.happens(NoProgress(NOW, call.turn))
    assert call.heard == ("progress_none", "ask_number")
    assert isinstance(call.says("不知道")[-1], TransferToAgent)


def test_the_building_that_was_told_first_is_read_back_with_its_estate() -> None:
    call = Conversation()
    call.says("6号楼2单元停电了", a_complaint("6号楼2单元停电了"))
    estate = replace(LANSHAN, said="兰山区金阳花园", detail="金阳花园")
    call.says("兰山区金阳花园", a_meaning("兰山区金阳花园", place=estate))
    assert "金阳花园6号楼2单元" in call.said
    call.says("不对，是5号楼", a_meaning("不对，是5号楼", Intent.UNKNOWN))
    assert "金阳花园5号楼2单元" in call.said


@pytest.mark.parametrize("answer", ["网上的 没有地方", "网上买的，没具体位置", "在拼多多上买的"])
def test_of_what_was_bought_on_the_net_no_place_is_asked_again(answer: str) -> None:
    call = Conversation()
    call.says("买的手机是假的", a_complaint("买的手机是假的"))
    call.says(answer, a_meaning(answer, Intent.UNKNOWN))
    assert call.heard == ("confirm",)


def test_of_what_is_everywhere_only_the_county_is_asked_and_of_the_whole_city_nothing() -> None:
    call = Conversation()
    call.says("乱停共享单车", a_complaint("乱停共享单车"))
    call.says("到处都是", a_meaning("到处都是", Intent.UNKNOWN))
    assert call.heard == ("ask_county",)
    call.says("整个临沂", a_meaning("整个临沂", Intent.UNKNOWN))
    assert call.heard == ("confirm",)
    assert "全市" in call.said
    call.says("对")
    call.is_registered(unit=None)
    assert "registered_manual" in call.heard


def test_who_asks_whether_anybody_cares_asks_nothing() -> None:
    answers = AnswerWords(read_lists(LINYI / "lexicon", ANSWER_FILES))
    assert not answers.may_ask("我们村的河都臭了有没有人管啊")
    assert not answers.asks("电动车逆行能不能管管")
    assert answers.may_ask("你们那里有没有人上班")


def test_who_cannot_name_the_place_is_not_taken_at_their_word_for_it() -> None:
    call = Conversation()
    call.says("开发商不退定金", a_complaint("开发商不退定金"))
    county = replace(LANSHAN, said="兰山区", street_code=None, street=None, detail="")
    call.says("兰山区", a_meaning("兰山区", place=county))
    assert call.heard == ("ask_place_detail",)
    call.says("不记得楼盘名字了", a_meaning("不记得楼盘名字了", Intent.UNKNOWN))
    assert call.heard == ("confirm",)
    assert call.session.so_far.place == county


@pytest.mark.parametrize(
    ("text", "asks_back"),
    [
        ("嗯？", True),
        ("啊？？", True),
        ("？", True),
        ("对吗", True),
        ("你看对不对", True),
        ("行不行？", True),
        ("什么？", True),
        ("好的?", True),
        ("對嗎", True),
        ("对吧？", False),
        ("对", False),
        ("嗯。", False),
        ("好的，那我等着？", False),
        ("不对？", False),
    ],
)
def test_a_sound_or_a_yes_put_as_a_question_is_no_answer(text: str, asks_back: bool) -> None:
    assert (WORDS.asks_back(text), WORDS.read(text, Answer.YES) is Answer.YES and asks_back) == (
        asks_back,
        False,
    )


@pytest.mark.parametrize("text", ["嗯？", "啊？？", "对吗？", "行吗", "什么？"])
def test_who_asks_back_at_the_read_back_hears_it_again(text: str) -> None:
    call = Conversation()
    call.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    call.says(text)
    assert call.heard == ("confirm",)


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("对，就是那儿", True),
        ("对不起没听清", False),
        ("对面那家店", False),
        ("对吗我没听清", False),
        ("对吗？再说一遍", False),
    ],
)
def test_other_words_that_begin_like_a_yes_are_none(text: str, opens: bool) -> None:
    assert WORDS.opens_with(text, Answer.YES) is opens


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("好滴", Answer.YES),
        ("好滴好滴", Answer.YES),
        ("OK的", Answer.YES),
        ("y", Answer.YES),
        ("可", Answer.YES),
        ("對", Answer.YES),
        ("无", Answer.DONE),
        ("無", Answer.DONE),
        ("沒有了", Answer.DONE),
        ("没有鸟", Answer.DONE),
        ("木得了", Answer.DONE),
        ("886", Answer.DONE),
        ("🙏", Answer.DONE),
        ("3Q", Answer.DONE),
        ("Thanks!", Answer.DONE),
        ("收到", Answer.DONE),
        ("无人管", None),
        ("88号楼", None),
    ],
)
def test_words_as_they_are_written_answer(text: str, answer: Answer | None) -> None:
    assert WORDS.read(text, Answer.DONE, Answer.YES) is answer


@pytest.mark.parametrize(
    ("text", "registers", "heard"),
    [("就这样吧", 1, "confirm"), ("收到", 1, "confirm"), ("1", 1, "confirm"), ("无", 0, "confirm_unclear")],
)
def test_what_takes_the_read_back_as_it_is_registers(text: str, registers: int, heard: str) -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    chat.says(text)
    orders = [action for action in chat.did if isinstance(action, RegisterAppeal)]
    assert (len(orders), chat.heard) == (registers, (heard,))


@pytest.mark.parametrize("text", ["在？", "？", "在么", "你们上班吗", "在吗"])
def test_who_asks_whether_anybody_is_there_is_invited(text: str) -> None:
    chat = Conversation(ContactChannel.WEB_CHAT)
    chat.says(text)
    assert chat.heard == ("invite",)


@pytest.mark.parametrize(
    ("channel", "skill"), [(ContactChannel.PHONE, "dialect"), (ContactChannel.WEB_CHAT, "ordinary")]
)
def test_who_is_not_understood_may_speak_a_dialect_but_writes_none(
    channel: ContactChannel, skill: str
) -> None:
    talk = Conversation(channel)
    for _ in range(2):
        talk.says("咕噜咕噜", a_meaning("咕噜咕噜", Intent.AFFIRM))
    transfer = talk.last(TransferToAgent)
    assert isinstance(transfer, TransferToAgent)
    assert (transfer.reason, transfer.skill) == ("not_understood", skill)


@pytest.mark.parametrize(
    ("text", "withdraws"),
    [
        ("上次那个垃圾的已经清了，撤了吧", True),
        ("工单26120100001撤掉吧 已经解决了", True),
        ("之前报的路灯好了，帮我取消吧", True),
        ("路灯已经亮了，工单取消吧", True),
        ("在吗 路灯那个已经修好了 撤了吧", True),
        ("麻烦把工单撤了", True),
        ("上回那个井盖盖上了，不用管了", True),
        ("已经修好了，你们不用来了", True),
        ("上回物业说路灯不用管了", False),
        ("上次修好了又坏了，物业说不用管了", False),
        ("路灯坏了，不用管了", False),
        ("我的工单取消了，为什么", False),
        ("上次报的公交站取消了，不方便", False),
        ("之前报的路灯没修，工单取消了", False),
        ("之前的补贴取消了吗", False),
        ("建议路口的停车位取消吧，之前就堵", False),
        ("俺家的低保叫村里给取消了", False),
        ("俺那低保给取消了给他小舅子办上了", False),
        ("俺的退休证叫单位给取消了说是办错了", False),
        ("112路公交车给取消了俺上班咋去", False),
        ("你们把俺的补助给取消了", False),
        ("村里给我取消了贫困户", False),
        ("那恁给取消了吧", True),
        ("单子给取消了就行", True),
        ("垃圾清走了，你们给取消一下", True),
    ],
)
def test_an_order_is_taken_back_by_who_says_that_it_is_done(text: str, withdraws: bool) -> None:
    assert WORDS.of_orders.withdraws_order(text) is withdraws


@pytest.mark.parametrize(
    ("text", "is_topic"),
    [("厂里冒黑烟", False), ("厂里味大", False), ("电厂冒黑烟", False), ("烟草证", True), ("社保卡", True)],
)
def test_what_tells_of_smoke_or_a_smell_is_no_mere_topic(text: str, *, is_topic: bool) -> None:
    assert WORDS.is_topic(text) is is_topic


@pytest.mark.parametrize("text", ["太长了，你慢点", "你念的啥，我老了听不懂", "恁慢点"])
def test_who_cannot_follow_hears_it_slower(text: str) -> None:
    assert WORDS.is_only_slower(text)


@pytest.mark.parametrize("text", ["司机说你慢点下车就把我夹了", "您慢点走"])
def test_who_tells_of_being_slow_is_not_told_anything_slower(text: str) -> None:
    assert not WORDS.wants_slower(text)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("不是，我是问一下低保怎么办", "低保怎么办"),
        ("不对，问题是路灯", ""),
        ("错了，问物业吧", ""),
        ("我不是本地户口，我想问能不能办", ""),
    ],
)
def test_what_was_asked_instead_is_what_is_said_to_have_been_asked(text: str, asked: str) -> None:
    assert WORDS.asked_instead(text) == asked


@pytest.mark.parametrize("text", ["你是机器人吧", "你是真人吧", "你就是机器人"])
def test_who_thinks_it_is_a_machine_is_told_what_it_is(text: str) -> None:
    call = Conversation()
    call.says(text)
    assert call.heard == ("machine_open",)


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("再一个，门口的路灯也不亮，也给记上", True),
        ("再有一个，楼下也乱停车", True),
        ("再一个，路灯不亮", False),
    ],
)
def test_one_more_that_is_so_too_is_of_the_same_place(text: str, *, is_there: bool) -> None:
    assert WORDS.places.goes_on_there(text, "锦绣花园") is is_there


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("会有人给我打电话吗", True),
        ("谁给我回话", True),
        ("你们会不会通知我", True),
        ("短信会发给我不", True),
        ("修好了会给我发短信不", True),
        ("你们会打电话还是发短信", True),
        ("那到时候是你们打给我还是怎么着", True),
        ("修好了给我发个短信", False),
        ("单位会发短信通知放假不", False),
        ("有人给我发诈骗短信咋办", False),
        ("让他们直接给我打电话吧", False),
        ("他们给我打电话威胁我", False),
        ("物业的人天天给我打电话", False),
    ],
)
def test_who_will_answer_is_asked(text: str, *, asks: bool) -> None:
    assert WORDS.of_orders.asks_of_reply(text) is asks


HAPPINESS = "罗庄区傅庄街道幸福小区"


@pytest.mark.parametrize(
    ("text", "parts", "where"),
    [
        (
            f"有三件事，路灯不亮、垃圾没人收、物业不开发票，{HAPPINESS}",
            ("路灯不亮", "垃圾没人收", f"物业不开发票，{HAPPINESS}"),
            HAPPINESS,
        ),
        (
            "一个是幸福小区的路灯，一个是金泰小区的路灯，都坏了",
            ("幸福小区的路灯", "金泰小区的路灯，都坏了"),
            "",
        ),
        (
            "一个是路灯不亮，一个是垃圾没人收，都没人管",
            ("路灯不亮", "垃圾没人收，都没人管"),
            "",
        ),
        (
            f"两件事，路灯不亮，电梯坏了，都是{HAPPINESS}",
            (f"路灯不亮，都是{HAPPINESS}", f"电梯坏了，都是{HAPPINESS}"),
            f"都是{HAPPINESS}",
        ),
        (
            f"有两个事，一个是路灯不亮，一个是下水道堵了，{HAPPINESS}",
            ("路灯不亮", f"下水道堵了，{HAPPINESS}"),
            HAPPINESS,
        ),
        (
            f"头一个路灯不亮，第二个垃圾没人收，第三个狗乱叫，都在{HAPPINESS}",
            (f"路灯不亮，都在{HAPPINESS}", f"垃圾没人收，都在{HAPPINESS}", f"狗乱叫，都在{HAPPINESS}"),
            f"都在{HAPPINESS}",
        ),
        (
            "三个事,一个是路灯坏了,一个是垃圾没人收,再一个物业乱收费",
            ("路灯坏了", "垃圾没人收", "物业乱收费"),
            "",
        ),
        (
            "我想反映三个问题，第一，路灯不亮，第二，垃圾没人收，第三，狗乱叫",
            ("路灯不亮", "垃圾没人收", "狗乱叫"),
            "",
        ),
        ("三件事，路灯不亮，垃圾没人收，还有狗乱叫", ("路灯不亮", "垃圾没人收", "狗乱叫"), ""),
        (
            "两件事，路灯不亮好几天了，晚上看不见，电梯也坏了",
            ("路灯不亮好几天了，晚上看不见", "电梯也坏了"),
            "",
        ),
        (
            "反映两件事，在兰山区金泰小区，路灯不亮，电梯坏了",
            ("兰山区金泰小区，路灯不亮", "兰山区金泰小区，电梯坏了"),
            "",
        ),
        (
            "我是金泰小区的，有两件事想反映一下，路灯不亮，电梯坏了",
            ("金泰小区，路灯不亮", "金泰小区，电梯坏了"),
            "",
        ),
        (
            "一个是路灯坏了，金泰小区，一个是垃圾没人收，凤凰城小区",
            ("路灯坏了，金泰小区", "垃圾没人收，凤凰城小区"),
            "",
        ),
    ],
)
def test_what_is_announced_as_several_matters_is_cut(text: str, parts: tuple[str, ...], where: str) -> None:
    assert (WORDS.several.parts(text), WORDS.several.where(parts)) == (parts, where)


@pytest.mark.parametrize(
    "text",
    [
        "路灯不亮、井盖也坏了没人管，晚上看不见",
        "垃圾、污水到处都是",
        "我有两件事，路灯坏了，一直没人修",
        "这两个问题，你们说三天解决，到现在没解决",
        "上次我反映两个问题，路灯不亮，垃圾没人收，到现在没解决",
        "第一个月工资没发，第二个月也没发",
        "我家两个孩子，一个是上小学，一个是上初中，学籍怎么转",
        "我们小区两个电梯一个坏了，一个老是停",
        "物业不好，一是不打扫，二是乱收费",
        "我反映两件事，在罗庄区湖滨花园，路灯不亮还有垃圾没人清",
        "有三件事",
        "一个是前门的路灯，一个是后门的路灯，都坏了，兰山区幸福小区",
        "一个是东边的路灯一个是西边的路灯都不亮",
        "我反映两件事，一个是东门路灯，一个是西门路灯，全都不亮，在费县建设路",
    ],
)
def test_what_is_only_enumerated_is_one_matter(text: str) -> None:
    assert WORDS.several.parts(text) == ()


@pytest.mark.parametrize(
    ("text", "is_all"),
    [
        ("你好，我想反映三件事", True),
        ("有两个问题想问一下", True),
        ("两个问题都没解决", False),
        ("有三件事，路灯不亮", False),
    ],
)
def test_several_matters_may_be_announced_alone(text: str, *, is_all: bool) -> None:
    assert WORDS.only_opens(text) == is_all


@pytest.mark.parametrize(
    ("text", "place", "is_there"),
    [
        ("下水道堵了，也是金泰小区的", "金泰小区", True),
        ("电梯坏了，也是俺们小区的", "金泰小区", True),
        ("还有我们小区停水了，在三号楼", "金泰小区", True),
        ("还有我们小区停水的。在卢中区圣中接大。", "金泰小区", False),  # 罗庄区盛庄街道, misheard
        ("下水道堵了，也在这个小区", "金泰小区", True),
        ("下水道堵了，都在那个小区", "正阳路", False),
        ("下水道堵了，也是凤凰城小区的", "金泰小区", False),
        ("电梯坏了，也不是一个地方", "金泰小区", False),
    ],
)
def test_another_matter_may_be_told_at_the_same_place(text: str, place: str, *, is_there: bool) -> None:
    assert WORDS.places.is_there_too(text, place) == is_there
