"""What the in-process model looks at in a text: its words, its characters and its sounds.

Rasa's component uses this module too, in its Python 3.10: nothing newer, and nothing of the domain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import jieba

from hotline.phonetics import sounds

Analyzer = Callable[[str], Sequence[str]]

_LONGEST: Final = 400
_KEPT: Final = re.compile(r"[\u4e00-\u9fff]|[A-Za-z0-9]+")
_LONGEST_RUN: Final = 3
_WORD_FREQUENCY: Final = 2_000

jieba.setLogLevel(60)

_CUTTER: Final = jieba.Tokenizer()
"""One of its own: the city's names that it is told of must not change how others in this process cut."""


def cleaned(text: str) -> str:
    """Return what the model looks at: no spaces (Vosk puts them), no signs, half-width, bounded length."""
    return "".join(_KEPT.findall(unicodedata.normalize("NFKC", text[: 4 * _LONGEST])))[:_LONGEST]


def teach_words(words: Iterable[str]) -> None:
    """Let jieba know the city's names."""
    for word in words:
        _CUTTER.add_word(word, freq=_WORD_FREQUENCY)


def _words(text: str) -> list[str]:
    return [word for word in _CUTTER.cut(text) if word.strip()]


def _characters(text: str) -> list[str]:
    """Runs of one to three characters."""
    text = text.lower()
    return [
        text[start : start + size]
        for size in range(1, _LONGEST_RUN + 1)
        for start in range(len(text) - size + 1)
    ]


def _sounds(text: str) -> list[str]:
    """Runs of two and three fuzzy syllables."""
    heard = sounds(text)
    return [
        " ".join(heard[start : start + size])
        for size in (_LONGEST_RUN - 1, _LONGEST_RUN)
        for start in range(len(heard) - size + 1)
    ]


ANALYZERS: Final[Mapping[str, Analyzer]] = {"words": _words, "characters": _characters, "sounds": _sounds}
WEIGHTS: Final[Mapping[str, float]] = {"words": 1.0, "characters": 1.0, "sounds": 0.7}
"""How much each kind counts."""
