"""Proving that an order is one's own (身份核验): a code is sent to the telephone on record, and given back in time.

A code is known to nobody but who receives it: it is kept as a keyed digest, lasts minutes, and is tried a few times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import HotlineError


class ProofRefusedError(HotlineError):
    """The code is wrong, used, too old, or was tried too often; which of these is not told."""

    code = "proof.refused"


class NoProofError(HotlineError):
    """The order is told only to who has proved that it is theirs; that there is one is not told."""

    code = "proof.needed"


@dataclass(frozen=True, slots=True)
class ProofRules:
    """How codes are gone about; all of it is settings.

    ``digits`` of a code, ``lasts`` so long, tried ``tries`` times. At most ``per_hour`` are sent for one order, ``per_day`` to
    one telephone; ``tries_per_day`` for one order in all, whatever the codes.
    """

    digits: int = 6
    lasts: timedelta = timedelta(minutes=10)
    tries: int = 5
    per_hour: int = 3
    per_day: int = 10
    tries_per_day: int = 20
    proved_for: timedelta = timedelta(minutes=30)

    def may_send(self, before: Sequence[SentCode], number: str, at: datetime) -> bool:
        """Tell whether one more code may be sent for an order; ``before``: codes to its telephone within a day."""
        lately = [each for each in before if each.number == number and at - each.sent_at < timedelta(hours=1)]
        return len(lately) < self.per_hour and len(before) < self.per_day


class Verdict(StrEnum):
    """What a code that was given back is."""

    RIGHT = "right"
    WRONG = "wrong"
    OUT = "out"  # too old, used, or tried too often


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code that was sent, without itself. ``digest`` is of the code, under a key and its ``id``."""

    id: str
    number: str
    digest: str
    sent_at: datetime
    tries: int = 0
    used_at: datetime | None = None

    def verdict(self, digest: str, at: datetime, rules: ProofRules, *, tries_today: int) -> Verdict:
        """Judge a code that was given back; ``tries_today`` are all tries for its order within a day."""
        is_out = self.used_at is not None or not timedelta(0) <= at - self.sent_at <= rules.lasts
        if is_out or self.tries >= rules.tries or tries_today >= rules.tries_per_day:
            return Verdict.OUT
        return Verdict.RIGHT if digest == self.digest else Verdict.WRONG


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody has proved: that ``phone`` is theirs, or else the records ``numbers``, until ``until``. ``by``: "code", or how else."""

    phone: PhoneNumber | None
    until: datetime
    by: str
    numbers: frozenset[str] = frozenset()

    def holds(self, at: datetime) -> bool:
        """Tell whether it still counts."""
        return at < self.until

    def covers(self, number: str, phone: PhoneNumber | None) -> bool:
        """Tell whether the record ``number`` with that telephone is theirs."""
        return number in self.numbers or (phone is not None and phone == self.phone)

    @property
    def opens_secret_orders(self) -> bool:
        """Whether a secret order is told: a telephone that somebody holds proves nothing, a code or a login does."""
        return self.by in _STRONG


_STRONG: Final = ("code", "app")
