"""Whether words are a whole answer by what they mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.dialogue.ends import Fullness, fullness, is_wish
from hotline.domain.appeal import Place
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected
from tests.builders import LANSHAN, a_complaint, a_meaning
from tests.surveys import ANSWERS

MATTER = "路灯坏了好几天没人修"
COUNTY = Place(said="兰山区", county_code="371302", county="兰山区")
COMMUNITY = replace(COUNTY, detail="金泰小区")


@pytest.mark.parametrize(
    ("meaning", "expect", "found"),
    [
        (a_complaint(MATTER, place=LANSHAN), Expected.OPEN, Fullness.WHOLE),
        (a_complaint(MATTER, place=COMMUNITY), Expected.OPEN, Fullness.WHOLE),
        (a_complaint(MATTER, place=COUNTY), Expected.OPEN, Fullness.LIKELY),
        (a_complaint(MATTER), Expected.OPEN, Fullness.LIKELY),
        (a_complaint("暖气不热"), Expected.OPEN, Fullness.UNKNOWN),
        (a_complaint(MATTER, category_confidence=0.3, place=LANSHAN), Expected.OPEN, Fullness.UNKNOWN),
        (a_meaning("我要找人工客服", Intent.TRANSFER_TO_AGENT), Expected.OPEN, Fullness.WHOLE),
        (a_meaning("查一下我的工单", Intent.ASK_PROGRESS), Expected.OPEN, Fullness.WHOLE),
        (replace(a_meaning("不要了", Intent.WITHDRAW), confidence=0.5), Expected.OPEN, Fullness.UNKNOWN),
        (a_meaning("你好", Intent.GREET), Expected.OPEN, Fullness.UNKNOWN),
        (a_meaning("在银雀山街道", place=LANSHAN), Expected.PLACE, Fullness.LIKELY),
        (a_meaning("在兰山区", place=COUNTY), Expected.PLACE, Fullness.UNKNOWN),
        (a_meaning("就是那边"), Expected.PLACE, Fullness.UNKNOWN),
        (a_complaint(MATTER, place=LANSHAN), Expected.YES_NO, Fullness.UNKNOWN),
        (a_complaint(MATTER, place=LANSHAN), Expected.DIGITS, Fullness.UNKNOWN),
    ],
)
def test_words_are_as_whole_as_what_they_mean(
    meaning: Understanding, expect: Expected, found: Fullness
) -> None:
    assert fullness(meaning, expect) is found


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("我要人工服务", True),
        ("我不会说普通话,有没有会说方言的。", True),
        ("算了我不反应了不用登记了。", True),
        ("活着没意思", True),
        ("我要反映路灯坏了", False),
        ("在人工湖旁边", False),
    ],
)
def test_who_asks_for_a_person_or_takes_it_back_has_said_all(text: str, is_one: bool) -> None:
    assert is_wish(text, ANSWERS) is is_one
