"""People who are kept from leaving (非法拘禁): “把我锁在办公室里不让我走”, “不让我走，把门都锁了”.

Neither half says it alone: “公司不让我走” is about giving notice, “保安把门锁了” about a gate. The lists are a city's data
(``held`` in ``safety.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hotline.dialogue.patterns import any_of


class HeldPeople:
    """Finds people who are kept from leaving."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take ``held``; a list that is missing is a ``KeyError``."""
        whom, done, doors, lets, going = (
            any_of(rows[name]) for name in ("whom", "done", "doors", "lets", "going")
        )
        own, beside, stuck, takes, by = (
            any_of(rows[name]) for name in ("own", "beside", "stuck", "takes", "by")
        )
        most = int(rows["most"])
        taken = rf"{takes}{whom}{beside}*{done}|{whom}{beside}*{by}.{{0,{most}}}?{done}"
        self._taken, self._leaving = re.compile(taken), re.compile(rf"{lets}{whom}?{going}|{stuck}")
        self._door, self._own_leaving = re.compile(doors), re.compile(rf"{lets}{own}{going}")
        self._gates = tuple(rows["gates"])

    def find(self, text: str) -> str | None:
        """Return the words that say that somebody is held, None when nobody is."""
        if (taken := self._taken.search(text)) and self._leaving.search(text):
            return taken.group()
        if any(word in text for word in self._gates):
            return None
        door = self._door.search(text)
        return door.group() if door and self._own_leaving.search(text) else None
