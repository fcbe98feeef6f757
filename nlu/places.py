"""Where it happened, found with a city's gazetteer: county, street, and what is below it, in the citizen's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from hotline.city import City, Street
from hotline.domain.appeal import Address, Place
from hotline.known_places import KnownPlace
from hotline.phonetics import han_only
from nlu.addresses import AddressReader
from nlu.dwellers import Dwellers
from nlu.lexicon import MeaningWords
from nlu.named_places import NOT_IN_NAME, ROAD_OF_ANOTHER, TOLD, NamedPlaces, PlaceKinds
from nlu.passing import Passing
from nlu.place_choices import StreetSounds

_CLAUSE: Final = re.compile(r"(?:[，。！？；：,.!?;:\s]|[（(]?(?<!\d)\d{1,2}[）)])+")
_LONGEST_DETAIL: Final = 24
_NO_END: Final = re.compile("网站|[夜心]里")
"""What ends like a place and is none (工地夜里施工)."""
_TELLS: Final = re.compile(
    f"[{TOLD}]|(?<!通)往(?![东西南北前后里回左右])"
    "|政府(?=.)(?!门|旁|对面|附近|斜|家属|大院|院|宿舍|广场|路|街|[东西南北前后][面边侧门头]|楼|里|驻地|办公)"
)
"""What tells of the matter, and ends the place; a government does, but in 政府门口."""
_DENIED: Final = ("不是", "不在")
"""What is said before a place that it is not (不是高都镇)."""
_NOT_IN: Final = ("床", "扫马路", "扫大街", "扫街", "修路", "修桥", "挖路", "铺路", "砍树", "拆房", "睡")
"""Where nobody has to go (瘫痪在床), or what somebody does (在扫马路)."""
_OFFICE: Final = "办事处"
_NEXT_CLAUSE: Final = re.compile(
    r"[的城]?(?:[那这]边)?[，,、：:](?:就)?(?:[是在]|名?叫做?)?([^，。！？；,.!?;\s]{3,14})(?=$|[，。！？；,.!?;\s])"
)
_POINTING: Final = re.compile("[那这]一?(?:块儿?|片儿?|里|儿|边|段)$")
_CALLED: Final = re.compile("^(?:[那这]个|名?叫做?|就[是在]?(?![业读诊餐近医]))(?=.{2})")
_PAUSED: Final = re.compile(r"[，。！？；,!?;\s]|不是|不对|是")
_LEFT_OVER: Final = 2  # characters: 正阳路上, 九曲街道那边
_HOUSE_NUMBER: Final = re.compile(
    r"[\d零〇幺一二三四五六七八九十百]+(?:号(?![线机])|室|户)|\d{1,3}(?:[-－—]\d{1,4}){1,2}(?!\d)"
)
_FURTHER: Final = re.compile(
    r"[东西南北](?:头|边|侧|面|段)(?:[\d一二三四五六七八九十百]+米)?"
    r"|(?:(?<=单元|号楼)|(?<=[栋幢]))\d{3,4}(?![\d米块元年])"
    r"|(?<=[\u4e00-\u9fff]{2})(?<![一二三四五六七八九十几多约共][一二三四五六七八九十])"
    r"(?:[A-Za-z]?\d{1,3}|[一二三四五六七八九十]{1,3})[栋幢](?!房|别墅|楼(?![顶道上下梯]))"
    r"|(?<=[\u4e00-\u9fff]{2})[A-Za-z]座(?!位)"
)
"""What an address may go on with behind its last part: 沿河路南头, 2单元501, 万科金域国际9栋."""
_ADDRESSED: Final = re.compile(
    r"(?:人民)?政府(?:[、和][^，。！？]{1,8}?[局委])*(?:尽快|早日|抓紧|能不能|能够?|可以)*在"
)
"""A county's government that is asked to do something somewhere (沂南县政府、县教育局尽快在松雅片区建…)."""
_AFTER_SHORT: Final = ("路", "街", "桥", "湖", "河", "山", "大", "中", "小", "一", "二", "三")
_AFTER_ANY: Final = ("路", "大街", "大道", "桥")
_SCHOOL_OF: Final = re.compile("[一二三四五六七八九十]+[中小]")
_WHICH_OF_A_NAME: Final = tuple("前后东西南北大小老新")
"""With one of these before it a bare name is another's: 后张庄 is not 张庄."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A name of the gazetteer in a text."""

    start: int
    end: int
    county: str | None
    street: Street | None
    is_full: bool


class PlaceFinder:
    """Finds places with a city's gazetteer."""

    def __init__(self, city: City, words: MeaningWords, known: Iterable[KnownPlace]) -> None:
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
        known = tuple(known)
        self._known: dict[str, list[KnownPlace]] = {}
        for place in known:
            for name in place.names:
                self._known.setdefault(name, []).append(place)
        own = sorted((name for name in self._known if name not in self._names), key=len, reverse=True)
        self._known_pattern = re.compile("|".join(map(re.escape, own)) or "(?!)")
        self._addresses = AddressReader(known)
        self._named = NamedPlaces(words, self._addresses)
        self._kinds = PlaceKinds(words)
        self._dwellers, self._passing = Dwellers(words), Passing(words)
        self._sounds = StreetSounds(city)

    def place(self, text: str) -> Place | None:
        """Return the place said, as far as it is known; its detail is kept in the citizen's words."""
        found = self._resolved(text)
        if found is None:
            return (
                self._known_place(text)
                or self._landmark(text)
                or self._named.place(text)
                or self._bare_address(text)
            )
        start, end, county, street = found
        end -= 1 if text.startswith(_OFFICE, end - 1) else 0  # 罗庄街道办|事处旁边
        if (addressed := _ADDRESSED.match(text, end)) is not None:
            end = addressed.end()
        end = self._passing.until(text, end)
        rest = text[end:].partition(self._county_name(county) or "／")[0]  # 罗庄区莱茵城8栋临|罗庄区大道
        detail = self._dwellers.home(text[:start], _CLAUSE.split(rest, maxsplit=1)[0])
        detail = detail or self._detail(rest)
        said = text[start : end + len(detail)]
        if not detail and (further := self._further(text[end:])) is not None:
            detail, said = further[0], text[start : end + further[1]]
        if detail.startswith(self._words.place_named) and (name := self._bare_name_until(text, end)):
            detail = name + detail  # 银雀山社区 is in the street of that name, and not all of it
        if self._kinds.is_kind(detail.strip("的")):  # 罗庄的小区停水: which one, is not told
            detail = ""
        return Place(
            said=said,
            county_code=county,
            county=self._county_name(county),
            street_code=street.code if street else None,
            street=street.name if street else None,
            detail=_CALLED.sub("", detail.strip("的，, ")),
            address=self._addresses.read(_CALLED.sub("", detail)),
        )

    def _bare_name_until(self, text: str, end: int) -> str:
        """Return the short name of a county or street that ends there; empty where it is said in full, or there is none."""
        for match in self._pattern.finditer(text, 0, end):
            if match.end() == end and all(not is_full for _, _, is_full in self._names[match[0]]):
                return match[0]
        return ""

    def choices(self, text: str, place: Place | None) -> tuple[Place, ...]:
        """Return two or three places that ``text`` may mean, best first; nothing where there is no doubt.

        ``place`` is what ``place`` found. In doubt are: a name that several counties have while no county was said
        (高都), a street that sounds the same as another (义堂、沂堂), and a misheard one that is near to several.
        """
        said = {
            mention.county for group in self._mentions(text) for mention in group if mention.street is None
        }
        if place is not None and place.street_code is not None:
            alike = () if said else self._sounds.same_as(place.street_code)
        elif place is not None and place.county_code is not None and not said:
            return ()
        else:
            alike = self._bare_streets(text) or self._sounds.near_in(self._without_names(text), said)
        if place is not None and place.street_code is None and place.county_code is None and not alike:
            return self._of_several_counties(text)
        if len(alike) < 2:
            return ()
        return tuple(self._street_place(street, text, place) for street in alike)

    def _street_place(self, street: Street, text: str, place: Place | None) -> Place:
        return Place(
            said=place.said if place is not None else text[:_LONGEST_DETAIL],
            county_code=street.county_code,
            county=self._county_name(street.county_code),
            street_code=street.code,
            street=street.name,
            detail=place.detail if place is not None else "",
            address=place.address if place is not None else None,
        )

    def _bare_streets(self, text: str) -> tuple[Street, ...]:
        """Return the streets of several counties whose common bare name is said while no county is."""
        for group in self._mentions(text):
            streets = tuple(mention.street for mention in group if mention.street is not None)
            if len({street.county_code for street in streets}) > 1:
                return streets[:3]
        return ()

    def _of_several_counties(self, text: str) -> tuple[Place, ...]:
        found = self._known_pattern.search(text)
        rows = [row for row in self._known.get(found[0], ()) if row.county_code] if found else []
        if found is None or len(rows) < 2:
            return ()
        return tuple(self._place_of(row, text, found) for row in rows[:3])

    def _without_names(self, text: str) -> str:
        """Return ``text`` with the names that are known blotted out: what is left may be a misheard one."""
        text = self._known_pattern.sub(lambda found: "／" * len(found[0]), self._blotted(text))
        return self._pattern.sub(lambda found: "／" * len(found[0]), text)

    def _known_place(self, text: str) -> Place | None:
        """Return a place below the street that is in the city's files and whose county is confirmed, or an address there."""
        for found in self._known_pattern.finditer(text):
            rows = self._known[found[0]]
            if len(rows) == 1 and rows[0].is_confirmed and rows[0].county_code is not None:
                return self._place_of(rows[0], text, found)
        return None

    def _place_of(self, row: KnownPlace, text: str, found: re.Match[str]) -> Place:
        detail = found[0] + self._detail(text[found.end() :])
        street = self._city.streets.get(row.street_code or "")
        return Place(
            said=detail,
            county_code=row.county_code,
            county=self._county_name(row.county_code),
            street_code=row.street_code,
            street=street.name if street else None,
            detail=detail,
            address=self._addresses.read(detail),
        )

    def _bare_address(self, text: str) -> Place | None:
        """Return an address that stands alone (明德花园3号楼): it has a number, and a road or community it is of."""
        for clause in _CLAUSE.split(text):
            address = self._addresses.read(clause) if len(clause) <= _LONGEST_DETAIL else None
            if address is not None and _is_exact(address):
                return Place(said=clause, detail=clause, address=replace(address, relative=""))
        return None

    def _county_name(self, code: str | None) -> str | None:
        return self._city.counties[code].name if code else None

    def _resolved(self, text: str) -> tuple[int, int, str | None, Street | None] | None:
        """Join county and street mentions that fit together; the last consistent ones count (“不对，是罗庄”)."""
        mentions = [mention for group in self._mentions(text) for mention in group]
        if not mentions:
            return None
        mentions = [one for one in mentions if not text.endswith(_DENIED, 0, one.start)] or mentions
        counties = [mention for mention in mentions if mention.street is None]
        if len({mention.county for mention in counties}) > 1:  # 沂南河东村 is a village of 沂南
            counties = [
                one for one in counties if one.is_full or not self._is_village_s(text, one.end)
            ] or counties
            if counties[0].is_full and not _PAUSED.search(text, counties[0].end):
                counties = [one for one in counties if one.is_full]  # 费县温凉河东外环大桥
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
            if county is None:
                return None
            county = self._telling(counties, text)
            return county.start, county.end, county.county, None
        begin = min(street.start, county.start) if county is not None else street.start
        until = max(street.end, county.end) if county is not None else street.end
        return begin, until, street.county, street.street

    def _telling(self, counties: list[_Found], text: str) -> _Found:
        """Return the last mention of the last county, before it one that a place follows (兰山区莱茵城停水，我户口在兰山区)."""
        last = counties[-1]
        detail = self._detail(text[last.end :])
        if (detail and not self._kinds.is_kind(detail)) or self._further(text[last.end :]):
            return last
        before = (one for one in reversed(counties[:-1]) if one.county == last.county)
        return next((one for one in before if self._detail(text[one.end : last.start])), last)

    def _mentions(self, text: str) -> Iterator[list[_Found]]:
        text, named_until = self._blotted(text), None
        for match in self._pattern.finditer(text):
            known = self._names[match[0]]
            is_bare = all(not is_full for _, _, is_full in known)
            start, end = match.span()
            is_anothers = start > 0 and named_until != start and text.startswith(_WHICH_OF_A_NAME, start - 1)
            if is_bare and (is_anothers or self._is_part_of_word(text, start, end)):
                continue
            is_behind = named_until is not None and match.start() - named_until <= 1  # 平邑地方, 平邑的地方
            is_meant = is_behind or han_only(text) == match[0]
            if is_bare and match[0] in self._words.place_common and not is_meant:
                continue
            named_until = match.end()
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

    def _blotted(self, text: str) -> str:
        """Blot out what holds a street's name and is none: 十字路口, 银雀山路; a village may bear its town's name."""
        for word in self._words.not_places:
            text = text.replace(word, "／" * len(word))
        return text

    def _is_part_of_word(self, text: str, start: int, end: int) -> bool:
        """A bare name followed by 路, 大街 … is that road (银雀山路), not the street or county."""
        if text.startswith(_AFTER_ANY, end):
            return True
        is_longer = end - start == 2 and text.startswith(_AFTER_SHORT, end)
        is_longer = is_longer and _SCHOOL_OF.match(text, end) is None  # 沂水一中
        return is_longer and self._pattern.match(text, end) is None  # 沂南，河东村

    def _is_village_s(self, text: str, end: int) -> bool:
        return text.startswith(self._words.place_named, end)

    def _is_ambiguous(self, text: str, mention: _Found) -> bool:
        known = self._names[text[mention.start : mention.end]]
        return len({county for county, _, _ in known}) > 1

    def _detail(self, rest: str) -> str:
        """Return what follows the street as long as it reads like part of an address."""
        clause = _CLAUSE.split(rest, maxsplit=1)[0][:_LONGEST_DETAIL]
        for word in self._words.place_stops:
            clause = clause.partition(word)[0]
        clause = self._dwellers.before(clause)
        begins = len(clause) - len(self._kinds.without_own(clause))
        if (told := _TELLS.search(clause, begins)) is not None:  # 兰陵县俺庄上有个坑，一下雨就淹路
            clause = clause[: told.start()]
        named = _NO_END.sub("／／", ROAD_OF_ANOTHER.sub("／", clause))  # 应急路上路灯不亮
        best = max((found.end() for found in _FURTHER.finditer(clause)), default=0)
        for end in self._words.place_ends:
            position = named.rfind(end)
            if position >= 0:
                best = max(best, position + len(end))
        if clause.startswith("街道", best - 1):  # a street that the city's file does not have
            best += 1
        if best and (number := _HOUSE_NUMBER.match(clause, best)):
            best = number.end()
        if best and (further := _FURTHER.match(clause, best)):
            best = further.end()
        detail = clause[:best]
        # “的路坏了” names no road, 柳青苑 an estate.
        is_long = len(detail.strip("的")) > 1 or detail in self._words.place_named
        is_named = is_long and not self._kinds.is_nameless(detail)
        return detail if is_named else ""

    def _further(self, rest: str) -> tuple[str, int] | None:
        """Return the place that the next clause names and does nothing else (“柏林镇，固城村”), and where it ends; None without one."""
        found = _NEXT_CLAUSE.match(rest)
        if found is None:
            return None
        told = _POINTING.sub("", found[1])
        detail = self._detail(told)
        is_all = len(told) - len(detail) <= _LEFT_OVER
        if not (detail and is_all) or any(letter in NOT_IN_NAME for letter in detail):
            return None
        return detail, found.start(1) + len(detail)

    def _landmark(self, text: str) -> Place | None:
        """Return a place that is only described: “在老供销社对面”."""
        for clause in _CLAUSE.split(text):
            for cue in self._words.place_cues:
                position = clause.find(cue)
                if position < 0 or clause.startswith(_NOT_IN, position + len(cue)):
                    continue
                detail = self._detail(clause[position + len(cue) :])
                is_named = len(detail) > 2 and not self._kinds.is_kind(detail)  # “停在小区里”
                if is_named and not any(letter in NOT_IN_NAME for letter in detail[:2]):
                    return Place(said=detail, detail=detail, address=self._addresses.read(detail))
        return None


def _is_exact(address: Address) -> bool:
    of_road = bool(address.road and address.number)
    return of_road or bool(address.community and (address.building or address.room))
