"""The record of a talk about an order (会商): where it was held, who took part, what came of it."""

from __future__ import annotations

import re
from typing import Final

from desk.forms import Given
from hotline.domain.deeds import Confer, ConferenceKind

_BETWEEN: Final = re.compile(r"[\n,，、;；]+")


def conference(given: Given) -> Confer:
    """Return what a form tells of a conference. Raises ``WrongFieldsError`` when something of it is missing."""
    kind = given.choice("kind", ConferenceKind, "请选择会商的形式。")
    typed = given.text("participants", "请写明参加单位。")
    participants = tuple(each for part in _BETWEEN.split(typed) if (each := part.strip()))
    if typed and not participants:
        given.wrong["participants"] = "请写明参加单位。"
    conclusion = given.text("conclusion", "请写明会商结论。")
    minutes = given.text("minutes")
    given.check()
    return Confer(kind, participants, conclusion, minutes)
