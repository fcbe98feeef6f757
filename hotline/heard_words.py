"""Words put back from their sounds (同音还原): what was misheard, read as known texts word it.

A recogniser that does not know a city's words writes others for the same sounds (资讯医帝购买新车 for 咨询异地购买新车): of
dense titles on the telephone a third of the characters are wrong, but one syllable in seven. The likeliest words for those
syllables are looked for, word after word, as an input method does for pinyin (Chen and Lee, A New Statistical Approach to
Chinese Pinyin Input, ACL 2000): a language model over the words of texts, and what a change of characters costs. What a citizen is
quoted with stays as it was heard: names that no text has would be lost.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final, NamedTuple

import jieba

from hotline.phonetics import han_only, plain, sounds, syllables

_HAN: Final = re.compile(r"[\u4e00-\u9fff]+")
_LONGEST_WORD: Final = 5
_WORDS_OF_SOUND: Final = 6
"""So many words of one sound are tried, the most frequent ones."""
_STATES: Final = 12
"""So many last words are gone on from at each character."""
# Logarithms of probabilities, tuned on spoken titles and golden questions: any other character of the same syllable, and
# of one that the telephone blurs with it.
_HOMOPHONE: Final = -2.5
_BLURRED: Final = -4.0
_BIGRAM: Final = 0.7
_GENERAL: Final = 0.3
"""The share of the language at large: what is said rightly and is in no text stays."""
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

    def __init__(
        self,
        words: Mapping[str, int],
        after: Mapping[tuple[str, str], int],
        by_sound: Mapping[tuple[str, ...], Sequence[str]],
    ) -> None:
        """Take how often words are said, and one after the other, and the words of each sound; see ``of`` and ``loaded``."""
        jieba.initialize()
        self._words, self._after, self._by_sound = words, after, by_sound
        self._whole = sum(words.values()) + _UNSEEN * _UNSEEN_WORDS

    @classmethod
    def of(cls, texts: Iterable[str]) -> HeardWords:
        """Learn from texts, each line of them by itself: two seconds for a hundred thousand words."""
        words: Counter[str] = Counter()
        after: Counter[tuple[str, str]] = Counter()
        for line in chain.from_iterable(map(_lines_of, texts)):
            words.update(line)
            after.update(pairwise(line))
        by_sound: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for word, _ in words.most_common():
            if 0 < len(word) <= _LONGEST_WORD:  # the beginning of a line has no sound
                by_sound[sounds(word)].append(word)
        likely = {sound: tuple(some[:_WORDS_OF_SOUND]) for sound, some in by_sound.items()}
        return cls(words, after, likely)

    def dumped(self) -> str:
        """Return what was learnt, for ``loaded``."""
        after = [[before, word, count] for (before, word), count in self._after.items()]
        by_sound = [[sound, some] for sound, some in self._by_sound.items()]
        return json.dumps({"words": self._words, "after": after, "by_sound": by_sound}, ensure_ascii=False)

    @classmethod
    def loaded(cls, text: str) -> HeardWords:
        """Return what ``dumped`` made. Raises ``ValueError``."""
        try:
            rows = json.loads(text)
            after = {(before, word): int(count) for before, word, count in rows["after"]}
            by_sound = {tuple(sound): tuple(some) for sound, some in rows["by_sound"]}
            return cls({word: int(count) for word, count in rows["words"].items()}, after, by_sound)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(repr(error)) from error

    def readings(self, heard: Iterable[str]) -> tuple[str, ...]:
        """Return what each of some texts likely stands for, in plain form, each once and in their order."""
        return tuple(dict.fromkeys(self.restored(plain(text)) for text in heard))

    def within(self, heard: str) -> str:
        """Return what a text likely stands for; its punctuation stays."""
        return _HAN.sub(lambda part: self.restored(part.group()), heard)

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
        alone = (self._words.get(word, 0) + _UNSEEN) / self._whole
        alone = (1 - _GENERAL) * alone + _GENERAL * (jieba.dt.FREQ.get(word, 0) / jieba.dt.total)
        together = self._after.get((before, word), 0) / self._words.get(before, 1)
        return math.log(_BIGRAM * together + (1 - _BIGRAM) * alone)


def _cost(word: str, heard: str, precise: tuple[str, ...]) -> float:
    return sum(
        _HOMOPHONE if meant == said else _BLURRED
        for character, other, meant, said in zip(word, heard, syllables(word), precise, strict=True)
        if character != other
    )


@lru_cache(maxsize=4_096)  # most texts stay when one is published
def _lines_of(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple((_BEGINNING, *jieba.lcut(plain(line))) for line in text.splitlines())
