"""Places as people say them: in parts, with landmarks, and those that may be two."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from hotline.city import load_city
from hotline.domain.appeal import Address
from hotline.domain.errors import CityConfigError
from hotline.known_places import PlaceKind, load_known_places
from nlu.lexicon import load_meaning_words
from nlu.places import PlaceFinder
from tests.builders import LINYI

CITY = load_city(LINYI)
FINDER = PlaceFinder(CITY, load_meaning_words(CITY), load_known_places(CITY))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "兰山区银雀山街道明德花园三号楼二单元五零二室",
            Address(community="明德花园", building="3", unit="2", room="502"),
        ),
        ("罗庄区盛庄街道盛庄小区3-2-502", Address(community="盛庄小区", building="3", unit="2", room="502")),
        ("兰山区柳青街道老供销社对面", Address(relative="老供销社对面")),
        (
            "在解放路和沂蒙路交叉口",
            Address(road="解放路", crossing="沂蒙路", relative="解放路和沂蒙路交叉口"),
        ),
        ("兰山区兰山街道沂蒙路一百二十号", Address(road="沂蒙路", number="120")),
        ("费县探沂镇", None),
    ],
)
def test_an_address_is_read_in_parts(text: str, address: Address | None) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.address == address


@pytest.mark.parametrize(
    ("text", "county", "street", "detail"),
    [
        ("银雀山社区", "兰山区", "银雀山街道", "银雀山社区"),
        ("金雀山社区三号楼", "兰山区", "金雀山街道", "金雀山社区三号楼"),
        ("河东医院态度不好", "河东区", None, "河东医院"),
        ("银雀山街道银雀山社区", "兰山区", "银雀山街道", "银雀山社区"),
        ("我家在柳青苑", "兰山区", "柳青街道", "柳青苑"),
        ("兰山区，叫金源小区", "兰山区", None, "金源小区"),
        ("兰山区叫金源小区", "兰山区", None, "金源小区"),
        ("义堂村停水了", "兰山区", "义堂镇", "义堂村"),
        ("罗庄的小区停水", "罗庄区", None, ""),
        ("兰山区小区门口没有路灯", "兰山区", None, ""),
        ("兰山区一中门口堵车", "兰山区", None, "一中门口"),
        ("兰山区南坊街道垃圾没人收", "兰山区", None, "南坊街道"),
        ("沂南河东村路灯坏了", "沂南县", None, "河东村"),
        ("不是沂南，是河东区", "河东区", None, ""),
        ("不对，是高都街道，不是高都镇", "罗庄区", "高都街道", ""),
    ],
)
def test_a_place_named_after_its_town_keeps_the_name(
    text: str, county: str, street: str | None, detail: str
) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert (place.county, place.street, place.detail) == (county, street, detail)


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("我们那个地方路灯坏了", None),
        ("小区花园里的灯坏了", None),
        ("前面道口没有红绿灯", None),
        ("长城宽带不退费", None),
        ("我向城管反映过", None),
        ("地方", "地方镇"),
        ("平邑地方没水了", "地方镇"),
        ("郯城的花园没水了", "花园镇"),
        ("花园镇没水了", "花园镇"),
        ("半程没水了", "半程镇"),
    ],
)
def test_a_town_named_like_an_everyday_word_is_meant_only_where_it_is_said_to_be(
    text: str, street: str | None
) -> None:
    place = FINDER.place(text)
    assert (place and place.street) == street


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("兰山区就通达路跟红旗路那", "通达路跟红旗路"),
        ("兰山区就在通达路那", "通达路"),
        ("兰山区就近入学的实验小学", "就近入学的实验小学"),
    ],
)
def test_a_word_that_points_at_a_place_is_no_part_of_its_name(text: str, detail: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.detail == detail


def test_the_name_of_a_place_ends_where_the_matter_begins() -> None:
    place = FINDER.place("家住河东区汤头街道反映一下村里的路没修完")
    assert place is not None
    assert (place.street, place.detail) == ("汤头街道", "")


@pytest.mark.parametrize(
    "text",
    [
        "莒南县十字路街道有人乞讨",
        "兰山区白沙埠镇的路坏了",
        "义堂镇的路坏了",
        "兰山区的我们小区电梯坏了",
        "费县俺村没水了",
        "俺是兰陵县的俺那个庄上有个大坑一下雨就淹路",
        "兰山区修漏水把我家门口刨开",
        "兰山区卖菜的把路都占了",
        "兰山区建议多设几个公交站",
        "罗庄区傅庄街道污水往河里排",
    ],
)
def test_what_names_no_road_is_no_detail(text: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.detail == ""


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("人民医院门口堵车", "人民医院门口"),
        ("我想反映实验小学对面有个摊子", "实验小学对面"),
        ("沂蒙路和北京路交叉口往南路灯不亮", "沂蒙路和北京路交叉口"),
        ("医院门口堵车", None),
        ("我们小区门口堵车", None),
        ("建议优化沂蒙路与涑河南街交叉口信号灯配时", "沂蒙路与涑河南街交叉口"),
    ],
)
def test_what_is_at_a_named_place_needs_no_word_before_it(text: str, detail: str | None) -> None:
    place = FINDER.place(text)
    assert (place.detail if place is not None else None) == detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("阳光花园停水了", "阳光花园"),
        ("你好，我是阳光花园的业主，暖气不热", "阳光花园"),
        ("沂蒙路的路灯坏了", "沂蒙路"),
        ("就沂蒙路那", "沂蒙路"),
        ("就业难怎么办", None),
        ("就这条路坏了", None),
        ("金雀山路堵车", "金雀山路"),
        ("俺是后张庄的，没水吃", "后张庄"),
        ("俺是王庄的，路灯坏了", "王庄"),
        ("我是开理发店的，隔壁烧烤店把摊子摆到我门口", None),
        ("俺是村里的会计", None),
        ("我们小区停水了", None),
        ("水泥路坏了", None),
        ("马路上有坑", None),
        ("俺村里停电了", None),
        ("老旧小区怎么改造", None),
        ("社区医院在哪", None),
        ("瘫痪在床村里说不给办", None),
        ("还有莲花山路上垃圾桶坏了", "莲花山路"),
        ("还有小区门口的灯不亮", None),
        ("叠翠路幸福小区3号楼物业不管事", "叠翠路幸福小区3号楼"),
        ("沂蒙路附近小区停水", "沂蒙路附近"),
        ("通达路路边全是垃圾", "通达路"),
        ("人民路路口红绿灯坏了", "人民路路口"),
        ("天桥路工地夜里施工", "天桥路"),
        ("修桥路面坏了", None),
        ("刚才路过沂蒙路看到井盖丢了", "沂蒙路"),
        ("我开车到沂蒙路路口，发现红绿灯坏了", "沂蒙路路口"),
        ("昨天走到人民医院门口摔了一跤", "人民医院门口"),
        ("刚才路过看到井盖丢了", None),
        ("大车路过沂蒙路", None),
        ("沂蒙路过了红绿灯往东井盖丢了", "沂蒙路"),
        ("经过多次反映小区物业不管", None),
    ],
)
def test_a_name_that_is_told_first_needs_no_word_before_it(text: str, detail: str | None) -> None:
    place = FINDER.place(text)
    assert (place and (place.county, place.detail)) == (detail and (None, detail))


@pytest.mark.parametrize(
    ("text", "street"),
    [("我家在后张庄没水吃", None), ("沂南张庄停电了", "张庄镇"), ("义堂这边的管子太老", "义堂镇")],
)
def test_a_village_whose_name_holds_a_town_s_is_not_that_town(text: str, street: str | None) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.street == street


def test_who_works_elsewhere_has_not_said_where_it_is() -> None:
    assert FINDER.place("我在外地打工我妈一个人在家村里不给办低保") is None


@pytest.mark.parametrize("text", ["我车停在小区里让人刮了", "在我们小区门口"])
def test_a_place_without_a_name_is_none(text: str) -> None:
    place = FINDER.place(text)
    assert place is None or "门口" in place.detail


def test_a_school_that_bears_its_county_s_name_is_there() -> None:
    place = FINDER.place("沂水一中周六补课")
    assert place is not None
    assert (place.county, place.detail) == ("沂水县", "沂水一中")


def test_a_school_s_short_name_is_a_place() -> None:
    place = FINDER.place("兰山区临沂一小门口天天堵车")
    assert place is not None
    assert place.detail.startswith("临沂一小")


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("高都的路灯坏了", ["罗庄区高都街道", "蒙阴县高都镇"]),  # a name of two counties
        ("义堂镇停水了", ["兰山区义堂镇", "罗庄区沂堂镇"]),  # two names of one sound
        ("音雀山街道的路灯坏了", ["兰山区银雀山街道", "兰山区金雀山街道"]),  # misheard, near to both
        ("罗庄区高都的路灯坏了", []),
        ("兰山区义堂镇停水了", []),
        ("银雀山街道的路灯坏了", []),
        ("暖气不热", []),
        ("咨询小孩城乡居民医保政策", []),
        ("关于城镇生活垃圾处理费的咨询", []),
        ("新农合报销单子放镇上三个月没动静", []),
    ],
)
def test_only_a_place_that_may_be_another_is_asked_about(text: str, choices: list[str]) -> None:
    assert [place.text for place in FINDER.choices(text, FINDER.place(text))] == choices


def test_a_road_is_not_taken_for_the_street_that_bears_its_name() -> None:
    place = FINDER.place("银雀山路上有个坑")
    assert place is None or place.street is None


def test_known_places_are_of_every_kind_and_each_says_where_it_is_known_from() -> None:
    places = load_known_places(CITY)
    assert {place.kind for place in places} == set(PlaceKind)
    assert all(place.basis for place in places)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("新路,road,没有区,,,1,有据", "没有这个县区"),
        ("新路,road,兰山区,没有街道,,1,有据", "没有这个镇街"),
        ("新路,lane,,,,1,有据", "kind"),
        ("新路,road,,,,是,有据", "confirmed"),
        ("新路,road,,,,1,", "basis"),
        ("路,road,,,,1,有据", "至少2个字"),
        ("新路,road", "列数"),
        ("沂蒙路,road,,,,1,有据", "重复"),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, row: str, told: str) -> None:
    folder = copytree(LINYI, tmp_path / "linyi")
    file = folder / "lexicon" / "hearing" / "zz_own.csv"
    file.write_text(f"name,kind,county,street,aliases,confirmed,basis\n{row}\n", encoding="utf-8")
    with pytest.raises(CityConfigError, match=told):
        load_known_places(load_city(folder))


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("沂水县城，正阳路上", "正阳路"),
        ("平邑县柏林镇，固城村", "固城村"),
        ("河东区那边，滨河东路", "滨河东路"),
        ("兰山区琅琊王路与沂蒙路交汇处往南二百米路西", "琅琊王路与沂蒙路交汇处往南二百米路西"),
        ("罗庄区罗庄街道办事处旁边的那个小区", "办事处旁边的那个小区"),
        ("罗庄区，暖气不热", ""),
        ("兰山区，他们小区物业不管", ""),
        ("我在兰山区，上班路上被狗咬了", ""),
        ("就是外地户口想在这边上小学，费县", ""),
    ],
)
def test_what_the_next_clause_names_is_part_of_the_place(text: str, detail: str) -> None:
    found = FINDER.place(text)
    assert (found.detail if found is not None else "") == detail


def test_a_county_said_in_full_is_not_changed_by_letters_of_a_name() -> None:
    place = FINDER.place("费县温凉河东外环大桥下面有人倒垃圾")
    assert place is not None
    assert place.county == "费县"
    moved = FINDER.place("兰山区银雀山街道，不对，是河东区九曲街道")
    assert moved is not None
    assert moved.county == "河东区"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("李庄镇育才小学食堂：1）饭里有虫；2）饭菜不新鲜", "育才小学"),
        ("李庄镇阳光花园1）楼里没有电梯2）路不平", "阳光花园"),
        ("李庄镇阳光花园3号楼停水", "阳光花园3号楼"),
        ("李庄镇：阳光花园，停水", "阳光花园"),
        ("地点：李庄镇阳光花园（3号楼）停水", "阳光花园（3号楼"),
    ],
)
def test_points_of_a_letter_end_the_place(text: str, detail: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.detail == detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("我是河东区润和紫郡的业主，我们小区经常停电", "润和紫郡"),
        ("我们是兰山区银雀山街道水岸华庭的住户，电梯坏了", "水岸华庭"),
        ("我是蒙阴县岱崮镇杨林新村贺家岭组的村民，路没有硬化", "杨林新村贺家岭组"),
        ("我是郯城县马头镇李家村村民", "李家村"),
        ("我是罗庄区盛庄街道李家村的村民", "李家村"),
        ("罗庄区盛庄街道贺家岭村民没水吃", "贺家岭村"),
        ("兰山区银雀山街道居民楼下的小区", "居民楼下的小区"),
        ("我是兰山区的业主", ""),
        ("我是临沂市河东区的一名业主", ""),
        ("我是兰山区买了新房的业主", ""),
        ("我是兰山区拆迁的居民", ""),
        ("我是罗庄区傅庄街道的一个村民", ""),
    ],
)
def test_a_place_ends_before_who_lives_there_and_needs_no_end_of_its_own(text: str, detail: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.detail == detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("兰山区银雀山街道岳北社区万科金域国际9栋楼顶违建", "岳北社区万科金域国际9栋"),
        ("兰山区北京御园10栋2单元2018年10月起火", "北京御园10栋2单元"),
        ("兰山区北京御园10栋2单元501漏水", "北京御园10栋2单元501"),
        ("罗庄区盛世豪庭十二栋停电", "盛世豪庭十二栋"),
        ("河东区凤凰岭街道尚城国际A座电梯坏了", "尚城国际A座"),
        ("罗庄区莱茵城B8栋临着大道，车速快", "莱茵城B8栋"),
        ("罗庄区有3栋楼停电", ""),
        ("罗庄区三栋楼都停电了", ""),
    ],
)
def test_a_building_ends_a_place_and_a_number_of_buildings_does_not(text: str, detail: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.detail == detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("恳请沂南县政府、县教育局尽快在松雅片区建一所公立幼儿园。", "松雅片区"),
        ("希望沂南县政府在我们这里建一所幼儿园", ""),
        ("沂南县政府建幼儿园的事一直没动静", ""),
        ("兰山区政府网站打不开", ""),
        ("沂南县政府门口堵车", "政府门口"),
        ("费县政府路堵车", "政府路"),
        ("费县政府", "政府"),
        ("兰山区考棚街片区通过招标增设市场", "考棚街片区"),
        ("沂南县我们这里停水了", ""),
    ],
)
def test_who_is_asked_and_what_is_wished_is_no_place(text: str, detail: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.detail == detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("我在兰山区莱茵城买了房，全家户口落在兰山区", "莱茵城"),
        ("罗庄区莱茵城B8栋临罗庄区大道侧因车速快", "莱茵城B8栋"),
        ("兰山区北城新区高层供不热", ""),
        ("兰山区的事，兰山区莱茵城停水", "莱茵城"),
    ],
)
def test_a_county_said_twice_is_where_a_place_follows_it(text: str, detail: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert place.detail == detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("兰山区昨天路过通达路，路灯全灭了", "通达路"),
        ("兰山区，我刚才走到通达路看到路灯全灭了", "通达路"),
        ("兰山区路过的人都说臭", ""),
        ("兰山区修高速路过俺村不", ""),
        ("兰山区沂蒙路过街天桥电梯坏了", "沂蒙路过街天桥"),
        ("兰山区通达路路边全是垃圾", "通达路"),
        ("兰山区通达路路两边全是垃圾", "通达路"),
        ("兰山区人民路路口红绿灯坏了", "人民路路口"),
        ("兰山区沂蒙路路东有个坑", "沂蒙路路东"),
        ("兰山区天桥路工地夜里施工", "天桥路工地"),
        ("兰山区夜里施工睡不着", ""),
    ],
)
def test_how_somebody_came_by_and_the_side_of_a_road_are_no_part_of_its_name(text: str, detail: str) -> None:
    place = FINDER.place(text)
    assert place is not None
    assert (place.county, place.detail) == ("兰山区", detail)
