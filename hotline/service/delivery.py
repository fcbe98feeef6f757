"""Delivery (投递): takes messages from the outbox and sees that each arrives, or becomes a dead letter for people.

Each destination has its own state: one that does not answer is left alone for a while (its circuit is open) and never
delays the others. A destination without an endpoint reads its messages here: they count as delivered to its inbox.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol

import structlog

from hotline.domain.errors import StoreUnavailableError
from hotline.domain.outbox import Backoff, StoredMessage
from hotline.store.outbox import Outbox

log: Final = structlog.get_logger("delivery")

_WORTH_ANOTHER_TRY: Final = frozenset({408, 409, 425, 429})
_CLOSED_AGAIN_AFTER: Final = timedelta(minutes=5)
_OPEN_AFTER: Final = 3
_MOST_DOUBLINGS: Final = 6


@dataclass(frozen=True, slots=True)
class Arrived:
    """The receiver has it. ``where`` is ``inbox``, ``chat`` or the status it answered."""

    where: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The receiver does not have it. ``is_final``: it refuses this message, sending it again is no use.

    ``is_away``: it is the destination that fails, not this message. ``after``: how long it asked to be left alone.
    """

    error: str
    is_final: bool = False
    is_away: bool = False
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """It is not to be sent yet, since it may not be needed; looked at again ``after`` so long. No try is counted."""

    after: timedelta


Outcome = Arrived | Failed | Later


class Sender(Protocol):
    """Sends one message once; never raises, never waits for ever."""

    def send(self, message: StoredMessage, at: datetime) -> Coroutine[Any, Any, Outcome]:
        """Say how it went."""


def verdict(status: int, after: timedelta | None = None) -> Outcome:
    """Return what an HTTP status means for a message."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Arrived(str(status))
    error = f"HTTP {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Failed(error, is_away=True, after=after)
    return Failed(error, is_final=status not in _WORTH_ANOTHER_TRY, after=after)


@dataclass(frozen=True, slots=True)
class _Ended:
    """One sending that has ended."""

    stored: StoredMessage
    outcome: Outcome


@dataclass(slots=True)
class _Circuit:
    """What is known of one destination: failures in a row, and until when it is left alone."""

    failures: int = 0
    open_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How delivery goes about it. ``lease`` must be longer than a sender can take for one message."""

    lease: timedelta = timedelta(seconds=45)
    at_once: int = 32
    per_destination: int = 4
    idle_seconds: float = 1.0
    backoff: Backoff = field(default_factory=Backoff)


class Delivery:
    """Delivers until it is cancelled. Any number of them may work on one outbox."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        pace: Pace | None = None,
    ) -> None:
        """Take the outbox, who sends, the clock and a source of numbers from 0 to 1."""
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._jitter = jitter
        self._pace = pace or Pace()
        self._circuits: dict[str, _Circuit] = {}
        self._running: dict[asyncio.Task[Outcome], StoredMessage] = {}
        self._ended: list[_Ended] = []
        self.delivered = 0

    async def run(self) -> None:
        """Deliver what comes, for ever; a database that is away is asked again until it is back."""
        try:
            while True:
                try:
                    await self._note_ended()
                    started = await self._start_more()
                except StoreUnavailableError as error:
                    # What was sent and could not be noted is noted later, or sent again after its lease:
                    # the receiver knows it by its id.
                    log.warning("delivery.store_away", reason=error.reason)
                    started = 0
                await self._pause(is_busy=started > 0)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def drain(self) -> int:
        """Deliver what is due now, and return how many messages were tried."""
        tried = 0
        while started := await self._start_more():
            tried += started
            await asyncio.wait(self._running)
            await self._note_ended()
        return tried

    def is_open(self, destination: str) -> bool:
        """Whether ``destination`` is being left alone, because it did not answer."""
        circuit = self._circuits.get(destination)
        if circuit is None or circuit.open_until is None:
            return False
        left = circuit.open_until - self._clock()
        return timedelta(0) < left <= _CLOSED_AGAIN_AFTER  # longer: the clock was set back

    async def _pause(self, *, is_busy: bool) -> None:
        """Wait for a place to become free or, when nothing is due, a little."""
        if is_busy and len(self._running) < self._pace.at_once:
            await asyncio.sleep(0)
        elif self._running:
            await asyncio.wait(
                self._running, timeout=self._pace.idle_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(self._pace.idle_seconds)

    async def _start_more(self) -> int:
        free = self._pace.at_once - len(self._running)
        if free <= 0:
            return 0
        under_way = Counter(each.message.destination for each in self._running.values())
        full = {each for each, count in under_way.items() if count >= self._pace.per_destination}
        started = await self._start(free, self._pace.per_destination, full | set(self._circuits))
        if self._circuits and started < free:  # what failed lately is tried with one message at a time
            tested = {each for each in self._circuits if self.is_open(each)} | set(under_way) | full
            started += await self._start(free - started, 1, tested)
        return started

    async def _start(self, limit: int, per_destination: int, without: set[str]) -> int:
        claimed = await self._outbox.claim(
            self._clock(),
            lease=self._pace.lease,
            limit=limit,
            per_destination=per_destination,
            without=frozenset(without),
        )
        for message in claimed:
            self._running[asyncio.create_task(self._sender.send(message, self._clock()))] = message
        return len(claimed)

    async def _note_ended(self) -> None:
        """Note how the sendings went that have ended since: all that arrived in one transaction."""
        for task in [task for task in self._running if task.done()]:
            stored, error = self._running.pop(task), task.exception()
            if error is not None:  # a fault of the sender's: no message may stop the others
                log.error("delivery.sender_failed", message=stored.id, error=type(error).__name__)
            self._ended.append(
                _Ended(stored, Failed(type(error).__name__) if error is not None else task.result())
            )
        now = self._clock()
        arrived = [each.stored for each in self._ended if isinstance(each.outcome, Arrived)]
        if arrived:
            for stored in arrived:
                self._circuits.pop(stored.message.destination, None)
            self.delivered += await self._outbox.mark_delivered(arrived, now)
            self._ended = [each for each in self._ended if not isinstance(each.outcome, Arrived)]
        while self._ended:
            stored, outcome = self._ended[0].stored, self._ended[0].outcome
            assert not isinstance(outcome, Arrived)
            if isinstance(outcome, Later):
                await self._outbox.put_off(stored, until=now + outcome.after)
            else:
                await self._failed(stored, outcome, now)
            self._ended.pop(0)

    async def _failed(self, stored: StoredMessage, failed: Failed, now: datetime) -> None:
        destination = stored.message.destination
        if failed.is_away:
            self._note_away(destination, failed, now)
        retry_at = (
            None
            if failed.is_final
            else self._pace.backoff.next_try(
                stored.attempts + 1, now, jitter=self._jitter(), after=failed.after
            )
        )
        await self._outbox.mark_failed(stored, failed.error, retry_at=retry_at)
        event = "delivery.dead_letter" if retry_at is None else "delivery.failed"
        log.warning(
            event, message=stored.id, destination=destination, error=failed.error, tries=stored.attempts + 1
        )

    def _note_away(self, destination: str, failed: Failed, now: datetime) -> None:
        circuit = self._circuits.setdefault(destination, _Circuit())
        circuit.failures += 1
        if circuit.failures < _OPEN_AFTER and failed.after is None:
            return
        doublings = min(max(circuit.failures - _OPEN_AFTER, 0), _MOST_DOUBLINGS)
        pause = max(self._pace.backoff.first * 2**doublings, failed.after or timedelta(0))
        circuit.open_until = now + min(pause, _CLOSED_AGAIN_AFTER)
        log.warning("delivery.left_alone", destination=destination, until=circuit.open_until.isoformat())
