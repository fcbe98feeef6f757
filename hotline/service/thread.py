"""A conversation in writing as people read it (对话记录): its messages, read off what happened, numbered from 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.dialogue import actions, events
from hotline.dialogue.forms import ReportForm
from hotline.dialogue.written_events import AgentWrote, FormSent, OrderNewsCame, PictureSent, UnitWrote
from hotline.service.keeping import Entry


class Party(StrEnum):
    """Who writes."""

    CITIZEN = "citizen"
    HOTLINE = "hotline"
    AGENT = "agent"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Line:
    """One message. ``name``: the agent's number or the unit's name; ``message``: its writer's own id; ``say``: the hotline's own.

    ``evidence``: the picture or document it is, if it is one, and its media type; ``order``: the order that it is news of,
    ``is_answer`` if it is its unit's reply.
    """

    number: int
    at: datetime
    by: Party
    text: str
    name: str = ""
    message: str = ""
    say: actions.Say | None = None
    evidence: str = ""
    media_type: str = ""
    order: str = ""
    is_answer: bool = False


class Thread:
    """Turns entries into messages, one after the other. Actions are dated by the event that they came of."""

    def __init__(self) -> None:
        """Begin at the beginning."""
        self._written = 0
        self._at: datetime | None = None

    @property
    def written(self) -> int:
        """How many messages there are."""
        return self._written

    def read(self, entries: Iterable[Entry]) -> Sequence[Line]:
        """Return the messages of ``entries``, which follow on what was read before."""
        found = []
        for entry in entries:
            if isinstance(entry, events.Event):
                self._at = entry.at
            assert self._at is not None
            line = self._line(entry, self._at)
            if line is not None:
                self._written += 1
                found.append(line)
        return found

    def _line(self, entry: Entry, at: datetime) -> Line | None:  # noqa: PLR0911 -- one line a kind
        number = self._written + 1
        match entry:
            case events.Said():
                return Line(number, at, Party.CITIZEN, entry.text, message=entry.message)
            case actions.Say():
                return Line(number, at, Party.HOTLINE, entry.text, say=entry)
            case actions.SendText():
                return Line(number, at, Party.HOTLINE, entry.text)
            case AgentWrote():
                return Line(number, at, Party.AGENT, entry.text, name=entry.agent, message=entry.message)
            case FormSent():
                return Line(number, at, Party.CITIZEN, _summary(entry.form), message=entry.message)
            case events.LocationShared():
                return Line(number, at, Party.CITIZEN, entry.place.text, message=entry.message)
            case PictureSent():
                return Line(
                    number,
                    at,
                    Party.CITIZEN,
                    "",
                    message=entry.message,
                    evidence=entry.evidence,
                    media_type=entry.kind,
                )
            case UnitWrote():
                return Line(number, at, Party.UNIT, entry.text, name=entry.unit)
            case OrderNewsCame():
                return Line(
                    number, at, Party.HOTLINE, entry.text, order=entry.order, is_answer=entry.is_answer
                )
            case _:
                return None


def _summary(form: ReportForm) -> str:
    """Return a form in one piece, as its citizen sees that it was taken."""
    place = form.place.text if form.place is not None else ""
    return "\n".join(part for part in (form.text, place, form.occurred) if part)
