"""The finite space of situations that rows can tell apart: what can ever reach a row, proved and not sampled.

Kinds, places and emergencies are enumerated, joined where no row tells them apart. For what is mentioned a search is
enough: a row that applies goes on applying however much more is said, but for its ``without``. So where an earlier row
stands before a later one, only a topic of the earlier row's ``without`` can take it out of the way; trying all of them
finds a set of topics that reaches the later row, or proves that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeVar

from hotline.city import City
from hotline.domain.appeal import AppealKind, EmergencyService
from router.row import Area, Row

Topics = frozenset[str]
_NONE: Final[Topics] = frozenset()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ground:
    """A kind of place: its area, county and street, as far as rows look at them."""

    area: Area
    county: str | None = None
    street: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything of a situation but its topics, and the numbers of the rows that such a situation may reach, in order."""

    kind: AppealKind
    ground: Ground
    emergency: EmergencyService | None
    rows: tuple[int, ...]


def frames(rows: Sequence[Row], city: City) -> tuple[Frame, ...]:
    """Return one frame for each set of rows that a situation may reach; no two differ in what they can tell only."""
    grounds = (
        Ground(Area.UNKNOWN),
        *(Ground(_area(city, code), code) for code in city.counties),
        *(
            Ground(_area(city, city.streets[code].county_code), city.streets[code].county_code, code)
            for code in sorted({code for row in rows for code in row.streets})
        ),
    )
    kinds = _told_apart(AppealKind, rows, lambda row, kind: not row.kinds or kind in row.kinds)
    places = _told_apart(grounds, rows, _is_on)
    services = _told_apart((None, *EmergencyService), rows, _has_emergency)
    found: dict[int, Frame] = {}
    for (kind, of_kind), (ground, of_ground), (service, of_service) in product(kinds, places, services):
        bits = of_kind & of_ground & of_service
        if bits not in found:
            numbers = tuple(number for number in range(len(rows)) if bits >> number & 1)
            found[bits] = Frame(kind, ground, service, numbers)
    return tuple(found.values())


def _told_apart(
    values: Iterable[_T], rows: Sequence[Row], holds: Callable[[Row, _T], bool]
) -> list[tuple[_T, int]]:
    """Return one value for each set of rows (as bits) that holds for it."""
    found: dict[int, _T] = {}
    for value in values:
        bits = sum(1 << number for number, row in enumerate(rows) if holds(row, value))
        found.setdefault(bits, value)
    return [(value, bits) for bits, value in found.items()]


def _is_on(row: Row, ground: Ground) -> bool:
    return (
        (not row.areas or ground.area in row.areas)
        and (not row.counties or ground.county in row.counties)
        and (not row.streets or ground.street in row.streets)
    )


def _has_emergency(row: Row, service: EmergencyService | None) -> bool:
    return not row.emergencies or service in row.emergencies


def _area(city: City, county: str) -> Area:
    return Area.ZONE if city.counties[county].is_zone else Area.COUNTY


def holds(row: Row, topics: Topics) -> bool:
    """Tell whether what a row wants to be mentioned, and not mentioned, holds for ``topics``."""
    return (
        (not row.mentions or not topics.isdisjoint(row.mentions))
        and (not row.also or not topics.isdisjoint(row.also))
        and topics.isdisjoint(row.without)
    )


def reaching(row: Row, earlier: Sequence[Row]) -> Topics | None:
    """Return topics with which ``row`` decides though ``earlier`` rows stand before it; None if there are none at all."""
    tried: set[Topics] = set()
    for start in _starts(row):
        found = _past(start, row, earlier, tried)
        if found is not None:
            return found
    return None


def _starts(row: Row) -> Iterator[Topics]:
    for one, other in product(row.mentions or (None,), row.also or (None,)):
        topics = frozenset(topic for topic in (one, other) if topic is not None)
        if topics.isdisjoint(row.without):
            yield topics


def _past(topics: Topics, row: Row, earlier: Sequence[Row], tried: set[Topics]) -> Topics | None:
    if topics in tried:
        return None
    tried.add(topics)
    before = next((each for each in earlier if holds(each, topics)), None)
    if before is None:
        return topics
    for topic in before.without:
        if topic not in row.without:
            found = _past(topics | {topic}, row, earlier, tried)
            if found is not None:
                return found
    return None


def can_both_hold(row: Row, other: Row) -> bool:
    """Tell whether some topics satisfy both rows at once."""
    never = frozenset((*row.without, *other.without))
    wanted = (row.mentions, row.also, other.mentions, other.also)
    return all(not some or not never.issuperset(some) for some in wanted)


def are_rivals(row: Row, other: Row) -> bool:
    """Tell whether two rows have different leads and conditions on the same fields, so that only their order decides.

    A ``without`` makes no row more specific.
    """
    differs = (row.lead, row.is_manual) != (other.lead, other.is_manual)
    return differs and _specificity(row) == _specificity(other)


def _specificity(row: Row) -> tuple[bool, ...]:
    """Return which conditions a row has."""
    is_placed = bool(row.areas or row.counties or row.streets)
    conditions = (row.categories, row.kinds, row.emergencies, row.mentions, row.also)
    return (is_placed, *map(bool, conditions))


class WordReach:
    """Which topics a text gets by single words of the word lists: what a citizen can say, not only what rows can tell."""

    def __init__(self, words_of: dict[str, tuple[str, ...]], topics_in: Callable[[str], Topics]) -> None:
        """Take the word lists and what finds the topics of a text."""
        self._words_of = words_of
        self._topics_in = topics_in
        self._known: dict[str, Topics] = {}

    def saying(self, row: Row, earlier: Sequence[Row]) -> tuple[str, ...] | None:
        """Return words with which ``row`` decides; None if whatever words are said, an earlier row decides."""
        tried: set[Topics] = set()
        for one, other in product(self._said(row.mentions), self._said(row.also)):
            words = tuple(word for word in (one, other) if word is not None)
            found = self._past(words, row, earlier, tried)
            if found is not None:
                return found
        return None

    def _said(self, topics: Sequence[str]) -> Iterator[str | None]:
        if not topics:
            yield None
        for topic in topics:
            yield from self._words_of[topic]

    def _past(
        self, words: tuple[str, ...], row: Row, earlier: Sequence[Row], tried: set[Topics]
    ) -> tuple[str, ...] | None:
        topics = _NONE.union(*(self._topics(word) for word in words))
        if topics in tried or not holds(row, topics):
            return None
        tried.add(topics)
        before = next((each for each in earlier if holds(each, topics)), None)
        if before is None:
            return words
        for word in self._said(before.without) if before.without else ():
            if word is not None:
                found = self._past((*words, word), row, earlier, tried)
                if found is not None:
                    return found
        return None

    def _topics(self, word: str) -> Topics:
        if word not in self._known:
            self._known[word] = self._topics_in(word)
        return self._known[word]
