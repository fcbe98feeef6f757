"""Questions that sound like a trouble (像诉求的提问): where to complain of it, how money is got back, whether a fee is; and an answer said back in surprise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import any_of
from hotline.phonetics import han_only

_LONGEST: Final = 16  # characters: who says more tells a trouble
_LONGEST_ECHO: Final = 12  # characters


class QuestionWords:
    """Reads such questions (``answers.yaml``: ``asks_outright``, ``echoes_answer``)."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        asks, echoes = rows["asks_outright"], rows["echoes_answer"]
        to, whom, turns, of, can, back, after = (
            any_of(asks[name]) for name in ("to", "whom", "turns", "of", "can", "back", "after")
        )
        asked, between = any_of(asks["asked"]), any_of(asks["between"])
        self._how = re.compile(rf".+{any_of(asks['how'])}{any_of(asks['gets'])}{after}*")
        self._where = re.compile(rf".+{to}{whom}(?:{can})?{turns}{after}*")
        self._fee = re.compile(rf".*{of}.*?{can}{between}*{back}{after}*{asked}{after}*")
        self._choice = re.compile(rf".*{of}.*?{any_of(asks['whether'])}{between}*{back}{after}*")
        begins, when, still, but, ends = (
            any_of(echoes[name]) for name in ("begins", "when", "still", "but", "ends")
        )
        self._echo = re.compile(rf"{begins}*{when}{still}(?!{but}).{{1,4}}?{ends}")

    def asks_outright(self, text: str) -> bool:
        """Tell whether a short sentence asks of a trouble what is told at once (“欠薪上哪里投诉”, “暖气不热可以退费吗”)."""
        words = han_only(text)
        ways = (self._where, self._how, self._fee, self._choice)
        return len(words) <= _LONGEST and any(way.fullmatch(words) for way in ways)

    def echoes(self, text: str) -> bool:
        """Tell whether a few words say an answer back in surprise (“过年也不让放啊”)."""
        words = han_only(text)
        return len(words) <= _LONGEST_ECHO and self._echo.fullmatch(words) is not None
