"""Slips of the tongue, of the ear and of the finger: what is put right, misheard, dialled wrong or said beside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.dialogue.actions import AddToOrder, End, LookUp, RegisterAppeal, TransferToAgent, Understand
from hotline.domain.appeal import Address, AppealKind, Place, Secrecy
from hotline.domain.meaning import Intent
from tests.builders import a_complaint, a_meaning
from tests.talking import Conversation

TONGDA = Place(said="兰山区通达路", county_code="371302", county="兰山区", detail="通达路")


def asked_where(text: str = "路灯坏了", category: str = "020401") -> Conversation:
    call = Conversation()
    call.says(text, a_complaint(text, category=category, category_confidence=0.9))
    assert call.heard == ("ask_place",)
    return call


def read_back(place: Place = TONGDA) -> Conversation:
    call = Conversation()
    call.says("路灯坏了", a_complaint("路灯坏了", category="020401", place=place))
    assert call.heard == ("confirm",)
    return call


# --- the matter, where its place was asked for ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("不对我说错了是停水", "不对，停水"),
        ("不是路灯，是红绿灯", "不对，红绿灯"),
        ("哦不对我说错了我要反映的是物业乱收费", "不对，物业乱收费"),
    ],
)
def test_the_matter_is_put_right_where_its_place_was_asked_for(said: str, understood: str) -> None:
    call = asked_where()
    call.says(said, a_complaint(understood, category="010201", category_confidence=0.8))
    asked = call.last(Understand)
    assert isinstance(asked, Understand)
    assert asked.text == understood
    assert call.heard == ("ask_place",)  # as if for the first time
    assert call.session.so_far.category == "010201"


def test_a_place_that_is_put_right_is_understood_whole() -> None:
    call = asked_where()
    call.says(
        "兰山区，不是通达路是沂蒙路", a_meaning("兰山区，不是通达路是沂蒙路", Intent.UNKNOWN, place=TONGDA)
    )
    assert call.session.so_far.category == "020401"
    assert call.heard == ("confirm",)


def test_a_story_told_instead_of_the_place_does_not_become_the_matter() -> None:
    story = "我儿子去年结婚花了二十万他在青岛打工一个月三四千"
    call = asked_where()
    call.says(story, a_complaint(story, category="100501", category_confidence=0.95))
    assert call.session.so_far.category == "020401"


# --- the read-back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heard", ["部队是沂蒙路", "不队，是沂蒙路", "布对是沂蒙路"])
def test_a_misheard_denial_puts_the_road_right(heard: str) -> None:
    call = read_back()
    meant = "不对" + heard[2:]
    call.says(heard, a_meaning(meant, Intent.UNKNOWN, place=Place(said="沂蒙路", detail="沂蒙路")))
    place = call.session.so_far.place
    assert place is not None
    assert place.detail == "沂蒙路"
    assert call.heard == ("confirm",)


def test_what_is_right_may_be_said_before_what_is_wrong() -> None:
    call = read_back(
        Place(said="水韵花城三号楼", county_code="371302", county="兰山区", detail="水韵花城三号楼")
    )
    call.says("五号楼不是三号楼")
    place = call.session.so_far.place
    assert place is not None
    assert place.detail == "水韵花城五号楼"


@pytest.mark.parametrize(
    "said",
    ["行，谢谢", "行吧谢谢", "中，谢谢恁", "行，麻烦了", "行，那就这样吧", "行没有了", "队", "队的队的"],
)
def test_a_yes_with_thanks_or_misheard_registers(said: str) -> None:
    call = read_back()
    call.says(said)
    assert isinstance(call.did[-1], RegisterAppeal)


@pytest.mark.parametrize("said", ["不行，谢谢", "谢谢"])
def test_thanks_alone_register_nothing(said: str) -> None:
    call = read_back()
    call.says(said)
    assert not any(isinstance(action, RegisterAppeal) for action in call.did)


def test_secrecy_that_is_waived_in_other_words_is_not_wished() -> None:
    call = read_back()
    call.says("没啥要保密的")
    assert call.heard == ("secrecy_waived", "confirm_short")
    assert call.session.so_far.secrecy is Secrecy.NONE


# --- shops behind a road or a number --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said", "name"),
    [
        ("兰山区建设路15号惠民超市卖过期食品", "建设路15号", "建设路15号惠民超市"),
        ("兰山区通达路老李家饭店油烟扰民", "通达路", "通达路老李家饭店"),
        ("兰山区通达路蓝月亮酒吧太吵", "通达路", "通达路蓝月亮酒吧"),
        ("兰山区通达路停电了", "通达路", "通达路"),
        ("兰山区通达路上的饭店油烟大", "通达路", "通达路"),
    ],
)
def test_the_shop_behind_a_road_or_number_is_part_of_the_place(text: str, said: str, name: str) -> None:
    call = Conversation()
    place = Place(said=f"兰山区{said}", county_code="371302", county="兰山区", detail=said)
    call.says(text, a_complaint(text, category="020401", place=place))
    assert call.session.so_far.place.detail == name


# --- going, and having dialled wrong ---------------------------------------------------------------------------


def test_who_goes_before_it_is_registered_is_told_so_once() -> None:
    call = read_back()
    call.says("我现在有事，回头再打")
    assert call.heard == ("not_registered_yet", "confirm")
    call.says("对，再见")
    assert isinstance(call.did[-1], RegisterAppeal)


@pytest.mark.parametrize("said", ["打错了，我以为是建行", "哎打错了打错了", "对不起啊，我打错电话了"])
@pytest.mark.parametrize("begin", [asked_where, read_back, Conversation])
def test_who_dialled_wrong_is_let_go_and_nothing_is_kept(said: str, begin: type[Conversation]) -> None:
    call = begin()
    call.says(said)
    assert call.heard == ("goodbye",)
    assert isinstance(call.did[-1], End)
    assert not any(isinstance(action, RegisterAppeal) for action in call.did)


@pytest.mark.parametrize("said", ["你们是顺丰吗", "你们不是建设银行吗", "这是中国移动客服吗"])
def test_who_takes_the_hotline_for_somebody_else_is_told_what_it_is(said: str) -> None:
    call = asked_where()
    call.says(said)
    assert call.heard == ("machine", "ask_place")


# --- nothing more, with a remark behind it -----------------------------------------------------------------------


def registered() -> Conversation:
    call = read_back()
    call.says("对")
    call.is_registered()
    return call


def test_a_remark_behind_nothing_more_is_no_matter() -> None:
    call = registered()
    rest = "老头子你把火关小一点"
    call.says(f"没了{rest}", a_meaning(rest, Intent.UNKNOWN))
    assert call.heard == ("anything_more",)
    assert not any(isinstance(action, AddToOrder) for action in call.did)


def test_a_matter_behind_nothing_more_is_a_matter() -> None:
    call = registered()
    rest = "路口的红绿灯也坏了"
    call.says(f"没有了，{rest}", a_complaint(rest, category="050204", category_confidence=0.9))
    assert call.heard == ("ask_place",)


def test_who_asks_behind_nothing_more_whether_it_is_a_machine_is_told() -> None:
    call = registered()
    call.says("没了没了你这个闺女说话真好听你是真人还是机器呀")
    assert call.heard == ("machine", "anything_more")


@pytest.mark.parametrize(
    "said", ["没事了", "好嘞没事了谢谢", "我就是问问，不是投诉", "算了算了不说了，反正你们也不管"]
)
def test_a_matter_may_be_let_be_politely(said: str) -> None:
    call = asked_where()
    call.says(said)
    assert call.heard == ("withdrawn", "anything_more")


# --- another place of the same kind, another city ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("这条路上的红绿灯也坏了", "confirm"),
        ("同一条路上还有棵树倒了", "confirm"),
        ("这个小区的电梯也老坏", "ask_place"),
    ],
)
def test_this_road_is_the_road_of_the_matter_before(said: str, heard: str) -> None:
    call = registered()
    call.says(said, a_complaint(said, category="050204", category_confidence=0.9))
    assert call.heard == (heard,)


ESTATE = Place(said="罗庄区幸福小区", county_code="371311", county="罗庄区", detail="幸福小区")


def asked_where_the_second_is() -> Conversation:
    call = read_back(ESTATE)
    call.says("对")
    call.is_registered()
    call.says("下水道也堵了", a_complaint("下水道也堵了", category="050204", category_confidence=0.9))
    assert call.heard == ("ask_place",)
    return call


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("一样的地方", ESTATE),
        ("地方一样", ESTATE),
        ("同上", ESTATE),
        ("就这儿", ESTATE),
        ("还是幸福小区", ESTATE),
        ("就这个小区啊，不是说了吗", ESTATE),
        ("幸福小区3号楼", replace(ESTATE, detail="幸福小区3号楼")),
    ],
)
def test_where_the_matter_before_is_may_be_told_in_many_ways(answer: str, place: Place) -> None:
    call = asked_where_the_second_is()
    call.says(answer, a_meaning(answer, Intent.UNKNOWN))
    assert (call.heard, call.session.so_far.place) == (("confirm",), place)


def test_the_name_of_the_place_before_needs_no_county() -> None:
    call = asked_where_the_second_is()
    call.says("幸福小区", a_meaning("幸福小区", Intent.UNKNOWN, place=Place("幸福小区", detail="幸福小区")))
    assert (call.heard, call.session.so_far.place) == (("confirm",), ESTATE)


def another_is_told(text: str, detail: str, category: str) -> Place | None:
    road = Address(road="沂蒙路")
    call = read_back(replace(ESTATE, detail="沂蒙路", address=road, street=None, street_code=None))
    call.says("对")
    call.is_registered()
    place = Place(detail, detail=detail) if detail else None
    call.says(text, a_complaint(text, category=category, category_confidence=0.9, place=place))
    return call.session.so_far.place


@pytest.mark.parametrize(
    ("text", "detail"),
    [("沂蒙路的电梯坏了", "沂蒙路"), ("沂蒙路幸福小区电梯坏了", "沂蒙路幸福小区")],
)
def test_what_the_matter_before_was_at_is_in_its_county(text: str, detail: str) -> None:
    place = another_is_told(text, detail, "0301")
    assert place is not None
    assert (place.county, place.detail) == (ESTATE.county, detail)


def test_the_road_of_the_matter_before_needs_no_place_found() -> None:
    place = another_is_told("沂蒙路北头那个电梯坏了", "", "0301")
    assert place is not None
    assert (place.county, place.detail) == (ESTATE.county, "沂蒙路")


def test_what_is_so_elsewhere_too_is_in_the_county_of_the_matter_before() -> None:
    place = another_is_told("还有通达路上也有", "通达路", "050204")
    assert place is not None
    assert (place.county, place.detail) == (ESTATE.county, "通达路")


def test_another_matter_elsewhere_has_no_county_of_the_one_before() -> None:
    place = another_is_told("金泰小区的电梯坏了", "金泰小区", "0301")
    assert place is not None
    assert place.county is None


@pytest.mark.parametrize("answer", ["不是一个地方", "凤凰城小区", "地方不一样", "这条路上"])
def test_another_place_is_not_that_of_the_matter_before(answer: str) -> None:
    call = asked_where_the_second_is()
    call.says(answer, a_meaning(answer, Intent.UNKNOWN))
    assert call.session.so_far.place is None or call.session.so_far.place.county is None


@pytest.mark.parametrize("answer", ["济南市历下区", "日照市莒县", "江苏徐州新沂市"])
def test_of_another_city_no_county_is_asked(answer: str) -> None:
    call = asked_where()
    call.says(answer, a_meaning(answer, Intent.UNKNOWN))
    assert call.heard == ("confirm",)
    assert answer in call.said
    call.says("对")
    call.is_registered()
    assert "divert_review" in call.heard


def test_another_city_told_with_the_matter_is_not_asked_for() -> None:
    call = Conversation()
    call.says("我想投诉济南的一个4S店", a_complaint("我想投诉济南的一个4S店", category="070104"))
    assert call.heard == ("confirm",)
    assert "济南" in call.said


@pytest.mark.parametrize("answer", ["济南路", "在济南路那边"])
def test_a_road_that_bears_a_citys_name_is_none(answer: str) -> None:
    call = asked_where()
    call.says(answer, a_meaning(answer, Intent.UNKNOWN, place=Place(said="济南路", detail="济南路")))
    assert call.heard == ("ask_county",)


# --- parts of the place that are said to be wrong, whatever they end in ---------------------------------------------


@pytest.mark.parametrize(
    ("detail", "said", "meant"),
    [
        ("刘庄村", "不是刘庄，是王庄", "王庄村"),
        ("刘庄村", "是王庄，不是刘庄", "王庄村"),
        ("刘庄村", "错了，我们是王庄村，不是刘庄村", "王庄村"),
        ("刘家店子村", "不是刘家店子，是小河南村", "小河南村"),
        ("桃园小区", "不是桃园小区，是桃园小区对面的家属院", "桃园小区对面的家属院"),
        ("启阳路如家酒店", "不是如家，是汉庭", "启阳路汉庭酒店"),
    ],
)
def test_any_part_of_the_place_can_be_put_right(detail: str, said: str, meant: str) -> None:
    call = read_back(Place(said=detail, county_code="371325", county="费县", detail=detail))
    call.says(said)
    assert call.session.so_far.place.detail == meant
    assert call.heard == ("confirm",)


def test_what_is_on_a_road_is_put_right_and_the_road_stays() -> None:
    address = Address(road="启阳路")
    call = read_back(
        Place(
            said="启阳路如家酒店",
            county_code="371302",
            county="兰山区",
            detail="启阳路如家酒店",
            address=address,
        )
    )
    call.says("不对，是汉庭酒店", a_meaning("不对，是汉庭酒店", Intent.UNKNOWN))
    assert call.session.so_far.place.detail == "启阳路汉庭酒店"


def test_a_bare_name_tells_what_is_right_once_it_is_asked_what_is_wrong() -> None:
    call = read_back(Place(said="前寨子村", county_code="371327", county="莒南县", detail="前寨子村"))
    call.says("不对")
    assert call.heard == ("what_is_wrong",)
    call.says("是后寨子", a_meaning("是后寨子", Intent.UNKNOWN))
    assert call.session.so_far.place.detail == "后寨子"


def test_who_says_for_whom_it_is_behind_a_yes_has_confirmed() -> None:
    call = read_back()
    call.says("对，不是我，是俺邻居")
    assert isinstance(call.did[-1], RegisterAppeal)
    assert call.did[-1].appeal.text.endswith("对，不是我，是俺邻居")


@pytest.mark.parametrize(
    ("detail", "said", "meant"),
    [
        ("沂蒙路银座往东二百米", "哎不对 是往西", "沂蒙路银座往西二百米"),
        ("沂蒙路银座往东二百米", "不对，往西三百米", "沂蒙路银座往西三百米"),
        ("沂蒙路银座往东二百米", "不对 是路西", "沂蒙路银座往东二百米路西"),
        ("沂蒙路银座往东二百米", "不是东边，是西边", "沂蒙路银座往西二百米"),
        ("往北50米路东", "不对 是路西", "往北50米路西"),
        ("往北50米路东", "不对 是往南", "往南50米路东"),
        ("胜利街农行东边", "错了 在西边", "胜利街农行西边"),
        ("沂蒙路西侧", "说反了是东侧", "沂蒙路东侧"),
        ("人民医院东门", "不对，是西门", "人民医院西门"),
        ("沂蒙路东关小区", "不对，在路西", "沂蒙路东关小区路西"),  # a name, and no direction
    ],
)
def test_a_direction_alone_is_put_right(detail: str, said: str, meant: str) -> None:
    call = read_back(Place(said=detail, county_code="371302", county="兰山区", detail=detail))
    call.says(said)
    assert call.session.so_far.place.detail == meant
    assert call.heard == ("confirm",)


def test_who_is_asked_what_is_wrong_may_tell_a_direction() -> None:
    call = read_back(replace(TONGDA, detail="通达路路南"))
    call.says("不对")
    call.says("在路北")
    assert call.session.so_far.place.detail == "通达路路北"


@pytest.mark.parametrize("said", ["不是往西", "不对，是西安路", "是西边那个小区", "对，往东"])
def test_what_is_no_direction_alone_is_understood(said: str) -> None:
    call = read_back(replace(TONGDA, detail="通达路银座往东"))
    call.says(said)
    assert isinstance(call.did[-1], Understand)


@pytest.mark.parametrize("said", ["登记的不对 是9号楼", "楼号错了 是9号楼"])
def test_a_number_is_put_right_whatever_is_said_to_be_wrong(said: str) -> None:
    call = read_back(replace(TONGDA, detail="正阳小区8号楼"))
    call.says(said, a_meaning("不对，是9号楼", Intent.UNKNOWN))
    asked = call.last(Understand)
    assert isinstance(asked, Understand)
    assert asked.text == "不对，是9号楼"
    assert call.session.so_far.place.detail == "正阳小区9号楼"


@pytest.mark.parametrize(
    ("text", "said", "detail"),
    [
        ("通达路和沂蒙路交叉口往东", "通达路和沂蒙路交叉口", "通达路和沂蒙路交叉口往东"),
        ("通达路和沂蒙路交叉口往东二百米路灯不亮", "通达路和沂蒙路交叉口", "通达路和沂蒙路交叉口往东二百米"),
        ("通达路往东走的公交车", "通达路", "通达路"),
    ],
)
def test_a_direction_behind_a_place_is_part_of_it(text: str, said: str, detail: str) -> None:
    place = replace(TONGDA, said=said, detail=said)
    call = Conversation()
    call.says(text, a_complaint(text, category="020401", place=place))
    assert call.session.so_far.place.detail == detail
    call = asked_where()
    call.says(text, a_complaint(text, category="020401", place=place))
    assert call.session.so_far.place.detail.startswith(detail)


# --- names behind a county ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said", "confidence", "detail"),
    [
        ("兰山区的滨河阳光", "兰山区", 0.53, "滨河阳光"),
        ("兰山区，万达广场三楼那个叫动力健身", "兰山区", 0.4, "万达广场三楼动力健身"),
        ("兰山区双月园那个大酒店", "兰山区", 0.4, "双月园那个大酒店"),
    ],
)
def test_a_name_behind_the_county_is_the_place_though_it_sounds_like_a_matter(
    answer: str, said: str, confidence: float, detail: str
) -> None:
    call = asked_where()
    place = Place(said=said, county_code="371302", county="兰山区")
    call.says(answer, a_complaint(answer, category="030702", category_confidence=confidence, place=place))
    assert call.session.so_far.place.detail == detail


def test_home_is_no_place_within_a_county() -> None:
    call = asked_where()
    place = Place(said="沂南", county_code="371321", county="沂南县")
    call.says("我在沂南，家里", a_meaning("我在沂南，家里", Intent.UNKNOWN, place=place))
    assert call.session.so_far.place.detail == ""
    assert call.heard == ("ask_place_detail",)


# --- what is said to the question about danger -----------------------------------------------------------------------


def alarmed(text: str) -> Conversation:
    call = Conversation()
    call.says(text)
    assert call.heard == ("emergency_check",)
    return call


@pytest.mark.parametrize(
    ("text", "answer", "understood"),
    [
        ("楼道里冒烟", "我说的是有人天天在楼道抽烟", "楼道里冒烟"),
        (
            "俺爹胸口疼",
            "已经好多了，我就想问问去哪个医院能报销",
            "俺爹胸口疼，已经好多了，我就想问问去哪个医院能报销",
        ),
    ],
)
def test_who_says_that_it_is_nothing_goes_on_with_what_it_is_about(
    text: str, answer: str, understood: str
) -> None:
    call = alarmed(text)
    call.says(answer)
    asked = call.did[-1]
    assert isinstance(asked, Understand)
    assert asked.text == understood


def test_blood_told_where_the_place_was_asked_for_is_asked_about() -> None:
    call = asked_where("隔壁打孩子", "170301")
    call.says("打得厉害，都见血了")
    assert call.heard == ("emergency_check",)


def test_who_wants_it_slowly_hears_the_question_and_not_what_was_told_before_it() -> None:
    call = read_back()
    call.says("花了1899块", a_meaning("花了1899块", Intent.UNKNOWN))
    assert call.heard == ("facts_noted", "confirm_short")
    call.says("你说慢点")
    assert call.heard == ("confirm_short",)


def test_a_no_at_the_end_of_a_few_words_asks() -> None:
    call = read_back()
    call.says("得本人去不", a_meaning("得本人去不", Intent.UNKNOWN))
    assert isinstance(call.did[-1], LookUp)


# --- few words that go on ---------------------------------------------------------------------------------------------


def test_a_house_number_alone_completes_what_was_read_back() -> None:
    call = read_back(Place(said="锦绣花园", county_code="371311", county="罗庄区", detail="锦绣花园"))
    call.says("6号楼", a_meaning("6号楼", Intent.UNKNOWN))
    assert call.session.so_far.place.detail == "锦绣花园6号楼"
    assert call.heard == ("confirm",)


def test_a_gate_is_a_place_without_the_word_before_it() -> None:
    call = asked_where()
    call.says("就临沂大学西门", a_meaning("就临沂大学西门", Intent.UNKNOWN))
    assert call.heard == ("ask_county",)
    assert call.session.so_far.place.detail == "临沂大学西门"


def test_who_asks_when_they_hear_from_the_unit_is_told_until_when() -> None:
    call = registered()
    call.says("你们啥时候回我")
    assert call.heard == ("registered_due", "anything_more")


def test_who_is_angry_at_the_machine_gets_a_person() -> None:
    call = Conversation()
    call.says("哎呀你这个机器人真笨，我都说了三遍了")
    assert isinstance(call.did[-1], TransferToAgent)


@pytest.mark.parametrize("text", ["药店卖过期药", "小区进水了", "楼上天天赌钱", "光伏公司跑路了"])
def test_a_short_complaint_is_no_mere_topic(text: str) -> None:
    call = Conversation()
    call.says(text, a_complaint(text, category="020401", category_confidence=0.7))
    assert call.heard == ("ask_place",)


@pytest.mark.parametrize("text", ["路灯", "社保卡"])
def test_a_mere_name_is_a_topic(text: str) -> None:
    call = Conversation()
    call.says(text, a_complaint(text, category="020401", category_confidence=0.7))
    assert isinstance(call.did[-1], LookUp)


def test_a_wish_for_secrecy_is_no_question_though_it_sounds_like_one() -> None:
    call = read_back()
    said = "你们可得给我保密啊我还在村里住呢"
    call.says(said, a_complaint(said, kind=AppealKind.INQUIRY, category=None, wants_secrecy=True))
    assert call.heard == ("secrecy_wished", "confirm_short")
    call.says("对")
    assert call.last(RegisterAppeal).appeal.secrecy is Secrecy.CONFIDENTIAL


def test_who_is_gone_is_no_danger_now() -> None:
    call = alarmed("老公打我")
    call.says("现在没在，昨天来的")
    assert isinstance(call.did[-1], Understand)


def test_who_goes_before_anything_was_told_is_let_go() -> None:
    call = Conversation()
    call.says("我要投诉", a_complaint("我要投诉", category=None, category_confidence=0.0))
    assert call.heard == ("ask_matter",)
    call.says("再见")
    assert call.heard == ("goodbye",)


@pytest.mark.parametrize("text", ["有人卖假烟", "有人贩假酒"])
def test_what_is_false_sounds_like_no_fight(text: str) -> None:
    call = Conversation()
    call.says(text)
    assert isinstance(call.did[-1], Understand)
