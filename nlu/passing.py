"""How somebody came by a place (路过): words before its name that are no part of it (刚才路过|沂蒙路，看到井盖丢了)."""

from __future__ import annotations

import re
from typing import Final

from nlu.lexicon import MeaningWords

_PAUSE: Final = r"[，。！？；：,.!?;:\s]"


class Passing:
    """Finds them by a city's words (``understanding.yaml``: ``place``, ``passing``)."""

    def __init__(self, words: MeaningWords) -> None:
        """Take the city's words."""
        own = words.place_passing
        before, times, passes, not_behind = (
            "|".join(map(re.escape, each)) for each in (own.before, words.times, own.words, own.not_behind)
        )
        came = rf"(?:{before}|{times})*(?:{passes})(?!{not_behind})"
        self._came = re.compile(rf"(?:^|(?<={_PAUSE}))(?:{came})(?=.)")
        self._behind = re.compile(rf"{_PAUSE}*(?:{came})(?=.)")

    def without(self, text: str) -> str:
        """Return ``text`` with each clause begun behind such words."""
        return self._came.sub("", text)

    def until(self, text: str, start: int) -> int:
        """Return where such words end that begin at ``start`` (兰山区|昨天路过|通达路); ``start`` where there are none."""
        found = self._behind.match(text, start)
        return start if found is None else found.end()
