"""Names of places that no file has: told by how they end, and by what no name has."""

from __future__ import annotations

import pytest

from hotline.city import read_yaml
from hotline.dialogue.words import AnswerWords
from hotline.domain.errors import CityConfigError
from tests.builders import LINYI

ROWS = read_yaml(LINYI / "lexicon" / "answers.yaml")
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
