"""What one page's connection carries: each message to whom it concerns, refusals back to the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from chat.web_chat import protocol
from chat.web_chat.channel import WebChatChannel
from chat.web_chat.doors import Doors
from chat.web_chat.guessing import Guessing
from chat.web_chat.page_words import PageWords
from hotline.domain.errors import StoreUnavailableError

REFUSALS: Final = frozenset({
    "bad_message", "too_long", "too_fast", "busy", "moving", "login", "no_picture", "unavailable",
})  # fmt: skip
"""Why something is refused; a city has a sentence for each."""


class Line:
    """One page's connection. ``close`` must be called when it is gone."""

    def __init__(
        self,
        channel: WebChatChannel,
        doors: Doors,
        words: PageWords,
        refusals: Mapping[str, str],
        send: Callable[[protocol.Outgoing], None],
    ) -> None:
        """Take whose conversation it is, and how the page is written to."""
        self._channel = channel
        self._doors = doors
        self._refusals = refusals
        self._send = send
        self._guessing = Guessing(channel.session, doors, words, send)

    def close(self) -> None:
        """Stop what is being done for this page only."""
        self._guessing.close()

    async def take(  # noqa: C901 -- one case for each message
        self, message: protocol.Incoming | protocol.Fault
    ) -> None:
        """Take a message of the page."""
        channel = self._channel
        match message:
            case protocol.Text(text=text, id=id_):
                self._paced(channel.hear(text, id_), id_)
            case protocol.Report(id=id_):
                self._paced(channel.take_report(message), id_)
            case protocol.Location(id=id_):
                self._paced(channel.take_location(message), id_)
            case protocol.Picture():
                await self._take_picture(message)
            case protocol.Draft():
                self._guessing.offer(message)
            case protocol.Writing(is_on=is_on):
                channel.tell_agent(writing=is_on)
            case protocol.Seen(number=number):
                channel.take_seen(number)
            case protocol.History(before=before):
                self._send(channel.earlier(before))
            case protocol.Ping():
                self._send(protocol.Pong())
            case protocol.Bye():
                channel.leave()
            case protocol.Hello():
                self._refuse("bad_message")
            case protocol.Fault(code=code, id=id_):
                self._refuse(code, id_)
            case _:
                assert_never(message)

    async def _take_picture(self, message: protocol.Picture) -> None:
        """Take a picture that was uploaded in this conversation, and no other."""
        pictures, kind = self._doors.pictures, None
        try:
            if pictures is not None:
                kind = await pictures.kind(message.evidence, self._channel.session)
        except StoreUnavailableError:
            self._refuse("unavailable", message.id)
            return
        if kind is None:
            self._refuse("no_picture", message.id)
        else:
            self._paced(self._channel.take_picture(message, kind), message.id)

    def _paced(self, is_taken: bool, id_: str) -> None:
        if not is_taken:
            self._refuse("too_fast", id_)

    def _refuse(self, code: str, id_: str = "") -> None:
        self._send(protocol.Refused(code=code, text=self._refusals[code], id=id_))
