"""Recognition errors made by rule: some characters of a text become common characters of the same sound."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from random import Random

import jieba
from pypinyin import lazy_pinyin

COMMON_CHARACTERS = 3_500


@cache
def _by_sound() -> dict[str, list[str]]:
    jieba.initialize()
    seen: Counter[str] = Counter()
    for word, count in jieba.dt.FREQ.items():
        for character in word:
            seen[character] += count
    found: dict[str, list[str]] = defaultdict(list)
    for character, _ in seen.most_common(COMMON_CHARACTERS):
        if "\u4e00" <= character <= "\u9fff":
            found[lazy_pinyin(character)[0]].append(character)
    return found


def misheard(text: str, *, share: float, seed: int) -> str:
    """Return ``text`` with about ``share`` of its characters replaced by homophones; the same for the same seed."""
    random = Random(f"{seed}{text}")
    heard = []
    sounds = lazy_pinyin(text, errors=list)  # type: ignore[arg-type]  # a list is documented
    for character, sound in zip(text, sounds, strict=True):
        others = [one for one in _by_sound().get(sound, []) if one != character]
        heard.append(random.choice(others) if others and random.random() < share else character)
    return "".join(heard)
