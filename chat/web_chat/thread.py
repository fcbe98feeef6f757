"""What a citizen's page is shown of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chat.web_chat.protocol import Echoed, Numbered, Said
from hotline.dialogue.actions import Say
from hotline.service.keeping import Entry
from hotline.service.thread import Line, Party, Thread

Replies = Callable[[Say], tuple[str, ...]]
"""Gives the short answers that may be pressed below a message."""


class PageThread:
    """The messages of a conversation as the page's protocol has them."""

    def __init__(self, replies: Replies) -> None:
        """Begin at the beginning."""
        self._replies = replies
        self._thread = Thread()

    @property
    def written(self) -> int:
        """How many messages there are."""
        return self._thread.written

    def read(self, entries: Iterable[Entry]) -> Sequence[Numbered]:
        """Return the messages of ``entries``, which follow on what was read before."""
        return [self._message(line) for line in self._thread.read(entries)]

    def _message(self, line: Line) -> Numbered:
        if line.by is Party.CITIZEN:
            return Echoed(number=line.number, at=line.at, id=line.message, text=line.text)
        replies = self._replies(line.say) if line.say is not None else ()
        return Said(
            number=line.number, at=line.at, by=line.by, name=line.name, text=line.text, replies=replies
        )
