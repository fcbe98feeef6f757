"""The book of outbound calls (外呼登记): which were placed and what came of them, and whom the machine may not call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbound import OutboundOutcome, Pacing, PlannedCall, StoppedNumber, StopReason


class OutboundBook(Protocol):
    """Shared by all processes. Every method raises ``StoreUnavailableError`` when the database is away."""

    async def claim(
        self, call: PlannedCall, *, by: str, at: datetime, lease: timedelta, pacing: Pacing
    ) -> bool:
        """Take ``call`` for the process ``by``; False when it was placed, is another's, or there are enough now.

        A process that died loses its claim after ``lease``: then the call may be claimed again.
        """

    async def taken(self, keys: Collection[str], *, at: datetime) -> frozenset[str]:
        """Return those of ``keys`` that nobody can claim now: placed, another's, or put off."""

    async def renew(self, call: PlannedCall, *, until: datetime) -> None:
        """Keep the claim of a call that is under way."""

    async def end(self, call: PlannedCall, outcome: OutboundOutcome, *, at: datetime) -> None:
        """Note what came of it: it is never placed again."""

    async def put_off(self, call: PlannedCall, *, until: datetime) -> None:
        """Give a call back that could not be placed; it may be claimed again after ``until``."""

    async def note_contact(self, phone: PhoneNumber, *, at: datetime) -> None:
        """Note that somebody called the hotline from ``phone``."""

    async def contacted(self, phones: Collection[PhoneNumber]) -> frozenset[PhoneNumber]:
        """Return those of ``phones`` that called the hotline."""

    async def stop(self, phone: PhoneNumber, reason: StopReason, *, by: str, at: datetime) -> None:
        """Put a number on the stop list; one that is there stays as it is."""

    async def resume(self, phone: PhoneNumber, *, by: str, at: datetime) -> bool:
        """Take a number off the stop list; tell whether it was there."""

    async def stopped(self, phones: Collection[PhoneNumber]) -> frozenset[PhoneNumber]:
        """Return those of ``phones`` that are on the stop list."""

    async def stop_list(self, *, limit: int) -> Sequence[StoppedNumber]:
        """Return the stop list, the latest first."""
