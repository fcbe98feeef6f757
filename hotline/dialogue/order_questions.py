"""What is asked about an order that is on record (关于工单的话): its number, whose it is, what it says, what was promised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import either
from hotline.dialogue.short_answers import clauses, is_made_of
from hotline.phonetics import han_only
from hotline.written_forms import in_standard_words

_LONGEST: Final = 30  # characters: who says more tells a matter
_SHORT: Final = 24
_SHORTEST: Final = 16
_QUESTION_MARKS: Final = ("？", "?")


class OrderQuestions:
    """Reads what is asked of orders (``orders.yaml``: ``number_again``, ``number_noted``, ``order_whose``, ``order_content``, ``unit_phone``, ``promised``, ``looks_up_order``, ``urges_alone``, ``asks_if_undone``, ``points_at_order``)."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``orders.yaml``. Raises ``KeyError`` for a list that is missing."""
        again, noted, whose = (rows[name] for name in ("number_again", "number_noted", "order_whose"))
        self._number, self._plainly = tuple(again["number"]), tuple(again["plainly"])
        self._oneself = tuple(again["oneself"])
        self._number_asked, self._read_out = tuple(again["asks"]), tuple(again["reads"])
        self._writes, self._which = tuple(again["writes"]), tuple(map(tuple, again["which"].values()))
        self._of_number = (
            *again["beside"], *self._number, *self._number_asked, *self._read_out, *self._writes,
            *(word for words in self._which for word in words),
        )  # fmt: skip
        self._not_number, self._asks_if_noted = tuple(again["but"]), tuple(noted["asks"])
        before, done, after = (either(noted[name]) for name in ("before", "noted", "after"))
        self._noted = re.compile(rf"(?:{before})*(?:{done})(?:{after})*")
        before, to, who, does, after = (
            either(whose[name]) for name in ("before", "to", "who", "does", "after")
        )
        self._whose = re.compile(rf"(?:{before})*(?:(?:{to})(?:{who})|(?:{who})(?:{does}))(?:{after})*")
        content, phone = rows["order_content"], rows["unit_phone"]
        self._content, self._order_named = tuple(content["asks"]), tuple(content["named"])
        self._of_content = (*self._content, *self._order_named, *content["beside"])
        before, unit, near, number, asks, after, how = (
            either(phone[name]) for name in ("before", "unit", "near", "phone", "asks", "after", "how")
        )
        called = rf"(?:(?P<unit>{unit})|{near})的?(?:{number})(?:{asks})*"
        reached = rf"(?:{how})(?:(?P<sought>{unit})|{near})"
        self._unit_phone = re.compile(rf"(?:{before})*(?:{called}|{reached})(?:{after})*")
        self._take_promises(rows)
        looked, urged, points = (rows[name] for name in ("looks_up_order", "urges_alone", "points_at_order"))
        before, looks, order = (either(looked[name]) for name in ("before", "looks", "order"))
        self._looks_up = re.compile(
            rf"(?:{before})*(?:{looks}).{{0,{int(looked['most'])}}}?(?:{order})(?!.*(?:{either(looked['but'])}))"
        )
        self._urges, self._of_urging = tuple(urged["urges"]), (*urged["urges"], *urged["beside"])
        begins, what = (either(points[name]) for name in ("begins", "what"))
        self._points = re.compile(rf"(?:{begins}).{{1,{int(points['most'])}}}?(?:{what})")

        self._take_doubts(rows["asks_if_undone"])

    def _take_doubts(self, said: Mapping[str, Any]) -> None:
        """Make the pattern of what is asked for the case that nothing is done, and of whether anything can be."""
        before, case, who, undone, then = (
            either(said[name]) for name in ("before", "if", "who", "undone", "then")
        )
        able, whether, done, end = (either(said[name]) for name in ("able", "whether", "done", "ends"))
        near = rf"(?:{before}|{case}|{who})*"
        asked = rf"(?:(?:{able})?(?:{done})(?:{end})|(?:{whether})(?:{done})?(?:{end})*)"
        self._if_undone = re.compile(
            rf"{near}(?:{case}){near}(?:{undone})+(?:{then})+|(?:{before})*(?:{who})(?:{before})*{asked}"
        )

    def _take_promises(self, rows: Mapping[str, Any]) -> None:
        """Make the patterns of promises that were not kept."""
        promised = rows["promised"]
        before, who, said, reply = (either(promised[name]) for name in ("before", "who", "said", "reply"))
        near = rf".{{0,{int(promised['most'])}}}?"
        self._promised = re.compile(rf"(?:{before})*(?:{who})?(?:{said}){near}(?:{reply})")
        why, still, none, end = (either(promised[name]) for name in ("why", "still", "none", "end"))
        self._why_none = re.compile(
            rf"(?:{before})*(?:{who})?(?:{why})(?:{still})*(?:{none})(?:{reply})(?:{end})*"
        )

    def asks_number(self, text: str, *, is_plain: bool = False) -> bool:
        """Tell whether it is all about the number of an order, to hear it again or to write it down (“啥号来着”, “你慢点念，我拿笔记一下”).

        ``is_plain``: and it is plain that an order's is meant.
        """
        words = self._words(text, _SHORT)
        is_other = self.has_noted(text) or any(word in words for word in self._not_number)
        if not words or is_other or not is_made_of(words, self._of_number):
            return False
        if is_plain and not any(word in words for word in self._plainly):
            return False
        number, asked, read, written, oneself = (
            any(word in words for word in group)
            for group in (self._number, self._number_asked, self._read_out, self._writes, self._oneself)
        )
        which = any(word in words for group in self._which for word in group)
        return (number and (asked or read or written or which)) or (written and (read or oneself))

    def which_numbers(self, text: str) -> tuple[bool, bool, bool]:
        """Tell whether the first, the second or all of some orders are meant (“头一个单子号码是啥”)."""
        first, second, every = (any(word in text for word in group) for group in self._which)
        return first, second, every

    def has_noted(self, text: str) -> bool:
        """Tell whether ``text`` says that the number has been written down (“我抄下来了”); “记下了吗” asks."""
        words = self._words(text, _SHORTEST)
        is_question = text.rstrip().endswith(_QUESTION_MARKS)
        return bool(words) and not is_question and self._noted.fullmatch(words) is not None

    def behind_note(self, text: str) -> str | None:
        """Return what is said behind that the number has been written down (“记好了，没别的了”); None where that was not said."""
        parts = clauses(text)
        if self.has_noted(text):
            return ""
        if len(parts) > 1 and self.has_noted(parts[0]):
            return "，".join(parts[1:])
        words = self._words(text, _SHORTEST)
        found = self._noted.match(words) if len(parts) == 1 else None
        rest = words[found.end() :] if found is not None else ""
        return rest if rest not in ("", *self._asks_if_noted) else None  # 记下了没

    def asks_whose(self, text: str) -> bool:
        """Tell whether it is asked who handles the matter at hand, and nothing named (“你们转给哪个部门了”)."""
        words = self._words(text, _SHORT)
        return bool(words) and self._whose.fullmatch(words) is not None

    def asks_content(self, text: str) -> bool:
        """Tell whether it is asked what was written down (“你单子里咋写的，给我念念呗”)."""
        words = self._words(text, _SHORT)
        is_asked = any(word in words for word in self._content)
        return is_asked and is_made_of(words, self._of_content)

    def names_order(self, text: str) -> bool:
        """Tell whether ``text`` speaks of an order by that name (单子、工单)."""
        return any(word in text for word in self._order_named)

    def asks_unit_phone(self, text: str, *, is_at_hand: bool) -> bool:
        """Tell whether the telephone of who handles an order is asked for; ``is_at_hand``: 他们 are the units of that order."""
        parts = (han_only(in_standard_words(part)) for part in clauses(text))
        found = (self._unit_phone.fullmatch(part) for part in parts if part)
        is_short = len(han_only(text)) <= _LONGEST
        return is_short and any(
            one is not None and (is_at_hand or bool(one["unit"] or one["sought"])) for one in found
        )

    def reminds(self, text: str) -> bool:
        """Tell whether the hotline is reminded of an answer that was promised or has not come (“你不是说今天给我回复吗”)."""
        words = self._words(text, _LONGEST)
        first = han_only(in_standard_words(next(iter(clauses(text)), "")))
        return self._promised.match(words) is not None or self._why_none.fullmatch(first) is not None

    def looks_up(self, text: str) -> bool:
        """Tell whether an order is to be looked up (“我查一个单子，尾号0004”)."""
        return self._looks_up.match(self._words(text, _SHORT)) is not None

    def urges_alone(self, text: str) -> bool:
        """Tell whether a clause urges and says nothing else (“催一下呗，老人都摔了跟头了”)."""
        parts = [han_only(in_standard_words(part)) for part in clauses(text)]
        return any(
            is_made_of(part, self._of_urging) and any(word in part for word in self._urges)
            for part in parts
            if part
        )

    def asks_if_undone(self, text: str) -> bool:
        """Tell whether it is asked what to do if nothing is done (“那要是没人管我咋办”), or whether anything can be (“你们能管得了吗”)."""
        return self._if_undone.fullmatch(self._words(text, _SHORT)) is not None

    def points_at(self, text: str) -> bool:
        """Tell whether ``text`` only says which of what was told is meant (“就是污水那个”)."""
        return self._points.fullmatch(self._words(text, _SHORTEST)) is not None

    @staticmethod
    def _words(text: str, longest: int) -> str:
        """Return the characters of ``text`` in standard words; empty where there are more than ``longest``."""
        words = han_only(in_standard_words(text))
        return words if len(words) <= longest else ""
