from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.pieces import breaths, sentences

TEXT = st.text(alphabet="临沂市暖气不热12 8:,，、：。！？；…”“()（）\nab", max_size=200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好的。请讲！", ["好的。", "请讲！"]),
        ("真的吗？！那就好……再见", ["真的吗？！", "那就好……", "再见"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("上午8:30，价格1,000元。", ["上午8:30，价格1,000元。"]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("没有句号", ["没有句号"]),
        ("……。", []),
        ("", []),
    ],
)
def test_text_is_cut_at_the_ends_of_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_sentence_that_goes_on_and_on_is_cut_at_commas() -> None:
    assert [len(piece) for piece in sentences("很长的话，" * 40 + "完。")] == [80, 80, 42]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("对不起，我没有听明白。", ["对不起，我没有听明白。"]),
        ("请您换个说法，简单说一下是什么事、在哪里。", ["请您换个说法，", "简单说一下是什么事、在哪里。"]),
        ("没有逗号可以换气的一句很长很长的话。", ["没有逗号可以换气的一句很长很长的话。"]),
    ],
)
def test_a_breath_is_short_where_a_comma_allows_it(text: str, expected: list[str]) -> None:
    assert breaths(text) == expected


@given(TEXT)
def test_a_breath_is_not_cut_again(text: str) -> None:
    assert [breaths(piece) for piece in breaths(text)] == [[piece] for piece in breaths(text)]
    assert [sentences(piece) for piece in breaths(text)] == [[piece] for piece in breaths(text)]


@given(TEXT)
def test_no_word_is_lost_or_said_twice(text: str) -> None:
    words = [character for character in text if character.isalnum()]

    assert [one for one in "".join(sentences(text)) if one.isalnum()] == words
    assert [one for one in "".join(breaths(text)) if one.isalnum()] == words
