"""Who is served next (先后缓急): a bounded queue in front of what does only so much at once.

How urgent a job is travels with the task that wants it (``Claim.held``), so that nothing in between has to pass it on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum

from hotline.domain.errors import EngineBusyError


class Urgency(IntEnum):
    """How soon a job is wanted, the most urgent first."""

    NOW = 0
    """Somebody waits for it."""
    AHEAD = 1
    """It may be wanted soon: begun before it is known whether it will be."""
    SPARE = 2
    """Only where a lane is idle; it makes way for any job that is more urgent."""


class Claim:
    """How urgent one job is; it may become more so while it waits."""

    def __init__(self, urgency: Urgency = Urgency.NOW) -> None:
        self.urgency = urgency
        self._listeners: list[Callable[[], None]] = []

    def hurry(self) -> None:
        """Say that somebody waits for it now."""
        if self.urgency is not Urgency.NOW:
            self.urgency = Urgency.NOW
            for listener in self._listeners:
                listener()

    def on_hurry(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called when the job becomes urgent."""
        self._listeners.append(listener)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let jobs that this task, and tasks it makes, start in this block be as urgent as this."""
        token = _CLAIM.set(self)
        try:
            yield
        finally:
            _CLAIM.reset(token)


_CLAIM: ContextVar[Claim | None] = ContextVar("claim", default=None)


def current_claim() -> Claim:
    """Return the claim of the task that is running; without one its jobs are wanted now."""
    return _CLAIM.get() or Claim()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    claim: Claim
    turn: asyncio.Future[None]


class Lanes:
    """``count`` jobs at once; up to ``queue_limit`` more wait, the most urgent first and else in their order."""

    def __init__(self, name: str, count: int, queue_limit: int) -> None:
        self._name = name
        self._free = count
        self._queue_limit = queue_limit
        self._waiters: list[_Waiter] = []

    @property
    def waiting(self) -> int:
        """How many jobs wait for a lane."""
        return len(self._waiters)

    def ahead_of(self, claim: Claim) -> int:
        """How many waiting jobs would be served before one with this claim."""
        return sum(waiter.claim.urgency <= claim.urgency for waiter in self._waiters)

    async def take(self, claim: Claim) -> None:
        """Take a lane; give it back with ``free``.

        Raises ``EngineBusyError`` at once when the queue is full of jobs as urgent, later when a more urgent one
        needed the place; a spare job does not wait at all.
        """
        if self._free and not self._waiters:
            self._free -= 1
            return
        if claim.urgency is Urgency.SPARE:
            raise EngineBusyError(self._name, "no lane idle")
        if len(self._waiters) >= self._queue_limit:
            self._make_room(claim)
        waiter = _Waiter(claim, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self.free()  # it was given the lane in the moment it left
            raise

    def free(self) -> None:
        """Give a lane back: to the next that waits for one."""
        waiting = [waiter for waiter in self._waiters if not waiter.turn.done()]
        if not waiting:
            self._free += 1
            return
        next_one = min(waiting, key=lambda waiter: waiter.claim.urgency)  # the first of equals
        self._waiters.remove(next_one)
        next_one.turn.set_result(None)

    def _make_room(self, claim: Claim) -> None:
        waiting = [waiter for waiter in self._waiters if not waiter.turn.done()]
        last = max(reversed(waiting), key=lambda waiter: waiter.claim.urgency, default=None)
        if last is None or last.claim.urgency <= claim.urgency:
            raise EngineBusyError(self._name, "queue full")
        self._waiters.remove(last)
        last.turn.set_exception(EngineBusyError(self._name, "a more urgent one needed its place"))
