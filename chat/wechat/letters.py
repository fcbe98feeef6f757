"""From what WeChat tells to letters (来信), and how a correspondent on WeChat is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chat.wechat.messages import (
    Entered,
    Incoming,
    LinkSent,
    LocationSent,
    MenuClicked,
    Notified,
    NotTaken,
    PictureSent,
    Scanned,
    Subscribed,
    TextSent,
    Unsubscribed,
    VoiceSent,
)
from hotline.domain.appeal import ContactChannel, Datum, Position
from hotline.domain.letters import (
    Arrived,
    Content,
    Left,
    Letter,
    Located,
    Pictured,
    Spoken,
    Unreadable,
    Written,
)

MOST_CHARACTERS = 10_000

_PREFIX = {ContactChannel.WECHAT: "wechat", ContactChannel.MINI_PROGRAMME: "mini"}


@dataclass(frozen=True, slots=True)
class LetterMaker:
    """Makes letters of one account's messages. ``menu`` gives the words that a menu entry stands for, by its key.

    ``fingerprint`` hides who wrote; ``readable`` cleans what was written.
    """

    app_id: str
    channel: ContactChannel
    menu: Mapping[str, str]
    fingerprint: Callable[[str], str]
    readable: Callable[[str], str]

    def letter(self, incoming: Incoming) -> Letter | None:
        """Return the letter that a message is; None when it calls for nothing."""
        content = self._content(incoming)
        if content is None:
            return None
        return Letter(
            key=incoming.key,
            correspondent=self.correspondent(incoming.sender),
            channel=self.channel,
            at=incoming.at,
            content=content,
            address={"openid": incoming.sender, "app": self.app_id},
        )

    def correspondent(self, openid: str) -> str:
        """Return the name of a correspondent: the destination of messages to them, too."""
        return f"{_PREFIX[self.channel]}:{self.fingerprint(f'{self.app_id}:{openid}')[:40]}"

    def _content(self, incoming: Incoming) -> Content | None:  # noqa: C901, PLR0911 -- one case for each kind
        match incoming.what:
            case TextSent(text=text):
                text = self.readable(text)[:MOST_CHARACTERS]
                return Written(text) if text else Unreadable("text")
            case VoiceSent(media=media, words=words):
                return Spoken(media, self.readable(words))
            case PictureSent(media=media):
                return Pictured(media)
            case LocationSent(latitude=latitude, longitude=longitude, label=label):
                return Located(self.readable(label)[:200], Position(latitude, longitude, Datum.GCJ02))
            case LinkSent(title=title, description=description):
                text = self.readable("，".join(filter(None, (title, description))))[:MOST_CHARACTERS]
                return Written(text) if text else Unreadable("link")
            case Subscribed(scene=scene) | Scanned(scene=scene):
                return Arrived(scene)
            case Entered():
                return Arrived()
            case Unsubscribed():
                return Left()
            case MenuClicked(key=key):
                return Written(self.menu[key]) if key in self.menu else None
            case NotTaken(kind=kind):
                return Unreadable(kind)
            case Notified():
                return None
