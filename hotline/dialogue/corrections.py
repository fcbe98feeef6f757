"""How something is put right (更正): what is wrong, what is meant instead, and what was asked instead of what was answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.change_words import ChangeWords
from hotline.dialogue.endings import Endings
from hotline.dialogue.patterns import either
from hotline.dialogue.short_answers import Answer, clauses

_GAP_SIGNS: Final = r"[，,。\s]"
_GAPS: Final = f"{_GAP_SIGNS}*"


class Corrections(Endings):
    """Reads what puts something right."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        super().__init__(rows)
        self._corrects = tuple(rows["corrects_inside"])
        self.of_changes = ChangeWords(rows)
        wrong, right = (either(rows["not_but"][name]) for name in ("not", "but"))
        self._not_but = re.compile(
            rf".{{0,10}}?(?:{wrong})(?P<first>[^不]+?){_GAPS}(?:{right})(?P<second>.{{2,}})"
        )
        denied = either(self._starts[Answer.NO])
        alone = either(
            word for word in self._starts[Answer.NO] if not word.endswith("是")
        )  # 不是平安路 tells nothing
        self._right_alone = re.compile(
            rf"(?:(?:{denied}){_GAPS})*(?:{right})在?(?P<right>.{{2,}})"
            rf"|(?:(?:{alone}){_GAPS}|(?:{denied}){_GAP_SIGNS}+)+在?(?P<said>.{{2,}})"
        )
        asked = rows["asked_instead"]
        leads, denied, what, asks, wishes = (
            either(asked[name]) for name in ("leads", "denials", "what", "asks", "wishes")
        )
        denial = rf"(?:(?:{leads})*(?:{denied})(?:{what})*{_GAPS})+"
        self._asked_instead = re.compile(
            rf"(?:{denial}(?:{leads})*(?:{asks}|{wishes})|(?:{leads})*(?:{asks})){_GAPS}(?P<asked>.{{2,}})"
        )

    def meant(self, text: str) -> str:
        """Return what was meant instead of what was answered (“不对，是补办”, “不是贷款，我问的是提取”); empty where nothing is said."""
        if asked := self.asked_instead(text):
            return asked
        if (both := self.put_right(text)) is not None:
            return both[1]
        return self.right_alone(text) if self.opens_with(text, Answer.NO) else ""

    def asked_instead(self, text: str) -> str:
        """Return what is said to have been asked, and not what was answered (“不是，我问的是护照怎么换”); empty where nothing is."""
        found = self._asked_instead.fullmatch(text.strip("。. "))
        return found["asked"] if found is not None else ""

    def corrects(self, text: str) -> bool:
        """Tell whether ``text`` puts right what was read back (“不对，是路灯”, “我说的是路灯”)."""
        return self.opens_with(text, Answer.NO) or any(word in text for word in self._corrects)

    def put_right(self, text: str) -> tuple[str, str] | None:
        """Return what ``text`` says is wrong and what is right (“不是路灯，是红绿灯”); None where it does not say both."""
        found = self._not_but.fullmatch(text.strip("。. "))
        return (found["first"].strip("，, "), found["second"]) if found is not None else None

    def right_alone(self, text: str) -> str:
        """Return what ``text`` says is right where that is all it says (“不对，是通达路”, “应该是平安路”); empty where it says more or less."""
        found = self._right_alone.fullmatch(text.strip("。. "))
        return (found["right"] or found["said"]) if found is not None else ""

    def said_wrong(self, text: str) -> str:
        """Return ``text`` with a denial for what says that something is wrong (“楼号错了，是9号楼”); as it is where nothing does, or all of it."""
        first, *rest = clauses(text) or [text]
        is_wrong = self.of_changes.says_wrong(first) and not self.opens_with(first, Answer.NO)
        return self.denied("，".join(rest)) if rest and is_wrong else text

    def denied(self, right: str) -> str:
        """Return ``right`` as said after a denial (“不对，红绿灯”)."""
        return f"{self._lists[Answer.NO][0]}，{right}"
