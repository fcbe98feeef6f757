"""Outbound calls as staff see them (外呼一览): which are owed, and the stop list."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from app.at_rest import seal_of
from app.revisits import owed_revisits
from app.settings import Settings
from hotline.city import City
from hotline.domain.callbacks import CallbackTask
from hotline.domain.outbound import CallPurpose, DueCall
from hotline.domain.working_calendar import WorkingCalendar
from hotline.service.callbacks import Callbacks, read_hours
from hotline.service.outbound import (
    CallNotPlacedError,
    Lines,
    NotCalled,
    OutboundRules,
    load_outbound_rules,
    plan,
)
from hotline.service.outbound_book import OutboundBook
from hotline.store.callbacks import SqlCallbacks
from hotline.store.outbound import SqlOutbound
from hotline.store.sql import SqlStore


class Outlook:
    """Which calls are owed now and why one is not placed, as the dialler sees it but for lines and pace."""

    def __init__(
        self, city: City, store: SqlStore, book: OutboundBook, calendar: Callable[[], WorkingCalendar]
    ) -> None:
        """Read the city's rules; ``calendar`` is the one in force."""
        self.book = book
        self._store = store
        self._zone = city.timezone
        self._rules = load_outbound_rules(city)
        self._callback_rules = callback_rules(city)
        self._calendar = calendar

    async def owed(self, *, at: datetime, limit: int) -> list[tuple[DueCall, NotCalled | None]]:
        """Return up to ``limit`` calls that are owed at ``at`` (aware), the oldest orders first."""
        found: list[tuple[DueCall, NotCalled | None]] = []
        async for due in owed_revisits(self._store):
            phones = {each.phone for each in due}
            boundless = replace(self._rules, at_once=limit, per_minute=limit, keep_free=0)
            planned = plan(
                due,
                at=at.astimezone(self._zone),
                rules=boundless,
                calendar=self._calendar(),
                contacted=await self.book.contacted(phones),
                stopped=await self.book.stopped(phones),
                lines=Lines(free=limit),
            )
            reasons = {each.reference: why for each, why in planned.left}
            found += [(each, reasons.get(each.reference)) for each in due]
            if len(found) >= limit:
                break
        return found[:limit]

    async def check_callback(self, task: CallbackTask, *, at: datetime) -> None:
        """Raise ``CallNotPlacedError`` when the hotline may not place a call for ``task`` at ``at`` (aware)."""
        due = DueCall(task.id, CallPurpose.CALLBACK, task.phone)
        planned = plan(
            [due],
            at=at.astimezone(self._zone),
            rules=replace(self._callback_rules, keep_free=0),
            calendar=self._calendar(),
            contacted=await self.book.contacted([task.phone]),
            stopped=await self.book.stopped([task.phone]),
            lines=Lines(free=1),
        )
        if planned.left:
            raise CallNotPlacedError(planned.left[0][1])


def callback_rules(city: City) -> OutboundRules:
    """Return the rules for callbacks: those of all outbound calls, in the hours in which people are called back."""
    hours = read_hours(city)
    return replace(
        load_outbound_rules(city),
        windows=hours.windows,
        only_working_days=False,
        at_once=hours.at_once,
        per_minute=hours.per_minute,
    )


def open_callbacks(settings: Settings, city: City, store: SqlStore) -> Callbacks:
    """Return the callback tasks of the store."""
    seal = seal_of(settings)
    return Callbacks(SqlCallbacks(store.database, seal), read_hours(city), lambda: secrets.token_hex(8))


def open_book(settings: Settings, store: SqlStore) -> SqlOutbound:
    """Return the book of outbound calls."""
    return SqlOutbound(store.database, seal_of(settings))
