"""Sound of Chinese words: toneless, fuzzy pinyin, and finding words by sound.

Most recognition errors are homophones (医保→衣宝, 着火→找火), so whatever works on recognised words compares sounds as
well as characters. Sounds that Shandong speakers and telephone lines blur are one: zh/z, ch/c, sh/s, n/l, in/ing,
en/eng, an/ang, f/h.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pypinyin import Style, lazy_pinyin

_INITIALS: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_INITIAL: Final = re.compile(r"^(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?")
_NOT_HAN: Final = re.compile(r"[^\u4e00-\u9fff]")


@lru_cache(maxsize=65_536)
def syllables(text: str) -> tuple[str, ...]:
    """Return one toneless syllable per character of ``text`` in its context; other characters stand for themselves."""
    return tuple(lazy_pinyin(text, style=Style.NORMAL, errors=list, v_to_u=False))  # type: ignore[arg-type]  # a list is documented


@lru_cache(maxsize=8_192)
def blur(syllable: str) -> str:
    """Return the syllable with the differences removed that are not heard reliably on the telephone."""
    for spoken, plain in _INITIALS:
        if syllable.startswith(spoken):
            syllable = plain + syllable[len(spoken) :]
            break
    if syllable.startswith("l") and len(syllable) > 1:
        syllable = "n" + syllable[1:]
    if syllable.startswith("f") and len(syllable) > 1:
        syllable = "h" + syllable[1:]
    if syllable.endswith(("ang", "eng", "ing")):
        syllable = syllable[:-1]
    return syllable


@lru_cache(maxsize=8_192)
def are_near(heard: str, meant: str) -> bool:
    """Tell whether two syllables share their initial or their final, as 镇 and 这 do."""
    heard_initial, meant_initial = _initial(heard), _initial(meant)
    return heard_initial == meant_initial or heard[len(heard_initial) :] == meant[len(meant_initial) :]


def _initial(syllable: str) -> str:
    found = _INITIAL.match(syllable)
    return found.group() if found else ""


@lru_cache(maxsize=65_536)
def sounds(text: str) -> tuple[str, ...]:
    """Return one blurred syllable per character of ``text``."""
    return tuple(blur(syllable) for syllable in syllables(text))


@dataclass(frozen=True, slots=True)
class Match:
    """A word found in a text: characters ``start`` to ``end`` sound like ``word``; ``is_exact`` by characters too.

    ``is_precise``: the toneless syllables are the same; otherwise only the blurred ones are.
    """

    word: str
    start: int
    end: int
    is_exact: bool
    is_precise: bool


class SoundLexicon:
    """Words that can be found in a text by their sound."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_sound: dict[tuple[str, ...], list[str]] = {}
        for word in dict.fromkeys(words):
            self._by_sound.setdefault(sounds(word), []).append(word)
        self._words = frozenset(word for words in self._by_sound.values() for word in words)
        self._lengths = sorted({len(key) for key in self._by_sound}, reverse=True)

    def find(self, text: str) -> Iterator[Match]:
        """Yield every place where a word sounds or stands, longer words first; matches may overlap.

        What stands there counts whatever its sound: beside others a character may be read otherwise (快来着火了: lái zhe).
        """
        if not text:
            return
        precise, heard = syllables(text), sounds(text)
        for length in self._lengths:
            for start in range(len(heard) - length + 1):
                end = start + length
                alike, stands = self._by_sound.get(heard[start:end], ()), text[start:end]
                for word in alike:
                    is_precise = precise[start:end] == syllables(word)
                    yield Match(word, start, end, is_exact=stands == word, is_precise=is_precise)
                if stands in self._words and stands not in alike:
                    yield Match(stands, start, end, is_exact=True, is_precise=True)


def plain(text: str) -> str:
    """Return ``text`` in half-width lower case with letters, digits and Chinese characters only."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())


def han_only(text: str) -> str:
    """Return ``text`` without anything but Chinese characters."""
    return _NOT_HAN.sub("", text)
