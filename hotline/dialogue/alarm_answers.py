"""What is answered to “现在有紧急危险吗”: yes, no, or what is happening (“窗户里都能看见火苗子了”).

A word alone is not to be trusted: 没有意识了 holds 没有, and 谈不上紧急 holds 紧急. So what is no denial is taken out first, what
is said to be over is read before what is going on, and what still goes on outweighs both. The lists are a city's data
(``is_it_urgent`` in ``safety.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import any_of, without

_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;…\s]+")
_NEAR: Final = 3
"""Characters before a word within which a negation is its own (没法往医院送)."""
_BETWEEN: Final = 4  # characters between a helper and what they do (警察已经来了)
_LISTS: Final = (
    "asks_back", "retorts", "impatient", "comes", "repairs", "not_no", "dire", "no", "over", "not_over", "yes", "yes_now",
    "no_start", "no_whole", "yes_whole", "still", "signs", "harmless", "other",
)  # fmt: skip


class AlarmAnswers:
    """Reads answers to the question whether there is danger now."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take ``is_it_urgent``; a list that is missing is a ``KeyError``."""
        self._words = {name: tuple(rows[name]) for name in _LISTS}
        mild, helped = rows["mild"], rows["helped"]
        self._mild = re.compile(
            rf"{any_of(mild['denies'])}{any_of(mild['how'])}*{any_of(mild['danger'])}(?!{any_of(mild['unless'])})"
        )
        not_sent, not_between = any_of(helped["not_sent"]), "".join(helped["not_between"])
        self._helped = re.compile(
            rf"(?<!{not_sent}){any_of(helped['helpers'])}[^{not_between}]{{0,{_BETWEEN}}}{any_of(helped['done'])}(?!{any_of(helped['not_after'])})"
        )

    def asks_back(self, text: str) -> bool:
        """Tell whether the question itself was asked back (什么危险)."""
        return self._has("asks_back", text)

    def is_urgent(self, text: str) -> bool | None:
        """Tell whether ``text`` says that it is urgent (True), that it is not (False), or neither."""
        said = _CLAUSE.sub("", text)
        if self._has("retorts", text) or self._hurries(text):
            return True
        if said in self._words["no_whole"] or said in self._words["yes_whole"]:
            return said in self._words["yes_whole"]
        if self._has("dire", text):
            return True
        rest = without(text, self._words["not_no"])
        if self._has("no", rest) or self._is_over(rest):
            return False
        # 我现在想问医保 is no yes, nor is 现在没在，昨天来的.
        is_now = self._has("yes_now", rest) and not (self.is_of_another(text) or self._has("harmless", text))
        return True if self._has("yes", rest) or is_now else None

    def begins_as_denial(self, text: str) -> bool:
        """Tell whether ``text`` begins with a no to what was heard (不是着火，是旱) and says nothing that goes on still."""
        said = _CLAUSE.sub("", text)
        return said.startswith(self._words["no_start"]) and not self._has("still", said)

    def describes_danger(self, text: str) -> bool:
        """Tell whether ``text`` says what can be seen of a danger (脸色煞白直冒汗), and not that it is none."""
        return not self.is_of_another(text) and self._has("signs", text)

    def is_harmless(self, text: str) -> bool:
        """Tell whether ``text`` begins as a denial, or says that it was long ago, or something that burns as it should (烧纸)."""
        is_denied = _CLAUSE.sub("", text).startswith(self._words["no_start"])
        return is_denied or self._has("harmless", text)

    def is_of_another(self, text: str) -> bool:
        """Tell whether ``text`` asks or complains of something else instead of an answer (我想问一下医保)."""
        return self._has("other", text)

    def _has(self, name: str, text: str) -> bool:
        return any(word in text for word in self._words[name])

    def _hurries(self, text: str) -> bool:
        """Tell whether a no is said to the asking only (别转了你们直接来)."""
        comes = self._has("impatient", text) and self._has("comes", text)
        return comes and not self._has("repairs", text)

    def _is_over(self, text: str) -> bool:
        """Tell whether ``text`` says that it is no danger (谈不上紧急), that it is over (现在散了), or that help is there."""
        if self._mild.search(text) or self._helped.search(text):
            return True
        starts = ((text.find(word), word) for word in self._words["over"])
        return any(start >= 0 and self._ends(text, start, start + len(word)) for start, word in starts)

    def _ends(self, text: str, start: int, end: int) -> bool:
        """Tell whether what is said to be over is not denied before it (没散), and nothing dangerous is told behind it."""
        before = _CLAUSE.split(text[max(0, start - _NEAR) : start])[-1]
        return not any(no in before for no in self._words["not_over"]) and not self._has("signs", text[end:])
