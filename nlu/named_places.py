"""Names of places that no file has, told without a word before them: where a citizen says what happens at one (处所).

At a crossing (沂蒙路和北京路交叉口), beside something with a name (人民医院门口堵车), or first of all (阳光花园停水了). Their county is
not known.
"""

from __future__ import annotations

import re
from typing import Final

from hotline.domain.appeal import Place
from nlu.addresses import AddressReader
from nlu.lexicon import MeaningWords
from nlu.passing import Passing

NOT_IN_NAME: Final = "的了吗呢在是有和被把我你他她们"
"""Letters that no name begins with."""
TOLD: Final = "我俺你您她它们没不了吗呢么有说被把想让给哪谁啥咋怎逼去"
"""Letters that no part of an address has."""

_NUMBERED: Final = tuple("一二三四五六七八九十实职")
_BESIDE: Final = re.compile("(?:里面?|上面?|门口|门前|附近|旁边|对面|[东西南北](?:头|边|面))$")
_AT: Final = "(?:[东西南北]门)?(?:门口|门前|对面|附近|旁边|路口|隔壁)"
_ROAD: Final = f"[^\\W\\d_A-Za-z{NOT_IN_NAME}{TOLD}和与跟同路街]{{1,5}}(?:路|大街|大道|街)"
_CROSSING: Final = re.compile(f"{_ROAD}[和与跟同]{_ROAD}(?:交叉口|交汇处|交会处|十字路口|路口|交口|交叉)")
_NUMBERED_PART: Final = r"[\d一二三四五六七八九十百]{1,4}(?:号楼|号院|单元|栋|幢|座|组|队|室|户|号(?![线机]))"
_VILLAGE_OF: Final = re.compile(
    rf"(?:我|俺|咱)们?家?(?:是|住在|住|在)(?P<name>[^\W\d_A-Za-z{NOT_IN_NAME}{TOLD}这那个开]{{1,5}}"
    r"[村庄屯营寨堡峪沟岭坡崖店坊集埠湖泉疃](?:村|子)?)(?:那边|这边|上|里)?[的嘞](?=[，,。\s]|$)"
)
"""Who says from which village they are (俺是王庄的): of one letter and an end, as most are called."""
_OF_ROADS: Final = ("路", "街", "道")
_LONGEST_ROAD: Final = 4
ROAD_OF_ANOTHER: Final = re.compile(
    r"(?:路|街)(?=[灯面牌])|(?<=[路街道])路(?=[边沿旁上下中两])|路(?=过(?![了去往来红街程]))"
)
"""What looks like a road and is none (应急路上路灯不亮, 通达路路边, 大车路过)."""


class PlaceKinds:
    """Tells names from words that only say what kind of place it is, or whose."""

    def __init__(self, words: MeaningWords) -> None:
        """Take the city's words."""
        self._words = words

    def is_nameless(self, detail: str) -> bool:
        """Tell whether it only says whose place it is (我们小区, 俺村), which nobody finds."""
        detail = detail.removeprefix("的")
        rest = self.without_own(detail)
        return rest != detail and self.is_kind(rest.removeprefix("的"))

    def without_own(self, detail: str) -> str:
        """Return ``detail`` without the words that say whose place it is (俺那个庄 → 庄)."""
        whose = next((word for word in self._words.place_own if detail.startswith(word)), None)
        return detail if whose is None else self.without_own(detail[len(whose) :])

    def is_kind(self, detail: str) -> bool:
        """Tell whether it is a kind of place and no name (小区, 医院门口, 这里)."""
        if detail in self._words.place_nowhere:
            return True
        kind = _BESIDE.sub("", detail)
        is_kind = kind in self._words.place_ends or kind in self._words.place_named
        return is_kind and not kind.startswith(_NUMBERED)  # 兰山区一中 is one school

    def is_name(self, detail: str) -> bool:
        """Tell whether it names one place."""
        return not (self.is_nameless(detail) or self.is_kind(detail))


class NamedPlaces:
    """Finds such names by a city's words (``understanding.yaml``: ``place``)."""

    def __init__(self, words: MeaningWords, addresses: AddressReader) -> None:
        """Take the city's words, and who reads addresses."""
        self._words, self._addresses = words, addresses
        self._kinds, self._passing = PlaceKinds(words), Passing(words)
        named = "|".join(map(re.escape, words.place_named))
        letters = rf"[^\W\d_A-Za-z{NOT_IN_NAME}{TOLD}]{{2,6}}?"
        self._beside = re.compile(rf"(?<![^，。！？；,.!?;\s])(?P<name>{letters}(?:{named}))(?:{_AT})")
        first = words.place_first
        begins = "|".join(map(re.escape, (*words.greetings, *words.place_own, *first.before)))
        roads = "|".join(re.escape(end) for end in first.ends if end.endswith(_OF_ROADS))
        areas = "|".join(re.escape(end) for end in first.ends if not end.endswith(_OF_ROADS))
        self._first = re.compile(
            rf"(?:(?:{begins}|家?是|家?住)[，,\s]*)*"
            rf"(?P<place>(?P<name>{letters}(?:(?:{areas})+|{roads}))(?=.)(?:{_NUMBERED_PART})*(?:{_AT})?)"
        )

        self._area = re.compile(rf"(?P<name>{letters}(?:{areas})+)(?=.)(?:{_NUMBERED_PART})*(?:{_AT})?")

    def place(self, text: str) -> Place | None:
        """Return the place that ``text`` tells in one of these ways, or None."""
        text = self._passing.without(text)
        detail = self._crossing(text) or self._beside_named(text) or self._told_first(text)
        detail = detail or self._village_of(text)
        return Place(said=detail, detail=detail, address=self._addresses.read(detail)) if detail else None

    def _crossing(self, text: str) -> str:
        """Return the crossing of two roads."""
        found = _CROSSING.search(self._stopped(text))
        if found is None:
            return ""
        address = self._addresses.read(found[0])
        begins = found[0].find(address.road) if address is not None else 0
        return found[0][max(begins, 0) :]  # 优化|沂蒙路与涑河南街交叉口

    def _beside_named(self, text: str) -> str:
        """Return what a clause begins with that is beside something with a name."""
        found = (
            one for one in self._beside.finditer(self._stopped(text)) if self._kinds.is_name(one["name"])
        )
        return next((one[0] for one in found), "")

    def _told_first(self, text: str) -> str:
        """Return the estate, village or road that ``text`` begins with and then tells of."""
        words = self._words.place_first
        for stop in self._words.place_stops:
            text = text.removeprefix(stop)
        found = self._first.match(text)
        if found is None or ROAD_OF_ANOTHER.match(text, found.end("name") - 1):
            return ""
        name = found["name"]
        is_other = any(word in name for word in words.none) or name.endswith(words.none_ends)
        is_other = is_other or text.startswith(words.none_next, found.end("name"))
        is_long = name.endswith("路") and len(name) > _LONGEST_ROAD
        if is_other or is_long or not self._kinds.is_name(name):
            return ""
        return found["place"] if found["place"] != name else f"{name}{self._on_road(text, found.end())}"

    def _on_road(self, text: str, end: int) -> str:
        """Return the estate or village that follows the road which ends there (叠翠路|幸福小区3号楼); empty where none does."""
        found = self._area.match(text, end) if text[end - 1] in _OF_ROADS else None
        if found is None or any(word in found["name"] for word in self._words.place_first.none):
            return ""
        is_other = text.startswith(self._words.place_first.none_next, found.end("name"))
        return "" if is_other or not self._kinds.is_name(found["name"]) else found[0]

    def _village_of(self, text: str) -> str:
        """Return the village that somebody says to be from."""
        found = _VILLAGE_OF.search(text)
        return found["name"] if found is not None and self._kinds.is_name(found["name"]) else ""

    def _stopped(self, text: str) -> str:
        """Begin a clause behind each word that ends a place (建议优化…)."""
        for word in self._words.place_stops:
            text = text.replace(word, "，")
        return text
