"""Calls that nobody took (未接来电): who found every line taken or being closed, or gave up while it rang, is called back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime
from typing import Final

import structlog

from app.at_rest import seal_of
from app.clock import now
from app.outlook import open_book, open_callbacks
from app.settings import Settings
from hotline.city import City
from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import CallbackReason
from hotline.domain.errors import StoreUnavailableError
from hotline.service.callbacks import Callbacks, WishedFor
from hotline.service.outbound_book import OutboundBook
from hotline.store.sql import SqlStore
from ivr.sip.settings import Arrival
from ivr.standby import Address, stand_by

log: Final = structlog.get_logger("missed_calls")

MOST_A_DAY: Final = 1_000
"""So many tasks a process makes in a day: more are no calls that agents could return."""


class MissedCalls:
    """Makes one callback task a day for each number that was missed, by whatever process. A database that is away costs that task only."""

    def __init__(
        self,
        callbacks: Callbacks,
        book: OutboundBook,
        clock: Callable[[], datetime],
        *,
        fingerprint: Callable[[str], str],
    ) -> None:
        """``clock`` gives the city's local time; ``fingerprint`` a name for a number that is the same in every process."""
        self._fingerprint = fingerprint
        self._callbacks = callbacks
        self._book = book
        self._clock = clock
        self._on = date.min
        self._noted: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, arrival: Arrival) -> None:
        """Note that the call ``arrival`` was missed; returns at once."""
        digits, at = arrival.caller.removeprefix("+86"), self._clock()
        if at.date() != self._on:
            self._on, self._noted = at.date(), set()
        if not digits.isdigit() or digits in self._noted or len(self._noted) >= MOST_A_DAY:
            return
        self._noted.add(digits)
        task = asyncio.create_task(self._plan(PhoneNumber(digits), at), name="missed call")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait until everything that was noted is kept."""
        await asyncio.gather(*self._tasks)

    async def _plan(self, phone: PhoneNumber, at: datetime) -> None:
        try:
            await self._book.note_contact(phone, at=at)
            name = self._fingerprint(f"missed/{at.date().isoformat()}/{phone.digits}")
            wish = WishedFor(phone, CallbackReason.MISSED, "", f"missed-{name[:32]}")
            await self._callbacks.plan(wish, at)
        except StoreUnavailableError as error:
            self._noted.discard(phone.digits)
            log.warning("missed_call.not_noted", error=type(error).__name__)


def open_missed_calls(
    settings: Settings, city: City, store: SqlStore, callbacks: Callbacks, stack: AsyncExitStack
) -> Callable[[Arrival], None]:
    """Return what takes note of missed calls, until ``stack`` is closed."""
    seal = seal_of(settings)
    missed = MissedCalls(
        callbacks,
        open_book(settings, store),
        lambda: now().astimezone(city.timezone),
        fingerprint=seal.fingerprint,
    )
    stack.push_async_callback(missed.close)
    return missed.take


async def stand_by_for_calls(settings: Settings, city: City, store: SqlStore, stack: AsyncExitStack) -> None:
    """Note whom no call process takes, until ``stack`` is closed. A port that is taken costs that only."""
    missed = open_missed_calls(settings, city, store, open_callbacks(settings, city, store), stack)
    own = Address(settings.sip_host, settings.standby_port)
    try:
        transport = await stand_by(own, Address(settings.sip_host, settings.sip_port), missed)
    except OSError as error:
        log.error("standby.unusable", port=settings.standby_port, error=str(error))
        return
    stack.callback(transport.close)
