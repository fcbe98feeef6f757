"""Slots (要素): place, time, telephone, people, amounts and order numbers, found by code in one utterance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hotline.city import City, Street
from hotline.domain.appeal import PhoneNumber, Place
from hotline.domain.meaning import Slots
from nlu.kinds import wants_secrecy
from nlu.lexicon import MeaningWords

_CLAUSE: Final = re.compile(r"[，。！？；,.!?;\s]+")
_DIGITS: Final = re.compile(r"(?<!\d)\d[\d\s-]{5,18}\d(?!\d)")
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"0\d{2,3}-?\d{7,8}|[2-8]\d{6}")
_ORDER: Final = re.compile(r"2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{5}")
_AMOUNT: Final = re.compile(r"[\d一二三四五六七八九十百千万两.]+(?:多)?(?:块钱|块|元|万元|万)")
_TIME: Final = re.compile(
    r"\d{1,2}月\d{1,2}[日号]|(?:上|这|本)?(?:周|星期)[一二三四五六日天]|[\d一二三四五六七八九十两]+(?:点半?|点钟)"
)
_CHINESE_DIGITS: Final = str.maketrans("零〇幺一二三四五六七八九", "001123456789")
_SPOKEN_DIGITS: Final = re.compile(r"[零〇幺一二三四五六七八九]{7,}")
_REPEATED: Final = re.compile(
    r"([两二三四五])个([零〇幺一二三四五六七八九\d])(?=[零〇幺一二三四五六七八九\d]|[两二三四五]个|$|[，。,. ])"
)
_TIMES: Final = {"两": 2, "二": 2, "三": 3, "四": 4, "五": 5}
_LONGEST_DETAIL: Final = 24
_NOT_IN_NAME: Final = "的了吗呢在是有和被把我你他她们"


@dataclass(frozen=True, slots=True)
class _Found:
    """A name of the gazetteer in a text."""

    start: int
    end: int
    county: str | None
    street: Street | None
    is_full: bool


class SlotFinder:
    """Finds slots with a city's gazetteer."""

    def __init__(self, city: City, words: MeaningWords) -> None:
        """Index every name and alias."""
        self._city = city
        self._words = words
        self._names: dict[str, list[tuple[str | None, Street | None, bool]]] = {}
        for county in city.counties.values():
            for name in (county.name, *county.aliases):
                self._names.setdefault(name, []).append((county.code, None, name == county.name))
        for street in city.streets.values():
            for name in (street.name, *street.aliases):
                self._names.setdefault(name, []).append((street.county_code, street, name == street.name))
        self._pattern = re.compile("|".join(sorted(map(re.escape, self._names), key=len, reverse=True)))

    def find(self, text: str) -> Slots:
        """Return everything found in ``text``."""
        numbers = _numbers(text)
        mobiles = [number for number in numbers if _MOBILE.fullmatch(number)]
        landlines = [n for n in numbers if _LANDLINE.fullmatch(n) and not _ORDER.fullmatch(n)]
        phone = next(reversed(mobiles or landlines), None)  # who corrects a number says the right one last
        return Slots(
            place=self.place(text),
            occurred=self._occurred(text),
            phone=PhoneNumber(phone) if phone else None,
            people=tuple(self._people(text)),
            amounts=tuple(_AMOUNT.findall(text)),
            work_order_number=next((number for number in numbers if _ORDER.fullmatch(number)), ""),
            wants_secrecy=wants_secrecy(text, self._words),
        )

    def place(self, text: str) -> Place | None:
        """Return the place said, as far as it is known; its detail is kept in the citizen's words."""
        found = self._resolved(text)
        if found is None:
            return self._landmark(text)
        start, end, county, street = found
        detail = self._detail(text[end:])
        return Place(
            said=text[start : end + len(detail)],
            county_code=county,
            county=self._city.counties[county].name if county else None,
            street_code=street.code if street else None,
            street=street.name if street else None,
            detail=detail.strip("的，, "),
        )

    def _resolved(self, text: str) -> tuple[int, int, str | None, Street | None] | None:
        """Join county and street mentions that fit together; the last consistent ones count (“不对，是罗庄”)."""
        mentions = [mention for group in self._mentions(text) for mention in group]
        if not mentions:
            return None
        counties = [mention for mention in mentions if mention.street is None]
        streets = [mention for mention in mentions if mention.street is not None]
        county = counties[-1] if counties else None
        fitting = [
            mention
            for mention in streets
            if county is None or mention.county == county.county or mention.is_full
        ]
        fitting.sort(
            key=lambda mention: (county is not None and mention.county == county.county, mention.is_full)
        )
        if county is None and fitting and not fitting[-1].is_full and self._is_ambiguous(text, fitting[-1]):
            fitting = []
        street = fitting[-1] if fitting else None
        if (
            street is not None
            and county is not None
            and street.county != county.county
            and not street.is_full
        ):
            street = None
        if street is None:
            return (county.start, county.end, county.county, None) if county is not None else None
        begin = min(street.start, county.start) if county is not None else street.start
        until = max(street.end, county.end) if county is not None else street.end
        return begin, until, street.county, street.street

    def _mentions(self, text: str) -> Iterator[list[_Found]]:
        for word in self._words.not_places:  # 十字路口 is a crossing, not the street 十字路
            text = text.replace(word, "／" * len(word))
        for match in self._pattern.finditer(text):
            known = self._names[match[0]]
            is_bare = all(not is_full for _, _, is_full in known)
            if is_bare and len(match[0]) == 2 and self._is_part_of_word(text, match.end()):
                continue
            if len({county for county, _, _ in known}) > 1 and any(
                street is not None for _, street, _ in known
            ):
                full = [one for one in known if one[2]]
                known = full or [one for one in known if one[1] is None] or known
            has_county = [one for one in known if one[1] is None]
            yield [
                _Found(match.start(), match.end(), county, street, is_full)
                for county, street, is_full in (has_county if is_bare and has_county else known)
            ]

    def _is_part_of_word(self, text: str, end: int) -> bool:
        """A bare two-character name followed by 路, 街 … is that road (兰山路), not the county."""
        return text[end : end + 1] in ("路", "街", "桥", "湖", "河", "山", "大", "中", "小", "一", "二", "三")

    def _is_ambiguous(self, text: str, mention: _Found) -> bool:
        known = self._names[text[mention.start : mention.end]]
        return len({county for county, _, _ in known}) > 1

    def _detail(self, rest: str) -> str:
        """Return what follows the street as long as it reads like part of an address."""
        clause = _CLAUSE.split(rest, maxsplit=1)[0][:_LONGEST_DETAIL]
        best = 0
        for end in self._words.place_ends:
            position = clause.rfind(end)
            if position >= 0:
                best = max(best, position + len(end))
        return clause[:best]

    def _landmark(self, text: str) -> Place | None:
        """Return a place that is only described: “在老供销社对面”."""
        for clause in _CLAUSE.split(text):
            for cue in self._words.place_cues:
                position = clause.find(cue)
                if position < 0:
                    continue
                detail = self._detail(clause[position + len(cue) :])
                if len(detail) > 2 and not any(letter in _NOT_IN_NAME for letter in detail[:2]):
                    return Place(said=detail, detail=detail)
        return None

    def _occurred(self, text: str) -> str:
        parts = [word for word in self._words.times if word in text]
        parts = [word for word in parts if not any(word != other and word in other for other in parts)]
        parts += _TIME.findall(text)
        return "，".join(sorted(dict.fromkeys(parts), key=text.find))

    def _people(self, text: str) -> Iterator[str]:
        for cue in self._words.people:
            position = text.find(cue)
            if position < 0:
                continue
            rest = _CLAUSE.split(text[position + len(cue) :], maxsplit=1)[0]
            if rest and rest[0] in self._words.surnames:
                name = re.match(r"[\u4e00-\u9fff]{1,3}", rest)
                if name and len(rest) <= 4:
                    yield name[0]
                    return


def _numbers(text: str) -> list[str]:
    """Return the long numbers in ``text``: written, read out digit by digit, or with repeats (“三个八”)."""
    spread = _REPEATED.sub(lambda found: found[2] * _TIMES[found[1]], text)
    digits = _SPOKEN_DIGITS.sub(lambda found: found[0].translate(_CHINESE_DIGITS), spread)
    return [re.sub(r"[\s-]", "", found) for found in _DIGITS.findall(digits)]
