"""Names of places that no file has: told by how they end, and by what no name has."""

from __future__ import annotations

import pytest

from hotline.city import read_lists
from hotline.dialogue.words import ANSWER_FILES, AnswerWords
from hotline.domain.errors import CityConfigError
from tests.builders import LINYI

ROWS = read_lists(LINYI / "lexicon", ANSWER_FILES)
NAMES = AnswerWords(ROWS).places


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        ("沂河路和通达路交叉口", True),
        ("金雀花园小区吧", True),
        ("银座附近", True),
        ("沂蒙路", True),
        ("沂蒙路上", True),
        ("在路上", False),
        ("我想补充一下", False),
        ("沂河，北京路桥底下", True),
        ("就是解放路上那个饭店", True),
        ("就是沂州实验学校门口", True),
        ("沭河边上的那个木材厂", True),
        ("银座旁边那家烧烤店", True),
        ("我说的那个小区", False),
        ("修路", False),
        ("小区", False),
        ("不在小区", False),
        ("鑫达物流公司", False),
        ("我住的那个老小区旁边", False),
        ("凯旋城五号楼", True),
        ("阳光花园三号楼二单元", True),
        ("5号楼", False),
        ("我家5号楼", False),
    ],
)
def test_a_name_is_told_by_its_end(text: str, is_name: bool) -> None:
    assert NAMES.is_name(text) is is_name


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("兰山区义堂镇书香门第", "兰山区义堂镇", "书香门第"),
        ("兰山区，市中心吧", "兰山区", "市中心"),
        ("兰山区那边的", "兰山区", ""),
        ("兰山区3号楼", "兰山区", ""),
        ("兰山区", "兰山区", ""),
    ],
)
def test_what_follows_a_place_may_be_a_name(text: str, place: str, name: str) -> None:
    assert NAMES.behind(place, text) == name


def test_a_word_list_that_is_missing_is_named() -> None:
    rows = {name: words for name, words in ROWS.items() if name != "place_named"}
    with pytest.raises(CityConfigError, match="place_named"):
        AnswerWords(rows, file="answers.yaml")


@pytest.mark.parametrize(
    ("text", "building"),
    [
        ("6号楼2单元停电了，金阳花园", "6号楼2单元"),
        ("我们3栋的电梯天天坏", "3栋"),
        ("五号楼302漏水", "五号楼302"),
        ("2号楼和3号楼都停水了", ""),
        ("2号楼，就是2号楼", "2号楼"),
        ("3楼太吵", ""),
        ("停电了", ""),
    ],
)
def test_the_one_building_that_was_told_is_found(text: str, building: str) -> None:
    assert NAMES.building(text) == building


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("整个临沂市", "全市"),
        ("全市都这样", "全市"),
        ("到处都是", "多处"),
        ("整个村都是", "全村"),
        ("兰山区柳青苑", ""),
        ("到处都是垃圾没有一个人来管一管我们这些老百姓", ""),
    ],
)
def test_no_single_place_has_a_name_too(text: str, name: str) -> None:
    assert NAMES.everywhere(text) == name


@pytest.mark.parametrize(
    ("text", "is_online"),
    [
        ("网上的 没有地方", True),
        ("没有实体店，抖音上的", True),
        ("就是在直播间里买的", True),
        ("网购的", True),
        ("不是网上的", False),
        ("京东快递站", False),
        ("淘宝村", False),
        ("网上买的，店在兰山区", False),
    ],
)
def test_what_is_only_on_the_net_is_no_place(text: str, *, is_online: bool) -> None:
    assert NAMES.is_online(text) is is_online
