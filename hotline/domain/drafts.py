"""Call processes, the calls they hold, and what is left of a call whose process died (断线草稿)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.domain.appeal import PhoneNumber


@dataclass(frozen=True, slots=True)
class CallProcess:
    """A process that takes calls. ``id`` is one run of it; ``callers`` is how many it takes at once."""

    id: str
    name: str
    started_at: datetime
    callers: int
    calls: int = 0
    is_draining: bool = False


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A call under way. ``is_secret``: a state secret may have been said; its words are kept nowhere."""

    conversation: str
    phone: PhoneNumber | None
    since: datetime
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class BrokenCall:
    """A call that ended with its process: the caller's ``words`` so far, and the order it had led to, if any."""

    conversation: str
    phone: PhoneNumber
    words: str
    order_number: str | None
    since: datetime
