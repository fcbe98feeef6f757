"""The parts of an address (地址解析): road and number, community, village, building, unit, room, and what is near.

Numbers become digits (三号楼二单元五零二室 → 3, 2, 502), except in names (临西五路). Words around an address are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from hotline.domain.appeal import Address
from hotline.known_places import KnownPlace, PlaceKind
from hotline.numerals import cardinal

_CHINESE: Final = "零〇幺一二三四五六七八九十百"
_SIGN: Final = rf"(?:[A-Za-z]?\d{{1,4}}[A-Za-z]?|[A-Za-z]|[{_CHINESE}]{{1,4}})"
_SIDE: Final = "[东西南北甲乙丙丁]"
_BUILDING: Final = re.compile(rf"({_SIGN})(?:号楼|号院楼|栋楼?|幢|座|#楼?)")
_UNIT: Final = re.compile(rf"({_SIGN}|{_SIDE})单元")
_ROOM: Final = re.compile(rf"(?<![\d{_CHINESE}])(\d{{3,4}}|[{_CHINESE}]{{3,4}})(?:室|号?房间?|户)")
_ROOM_AFTER_UNIT: Final = re.compile(
    rf"(?:单元|号楼|栋)[,，的]?(?:\d{{1,2}}[楼层])?(\d{{3,4}}|[{_CHINESE}]{{3,4}})(?![\d{_CHINESE}米块元年路万千])"
)
_DASHED: Final = re.compile(
    r"(?<!\d)(?:(\d{1,3})(?:号楼)?[-－—])?(?:(\d{1,2})(?:单元)?[-－—])(\d{3,4})(?![\d\-－—])"
)
_STOPS: Final = "的了吗呢在是有和与跟及同被把我你他她们这那家住到往从向至号楼元室就去个哪"
_NAME: Final = rf"[^\W\d_A-Za-z{_STOPS}]"
_ROAD_END: Final = r"(?:大道|大街|路|街(?!道)|巷|胡同|国道|省道|高速)(?![口边灯面上过公车费段牌办])"
_ROAD: Final = re.compile(rf"(?:和[平谐睦]|{_NAME}){{1,5}}?{_ROAD_END}|\d{{3}}(?:国道|省道)")
_CROSSING: Final = re.compile(r"(?:与|和|跟|同|、|到)?$")
_CROSSED: Final = re.compile(r"(?:的)?(?:交汇|交叉|交界|十字|路口|丁字|$)")
_NUMBER: Final = re.compile(rf"^(?:[东西南北中]段)?({_SIGN}(?:之[一二三\d])?)号(?![楼线机门桌井])")
_COMMUNITY: Final = re.compile(
    rf"({_NAME}{{2,7}}?(?:小区|社区|花园|花苑|家园|嘉园|佳苑|佳园|公寓|名邸|华府|新城|星城|新村|雅苑|丽苑|景苑|御园|名都|豪庭|华庭))"
)
_VILLAGE: Final = re.compile(rf"({_NAME}{{1,5}}?(?:村|庄))(?!委|民|里人|镇|乡|街|路|小区|花园|家园|办|主)")
_NO_NAME: Final = re.compile(
    r"^(?:[老旧新全本该整各每]|农|乡|附近|周边|住宅|商住)*(?:小区|社区|村|庄|公寓|新城|新村|花园)$"
)
_RELATION: Final = (
    r"(?:斜?对[面过]|附近|旁边|隔壁|门口|[东西南北](?:侧|边|面|门|头)|前面|后面|往[东西南北](?:走)?[\d一二三四五六七八九十百]*米?"
    r"|路口|交叉口|交汇处|楼下|桥头|周边|一带)"
)
_RELATIVE: Final = re.compile(rf"([^，。,；;！!？?\s]{{2,16}}?{_RELATION}(?:{_RELATION})?)")


class AddressReader:
    """Reads the parts of an address with a city's known places."""

    def __init__(self, places: Iterable[KnownPlace]) -> None:
        self._kinds = {name: place.kind for place in places for name in place.names}
        names = sorted(self._kinds, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, names)) or "(?!)")

    def read(self, text: str) -> Address | None:
        """Return the parts of the address in ``text``, None where there is none of them."""
        known = [(self._kinds[found[0]], found) for found in self._known.finditer(text)]
        road, crossing, number = self._road(text, [each for kind, each in known if kind is PlaceKind.ROAD])
        named = {kind: each[0] for kind, each in reversed(known)}
        building, unit, room = _inside(text)
        landmark = named.get(PlaceKind.LANDMARK, "")
        relative = _RELATIVE.search(text)
        address = Address(
            road=road,
            crossing=crossing,
            number=number,
            community=named.get(PlaceKind.COMMUNITY) or _named(_COMMUNITY, text, road),
            village=named.get(PlaceKind.VILLAGE) or _named(_VILLAGE, text, road),
            building=building,
            unit=unit,
            room=room,
            relative=relative[1].lstrip(_STOPS) if relative else landmark,
        )
        return address if address != Address() else None

    def _road(self, text: str, known: list[re.Match[str]]) -> tuple[str, str, str]:
        """Return the road, the road that crosses it and the house number."""
        roads = known or list(_ROAD.finditer(text))
        if not roads:
            return "", "", ""
        first = roads[0]
        others = roads[1:] if known and len(roads) > 1 else list(_ROAD.finditer(text, first.end()))
        crossing = ""
        if others and _CROSSING.fullmatch(text[first.end() : others[0].start()]):
            crossing = others[0][0] if _CROSSED.match(text, others[0].end()) else ""
        number = _NUMBER.match(text[first.end() :])
        return first[0], crossing, _digits(number[1]) if number else ""


def _inside(text: str) -> tuple[str, str, str]:
    """Return building, unit and room; “3-2-502” is all three."""
    if dashed := _DASHED.search(text):
        building, unit, room = (part or "" for part in dashed.groups())
        if not building and (before := _BUILDING.search(text)):
            building = _digits(before[1])
        return building, unit, room
    building, unit = _BUILDING.search(text), _UNIT.search(text)
    room = _ROOM.search(text) or _ROOM_AFTER_UNIT.search(text)
    return (
        _digits(building[1]) if building else "",
        _digits(unit[1]) if unit else "",
        _digits(room[1]) if room else "",
    )


def _named(pattern: re.Pattern[str], text: str, road: str) -> str:
    """Return the first name of a kind that is a name (not 这个小区) and no part of the road's."""
    for found in pattern.finditer(text):
        name = found[1].removeprefix(road).lstrip("东西南北") if road else found[1]
        if name and not _NO_NAME.fullmatch(name) and (not road or name not in road):
            return name
    return ""


def _digits(said: str) -> str:
    value = cardinal(said.replace("幺", "一"))
    return said.upper() if value is None else str(value)
