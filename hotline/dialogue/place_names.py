"""Names of places that no file of the city has (地名): told by how they end, and by letters that no name has.

Such a name is kept as the citizen said it. Of what is no name nothing is guessed: “学籍在手里能转不” is no place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hotline.dialogue.patterns import any_of
from hotline.domain.errors import CityConfigError
from hotline.phonetics import han_only

_PAUSE: Final = re.compile(r"[，,。.、\s]+")
_LEAST: Final = 3  # characters: 沂蒙路; 修路 is no name
_LEAST_ESTATE: Final = 2  # characters: 凯旋|五号楼
_LONGEST_BARE: Final = 8  # characters
_LONGEST: Final = 14  # characters


class PlaceNames:
    """Reads names of places in answers (``answers.yaml``: ``place_named``, ``place_numbered``, ``everywhere``, ``place_shop``, ``place_before_name``, ``place_pointed``, ``place_online``, ``place_like``, ``not_place_like``, ``not_in_name``, ``nowhere``, ``not_at_end``, ``same_place``, ``same_place_alone``, ``not_same_place``, ``there_too``, ``tells_where``, ``goes_on_there``, ``invites_place``, ``kept_at_end``)."""

    def __init__(self, rows: Mapping[str, Any], *, core: Callable[[str], str], file: str = "") -> None:
        """Take the content of ``answers.yaml``; ``core`` strips what says nothing from both ends of an answer."""
        try:
            self._ends = tuple(rows["place_named"])
            numbered = rows["place_numbered"]
            number, ends, houses = (
                rf"[\dA-Z{numbered['numerals']}]+",
                "|".join(map(re.escape, numbered["ends"])),
                "|".join(map(re.escape, numbered["buildings"])),
            )
            self._numbered = re.compile(rf"{number}(?P<of>{ends})")
            self._building = re.compile(rf"{number}(?:{houses})(?:{number}(?:{ends}))*(?:\d{{3,4}}(?!\d))?")
            everywhere = rows["everywhere"]
            self._everywhere = {word: name for name, words in everywhere["names"].items() for word in words}
            self._whole_city: str = everywhere["city"]
            self._not_in_name = frozenset(rows["not_in_name"])
            before = "|".join(map(re.escape, rows["place_shop_before"]))
            shops = "|".join(map(re.escape, sorted(rows["place_shop"], key=len, reverse=True)))
            self._shop = re.compile(rf"(?:{before})*(?P<name>\w{{2,8}}?(?:{shops}))")
            self._pointed, self._called = tuple(rows["place_pointed"]), tuple(rows["place_called"])
            self._at, self._beside = "".join(rows["place_at"]), tuple(rows["place_beside"])
            self._only_last = tuple(rows["only_last_in_name"])
            self._before_name = tuple(rows["place_before_name"])
            self._nowhere = frozenset(rows["nowhere"])
            self._not_at_end = tuple(rows["not_at_end"])
            self._same = tuple(rows["same_place"])
            self._not_same, self._same_alone = (
                tuple(rows["not_same_place"]),
                frozenset(rows["same_place_alone"]),
            )
            self._tells_where = tuple(rows["tells_where"])
            self._too_at = re.compile(f"^{any_of(rows['there_too'])}+")
            there = rows["goes_on_there"]
            self._goes_on, self._too = tuple(there["begins"]), tuple(there["too"])
            self._points_back = {str(end): tuple(words) for end, words in there["pointed"].items()}
            online = rows["place_online"]
            lead, where, inside, does, after, none = (
                any_of(online[name]) for name in ("before", "where", "inside", "does", "after", "none")
            )
            told = rf"{lead}*{where}{inside}?(?:{does}{after}*|{after}+)?"
            self._online = re.compile(rf"{lead}*{none}?{told}(?:{lead}*{none}{after}*)?")
            self._invites = tuple(rows["invites_place"])
            self._kept_at_end = tuple(rows["kept_at_end"])
            self._like, self._unlike = tuple(rows["place_like"]), tuple(rows["not_place_like"])
        except KeyError as error:
            raise CityConfigError(file=file, reason=f"地名词表缺少 {error}") from error
        self._bare = core

    def _core(self, words: str) -> str:
        """Return ``words`` without what says nothing at both ends; 吧 says what a 网吧 is."""
        core = self._bare(words)
        tail = words[words.find(core) + len(core) :]
        kept = (word for word in self._kept_at_end if core.endswith(word[:-1]) and tail.startswith(word[-1]))
        return next((core + word[-1] for word in kept), core)

    def may_be(self, text: str) -> bool:
        """Tell whether ``text`` may be a name (鑫达物流公司): it is short, and has nothing that no name has (我家没暖气)."""
        core = self._core(han_only(text))
        return len(core) <= _LONGEST and self._not_in_name.isdisjoint(
            core[:-1] if core.endswith(self._only_last) else core
        )

    def is_name(self, text: str) -> bool:
        """Tell whether ``text`` is the name of a place by its end, and nothing else (沂河路和通达路交叉口, 银座附近, 沂蒙路上)."""
        core = self._core(han_only(text))
        if any(
            (head := core.partition(word))[1]
            and self._is_near_name(head[0].removesuffix("的"))  # 沭河边上的那个厂
            for word in self._pointed
        ):
            return len(core) <= _LONGEST
        estate = self._without_number(core)
        is_named = len(core) >= _LEAST and core.endswith(self._ends) and self.may_be(core)
        is_named = is_named or (len(estate) >= _LEAST_ESTATE and estate != core and self.may_be(estate))
        return is_named or self._is_near_name(core)

    def _without_number(self, text: str) -> str:
        """Return ``text`` without the numbers of a building and what is in it at its end (御景湾三号楼)."""
        found = next((one for one in self._numbered.finditer(text) if one.end() == len(text)), None)
        return text if found is None else self._without_number(text[: found.start()])

    def _is_near_name(self, text: str) -> bool:
        """Tell whether ``text`` is a name, or what lies on, in or beside one (解放路上)."""
        name = text.lstrip(self._at)
        ways = (name, name[:-1]) if name.endswith(self._beside) else (name,)  # 就是实验学校门口
        return any(len(way) >= _LEAST and way.endswith(self._ends) and self.may_be(way) for way in ways)

    def is_number(self, text: str) -> bool:
        """Tell whether ``text`` is the number of a house, a flat or the like and nothing else (5号楼)."""
        return self._numbered.fullmatch(text) is not None

    def number_like(self, number: str, place: str) -> str:
        """Return the number in ``place`` that is of the same kind as ``number`` (3号楼, for 5号楼); empty where there is none."""
        of = self._numbered.fullmatch(number)
        alike = (
            found[0] for found in self._numbered.finditer(place) if of is not None and found["of"] == of["of"]
        )
        return next(alike, "")

    def building(self, text: str) -> str:
        """Return the building in ``text``, with entrance and flat (6号楼2单元停电了); empty where there is none, or more than one."""
        found = set(self._building.findall(text))
        return found.pop() if len(found) == 1 else ""

    def has_number(self, place: str) -> bool:
        """Tell whether ``place`` has the number of a house or the like in it."""
        return self._numbered.search(place) is not None

    def everywhere(self, text: str) -> str:
        """Return what is said for an answer that it is no single place (多处 for 到处都是, 全市 for 整个临沂市); empty where it is one."""
        if len(text) > _LONGEST:
            return ""
        return next((name for word, name in self._everywhere.items() if word in text), "")

    def is_whole_city(self, place: str) -> bool:
        """Tell whether ``place`` is the whole city, of which no county need be asked."""
        return place == self._whole_city

    def is_online(self, text: str) -> bool:
        """Tell whether an answer is only that it is on the net (“网上买的，没有具体位置”), where no place can be told."""
        words = han_only(text)
        return len(words) <= _LONGEST + _LONGEST and self._online.fullmatch(words) is not None

    def called(self, text: str) -> str:
        """Return the name in ``text``, without the words that introduce it (楼盘叫春江郦城)."""
        name = text.strip("，。,. ")
        for words in self._called:
            if name.startswith(words) and len(name) > len(words) + 1:
                return name.removeprefix(words)
        return name

    def is_bare(self, text: str) -> bool:
        """Tell whether ``text`` may be a name without an end of its own (香榭丽都)."""
        return _LEAST <= len(self._core(han_only(text))) <= _LONGEST_BARE and self.may_be(text)

    def behind(self, place: str, text: str) -> str:
        """Return the name that follows ``place`` in an answer (义堂镇书香门第), whatever it ends in; empty where it may be none."""
        _, found, rest = text.rpartition(place)
        if not found:  # put right in the same breath
            return ""
        rest = _PAUSE.sub("", self._without_pointing(rest.strip("，。,. 的")))
        for word in self._pointed:
            rest = rest.removeprefix(word)
        rest = self.called(rest)  # 兰山区那个，叫金泰华府
        core = self._core(rest) if rest and rest == han_only(rest) else ""
        if core in self._nowhere:
            return ""
        for word in self._pointed:
            head, found, tail = core.partition(word)
            if not found:
                continue
            name = self.called(tail)  # 双月园那个大酒店; 万达广场三楼那个叫动力健身
            is_name = bool(head and name) and self.may_be(head) and self.may_be(name)
            return f"{head}{word if name == tail else ''}{name}" if is_name else ""
        return core if len(core) > 1 and self.may_be(core) else ""

    def shop_behind(self, place: str, text: str) -> str:
        """Return the shop or company that follows ``place`` at once (建设路15号惠民超市卖过期食品); empty where none does."""
        _, known, rest = text.rpartition(place)
        found = self._shop.match(rest) if known else None
        is_name = found is not None and self._not_in_name.isdisjoint(found["name"])
        return found["name"] if found is not None and is_name else ""

    def may_go_on(self, place: str) -> bool:
        """Tell whether the name of a shop or an estate may follow what ``place`` ends in (泰安路26号|丽人理发店, 费县县城|九州超市)."""
        return place.endswith(self._before_name)

    def before(self, place: str, text: str) -> str:
        """Return the names that come before ``place`` in an answer, an estate before its building (5号楼，天泰花园，罗庄区的); empty where none does."""
        parts = [part for part in _PAUSE.split(text.rpartition(place)[0]) if part]
        parts = [part.strip(self._at) for part in parts if part.strip(self._at)]
        names = [part for part in parts if self.is_name(part) and not self.is_number(part)]
        return "".join((*names, *filter(self.is_number, parts))) if names else ""

    def named_last(self, text: str) -> str:
        """Return ``text``, or else its last clause, if that is the name of a place (“在哪儿呢，哦，临沂大学西门对面”); empty where neither is."""
        if self.is_name(text):
            name = text.lstrip(self._at)  # 就临沂大学西门
            return name if self.is_name(name) else text
        last = next((part for part in reversed(_PAUSE.split(text)) if part), "")
        return last if self.is_name(last) else ""

    def _without_pointing(self, text: str) -> str:
        """Return ``text`` without a last word that points there (双月湖那边)."""
        pointing = next((word for word in self._pointed if text.endswith(word)), "")
        return text.removesuffix(pointing)

    def may_tell(self, text: str) -> bool:
        """Tell whether words that name nothing known may still say where it is (村口小卖部对面), or say nothing of that (我怕报复)."""
        core = self._core(han_only(text))
        is_name = len(core) > 1 and self.may_be(text) and not han_only(text).endswith(self._not_at_end)
        for word in self._unlike:
            core = core.replace(word, "")
        return is_name or any(word in core for word in self._like)

    def is_same(self, text: str) -> bool:
        """Tell whether a short answer says that it is the place of the matter before (还是我们小区)."""
        is_other = any(words in text for words in self._not_same)
        is_told = han_only(text) in self._same_alone or any(words in text for words in self._same)
        return len(text) <= _LONGEST and is_told and not is_other

    def named_again(self, text: str, place: str) -> str:
        """Return the name in a short answer that is that of ``place``, or within it (也是幸福小区; 幸福小区三号楼); empty where it is another."""
        for clause in _PAUSE.split(text):
            name = self._core(self._too_at.sub("", clause)).removesuffix("的")
            is_part = len(name) >= _LEAST and place.endswith(name)
            is_within = len(place) >= _LEAST and name.startswith(place)
            if is_part or (is_within and (self.is_number(name.removeprefix(place)) or self.is_name(name))):
                return name
        return ""

    def is_there_too(self, text: str, place: str) -> bool:
        """Tell whether one clause of a matter says that it is of the same ``place`` (下水道堵了，也是金泰小区的)."""
        parts = _PAUSE.split(text)
        if any(part.startswith(self._tells_where) and not self._is_spot(part) for part in parts):
            return False  # 还有我们小区停水了，在……: told anew, and perhaps misheard
        return any(
            self.is_same(part) or self.points_back(part, place) or self.named_again(part, place)
            for part in parts
            if self._too_at.match(part)
        )

    def _is_spot(self, clause: str) -> bool:
        """Tell whether ``clause`` says only where within a place it is (在三号楼)."""
        lead = next((word for word in self._tells_where if clause.startswith(word)), "")
        return self.is_number(clause.removeprefix(lead))

    def points_back(self, text: str, place: str) -> bool:
        """Tell whether a short answer points to what ``place`` is (就这个小区啊, of an estate)."""
        return len(text) <= _LONGEST and any(words in text for words in self._pointing_to(place))

    def _pointing_to(self, place: str) -> tuple[str, ...]:
        return tuple(w for end, words in self._points_back.items() if place.endswith(end) for w in words)

    def ends_like_one(self, text: str) -> bool:
        """Tell whether ``text`` may be a bare name, and ends like a place (罗庄区|凤凰城)."""
        return self.is_bare(text) and text.endswith(self._like)

    def goes_on_there(self, text: str, place: str) -> bool:
        """Tell whether another matter is told as one of the same ``place`` (还有门口的斑马线也看不清了; 这条路上的红绿灯也坏了, after a road)."""
        return text.startswith((*self._goes_on, *self._pointing_to(place))) and any(
            word in text for word in self._too
        )

    def says_too(self, text: str) -> bool:
        """Tell whether ``text`` says that it is so somewhere else too (通达路也有占道的)."""
        return any(word in text for word in self._too)

    def is_within(self, name: str, place: str) -> bool:
        """Tell whether ``name`` is a part of what ``place`` is, or lies within it (隆山路; 叠翠路幸福小区, of 叠翠路)."""
        return min(len(name), len(place)) >= _LEAST and (name in place or name.startswith(place))

    def is_invited(self, answer: str) -> bool:
        """Tell whether an article's answer asks for a place to register (“您说出位置，我来登记”)."""
        return any(words in answer for words in self._invites)
