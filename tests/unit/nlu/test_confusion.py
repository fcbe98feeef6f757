"""The picture of confusions: shares of each row, the commonest mistakes, and the classes that are right least often."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from hotline.city import load_city
from nlu.confusion import confusion_picture, counted
from tests.builders import LINYI

CITY = load_city(LINYI)
PAIRS = {
    ("0101", "0101"): 27,
    ("0101", "0204"): 3,
    ("0204", "0204"): 5,
    ("0204", "0101"): 5,
    ("0901", "0901"): 4,
}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    picture = ET.fromstring(confusion_picture(PAIRS, CITY.categories, "混淆<报告>"))
    assert float(picture.get("height", "0")) < 1_000
    return [each.text or "" for each in picture.iter() if each.tag.endswith("text")]


def test_each_row_says_how_much_of_it_was_taken_for_what(texts: list[str]) -> None:
    assert texts[0] == "混淆<报告>"
    assert texts[2] == "二级分类判对 36/44（82%）"
    assert [one for one in texts if one.isdecimal()] == ["90", "10", "50", "50", "100"]
    assert "公用事业 30" in texts


def test_mistakes_and_the_worst_classes_are_listed_with_their_numbers(texts: list[str]) -> None:
    lists = [one for one in texts if "　" in one][1:]  # after the heading
    assert lists == [
        "0204 路灯照明 → 0101 供暖　5/10",
        "0101 供暖 → 0204 路灯照明　3/30",
        "0204 路灯照明　5/10",
        "0101 供暖　27/30",
    ]


def test_codes_are_counted_at_the_second_level() -> None:
    assert counted([("010101", "010102"), ("010103", "010101"), ("0101", "020401")]) == {
        ("0101", "0101"): 2,
        ("0101", "0204"): 1,
    }
