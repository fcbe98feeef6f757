"""Search terms (检索词) of a text: words, characters and sounds.

Words carry meaning, characters survive wrong word borders, and sounds survive wrong characters (医保→衣宝).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import jieba
import jieba.posseg

from hotline.phonetics import sounds

jieba.setLogLevel(60)

_SPELLED: Final = {
    **dict(zip("0123456789", ["ling", "yi", "er", "san", "si", "wu", "niu", "qi", "ba", "jiu"], strict=True)),
    "a": "ei", "b": "bi", "c": "xi", "d": "di", "e": "yi", "f": "ai hu", "g": "ji", "h": "ai qi", "i": "ai", "j": "jie",
    "k": "kai", "l": "ai nou", "m": "ai mu", "n": "en", "o": "ou", "p": "pi", "q": "kiu", "r": "a er", "s": "ai si", "t": "ti",
    "u": "you", "v": "wei", "w": "da bu niu", "x": "ai ke si", "y": "wai", "z": "zei",
}  # fmt: skip
"""How digits and letters are said, blurred as syllables are: what is written C1 is heard as 西一."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a text is searched by; repeated terms stay repeated."""

    words: tuple[str, ...]
    characters: tuple[str, ...]
    sounds: tuple[str, ...]


@lru_cache(maxsize=4_096)
def terms_of(text: str) -> Terms:
    """Return the terms of a plain text: jieba's search-mode words, character and syllable 1- and 2-grams."""
    heard = _said(text)
    return Terms(
        words=tuple(jieba.lcut_for_search(text)),
        characters=(*text, *map("".join, pairwise(text))),
        sounds=(*heard, *map("-".join, pairwise(heard))),
    )


@lru_cache(maxsize=1_024)
def subjects_of(text: str) -> tuple[str, ...]:
    """Return the words of a plain text that say what it is about: nouns; verbs, adjectives and set phrases of two characters or more."""
    return tuple(
        dict.fromkeys(
            tagged.word
            for tagged in jieba.posseg.cut(text)
            if tagged.flag[0] == "n" or (tagged.flag[0] in "vijal" and len(tagged.word) > 1)
        )
    )


def sound_line(text: str) -> str:
    """Return the syllables of ``text`` between hyphens, so that a word's line is found inside a text's."""
    return f"-{'-'.join(_said(text))}-"


def _said(text: str) -> tuple[str, ...]:
    """Return the blurred syllables of a text as it is said, digits and letters too."""
    return tuple(
        syllable
        for character, sound in zip(text, sounds(text), strict=True)
        for syllable in _SPELLED.get(character, sound).split()
    )
