"""Words put back from their sounds (同音还原): what was misheard, read as articles word it.

A recogniser that does not know a city's words writes others for the same sounds (资讯医帝购买新车 for 咨询异地购买新车): of
dense titles on the telephone a third of the characters are wrong, but one syllable in seven. The likeliest words for those
syllables are looked for, word after word, as an input method does for pinyin (Chen and Lee, A New Statistical Approach to
Chinese Pinyin Input, ACL 2000): a language model over the articles' words, and what a change of characters costs.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final, NamedTuple

import jieba

from hotline.phonetics import han_only, sounds, syllables
from knowledge_base.wording import plain

_LONGEST_WORD: Final = 5
_WORDS_OF_SOUND: Final = 6
"""So many words of one sound are tried, the most frequent ones."""
_STATES: Final = 12
"""So many last words are gone on from at each character."""
# Logarithms of probabilities, tuned on spoken titles: any other character of the same syllable, and of one that the
# telephone blurs with it.
_HOMOPHONE: Final = -2.5
_BLURRED: Final = -4.0
_BIGRAM: Final = 0.7
_GENERAL: Final = 0.3
"""The share of the language at large: what is said rightly and is in no article stays."""
_UNSEEN: Final = 0.1
_UNSEEN_WORDS: Final = 100_000
_BEGINNING: Final = ""


class _Reading(NamedTuple):
    """The likeliest way to a word: its logarithm, where the word begins, and the word before it."""

    log: float
    start: int
    before: str


class HeardWords:
    """A language model over texts, and what is likely meant by words that sound like theirs."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Learn from texts, each line of them by itself."""
        words: Counter[str] = Counter()
        after: Counter[tuple[str, str]] = Counter()
        for line in chain.from_iterable(map(_lines_of, texts)):
            words.update(line)
            after.update(pairwise(line))
        self._words, self._after = words, after
        self._whole = words.total() + _UNSEEN * _UNSEEN_WORDS
        by_sound: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for word, _ in words.most_common():
            if 0 < len(word) <= _LONGEST_WORD:  # the beginning of a line has no sound
                by_sound[sounds(word)].append(word)
        self._by_sound = {sound: tuple(some[:_WORDS_OF_SOUND]) for sound, some in by_sound.items()}

    def readings(self, heard: Iterable[str]) -> tuple[str, ...]:
        """Return what each of some texts likely stands for, in plain form, each once and in their order."""
        return tuple(dict.fromkeys(self.restored(plain(text)) for text in heard))

    def restored(self, heard: str) -> str:
        """Return the words that a plain text likely stands for; they have as many characters."""
        if not heard:
            return heard
        sound, precise = sounds(heard), syllables(heard)
        readings: list[dict[str, _Reading]] = [{} for _ in range(len(heard) + 1)]
        readings[0][_BEGINNING] = _Reading(0.0, 0, _BEGINNING)
        for start in range(len(heard)):
            likely = sorted(readings[start].items(), key=lambda one: -one[1].log)[:_STATES]
            for end in range(start + 1, min(start + _LONGEST_WORD, len(heard)) + 1):
                span = slice(start, end)
                for word, cost in self._candidates(heard[span], sound[span], precise[span]):
                    log, before = max((reading.log + self._log(last, word), last) for last, reading in likely)
                    known = readings[end].get(word)
                    if known is None or log + cost > known.log:
                        readings[end][word] = _Reading(log + cost, start, before)
        return self._read_back(readings)

    @staticmethod
    def _read_back(readings: list[dict[str, _Reading]]) -> str:
        end = len(readings) - 1
        word = max(readings[end], key=lambda last: readings[end][last].log)
        words = []
        while end:
            words.append(word)
            _, end, word = readings[end][word]
        return "".join(reversed(words))

    def _candidates(
        self, heard: str, sound: tuple[str, ...], precise: tuple[str, ...]
    ) -> Iterable[tuple[str, float]]:
        """Yield words that ``heard`` may stand for, and what each costs; a single character may always be meant."""
        if len(heard) == 1 or heard in self._words or jieba.dt.FREQ.get(heard):
            yield heard, 0.0
        if han_only(heard) == heard:  # the letter A is no 啊
            for word in self._by_sound.get(sound, ()):
                if word != heard:
                    yield word, _cost(word, heard, precise)

    def _log(self, before: str, word: str) -> float:
        alone = (self._words[word] + _UNSEEN) / self._whole
        alone = (1 - _GENERAL) * alone + _GENERAL * (jieba.dt.FREQ.get(word, 0) / jieba.dt.total)
        together = self._after[before, word] / (self._words[before] or 1)
        return math.log(_BIGRAM * together + (1 - _BIGRAM) * alone)


def _cost(word: str, heard: str, precise: tuple[str, ...]) -> float:
    return sum(
        _HOMOPHONE if meant == said else _BLURRED
        for character, other, meant, said in zip(word, heard, syllables(word), precise, strict=True)
        if character != other
    )


@lru_cache(maxsize=4_096)  # most articles stay when one is published
def _lines_of(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple((_BEGINNING, *jieba.lcut(plain(line))) for line in text.splitlines())
