"""Written forms of Chinese that say the same: traditional characters, and the pronouns of Shandong.

Apart from the sound of words (:mod:`hotline.phonetics`), because Rasa's own environment reads that without the converter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import opencc

_PRONOUNS: Final = str.maketrans("俺恁", "我你")


def simplified(text: str) -> str:
    """Return ``text`` in simplified characters (滿意 → 满意)."""
    return text if text.isascii() else _simplify(text)


@lru_cache(maxsize=8_192)
def _simplify(text: str) -> str:
    return str(_converter().convert(text))


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def in_standard_words(text: str) -> str:
    """Return ``text`` in simplified characters, with the pronouns of Shandong in standard Chinese (俺 → 我, 恁 → 你)."""
    return simplified(text).translate(_PRONOUNS)
