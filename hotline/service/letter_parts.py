"""What answering letters needs of the world: media, voices, evidence, words; each seen only as a contract."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from hotline.dialogue.prompts import Prompts
from hotline.domain.appeal import ContactChannel, Place, Position
from hotline.domain.errors import HotlineError
from hotline.domain.letters import Correspondent, Letter, UnreadMail
from hotline.domain.proofs import Proof
from hotline.service.letter_desk import LetterDesk
from hotline.service.letter_units import LetterUnits
from hotline.service.surroundings import Surroundings
from hotline.store.letters import SqlLetters

NAMES: Final = frozenset({
    "notice", "welcome", "voice_heard", "voice_taken", "voice_retry", "voice_not_heard", "voice_down", "voice_long",
    "picture_kept", "picture_first", "picture_of_order", "picture_not_one", "picture_large", "picture_many", "picture_down",
    "picture_place", "place_position", "place_taken", "place_declined", "unreadable", "kept_unfinished", "failed", "too_fast",
    "fact_of_picture", "cut_off", "own_done", "own_goes_on", "own_rating", "own_words", "own_unproved", "own_by_code", "own_code_sent", "own_proved", "from_agent",
    "own_list", "own_list_row", "own_list_due", "own_list_more", "own_list_hint", "own_list_none", "own_list_none_unproved",
    "own_order", "own_order_unit", "own_step", "own_step_text", "own_from_unit", "own_steps_more", "own_subscribed",
    "own_over", "own_subscriptions", "own_no_subscription", "own_unsubscribed", "own_day", "own_minute",
    "from_unit", "picture_at_desk", "voice_at_desk", "article_files", *UnreadMail,
})  # fmt: skip


class MediaUnavailableError(HotlineError):
    """What a citizen sent along cannot be fetched (any more)."""

    code = "letters.media_unavailable"


class Heard(StrEnum):
    """Why a voice message gave no words."""

    NOTHING = "nothing"
    TOO_LONG = "too_long"
    DOWN = "down"


class UnderstandingVoice(Protocol):
    """Turns a voice message into words (``hotline.service.voice_messages``). Never raises, never waits for ever."""

    async def words(self, sound: bytes) -> str | Heard:
        """Return what was said, or why that is not known."""


class Refused(StrEnum):
    """Why a picture is not kept."""

    NOT_A_PICTURE = "not_one"
    TOO_LARGE = "large"
    TOO_MANY = "many"


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that was kept as the conversation's ``count``-th. ``position``: where it was taken, as it said itself.

    ``is_new``: it was not kept before. ``kind``: its media type.
    """

    id: str
    count: int
    position: Position | None = None
    is_new: bool = True
    kind: str = "image/jpeg"


class KeepingEvidence(Protocol):
    """Keeps what citizens send along (``hotline.service.evidence``). Raises ``StoreUnavailableError``, ``OSError``."""

    async def keep(
        self, body: bytes, *, name: str, conversation: str, order: str | None, at: datetime
    ) -> Kept | Refused:
        """Keep a picture or document, once for each ``name``."""

    async def discard(self, conversation: str) -> None:
        """Delete what came with a conversation in which a state secret may have been told."""


class ReadingShortAnswers(Protocol):
    """Reads what needs no understanding."""

    def yes_or_no(self, text: str) -> bool | None:
        """Return whether it is a plain yes or no."""

    def is_alarm(self, text: str) -> bool:
        """Tell whether it speaks of an emergency."""

    def may_be_state_secret(self, text: str) -> bool:
        """Tell whether it says that it is about a state secret."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What is answered to a command; ``proof``: what its writer has proved by it."""

    text: str
    proof: Proof | None = None


class ActingOnOrders(Protocol):
    """Does what citizens want done with their own orders (``hotline.service.letter_orders``)."""

    async def take(
        self, who: Correspondent, text: str, *, at: datetime, begun_before: datetime | None
    ) -> Acted | None:
        """Return what came of it; None when the text is no command."""


FetchMedia = Callable[[Letter, str], Coroutine[Any, Any, bytes]]
"""Fetches what a letter names; raises ``MediaUnavailableError``."""


@dataclass(frozen=True, slots=True)
class LetterParts:
    """What answering needs. Without ``voices`` nobody listens to voice messages, without ``evidence`` no picture is kept.

    ``place_of`` finds a place in an address; ``scenes`` are greetings for QR codes, by their parameter; ``add_facts`` tells
    an order's unit that something was added; without ``own_orders`` nobody acts on their orders by letter, without ``desk`` no person is reached,
    without ``units`` no unit takes part. ``site`` is where browsers reach the hotline; without it no file of its own is linked.
    """

    world: Surroundings
    letters: SqlLetters
    words: Prompts
    reading: ReadingShortAnswers
    place_of: Callable[[str], Place | None]
    media: Mapping[ContactChannel, FetchMedia]
    voices: UnderstandingVoice | None = None
    evidence: KeepingEvidence | None = None
    scenes: Mapping[str, str] = field(default_factory=dict)
    add_facts: Callable[[str, str, datetime], Coroutine[Any, Any, None]] | None = None
    own_orders: ActingOnOrders | None = None
    desk: LetterDesk | None = None
    units: LetterUnits | None = None
    site: str = ""
