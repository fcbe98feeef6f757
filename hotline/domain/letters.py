"""Letters (来信): what citizens write to the hotline piece by piece, by WeChat, SMS or e-mail, and what they are answered.

A letter is kept before it is acknowledged, and answered once, whichever process gets to it and however often it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from hotline.domain.appeal import ContactChannel, Position
from hotline.domain.proofs import Proof


@dataclass(frozen=True, slots=True)
class Written:
    """Words; ``attachments`` are what came with them (e-mail), to be fetched like pictures."""

    text: str
    attachments: tuple[str, ...] = ()
    form: Literal["written"] = "written"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A voice message, to be fetched by ``media``; ``words``: what the channel itself made of it, if anything."""

    media: str
    words: str = ""
    form: Literal["spoken"] = "spoken"


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture, to be fetched by ``media``."""

    media: str
    form: Literal["pictured"] = "pictured"


@dataclass(frozen=True, slots=True)
class Located:
    """A place picked on a map, with its label."""

    label: str
    position: Position
    form: Literal["located"] = "located"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A citizen has come to the channel (followed the account, scanned a code, opened the window): they are greeted."""

    scene: str = ""
    form: Literal["arrived"] = "arrived"


@dataclass(frozen=True, slots=True)
class Left:
    """A citizen has left the channel for good: nothing reaches them there any more."""

    form: Literal["left"] = "left"


class UnreadMail(StrEnum):
    """Why nothing but the head of a mail is known."""

    TOO_LARGE = "mail_too_large"
    BROKEN = "mail_broken"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something the hotline cannot read (a video, a card): said so, politely. ``words``: what of it can be read all the same."""

    kind: str
    words: str = ""
    form: Literal["unreadable"] = "unreadable"


@dataclass(frozen=True, slots=True)
class FromDesk:
    """No citizen's letter: what an agent did in ``conversation``, an event as the journal has it. It is answered to the citizen."""

    conversation: str
    name: str
    body: Mapping[str, Any]
    form: Literal["from_desk"] = "from_desk"


Content = Written | Spoken | Pictured | Located | Arrived | Left | Unreadable | FromDesk


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter. ``key`` is the same whenever it comes again; ``correspondent`` stands for who wrote it and identifies nobody.

    ``address`` is how they are answered: what it holds is the channel's own business, and personal data.
    """

    key: str
    correspondent: str
    channel: ContactChannel
    at: datetime
    content: Content
    address: Mapping[str, str]


class Way(StrEnum):
    """How an answer goes."""

    REPLY = "reply"  # in the answer to the very call that brought the letter
    OUTBOX = "outbox"
    OWED = "owed"  # with the answer to the next letter: this channel cannot begin by itself
    NONE = "none"  # nothing to say


class OfferKind(StrEnum):
    """What a citizen was offered, and may take or refuse with their next letter."""

    VOICE = "voice"  # 语音识别的文字，请核对
    PLACE = "place"  # 照片里的拍摄位置


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that waits for an answer."""

    kind: OfferKind
    text: str
    at: datetime
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class WithUnit:
    """The unit of an order takes part (三方对话); ``heard``: how many messages of the order's relay are in the conversation."""

    order: str
    unit: str
    heard: int = 0


@dataclass(frozen=True, slots=True)
class AtDesk:
    """Where a conversation stands on the agents' desk: it waits since ``since``, or ``agent`` has it.

    ``turn``: the dialogue's, that asked for a person. ``offered_to`` has not taken it yet since ``offered_at``.
    ``away_since``: since when the desk itself is not reached. ``talk``: a unit that takes part.
    """

    turn: int
    since: datetime
    agent: str = ""
    offered_to: str = ""
    offered_at: datetime | None = None
    away_since: datetime | None = None
    talk: WithUnit | None = None


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Who writes, and where their conversation stands. ``conversation`` None: the next letter begins one.

    ``turn``: the turn whose answer is waited for until ``due_at``. ``heard_at``: their last letter. ``is_gone``: they left.
    ``at_desk``: with people, or waiting for them; then ``due_at`` is when the desk is looked at next.
    ``proof``: a telephone that they have proved to be theirs by a code.
    ``owed``: what was to be said without a letter of theirs, by a channel that cannot begin: it goes with their next.
    """

    id: str
    channel: ContactChannel
    address: Mapping[str, str] = field(default_factory=dict)
    conversation: str | None = None
    turn: int = 0
    due_at: datetime | None = None
    heard_at: datetime | None = None
    offer: Offer | None = None
    is_gone: bool = False
    at_desk: AtDesk | None = None
    proof: Proof | None = None
    owed: tuple[str, ...] = ()
