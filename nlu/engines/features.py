"""What the in-process model looks at in a text: its words, its characters and its sounds, of a letter also by sentence.

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
_LETTER: Final = 45
"""From so many characters on a text is asked about by sentence too."""
_SENTENCE_ENDS: Final = re.compile(r"[。！？；：!?;:\n]+")
_SALUTATION: Final = re.compile(r"尊敬|敬爱|亲爱|各位|你好|您好|喂")
_SAYS_SOMETHING: Final = 6
_SENTENCES: Final = 8
_PIECE: Final = 40
"""Long talk without sentence ends, as recognisers write it down, is asked about in pieces of about so many characters."""
_FIRST_COUNTS: Final = 0.3
_EACH_COUNTS: Final = 0.2
_WORD_FREQUENCY: Final = 2_000

jieba.setLogLevel(60)

_CUTTER: Final = jieba.Tokenizer()
"""One of its own: the city's names that it is told of must not change how others in this process cut."""


def cleaned(text: str) -> str:
    """Return what the model looks at: no spaces (Vosk puts them), no signs, half-width, bounded length."""
    return "".join(_KEPT.findall(unicodedata.normalize("NFKC", text[: 4 * _LONGEST])))[:_LONGEST]


def passages(text: str) -> list[tuple[str, float]]:
    """Return the cleaned passages that the model is asked about and how much each counts, together 1; none without words.

    A letter as a whole is about everything that happened; its first sentence (or title) says what it is about. So that
    counts by itself too, and so do its sentences together. Where there are no sentences, pieces of even length stand for
    them.
    """
    whole = cleaned(text)
    if len(whole) < _LETTER:
        return [(whole, 1.0)] if whole else []
    told = [part.strip() for part in _SENTENCE_ENDS.split(text[: 4 * _LONGEST])]
    sentences = [
        words
        for part in told
        if not _SALUTATION.match(part) and len(words := cleaned(part)) >= _SAYS_SOMETHING
    ][:_SENTENCES]
    if len(sentences) < 2:  # the only one is the whole
        sentences = _pieces(whole)
    if len(sentences) < 2:
        return [(whole, 1.0)]
    each = _EACH_COUNTS / len(sentences)
    return [
        (whole, 1.0 - _FIRST_COUNTS - _EACH_COUNTS),
        (sentences[0], _FIRST_COUNTS + each),
        *((sentence, each) for sentence in sentences[1:]),
    ]


def _pieces(whole: str) -> list[str]:
    count = min(_SENTENCES, (len(whole) + _PIECE // 2) // _PIECE)
    size = -(-len(whole) // max(1, count))
    return [whole[start : start + size] for start in range(0, len(whole), size)]


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
