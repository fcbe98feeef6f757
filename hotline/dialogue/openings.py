"""How a talk, or a matter in it, is opened (开场): announced, asked about, or to be registered, without a word of what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.corrections import Corrections
from hotline.dialogue.patterns import either
from hotline.dialogue.place_names import PlaceNames
from hotline.dialogue.several import SeveralMatters
from hotline.dialogue.short_answers import clauses
from hotline.phonetics import han_only

_SHORT_ANSWER: Final = 10  # characters: 那你帮我登记吧
_SHORT_WISH: Final = 16
_SHORT_STORY: Final = 24


class Openings(Corrections):
    """Reads what opens something."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        super().__init__(rows)
        self.places = PlaceNames(rows, core=self._core, file=file)
        self.several = SeveralMatters(rows, self.places)
        self._takes_up = tuple(rows["takes_up"])
        before, wants, asks, after, has, what, alone = (
            either(rows["opening"][name])
            for name in ("before", "wants", "asks", "after", "has", "what", "alone")
        )
        asked = rf"(?:{asks})(?:{after})*(?:{what})?"
        self._opening = re.compile(
            rf"(?:{before}|{wants})*(?:{asked}|(?:{has})(?:{what})(?:(?:{before}|{wants})*{asked})?)"
            rf"|(?:{before})*(?:{alone})"
        )
        inquires, upon, about = (either(rows["opening"][name]) for name in ("inquires", "upon", "about"))
        untold = re.escape(str(rows["opening"]["untold"]))
        self._inquiry = re.compile(
            rf"(?:{before}|{wants})*(?:{inquires})(?:{after})*(?:{upon})?(?P<about>[^{untold}]{{2,10}}?)(?:{about})"
        )
        gives, announces, which = (either(rows["announcing"][name]) for name in ("wants", "asks", "what"))
        self._announcing = re.compile(
            rf"(?:{before})*(?:{wants}|{gives})*(?:{announces})(?:{after})*(?:{which})?"
        )
        wants, asks, after, what = (
            either(rows["registering"][name]) for name in ("wants", "asks", "after", "what")
        )
        self._registering = re.compile(
            rf"(?:{before}|{wants})*(?:{asks})(?:{after})*(?P<what>{what})?(?:{after})*"
        )

    def only_opens(self, text: str) -> bool:
        """Tell whether ``text`` announces a question or a matter and says nothing of it (“我想问一下”, “我要反映个事”)."""
        words = han_only(text)
        # The pattern may try every way to divide “想要想要…”, so it is kept from long texts.
        ways = (words, self._core(words))  # 就是 is all, and a filler
        if len(words) <= _SHORT_WISH and any(self._opening.fullmatch(way) for way in ways):
            return True
        if self.several.only_announces(text) or self.only_registers(text):  # 我想反映三件事; 俺来登记个事
            return True
        parts = clauses(text)
        return len(parts) > 1 and len(words) <= _SHORT_STORY and all(map(self.only_opens, parts))

    def asks_about(self, text: str) -> str:
        """Return what ``text`` says that a question will be about (“我要咨询退役军人的事”); empty where it asks or tells more."""
        found = self._inquiry.fullmatch(han_only(text)) if len(text) <= _SHORT_STORY else None
        if found is None or self.asks(text) or self.only_opens(text):
            return ""
        return found["about"]

    def only_announces(self, text: str) -> bool:
        """Tell whether ``text`` says that there is a complaint or a suggestion and not which (“我要给市长提个建议”)."""
        words = han_only(text)
        return len(words) <= _SHORT_WISH and self._announcing.fullmatch(self._core(words)) is not None

    def takes_up(self, text: str) -> bool:
        """Tell whether a short answer asks for the matter at hand to be registered (“那你帮我登记吧”)."""
        words = self._core(han_only(text))
        is_refused = any(but in words for but in self._buts)  # 不用帮我登记
        is_taken_up = len(words) <= _SHORT_ANSWER and words.endswith(self._takes_up) and not is_refused
        return is_taken_up or self.registers_it(text)

    def registers_it(self, text: str) -> bool:
        """Tell whether ``text`` says that the matter at hand is to be registered, and nothing else (“那我登记一下吧”)."""
        found = self._registered(text)
        return found is not None and found["what"] is None

    def only_registers(self, text: str) -> bool:
        """Tell whether ``text`` says that something is to be registered and not what (“俺来登记个事”); 结婚登记 does."""
        return self._registered(text) is not None

    def _registered(self, text: str) -> re.Match[str] | None:
        words = han_only(text)
        return self._registering.fullmatch(words) if len(words) <= _SHORT_WISH else None
