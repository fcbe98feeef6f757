"""What is said to change an order that is on record (更正、补充、不要了), and of which order it is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import any_of
from hotline.dialogue.short_answers import clauses
from hotline.phonetics import han_only

_LONGEST: Final = 40  # characters: who says more tells a matter
_LONGEST_CLAUSE: Final = 20  # 那个那个那个 may be divided in many ways
_LEAST_RIGHT: Final = 2  # characters: 65


class ChangeWords:
    """Reads what is said to change an order (``orders.yaml``: ``changes_order``)."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``orders.yaml``. Raises ``KeyError`` for a list that is missing."""
        said = rows["changes_order"]
        self._first, self._second = tuple(said["first"]), tuple(said["second"])
        self._before, self._all = tuple(said["before"]), tuple(said["all"])
        self._just, self._besides, self._what = (tuple(said[name]) for name in ("just", "besides", "what"))
        self._meant = tuple(said["meant"])
        self._also_at = re.compile(rf"(?P<where>{any_of(said['elsewhere'])}).{{0,6}}?{any_of(said['also'])}")
        which = any_of((*self._first, *self._second, *self._before, *self._just))
        lead, noun, what, wrong, slip, change, into, after, vague, drop = (
            any_of(said[name])
            for name in (
                "lead", "noun", "what", "wrong", "slip", "change", "into", "after", "vague", "drop",
            )
        )  # fmt: skip
        # 第二个路口 is no order.
        behind = rf"(?:{lead}|{noun}|{what}|{wrong}|{slip}|{drop}|\W|$)"
        self._turns = tuple(re.compile(rf"{any_of(words)}{behind}") for words in (self._first, self._second))
        what = any_of((*self._what, *said["where"]))
        named = rf"\w{{0,6}}?{vague}"
        self._dropped = re.compile(rf"{lead}*{which}{noun}?{lead}*{drop}{after}*")
        self._vaguely_dropped = re.compile(rf"{lead}*{named}{noun}?{lead}*{drop}{after}*")
        of_it = rf"(?:{lead}|{which}|{noun})*(?:{named}{noun}?{lead}*)?"
        self._wrong = re.compile(
            rf"(?!{any_of(said['others'])}){of_it}(?:{slip}|(?:{what}|{which}){lead}*(?:{wrong}|{slip})){after}*"
        )
        self._changed = re.compile(rf"{of_it}(?:{what}|{lead})*{change}(?:{what}|{which}|{noun}|{after})*")
        self._made = re.compile(rf"{of_it}{what}{lead}*{into}.{{2,}}")
        denies, puts = (any_of(rows["not_but"][name]) for name in ("not", "but"))
        self._right_first = re.compile(rf"{puts}.{{2,12}}?[，,、\s]*{denies}(?P<wrong>.{{2,12}})")
        earlier = rows["changes_earlier_order"]
        when, gap, order, own, does = (
            any_of(earlier[name]) for name in ("when", "gap", "order", "own", "does")
        )
        self._another_day = re.compile(rf"{when}{gap}{{0,4}}{order}")
        self._own_order, self._does = re.compile(rf"{own}(?!位)"), re.compile(does)
        self._not_earlier = tuple(earlier["but"])

    def drops(self, text: str, *, is_vague: bool) -> bool:
        """Tell whether a clause says that an order is not wanted any more (“前面那个不要了”); if ``is_vague``, one that is hardly named as well (“那个事算了”)."""
        parts = [han_only(part) for part in clauses(text)]
        ways = (self._dropped, self._vaguely_dropped) if is_vague else (self._dropped,)
        return any(way.fullmatch(part) for way in ways for part in parts if len(part) <= _LONGEST_CLAUSE)

    def says_wrong(self, text: str) -> bool:
        """Tell whether a clause says that something of an order is wrong, or to be changed (“门牌号不对”, “改一下”, “把地址改成建设路”)."""
        return len(han_only(text)) <= _LONGEST and any(map(self._is_wrong, clauses(text)))

    def _is_wrong(self, clause: str) -> bool:
        words = "".join(clause.split())
        ways = (self._wrong, self._changed, self._made)
        return len(words) <= _LONGEST_CLAUSE and any(way.fullmatch(words) for way in ways)

    def tells_right(self, text: str) -> bool:
        """Tell whether there is more than that something is wrong (“说错了，是88号”)."""
        rest = [part for part in clauses(text) if not self._is_wrong(part) or self._made.fullmatch(part)]
        return len("".join(rest)) >= _LEAST_RIGHT

    def wrong_last(self, text: str) -> str:
        """Return what is said to be wrong behind what is right (“是长安路不是正阳路”); empty where nothing is."""
        found = self._right_first.search(text)
        return next(iter(clauses(found["wrong"])), "") if found is not None else ""

    def which(self, text: str) -> int | None:
        """Return the turn of the order that is named by its turn (“第一个”), counted from 0; None where none is."""
        return next((index for index, turn in enumerate(self._turns) if turn.search(text)), None)

    def points_before(self, text: str) -> bool:
        """Tell whether an order before the matter at hand is pointed to (“前面那个”); “刚才那个” may be that matter itself."""
        return any(words in text for words in self._before)

    def points_back(self, text: str) -> bool:
        """Tell whether an order is pointed to, and not said which (“刚才那个”)."""
        return any(words in text for words in (*self._before, *self._just))

    def names_what(self, text: str) -> bool:
        """Tell whether it is named what of an order is meant (门牌号)."""
        return any(words in text for words in self._what)

    def is_besides(self, text: str) -> bool:
        """Tell whether ``text`` begins as something more (“还有公厕锁着门”)."""
        return text.startswith(self._besides)

    def also_at(self, text: str) -> str:
        """Return what is named as another place where it is so too (“那边学校门口也有摆摊的”); empty where none is."""
        found = self._also_at.search(text)
        return found["where"] if found is not None else ""

    def says_meant(self, text: str) -> bool:
        """Tell whether it is said what was meant (“不是，我是说第二个路口的”)."""
        return any(words in text for words in self._meant)

    def means_all(self, text: str) -> bool:
        """Tell whether all orders are meant (“两个都保密”)."""
        return any(words in text for words in self._all)

    def changes_of_another_day(self, text: str) -> bool:
        """Tell whether an order of another day is to be put right or added to (“上次登记的还要补充一点”)."""
        return self._changes_earlier(text) and self._another_day.search(text) is not None

    def changes_own(self, text: str) -> bool:
        """Tell whether an order of one's own is to be put right or added to, made whenever (“我那个单子的地址给我改一下”)."""
        return self._changes_earlier(text) and self._own_order.search(text) is not None

    def _changes_earlier(self, text: str) -> bool:
        is_other = any(words in text for words in self._not_earlier)
        return len(han_only(text)) <= _LONGEST and not is_other and self._does.search(text) is not None
