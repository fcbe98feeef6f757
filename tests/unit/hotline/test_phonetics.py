from __future__ import annotations

import pytest

from hotline.phonetics import Match, SoundLexicon, blur, han_only, sounds, syllables


def test_every_character_has_one_syllable_and_others_stand_for_themselves() -> None:
    assert syllables("打12345，喂a") == ("da", "1", "2", "3", "4", "5", "，", "wei", "a")
    assert syllables("") == ()


def test_characters_are_read_in_their_context() -> None:
    assert syllables("银行") == ("yin", "hang")
    assert syllables("行走") == ("xing", "zou")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zhi", "zi"),
        ("chang", "can"),
        ("shu", "su"),
        ("lan", "nan"),
        ("ling", "nin"),
        ("feng", "hen"),
        ("fu", "hu"),
    ],
)
def test_what_the_telephone_blurs_sounds_the_same(one: str, other: str) -> None:
    assert blur(one) == blur(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ba", "pa"), ("di", "ti"), ("wan", "wang"), ("l", "n"), ("ren", "len")]
)
def test_single_sounds_and_other_pairs(one: str, other: str) -> None:
    assert (blur(one) == blur(other)) is (one == "wan")


def test_a_word_is_found_by_its_characters_its_sound_and_its_blurred_sound() -> None:
    lexicon = SoundLexicon(["医保", "转人工"])

    assert list(lexicon.find("医保，衣宝，砖人工")) == [
        Match("转人工", 6, 9, is_exact=False, is_precise=True),
        Match("医保", 0, 2, is_exact=True, is_precise=True),
        Match("医保", 3, 5, is_exact=False, is_precise=True),
    ]
    assert list(SoundLexicon(["着火"]).find("造火")) == [
        Match("着火", 0, 2, is_exact=False, is_precise=False)
    ]
    assert list(lexicon.find("")) == []


def test_longer_words_come_first_and_words_that_sound_alike_are_all_named() -> None:
    assert [match.word for match in SoundLexicon(["停水", "停水了", "听水"]).find("停水了")] == [
        "停水了",
        "停水",
        "听水",
    ]


def test_only_chinese_characters_are_kept() -> None:
    assert han_only("好的，OK 12！") == "好的"
    assert sounds("好的") == ("hao", "de")


def test_a_word_that_stands_there_is_found_however_its_neighbours_have_it_read() -> None:
    (found,) = SoundLexicon(["着火了"]).find("快来着火了")  # 来着 is read lái zhe
    assert found == Match("着火了", 2, 5, is_exact=True, is_precise=True)
    assert list(SoundLexicon(["着火了"]).find("快来看")) == []
