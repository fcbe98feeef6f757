"""Repair of recognised text (识别纠错): place names and hotline words by sound, then numbers.

A noisy channel: a stretch of text is replaced by a known word that sounds like it when the sentence becomes more
probable by more than the difference in sound costs. Probability is that of the best division into words, by jieba's
word counts with the city's own words added, so that common words (一趟, 评议) stay and odd fragments (衣宝) do not.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cn2an
import jieba

from asr.addresses import AddressRepairer
from asr.commands import CommandRepairer
from asr.numbers import NumberWriter
from asr.recognizer import Recognizer
from hotline.city import City, read_yaml
from hotline.domain.category import SECOND
from hotline.domain.errors import CityConfigError
from hotline.domain.speech import AudioFormat, Expected, Hypothesis
from hotline.phonetics import are_near, blur, syllables

_HAN: Final = "\u4e00-\u9fff"
_SPACE_IN_CHINESE: Final = re.compile(rf"(?<=[{_HAN}，。！？、]) +(?=[{_HAN}，。！？、])|^ +| +$")
_LIST_COMMA: Final = "、"
_WORD: Final = re.compile(rf"[{_HAN}]{{2,}}")
_SENTENCE: Final = re.compile(rf"[{_HAN}]+")
_HAN_BEFORE: Final = re.compile(rf"[{_HAN}]{{1,8}}$")
_HAN_AFTER: Final = re.compile(rf"[{_HAN}]{{1,8}}")

# How often the city's own words are taken to be said, in a count of 60 million words.
_COUNTY_COUNT: Final = 2_000
_STREET_COUNT: Final = 300
_TERM_COUNT: Final = 600
_FREQUENT_TERM_COUNT: Final = 3_000
# Costs in natural-log units: a change must make the sentence e^4 times as probable, more where sounds differ.
_CHANGE_COST: Final = 4.0
_BLURRED_COST: Final = 1.5
_NEAR_COST: Final = 5.0
_FAR_COST: Final = 7.0
_PHRASE_BONUS: Final = 8.0
_LEAST_PHRASE_GAIN: Final = 2.2
_EXPECTED_BONUS: Final = 4.0
_CONTEXT: Final = 5
_SHORTEST_PHRASE: Final = 4
_PHRASE_KNOWN_BY_THE_REST: Final = 6
"""In a phrase so long one syllable may be any other (家里们气不热)."""
_DIGITS: Final = str.maketrans("0123456789", "零一二三四五六七八九")
_SHORT_NUMBER: Final = re.compile(rf"(?<=[{_HAN}])[0-9]{{1,3}}(?=[{_HAN}])")


@dataclass(frozen=True, slots=True)
class _Name:
    word: str
    precise: tuple[str, ...]
    blurred: tuple[str, ...]
    is_place: bool
    is_phrase: bool
    is_county: bool


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    word: str
    gain: float

    def spoils(self, other: _Change) -> bool:
        """Tell whether the two cannot both be made."""
        if self.end <= other.start or other.end <= self.start:
            return False
        offset = other.start - self.start
        return offset < 0 or self.word[offset : offset + len(other.word)] != other.word


class Repairer:
    """Repairs recognised text after one city's lexicon; loads jieba's dictionary when made (about 1 s)."""

    def __init__(self, city: City) -> None:
        folder = city.folder / "lexicon"
        self._words = jieba.Tokenizer()
        self._words.initialize()
        self._by_syllable: dict[str, list[tuple[_Name, int]]] = defaultdict(list)
        counties = {name for county in city.counties.values() for name in (county.name, *county.aliases)}
        streets = {name for street in city.streets.values() for name in (street.name, *street.aliases)}
        frequent, terms, phrases = _terms(folder)
        terms |= {str(word) for row in city.categories_at(SECOND) for word in row.keywords}
        terms -= counties | streets | frequent | phrases
        self._counties = tuple(sorted(counties))
        self._add(counties, count=_COUNTY_COUNT, is_place=True, is_county=True)
        self._add(streets - counties, count=_STREET_COUNT, is_place=True)
        self._add(frequent, count=_FREQUENT_TERM_COUNT)
        self._add(terms, count=_TERM_COUNT)
        self._add(phrases, count=0, is_phrase=True)
        self._commands = CommandRepairer(city)
        self._addresses = AddressRepairer(city)
        self._numbers = NumberWriter(
            read_yaml(folder / "numbers.yaml"), [*counties, *streets], file=str(folder / "numbers.yaml")
        )

    def repair(self, text: str, expect: Expected = Expected.OPEN) -> str:
        """Return ``text`` without spaces between characters, with likely misheard words and numbers put right."""
        text = self._commands.repair(_SPACE_IN_CHINESE.sub("", text))
        if expect is Expected.PLACE:
            text = text.replace(
                _LIST_COMMA, ""
            )  # a prompt that lists places makes an engine list what it hears
        text = self._addresses.repair(text, expect)
        text = _SHORT_NUMBER.sub(lambda number: self._digits_or_word(number, expect), text)
        text = _SENTENCE.sub(lambda part: self._repair_part(part.group(), expect), text)
        return self._numbers.write(text, expect)

    def _add(
        self,
        words: Iterable[str],
        *,
        count: int,
        is_place: bool = False,
        is_phrase: bool = False,
        is_county: bool = False,
    ) -> None:
        for word in sorted(word for word in words if _WORD.fullmatch(word)):
            precise = syllables(word)
            name = _Name(word, precise, tuple(map(blur, precise)), is_place, is_phrase, is_county)
            if not is_phrase:  # it is as probable as its words
                self._words.add_word(word, freq=max(count, self._words.FREQ.get(word) or 0))
            for position, syllable in enumerate(name.blurred):
                self._by_syllable[syllable].append((name, position))

    def _digits_or_word(self, number: re.Match[str], expect: Expected) -> str:
        """Return the number as said where a word begins or ends in it (过70品 is 过期食品), else as it is."""
        start, end = number.span()
        before, after = (
            found.group()
            for found in (_HAN_BEFORE.search(number.string, 0, start), _HAN_AFTER.match(number.string, end))
            if found is not None
        )
        for said in (cn2an.an2cn(number.group(), "low"), number.group().translate(_DIGITS)):
            for change in self._changes(before + said + after, expect):
                covers = change.start <= len(before) and change.end >= len(before) + len(said)
                if covers and len(change.word) > len(said) and change.gain < math.inf:
                    return str(said)
        return number.group()

    def _repair_part(self, part: str, expect: Expected) -> str:
        changes = sorted(self._changes(part, expect), key=lambda change: (-change.gain, change.start))
        taken: list[_Change] = []
        for change in changes:
            if not any(change.spoils(other) for other in taken):
                taken.append(change)
        for change in sorted(taken, key=lambda change: -change.start):
            part = part[: change.start] + change.word + part[change.end :]
        return part

    def _changes(self, part: str, expect: Expected) -> Iterable[_Change]:
        """Yield what might be changed; a word that is there already counts as a change to itself, and wins."""
        precise = syllables(part)
        if len(precise) != len(part):
            return
        blurred = tuple(map(blur, precise))
        votes: dict[tuple[int, _Name], int] = defaultdict(int)
        for index, syllable in enumerate(blurred):
            for name, position in self._by_syllable.get(syllable, ()):
                if 0 <= index - position <= len(part) - len(name.word):
                    votes[index - position, name] += 1
        for (start, name), alike in votes.items():
            end = start + len(name.word)
            if part[start:end] == name.word:
                yield _Change(start, end, name.word, math.inf)
                continue
            may_be_near = name.is_phrase or (
                name.is_place
                and (expect is Expected.PLACE or len(name.word) > 3 or part[end - 1] == name.word[-1])
            )
            cost = _sound_cost(precise[start:end], blurred[start:end], name, alike, may_be_near=may_be_near)
            is_within_another = name.is_county and part[:start].endswith(self._counties)
            if cost is None or is_within_another:
                continue
            gain = self._gain(part, start, end, name) - cost
            if name.is_place and expect is Expected.PLACE:
                gain += _EXPECTED_BONUS
            if gain > _CHANGE_COST:
                yield _Change(start, end, name.word, gain)

    def _gain(self, part: str, start: int, end: int, name: _Name) -> float:
        """Return by how much the sentence around becomes more probable, in natural-log units.

        A phrase counts for more than its words do, but only where they are the more probable ones: who says
        赶紧派人看看 or 电梯又出故障 has not said 请派人看看 or 电梯老出故障.
        """
        before, after = part[max(0, start - _CONTEXT) : start], part[end : end + _CONTEXT]
        gain = self._log_probability(before + name.word + after) - self._log_probability(
            before + part[start:end] + after
        )
        if name.is_phrase:
            return gain + _PHRASE_BONUS if gain >= _LEAST_PHRASE_GAIN else -math.inf
        return gain

    def _log_probability(self, text: str) -> float:
        route: dict[int, tuple[float, int]] = {}
        self._words.calc(text, self._words.get_DAG(text), route)
        return float(route[0][0])


def _sound_cost(
    precise: Sequence[str], blurred: Sequence[str], name: _Name, alike: int, *, may_be_near: bool
) -> float | None:
    """Return what the difference in sound costs, None when it is too far.

    Two syllables must be the same exactly; of more, one may be merely near where ``may_be_near`` says so, and in a long
    phrase any other.
    """
    length = len(name.word)
    if length == 2:
        return 0.0 if tuple(precise) == name.precise else None
    cost = _BLURRED_COST * sum(
        heard != meant and near == name.blurred[index]
        for index, (heard, meant, near) in enumerate(zip(precise, name.precise, blurred, strict=True))
    )
    if alike == length:
        return cost
    if alike < length - 1 or not may_be_near:
        return None
    odd = next(index for index in range(length) if blurred[index] != name.blurred[index])
    if are_near(blurred[odd], name.blurred[odd]):
        return cost + _NEAR_COST
    is_known_by_the_rest = name.is_phrase and length >= _PHRASE_KNOWN_BY_THE_REST
    return cost + _FAR_COST if is_known_by_the_rest else None


def _terms(folder: Path) -> tuple[set[str], set[str], set[str]]:
    """Read the hotline's words: frequent ones, others, and phrases, which are long enough to be known by most of their sounds."""
    file = folder / "terms.yaml"
    try:
        rows = read_yaml(file)
        frequent, terms, phrases = (
            {str(word) for word in rows[key]} for key in ("frequent", "terms", "phrases")
        )
    except (KeyError, TypeError) as error:
        raise CityConfigError(file=str(file), reason=f"热线用词表缺少内容或写法不对：{error!r}") from error
    for phrase in phrases:
        if len(phrase) < _SHORTEST_PHRASE:
            raise CityConfigError(file=str(file), reason=f"phrases 里的说法至少四个字：{phrase}")
    return frequent, terms, phrases


class RepairingRecognizer:
    """A recognizer whose final text is repaired; ``raw`` stays what the engine heard."""

    def __init__(self, engine: Recognizer, repairer: Repairer) -> None:
        self._engine = engine
        self._repairer = repairer

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    @property
    def accepts(self) -> AudioFormat:
        """The sound the engine wants."""
        return self._engine.accepts

    @property
    def is_streaming(self) -> bool:
        """As the engine."""
        return self._engine.is_streaming

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        """Recognise one utterance; raises as the engine."""
        async with aclosing(self._engine.recognize(audio, expect=expect, choices=choices)) as heard:  # type: ignore[type-var]  # engines are async generators
            async for hypothesis in heard:
                if hypothesis.is_final:
                    yield replace(hypothesis, text=self._repairer.repair(hypothesis.raw, expect))
                else:
                    yield hypothesis

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()
