"""Calls that the hotline places (外呼): what is owed, what came of it, and who is called no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.domain.appeal import PhoneNumber


class CallPurpose(StrEnum):
    """Why the hotline calls."""

    REVISIT = "revisit"  # 回访
    CALLBACK = "callback"  # 回电


@dataclass(frozen=True, slots=True)
class DueCall:
    """A call that somebody is owed; ``reference`` is the order's number or the task's id, ``tried_at`` aware.

    ``earlier``: tries that count no more, since the matter was handled again after them.
    """

    reference: str
    purpose: CallPurpose
    phone: PhoneNumber
    is_secret: bool = False
    tried_at: tuple[datetime, ...] = ()
    earlier: int = 0

    @property
    def next(self) -> PlannedCall:
        """The next call for it."""
        return PlannedCall(self, len(self.tried_at) + 1)


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call to place now, the ``attempt``-th (from 1)."""

    due: DueCall
    attempt: int

    @property
    def key(self) -> str:
        """What names this call for good, so that none is placed twice."""
        return f"{self.due.purpose.value}:{self.due.reference}:{self.due.earlier + self.attempt}"


class OutboundOutcome(StrEnum):
    """What came of a call that was placed."""

    TALKED = "talked"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    NO_SUCH_NUMBER = "no_such_number"
    BROKEN = "broken"  # answered, and our side failed


class StopReason(StrEnum):
    """Why the machine calls a number no more."""

    ASKED = "asked"  # its owner asked for it
    WRONG_PERSON = "wrong_person"  # somebody else answered
    STAFF = "staff"  # a person decided it


@dataclass(frozen=True, slots=True)
class StoppedNumber:
    """A number on the stop list (不再外呼名单): since when, why, and who put it there."""

    phone: PhoneNumber
    since: datetime
    reason: StopReason
    by: str


@dataclass(frozen=True, slots=True)
class Pacing:
    """At most ``at_once`` calls of a purpose under way and ``per_minute`` placed in a minute, over all processes."""

    at_once: int
    per_minute: int
