"""What a citizen sees of a conversation (对话记录): its messages, read off what happened, numbered from 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from chat.web_chat.protocol import Echoed, Numbered, Party, Said
from hotline.dialogue import actions, events
from hotline.service.keeping import Entry

Replies = Callable[[actions.Say], tuple[str, ...]]
"""Gives the short answers that may be pressed below a message."""


class Thread:
    """Turns entries into messages, one after the other. Actions are dated by the event that they came of."""

    def __init__(self, replies: Replies, *, written: int = 0) -> None:
        """``written``: how many messages there are already."""
        self._replies = replies
        self._written = written
        self._at: datetime | None = None

    @property
    def written(self) -> int:
        """How many messages there are."""
        return self._written

    def read(self, entries: Iterable[Entry]) -> Sequence[Numbered]:
        """Return the messages of ``entries``, which follow on what was read before."""
        found = []
        for entry in entries:
            if isinstance(entry, events.Event):
                self._at = entry.at
            assert self._at is not None
            message = self._message(entry, self._at)
            if message is not None:
                self._written += 1
                found.append(message)
        return found

    def _message(self, entry: Entry, at: datetime) -> Numbered | None:
        number = self._written + 1
        match entry:
            case events.Said():
                return Echoed(number=number, at=at, id=entry.message, text=entry.text)
            case actions.Say():
                replies = self._replies(entry)
                return Said(number=number, at=at, by=Party.HOTLINE, text=entry.text, replies=replies)
            case actions.SendText():
                return Said(number=number, at=at, by=Party.HOTLINE, text=entry.text)
            case _:
                return None
