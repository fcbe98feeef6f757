"""Search terms (检索词) of a text: words, characters and sounds.

Words carry meaning, characters survive wrong word borders, and sounds survive wrong characters (医保→衣宝).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import jieba

from hotline.phonetics import sounds

jieba.setLogLevel(60)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a text is searched by; repeated terms stay repeated."""

    words: tuple[str, ...]
    characters: tuple[str, ...]
    sounds: tuple[str, ...]


@lru_cache(maxsize=4_096)
def terms_of(text: str) -> Terms:
    """Return the terms of a plain text: jieba's search-mode words, character and syllable 1- and 2-grams."""
    heard = sounds(text)
    return Terms(
        words=tuple(jieba.lcut_for_search(text)),
        characters=(*text, *(text[at : at + 2] for at in range(len(text) - 1))),
        sounds=(*heard, *(f"{first}-{second}" for first, second in pairwise(heard))),
    )
