"""Placing the calls that the hotline owes (外呼): claimed, dialled, and what came of each noted.

Which calls may be placed decides ``hotline.service.outbound.plan``; the book keeps two processes from placing one twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from hotline.domain.errors import HotlineError
from hotline.domain.outbound import DueCall, OutboundOutcome, Pacing, PlannedCall
from hotline.domain.working_calendar import WorkingCalendar
from hotline.service.outbound import Lines, OutboundRules, half_day, plan
from hotline.service.outbound_book import OutboundBook
from ivr.line import Line, TransferResult
from ivr.sip.endpoint import Dialled

log: Final = structlog.get_logger("outbound")

_RENEWALS: Final = 4  # a claim is renewed so often before it would end
_NO_SUCH_NUMBER: Final = frozenset({404, 410, 484, 604})  # RFC 3261 §21
_UNREACHED: Final = {
    TransferResult.BUSY: OutboundOutcome.BUSY,
    TransferResult.NO_ANSWER: OutboundOutcome.NO_ANSWER,
    TransferResult.REJECTED: OutboundOutcome.REJECTED,
}


class Dialling(Protocol):
    """Places calls (``ivr.sip.SipEndpoint``)."""

    @property
    def capacity(self) -> int:
        """Call legs that there can be at once."""

    @property
    def calls(self) -> int:
        """Call legs in use."""

    async def dial(self, address: str, *, ring_seconds: float, caller: str = "", number: str = "") -> Dialled:
        """Call ``address``, which is the telephone ``number``, showing the number ``caller``."""


class Errands(Protocol):
    """What the calls are about. Its methods raise ``HotlineError`` when something could not be kept."""

    def due(self) -> AsyncIterator[Sequence[DueCall]]:
        """Yield the calls that are owed, page by page, the most urgent first."""

    async def ready(self, call: PlannedCall) -> bool:
        """Make ready what the call needs before a telephone rings; False when it is to wait."""

    async def not_placed(self, call: PlannedCall) -> None:
        """Give up what was made ready: nobody's telephone rang, and that is no try."""

    async def talk(self, call: PlannedCall, line: Line) -> None:
        """Hold the conversation on the answered ``line``, and keep what came of it."""

    async def unreached(self, call: PlannedCall, outcome: OutboundOutcome) -> None:
        """Keep that nobody was spoken to."""


@dataclass(frozen=True, slots=True)
class DialSettings:
    """How calls are placed. ``address`` has ``{number}`` in it; ``caller`` is the number shown.

    A process that died keeps its calls for ``lease``, which is renewed while a call lasts.
    A call that the trunk did not take is tried again after ``put_off``, and is no try in the citizen's eyes; one for which
    something was not ready after ``look_again``.
    """

    address: str
    caller: str
    process: str
    ring_seconds: float = 30.0
    poll_seconds: float = 15.0
    lease: timedelta = timedelta(hours=1)
    put_off: timedelta = timedelta(minutes=10)
    look_again: timedelta = timedelta(seconds=15)


class Dialler:
    """Places due calls until cancelled; calls under way are left to ``calls``, which outlives it."""

    def __init__(
        self,
        phone: Dialling,
        book: OutboundBook,
        errands: Errands,
        *,
        rules: OutboundRules,
        calendar: Callable[[], WorkingCalendar],
        settings: DialSettings,
        clock: Callable[[], datetime],
    ) -> None:
        """``clock`` gives the city's local time."""
        self._phone, self._book, self._errands = phone, book, errands
        self._rules, self._calendar, self._settings = rules, calendar, settings
        self._clock = clock
        self._pacing = Pacing(rules.at_once, rules.per_minute)

    async def run(self, calls: asyncio.TaskGroup) -> None:
        """Look for due calls for ever; a database that is away is asked again later."""
        while True:
            try:
                for call in await self.claim():
                    calls.create_task(self.place(call), name=f"outbound:{call.key}")
            except HotlineError as error:
                log.warning("outbound.not_looked", error=type(error).__name__)
            await asyncio.sleep(self._settings.poll_seconds)

    async def claim(self) -> list[PlannedCall]:
        """Return the calls to place now, claimed for this process."""
        at, claimed = self._clock(), list[PlannedCall]()
        if half_day(at, self._rules, self._calendar()) is None:
            return claimed
        async for due in self._errands.due():
            free = self._phone.capacity - self._phone.calls - len(claimed)
            if free <= self._rules.keep_free or len(claimed) >= self._rules.at_once:
                break
            taken = await self._book.taken([each.next.key for each in due], at=at)
            held = {each.phone for each in due if each.next.key in taken}
            phones = {each.phone for each in due} - held
            planned = plan(
                [each for each in due if each.phone in phones],
                at=at,
                rules=self._rules,
                calendar=self._calendar(),
                contacted=await self._book.contacted(phones),
                stopped=await self._book.stopped(phones),
                lines=Lines(free=free, running=len(claimed)),
            )
            settings = self._settings
            for call in planned.calls:
                if await self._book.claim(
                    call, by=settings.process, at=at, lease=settings.lease, pacing=self._pacing
                ):
                    claimed.append(call)
        return claimed

    async def place(self, call: PlannedCall) -> None:
        """Place one claimed call and see it to its end; one call's fault never reaches another."""
        settings = self._settings
        try:
            if not await self._is_ready(call):
                await self._book.put_off(call, until=self._clock() + settings.look_again)
                return
            address = settings.address.format(number=call.due.phone.digits)
            async with self._kept(call):
                dialled = await self._phone.dial(
                    address,
                    ring_seconds=settings.ring_seconds,
                    caller=settings.caller,
                    number=call.due.phone.digits,
                )
                outcome = await self._spoken_to(call, dialled)
            if outcome is None:
                log.warning("outbound.not_placed", call=call.key, code=dialled.code)
                await self._errands.not_placed(call)
                await self._book.put_off(call, until=self._clock() + settings.put_off)
                return
            log.info("outbound.ended", call=call.key, outcome=outcome.value)
            await self._book.end(call, outcome, at=self._clock())
        except Exception as error:  # noqa: BLE001 -- the claim's lease sees to it that the call is not lost
            log.error("outbound.broken", call=call.key, error=type(error).__name__)

    async def _is_ready(self, call: PlannedCall) -> bool:
        try:
            return await self._errands.ready(call)
        except HotlineError as error:
            # Nobody's telephone rang: it is looked for again as soon as what is away may be back.
            log.warning("outbound.not_ready", call=call.key, error=type(error).__name__)
            return False

    @asynccontextmanager
    async def _kept(self, call: PlannedCall) -> AsyncIterator[None]:
        """Keep the claim while the call lasts, however long people talk."""
        keeping = asyncio.create_task(self._keep(call), name=f"keep:{call.key}")
        try:
            yield
        finally:
            keeping.cancel()

    async def _keep(self, call: PlannedCall) -> None:
        lease = self._settings.lease
        while True:
            await asyncio.sleep(lease.total_seconds() / _RENEWALS)
            try:
                await self._book.renew(call, until=self._clock() + lease)
            except HotlineError as error:
                log.warning("outbound.not_renewed", call=call.key, error=type(error).__name__)

    async def _spoken_to(self, call: PlannedCall, dialled: Dialled) -> OutboundOutcome | None:
        if dialled.line is None:
            outcome = _unreached(dialled)
            if outcome is not None:
                await self._errands.unreached(call, outcome)
            return outcome
        try:
            await self._errands.talk(call, dialled.line)
        except Exception as error:  # noqa: BLE001 -- the citizen is not to be called again at once
            log.error("outbound.talk_broken", call=call.key, error=type(error).__name__)
            await self._errands.unreached(call, OutboundOutcome.BROKEN)
            return OutboundOutcome.BROKEN
        finally:
            await dialled.line.hang_up()
        return OutboundOutcome.TALKED


def _unreached(dialled: Dialled) -> OutboundOutcome | None:
    """Return what the network said of the number, None when our side could not call."""
    if not dialled.was_reached:
        return None
    if dialled.code in _NO_SUCH_NUMBER:
        return OutboundOutcome.NO_SUCH_NUMBER
    return _UNREACHED.get(dialled.result)
