"""Slips (口误、听错、打错): of the tongue, put right at once; of the ear; of the finger that dialled; and what is said to others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import either
from hotline.dialogue.short_answers import first_clause, last_clause
from hotline.phonetics import han_only

_GAPS: Final = r"[，,。\s]*"
_SHORT: Final = 16  # characters


class Slips:
    """Reads slips (``answers.yaml``: ``misspoken``, ``not_but``, ``misheard_denial``, ``misdialled_start``, ``taken_for``, ``to_others``, ``asks_others``)."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        cues, leads = (either(rows["misspoken"][name]) for name in ("cues", "leads"))
        wrong, right = (either(rows["not_but"][name]) for name in ("not", "but"))
        self._lead = re.compile(rf"(?:{leads})+")
        self._misspoken = (
            re.compile(rf".{{0,12}}?(?:{cues}){_GAPS}(?:{leads})?(?P<meant>.{{2,}})"),
            re.compile(rf".{{0,10}}?(?:{wrong}).+?{_GAPS}(?:{right})(?P<meant>.{{2,}})"),
        )
        self._oneself = frozenset(rows["oneself"])
        self._denial, self._is_not = map(str, rows["no"][:2])
        self._misheard_denial = tuple(rows["misheard_denial"])
        taken, dialled = rows["taken_for"], rows["misdialled_start"]
        begins, ends, names = (either(taken[name]) for name in ("begins", "ends", "names"))
        self._taken_for = re.compile(
            rf"(?:{begins})+(?:{either(taken['be'])}).{{0,6}}(?:{names}).{{0,4}}?(?:{ends})"
        )
        before, said, whose = (either(dialled[name]) for name in ("before", "words", "for"))
        self._misdialled = re.compile(rf"(?:{before})*(?:{said})+(?:(?:{before})|(?:{whose}).+|{said})*")

        others = rows["to_others"]
        hushes, phones, after, alone = (
            either(others[name]) for name in ("hushes", "phones", "after", "alone")
        )
        near = f"[^{re.escape(str(others['not']))}]"
        self._to_others = re.compile(
            rf"(?:{near}{{0,8}}(?:{hushes})(?:{after})*)?{near}{{0,4}}(?:{phones})(?:{after})*|{near}{{0,3}}(?:{alone})"
        )

        asks = rows["asks_others"]
        before, whom, to, more, whether, what, ends = (
            either(asks[name]) for name in ("before", "whom", "to", "more", "whether", "what", "ends")
        )
        self._asks_others = re.compile(
            rf"(?:{before})*(?:{whom})+(?:{to})*(?:(?:{more})(?:{what})+(?:{ends})+|(?:{whether})(?:{what})+(?:{ends})*)"
        )

    def put_anew(self, text: str) -> str:
        """Return what is meant instead of what was told (“不是路灯，是红绿灯”, “不对我说错了是停水”); empty where nothing is."""
        found = (pattern.fullmatch(text.strip("。. ")) for pattern in self._misspoken)
        return next((one["meant"] for one in found if one is not None), "")

    def right_first(self, text: str) -> tuple[str, str]:
        """Return what is right and what is wrong where the right comes first (“五号楼不是三号楼”, “错了，我们是王庄村，不是刘庄村”); both empty where it does not."""
        before, found, wrong = text.strip("。. ").partition(self._is_not)
        right = self._lead.sub("", last_clause(before))
        return (right, first_clause(wrong)) if found and right and len(wrong) > 1 else ("", "")

    def is_oneself(self, wrong: str) -> bool:
        """Tell whether it is only oneself of whom it is not told (“不是我，是俺邻居”)."""
        return wrong.strip("，, ") in self._oneself

    def denial_heard(self, text: str) -> str:
        """Return an answer to the read-back with 不对 for what it is misheard as at the beginning (“部队，是沂蒙路”)."""
        misheard = next((word for word in self._misheard_denial if text.startswith(word)), "")
        return f"{self._denial}{text.removeprefix(misheard)}" if misheard else text

    def takes_for_another(self, text: str) -> bool:
        """Tell whether a short question takes the hotline for somebody else (“你们是顺丰吗”, “你们不是建设银行吗”)."""
        words = han_only(text)
        return len(words) <= _SHORT and self._taken_for.fullmatch(words) is not None

    def has_misdialled(self, text: str) -> bool:
        """Tell whether a short sentence says that the number was dialled by mistake, and perhaps whose was meant (“打错了，我以为是建行”)."""
        words = han_only(text)
        return len(words) <= _SHORT and self._misdialled.fullmatch(words) is not None

    def speaks_to_others(self, text: str) -> bool:
        """Tell whether a short sentence is said to somebody beside the telephone (“老伴你小点声，我打电话呢”, “他爹你还有啥要说的没”)."""
        words = han_only(text)
        ways = (self._to_others, self._asks_others)
        return len(words) <= _SHORT + _SHORT and any(way.fullmatch(words) for way in ways)
