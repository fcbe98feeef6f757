"""What passes between the letters' store and who answers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.errors import HotlineError
from hotline.domain.letters import Correspondent, Letter, Way
from hotline.domain.outbox import Message
from hotline.store.journal_store import JournalRow


class LeaseLostError(HotlineError):
    """Another process holds the correspondent now: what was to be written was not."""

    code = "letters.lease_lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a correspondent, and until when."""

    holder: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A correspondent in hand: their oldest letter without an answer, or None when their time to answer is over.

    ``tries``: how often the letter was begun, this time included. ``owed``: answers that wait for a letter to go with.
    """

    correspondent: Correspondent
    letter: Letter | None
    letter_id: int = 0
    tries: int = 1
    received_at: datetime | None = None
    owed: tuple[tuple[int, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a letter that came. ``way`` and ``texts`` are known when it was answered before."""

    is_new: bool
    way: Way | None = None
    texts: tuple[str, ...] = ()
    letter_id: int = 0
    claimed: Claimed | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a letter, to be written in one piece. ``begins``: when its conversation began, if it was with this letter.

    ``is_secret``: a state secret may have been written; nothing of the conversation is kept. ``order`` gets what was sent along.
    """

    claimed: Claimed
    after: Correspondent
    at: datetime
    texts: tuple[str, ...]
    way: Way = Way.NONE
    conversation: str | None = None
    begins: datetime | None = None
    rows: tuple[JournalRow, ...] = ()
    end: ConversationEnd | None = None
    messages: tuple[Message, ...] = ()
    is_secret: bool = False
    order: str | None = None
