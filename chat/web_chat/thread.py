"""What a citizen's page is shown of a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chat.web_chat.page_words import PageWords
from chat.web_chat.protocol import AnyCard, Echoed, NewsCard, Numbered, Said
from hotline.service.keeping import Entry
from hotline.service.thread import Line, Party, Thread


class PageThread:
    """The messages of a conversation as the page's protocol has them."""

    def __init__(self, words: PageWords) -> None:
        """Begin at the beginning."""
        self._words = words
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
            return Echoed(
                number=line.number, at=line.at, id=line.message, text=line.text, evidence=line.evidence
            )
        replies: tuple[str, ...] = ()
        card: AnyCard | None = None
        if line.order:
            card = NewsCard(number=line.order, is_answer=line.is_answer)
        if line.say is not None:
            replies, card = self._words.replies_to(line.say), self._words.card(line.say.card)
        return Said(
            number=line.number,
            at=line.at,
            by=line.by,
            name=line.name,
            text=line.text,
            replies=replies,
            card=card,
        )
