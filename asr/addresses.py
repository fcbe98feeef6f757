"""Repair of whole addresses (区县加镇街) by their sound: “如中区圣中接大” is 罗庄区盛庄街道.

A county's name alone is too short to be told from other words when two of its syllables are wrong; together with a
street of its own it is not. What was found is only a proposal: it is read back to the caller before anything is recorded.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotline.city import City
from hotline.domain.speech import Expected
from hotline.phonetics import are_near, blur, syllables

_RUN: Final = re.compile(r"[0-9\u4e00-\u9fff]{5,}")
_SAID: Final = dict(zip("0123456789", syllables("零一二三四五六七八九"), strict=True))
_SHORTEST: Final = 5
_LEAST_STREET: Final = 3
# What a syllable costs that is the same but for what the telephone blurs, that shares its initial or its final, or neither.
_BLURRED: Final = 0.3
_NEAR: Final = 1.0
_FAR: Final = 2.2
_LONG: Final = 7
_OPENLY: Final = 0.35, 0.5
_LIMITS: Final = {Expected.PLACE: (0.5, 0.75), Expected.OPEN: _OPENLY, Expected.YES_NO: _OPENLY}
"""The highest mean cost of a syllable by what is awaited, of short addresses and of those of ``_LONG`` syllables and more.

Many a yes-or-no question is answered with a place (“不对，是……”).
"""
_LEAST_ALIKE: Final = 0.4
"""The lowest share of syllables that are the same when blurred; of the street's own name half."""
_STREET_END: Final = re.compile("(?:街道|街道办|办事处|镇|乡)$")
_LEAD: Final = 1.0
"""So much more the next street must cost."""


@dataclass(frozen=True, slots=True, eq=False)
class _Address:
    word: str
    street: str
    own: slice
    precise: tuple[str, ...]
    blurred: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    address: _Address
    cost: float

    @property
    def end(self) -> int:
        return self.start + len(self.address.word)

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


class AddressRepairer:
    """Puts counties with one of their streets right; a name that is there already is never changed."""

    def __init__(self, city: City) -> None:
        """Take the city's counties and streets, and what else they are called."""
        self._by_syllable: dict[str, list[tuple[_Address, int]]] = defaultdict(list)
        counties = {
            county.code: [name for name in (county.name, *county.aliases) if len(name) < _SHORTEST]
            for county in city.counties.values()
        }
        names = {name for known in counties.values() for name in known}
        for street in city.streets.values():
            called = [name for name in (street.name, *street.aliases) if len(name) >= _LEAST_STREET]
            names.update(called)
            for code in sorted({street.county_code, street.code[:6]} & counties.keys()):
                for county in counties[code]:
                    for name in called:
                        self._add(county, name, street.code)
        self._names = re.compile("|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name)))))

    def repair(self, text: str, expect: Expected) -> str:
        """Return ``text`` with addresses put right that sound nearly like it, and like no other street's."""
        if expect not in _LIMITS:
            return text
        return _RUN.sub(lambda run: self._repair_run(run.group(), expect), text)

    def _add(self, county: str, name: str, street: str) -> None:
        word = county + name
        precise = syllables(word)
        if len(word) < _SHORTEST or len(precise) != len(word):
            return
        own = slice(len(county), len(county) + len(_STREET_END.sub("", name)))
        address = _Address(word, street, own, precise, tuple(map(blur, precise)))
        for position, syllable in enumerate(address.blurred):
            self._by_syllable[syllable].append((address, position))

    def _repair_run(self, run: str, expect: Expected) -> str:
        precise = tuple(_SAID.get(syllable, syllable) for syllable in syllables(run))
        if len(precise) != len(run):
            return run
        found = sorted(
            self._found(precise, expect),
            key=lambda one: (one.cost / len(one.address.word), -len(one.address.word)),
        )
        if not found:
            return run
        best = found[0]
        rivals = (
            one.cost
            for one in found
            if one.address.street != best.address.street and one.overlaps(best.start, best.end)
        )
        if min(rivals, default=best.cost + _LEAD) - best.cost < _LEAD or self._contradicts(best, run):
            return run
        return run[: best.start] + best.address.word + run[best.end :]

    def _found(self, precise: tuple[str, ...], expect: Expected) -> Iterator[_Found]:
        blurred = tuple(map(blur, precise))
        votes: dict[tuple[int, _Address], int] = defaultdict(int)
        for index, syllable in enumerate(blurred):
            for address, position in self._by_syllable.get(syllable, ()):
                if 0 <= index - position <= len(precise) - len(address.word):
                    votes[index - position, address] += 1
        for (start, address), alike in votes.items():
            length = len(address.word)
            if alike < _LEAST_ALIKE * length:
                continue
            heard = slice(start, start + length)
            own = list(zip(blurred[heard][address.own], address.blurred[address.own], strict=True))
            if 2 * sum(said == meant for said, meant in own) < len(own):
                continue
            both = zip(precise[heard], blurred[heard], address.precise, address.blurred, strict=True)
            cost = sum(_cost(*syllable) for syllable in both)
            if cost <= _LIMITS[expect][length >= _LONG] * length:
                yield _Found(start, address, cost)

    def _contradicts(self, found: _Found, run: str) -> bool:
        """Tell whether a name that was heard as it is written would be changed."""
        for name in self._names.finditer(run):
            start, end = name.span()
            if not found.overlaps(start, end):
                continue
            offset = start - found.start
            if offset < 0 or found.address.word[offset : offset + end - start] != name.group():
                return True
        return False


def _cost(heard: str, heard_blurred: str, meant: str, meant_blurred: str) -> float:
    if heard == meant:
        return 0.0
    if heard_blurred == meant_blurred:
        return _BLURRED
    return _NEAR if are_near(heard_blurred, meant_blurred) else _FAR
