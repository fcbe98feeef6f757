"""Emergencies by their words: what rings at once, what is asked about, and what only sounds like one."""

from __future__ import annotations

import pytest

from hotline.city import read_yaml
from hotline.dialogue.safety_words import Alarm, SafetyWords
from hotline.domain.errors import CityConfigError
from tests.builders import LINYI

ROWS = read_yaml(LINYI / "lexicon" / "safety.yaml")
SAFETY = SafetyWords(ROWS)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("我家着火了", "119"),
        ("找火了，快来", "119"),  # heard wrongly, and somebody is to hurry
        ("养鸡场着火了", "119"),  # a fire is one, whatever burns
        ("他要杀俺", "110"),
    ],
)
def test_what_is_certain_rings_at_once(text: str, service: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == (service, Alarm.CERTAIN)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("俺的苹果都装车了", "122"),  # sounds like 撞车了
        ("俺的水泵掉井里了", "119"),
        ("俺家那几只羊不吃草，抽搐，死了俩了", "120"),
        ("俺家老屋房子塌了半年了", "119"),
        ("俺男人又打俺了，头都打破了", "110"),
        ("俺邻居让我打的，她男人老打她，她不敢说", "110"),
        ("他儿子拿着铁锨要砍俺", "110"),
        ("救救俺", "110"),
        ("俺娘找不着了，早上去赶集就没回来", "110"),
        ("俺刚叫人骗了，给转走了三万块钱", "110"),
        ("小孩掉大汪里了", "119"),
        ("柴火垛着了，快烧到俺屋了", "119"),
        ("俺儿媳妇喝药了，赶紧来人啊", "120"),
        ("嘴歪眼斜说不出话", "120"),
    ],
)
def test_what_may_be_one_is_asked_about(text: str, service: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == (service, Alarm.POSSIBLE)


@pytest.mark.parametrize(
    "text",
    [
        "俺庄自来水停了仨月了，俺腿脚不行，挑不动水",
        "我儿子出去找活了，老板不给钱",
        "上班路上被车撞了算吗",
        "着火了赔不赔",
        "他老打我电话催债",
        "那宅基地呢",
        "恁吃饭了没",
        "行吧，不说了",
        "不是，是我老婆的",
        "社保卡不见了",
        "能不能快点啊，我要上班迟到了",
        "没着火，就是怕",
    ],
)
def test_what_only_sounds_like_one_is_none(text: str) -> None:
    assert SAFETY.emergency_in(text) is None
    assert SAFETY.misheard_in(text) is None


@pytest.mark.parametrize(
    ("text", "is_urgent"),
    [
        ("紧急", True),
        ("危险啊，咋不危险", True),
        ("恁快点吧俺求求恁了", True),
        ("不用，没事了", False),
        ("现在没有", False),
        ("现在不用", False),
        ("就是刚才", True),
        ("去打针了，打完了", False),
        ("俺不知道咋办啊", None),
    ],
)
def test_an_answer_says_whether_it_is_urgent(text: str, is_urgent: bool | None) -> None:
    assert SAFETY.is_urgent(text) is is_urgent


def test_a_word_list_that_is_missing_is_named() -> None:
    with pytest.raises(CityConfigError, match="of_another"):
        SafetyWords({name: rows for name, rows in ROWS.items() if name != "of_another"}, file="safety.yaml")
