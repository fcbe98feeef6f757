"""Records of contacts that left no order of their own (全量受理): answered, cut off, nuisance, handed to an agent."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from hotline.domain.appeal import Appeal
from hotline.domain.diversion import ContactOutcome
from hotline.domain.knowledge import AnsweredWith
from hotline.domain.work_order import WorkOrder

log: Final = structlog.get_logger("contact_records")

_MOST_WAITING: Final = 1_000
_MOST_AT_ONCE: Final = 20


class RecordingContacts(Protocol):
    """Makes the record of a contact (``hotline.service.registration``)."""

    async def record_contact(
        self,
        *,
        conversation: str,
        appeal: Appeal,
        outcome: ContactOutcome,
        article: AnsweredWith | None,
        at: datetime,
        request: str | None = None,
    ) -> WorkOrder:
        """Return the committed record or raise ``StoreUnavailableError``; for the same ``request`` always the same."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What is recorded of a contact."""

    conversation: str
    appeal: Appeal
    outcome: ContactOutcome
    article: AnsweredWith | None
    at: datetime


class ContactRecords:
    """Records contacts; those that the store did not take wait, a bounded number, and go with the next that succeeds.

    What waits is lost only when the process ends: the journal of the conversation has it then.
    """

    def __init__(self, registration: RecordingContacts, *, seconds: float, most: int = _MOST_WAITING) -> None:
        """Take who records, the seconds one record may take, and how many may wait."""
        self._registration = registration
        self._seconds = seconds
        self._most = most
        self._waiting: deque[Contact] = deque()

    @property
    def waiting(self) -> int:
        """How many contacts are not recorded yet."""
        return len(self._waiting)

    async def keep(self, contact: Contact) -> str | None:
        """Record ``contact``; return its number, or None when it has to wait."""
        number = await self._record(contact)
        if number is None:
            self._waiting.append(contact)
            if len(self._waiting) > self._most:
                lost = self._waiting.popleft()
                log.error("contact.lost", conversation=lost.conversation)
            return None
        await self.retry()
        return number

    async def retry(self) -> int:
        """Record some of those that wait, the oldest first, until one fails; return how many were recorded."""
        done = 0
        while self._waiting and done < _MOST_AT_ONCE:
            contact = self._waiting.popleft()
            if await self._record(contact) is None:
                self._waiting.appendleft(contact)
                break
            done += 1
        return done

    async def _record(self, contact: Contact) -> str | None:
        try:
            async with asyncio.timeout(self._seconds):
                order = await self._registration.record_contact(
                    conversation=contact.conversation,
                    appeal=contact.appeal,
                    outcome=contact.outcome,
                    article=contact.article,
                    at=contact.at,
                    request=f"{contact.conversation}:contact",
                )
        except Exception as error:  # noqa: BLE001 -- whatever fails here must not end a conversation
            log.error("contact.not_recorded", conversation=contact.conversation, error=type(error).__name__)
            return None
        log.info("contact.recorded", work_order=order.number, outcome=contact.outcome.value)
        return order.number
