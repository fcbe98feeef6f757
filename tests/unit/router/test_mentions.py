from __future__ import annotations

import pytest

from router.mentions import TopicLexicon

LEXICON = TopicLexicon(
    {"site": ["工地", "夜间施工"], "dance": ["广场舞"], "sport": ["广场舞"], "lamp": ["KTV", "路灯"]},
    negations=["不是"],
    questions=["是不是"],
)


def topics(text: str) -> list[tuple[str, str, bool]]:
    return [(each.topic, each.word, each.is_exact) for each in LEXICON.find(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("旁边工地很吵", [("site", "工地", True)]),
        ("工地又工地", [("site", "工地", True), ("site", "工地", True)]),
        ("宫地很吵", []),  # two characters: as written only
        ("广常午很吵", [("dance", "广场舞", False), ("sport", "广场舞", False)]),  # three: the same syllables
        ("狂场舞很吵", []),
        ("夜见时空", []),
        ("夜间是工", [("site", "夜间施工", False)]),  # four: blurred sounds (shi gong)
        ("野间施工", [("site", "夜间施工", False)]),
        ("ktv太吵", [("lamp", "ktv", True)]),
        ("", []),
        ("123", []),
    ],
)  # fmt: skip
def test_words_are_found_by_characters_and_longer_ones_by_sound(
    text: str, found: list[tuple[str, str, bool]]
) -> None:
    assert topics(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("不是工地，是路灯", ["lamp"]), ("是不是工地", ["site"]), ("不是路灯也不是广场舞", [])],
)
def test_what_is_denied_does_not_count(text: str, found: list[str]) -> None:
    assert [topic for topic, _, _ in topics(text)] == found
