"""What was said and written in a conversation, line by line, of its journal: with the machine, and between people after the hand-over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a talk: who ("citizen", "hotline", "agent", "unit") said what and when; ``sequence`` is its row of the journal."""

    sequence: int
    at: str
    who: str
    text: str
    raw: str = ""


_WRITERS: Final = {
    "SendText": "hotline",
    "AgentWrote": "agent",
    "UnitWrote": "unit",
    "OrderNewsCame": "hotline",
}


def line_of(row: Mapping[str, Any]) -> Line | None:
    """Return what a row of the journal says was said, None for other rows."""
    body, at = row["body"], (row["sequence"], row["at"])
    match row["name"]:
        case "Said":
            return Line(*at, "citizen", body["text"], body["raw"])
        case "TalkSaid":
            return Line(*at, body["who"], body["text"], body["raw"])
        case "KeyPressed":
            return Line(*at, "citizen", body["key"])
        case "Say":
            return Line(*at, "hotline", "".join(body["parts"]))
        case "FormSent":
            return Line(*at, "citizen", body["form"]["text"])
        case "SendText" | "AgentWrote" | "UnitWrote" | "OrderNewsCame" as written:
            return Line(*at, _WRITERS[written], body["text"])
        case _:
            return None
