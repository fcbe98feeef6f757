"""Messages to the outside (发件箱): written with the change they tell of, sent afterwards, each at least once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message about the order ``subject``.

    ``destination`` is ``unit:<code>``, ``linkage:<line>``, ``citizen:<number>``, ``duty`` or ``supervisor:<tier>``;
    ``key`` makes it unique: one key is never sent as two messages.
    """

    destination: str
    kind: str
    subject: str
    body: Mapping[str, Any]
    key: str


class MessageState(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"  # 死信: given up, until a person has it sent again


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the outbox keeps it. ``id`` grows in the order of writing."""

    id: int
    message: Message
    created_at: datetime
    state: MessageState
    attempts: int
    next_at: datetime | None = None
    leased_until: datetime | None = None
    delivered_at: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Backoff:
    """When a failed message is tried again: ever later, up to ``longest``; never after ``attempts`` tries.

    The defaults try for about three days, so that a unit's endpoint may be down over a weekend.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=6)
    attempts: int = 24

    def next_try(
        self, failures: int, at: datetime, *, jitter: float, after: timedelta | None = None
    ) -> datetime | None:
        """Return when to try again after the ``failures``-th failure at ``at``, or None to give up.

        ``jitter`` (0…1) spreads tries over the second half of the pause; ``after`` is how long the receiver asked
        to be left alone (Retry-After), heeded up to ``longest``.
        """
        if failures >= self.attempts:
            return None
        pause = min(self.first * (1 << min(failures - 1, 30)), self.longest)
        pause = pause / 2 + pause / 2 * jitter
        return at + max(pause, min(after or timedelta(0), self.longest))
