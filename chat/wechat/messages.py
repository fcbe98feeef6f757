"""What WeChat tells us (消息与事件): XML of official accounts and JSON of mini-programmes, as typed values; no clock, no socket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from chat.wechat.refusals import Refusal, WeChatRefusedError

MOST_BYTES: Final = 64 * 1024
"""A text has at most 2,048 bytes; nothing that WeChat tells comes near this."""
_MOST_NODES: Final = 200
_MOST_DEPTH: Final = 4
_LATEST: Final = 253_402_300_799  # 9999-12-31
_SCENE: Final = "qrscene_"


@dataclass(frozen=True, slots=True)
class TextSent:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class VoiceSent:
    """A voice message, to be fetched by ``media``; ``words``: what WeChat itself made of it, where that is switched on."""

    media: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class PictureSent:
    """A picture, to be fetched by ``media``."""

    media: str


@dataclass(frozen=True, slots=True)
class LocationSent:
    """A place picked on the map; coordinates as WeChat gives them (GCJ-02)."""

    latitude: float
    longitude: float
    label: str


@dataclass(frozen=True, slots=True)
class LinkSent:
    """A link with its title and description."""

    title: str
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Somebody follows the account (关注); ``scene`` of the QR code they scanned, if any."""

    scene: str


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """Somebody follows it no more (取消关注): nothing can be sent to them."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A follower scanned a QR code with a parameter."""

    scene: str


@dataclass(frozen=True, slots=True)
class MenuClicked:
    """A click on a menu entry with a key."""

    key: str


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody opened the customer-service window of a mini-programme."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A kind of message that a hotline cannot read (video, card …): answered politely."""

    kind: str


@dataclass(frozen=True, slots=True)
class Notified:
    """An event that calls for no answer (VIEW, LOCATION, delivery of a template …)."""

    kind: str
    status: str = ""


What = (
    TextSent
    | VoiceSent
    | PictureSent
    | LocationSent
    | LinkSent
    | Subscribed
    | Unsubscribed
    | Scanned
    | MenuClicked
    | Entered
    | NotTaken
    | Notified
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or event. ``key`` is the same at each of WeChat's tries, and tells nobody who wrote it."""

    key: str
    sender: str
    account: str
    at: datetime
    what: What


def fields_of(body: bytes) -> Mapping[str, Any]:
    """Return the fields of a body, XML or JSON; raise ``WeChatRefusedError`` when it is neither."""
    if len(body) > MOST_BYTES:
        raise WeChatRefusedError(Refusal.TOO_LARGE)
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    try:
        return _of_json(text) if text.startswith(b"{") else _of_xml(text)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise WeChatRefusedError(Refusal.MALFORMED) from error


def incoming(fields: Mapping[str, Any]) -> Incoming:
    """Return what the fields say; raise ``WeChatRefusedError`` when something is missing that every message has."""
    sender, account = _text(fields, "FromUserName"), _text(fields, "ToUserName")
    kind, at = _text(fields, "MsgType"), _time(fields)
    if not sender or not kind or len(sender) > 64 or len(account) > 64:
        raise WeChatRefusedError(Refusal.MALFORMED)
    what = _event(fields) if kind == "event" else _message(kind, fields)
    return Incoming(_key(fields, account, sender), sender, account, at, what)


def _of_xml(text: bytes) -> Mapping[str, Any]:
    root = fromstring(text, forbid_dtd=True)
    if root.tag != "xml" or sum(1 for _ in root.iter()) > _MOST_NODES:
        raise ValueError("no message")
    found = _children(root, _MOST_DEPTH)
    if not isinstance(found, Mapping):
        raise ValueError("no message")  # noqa: TRY004 -- whatever is wrong with it, it is malformed
    return found


def _children(node: Element, depth: int) -> Mapping[str, Any] | str:
    if not len(node):
        return node.text or ""
    if depth == 0:
        raise ValueError("too deep")
    return {child.tag: _children(child, depth - 1) for child in node}


def _of_json(text: bytes) -> Mapping[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no message")  # noqa: TRY004 -- as above
    return found


def _message(kind: str, fields: Mapping[str, Any]) -> What:
    match kind:
        case "text":
            return TextSent(_text(fields, "Content"))
        case "voice":
            return VoiceSent(_needed(fields, "MediaId"), _text(fields, "Recognition"))
        case "image":
            return PictureSent(_needed(fields, "MediaId"))
        case "location":
            latitude, longitude = _degrees(fields, "Location_X", 90), _degrees(fields, "Location_Y", 180)
            return LocationSent(latitude, longitude, _text(fields, "Label"))
        case "link":
            return LinkSent(_text(fields, "Title"), _text(fields, "Description"), _text(fields, "Url"))
        case _:
            return NotTaken(kind[:32])


def _event(fields: Mapping[str, Any]) -> What:
    kind, key = _text(fields, "Event"), _text(fields, "EventKey")
    match kind.lower():
        case "subscribe":
            return Subscribed(key.removeprefix(_SCENE))
        case "unsubscribe":
            return Unsubscribed()
        case "scan":
            return Scanned(key)
        case "click":
            return MenuClicked(key)
        case "user_enter_tempsession":
            return Entered()
        case _:
            return Notified(kind[:64], _text(fields, "Status")[:64])


def _key(fields: Mapping[str, Any], account: str, sender: str) -> str:
    """Return the key by which a message is known again: MsgId, or who, when and which event."""
    number = _text(fields, "MsgId") or _text(fields, "MsgID")
    parts: tuple[str, ...]
    if number and _text(fields, "MsgType") != "event":
        parts = (account, number)
    else:
        event, key = _text(fields, "Event"), _text(fields, "EventKey")
        parts = (account, sender, _text(fields, "CreateTime"), event, key, number)
    return "wechat:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:48]


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # A lone surrogate can come in JSON; it is no text and cannot be kept.
    return str(value).encode(errors="replace").decode().strip()


def _needed(fields: Mapping[str, Any], name: str) -> str:
    value = _text(fields, name)
    if not value or len(value) > 512:
        raise WeChatRefusedError(Refusal.MALFORMED)
    return value


def _degrees(fields: Mapping[str, Any], name: str, most: int) -> float:
    try:
        value = float(_text(fields, name))
    except ValueError as error:
        raise WeChatRefusedError(Refusal.MALFORMED) from error
    if not -most <= value <= most:
        raise WeChatRefusedError(Refusal.MALFORMED)
    return value


def _time(fields: Mapping[str, Any]) -> datetime:
    seconds = _text(fields, "CreateTime")
    if not (seconds.isascii() and seconds.isdigit()) or len(seconds) > 12 or int(seconds) > _LATEST:
        raise WeChatRefusedError(Refusal.MALFORMED)
    return datetime.fromtimestamp(int(seconds), UTC)
