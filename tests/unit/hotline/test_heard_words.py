"""Words put back from their sounds, as known texts word things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.heard_words import HeardWords

ARTICLES = [
    "异地购买新车怎么上牌\n购买新车后，持购车发票、合格证到车管所申请上牌。",
    "暖气不热怎么办\n暖气不热的，请联系供热单位上门测温。",
    "办理居住证需要什么材料",
]
WORDS = HeardWords.of(ARTICLES)


def test_misheard_words_become_those_of_the_articles() -> None:
    assert WORDS.restored("医帝购买新车怎么商拍") == "异地购买新车怎么上牌"
    assert WORDS.restored("家里暖起不热") == "家里暖气不热"


def test_sounds_that_the_telephone_blurs_are_one() -> None:
    assert WORDS.restored("办礼居租证需要什么才料") == "办理居住证需要什么材料"


def test_what_was_heard_rightly_stays_though_no_article_has_it() -> None:
    for said in ("楼下饭店油烟太大", "请问驾驶证丢了怎么补办", "银雀山街道的路灯不亮"):
        assert WORDS.restored(said) == said


def test_letters_and_digits_are_no_words_that_sound_like_them() -> None:
    assert HeardWords.of(["啊真不错", "一起去"]).restored("a区1栋") == "a区1栋"


def test_of_words_with_one_sound_the_neighbours_decide() -> None:
    words = HeardWords.of(["车牌丢失怎么补办", "车排成一排不动"])
    assert words.restored("车排丢失怎么补办") == "车牌丢失怎么补办"
    assert words.restored("车牌成一排不动") == "车排成一排不动"


def test_readings_are_plain_each_once_in_their_order() -> None:
    heard = ["暖起不热，怎么办？", "暖气不热怎么办", "Ａ座没有水"]
    assert WORDS.readings(heard) == ("暖气不热怎么办", "a座没有水")
    assert WORDS.readings([]) == ()


def test_without_articles_all_stays_as_it_was_heard() -> None:
    assert HeardWords.of([]).restored("暖起不热") == "暖起不热"
    assert HeardWords.of(["", "\n"]).restored("") == ""


def test_what_was_learnt_is_kept_and_anything_else_refused() -> None:
    kept = HeardWords.loaded(WORDS.dumped())
    assert kept.restored("医帝购买新车怎么商拍") == "异地购买新车怎么上牌"
    for damaged in ("", "[]", "{}", WORDS.dumped()[:-9], '{"words": 1, "after": [], "by_sound": []}'):
        with pytest.raises(ValueError, match=r".+"):
            HeardWords.loaded(damaged)


def test_punctuation_stays_where_a_text_is_read_as_it_stands() -> None:
    assert WORDS.within("您好，暖起不热，A座。") == "您好，暖气不热，A座。"


@given(st.text(alphabet="暖气不热起部乐怎么办a1", max_size=30))
def test_nothing_is_lost_or_added(heard: str) -> None:
    assert len(WORDS.restored(heard)) == len(heard)
