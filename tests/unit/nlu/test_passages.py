"""A letter is asked about as a whole and by sentence; what is short, as a whole alone."""

from __future__ import annotations

import pytest

from nlu.engines.features import passages

LETTER = "路灯坏了三个月没有人修。尊敬的领导：我是小区的居民，每天下夜班都要摸黑走回家，上周还摔了一跤！请尽快派人来修"


def test_what_is_short_is_one_passage_without_signs() -> None:
    assert passages("你好，路灯坏了。没有人修！") == [("你好路灯坏了没有人修", 1.0)]


@pytest.mark.parametrize("text", ["", "。。。", "😀"])
def test_what_has_no_words_has_no_passage(text: str) -> None:
    assert passages(text) == []


def test_a_letters_first_sentence_counts_by_itself_and_its_salutation_does_not() -> None:
    whole, first, *others = passages(LETTER)
    assert whole == ("".join(sign for sign in LETTER if sign not in "。：，！"), pytest.approx(0.5))
    assert first == ("路灯坏了三个月没有人修", pytest.approx(0.3 + 0.2 / 3))
    assert [words for words, _ in others] == [
        "我是小区的居民每天下夜班都要摸黑走回家上周还摔了一跤",
        "请尽快派人来修",
    ]


def test_long_talk_without_sentence_ends_is_asked_about_in_pieces_of_even_length() -> None:
    talk = "喂你好我跟你说个事俺们庄前头那个路灯从过年到现在就没亮过" * 3
    whole, first, *others = passages(talk)
    assert whole == (talk, pytest.approx(0.5))
    assert first == (talk[:42], pytest.approx(0.3 + 0.1))
    assert others == [(talk[42:], pytest.approx(0.1))]


def test_talk_too_short_for_two_pieces_is_one_passage() -> None:
    assert passages("路" * 59) == [("路" * 59, 1.0)]
    assert [len(words) for words, _ in passages("路" * 60)] == [60, 30, 30]


@pytest.mark.parametrize("text", [LETTER, "路灯坏了，" * 30, "路灯坏了很久很久。" * 200, "路灯坏了" * 300])
def test_passages_count_one_together_and_are_few(text: str) -> None:
    parts = passages(text)
    assert sum(share for _, share in parts) == pytest.approx(1.0)
    assert len(parts) <= 9
    assert all(words for words, _ in parts)
