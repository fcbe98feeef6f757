"""Callback tasks (回电任务): whom a person is to call back, when, and about what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import HotlineError


class CallbackReason(StrEnum):
    """Why somebody is called back."""

    NO_AGENT = "no_agent"  # nobody was free when a person was asked for
    ABANDONED = "abandoned"  # hung up while waiting for a person, or with words said and nothing registered
    MISSED = "missed"  # rang and was not taken
    BROKEN_CALL = "broken_call"  # the call broke at our end
    PROMISED = "promised"  # an agent promised it


class CallbackState(StrEnum):
    """How a task stands."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"


FINISHED: Final = frozenset({CallbackState.DONE, CallbackState.UNREACHED, CallbackState.CANCELLED})


class IllegalCallbackError(HotlineError):
    """A step that the task's ``state`` does not allow. Nothing was changed."""

    code = "callback.illegal"

    def __init__(self, task: str, state: CallbackState) -> None:
        self.task = task
        self.state = state
        super().__init__(f"{task}: {state}")


class NoSuchCallbackError(HotlineError):
    """There is no such callback task."""

    code = "callback.unknown"

    def __init__(self, task: str) -> None:
        self.task = task
        super().__init__(task)


@dataclass(frozen=True, slots=True)
class CallbackWindow:
    """The hours in which the caller expects the call (回电时段); both aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class CallingHours:
    """When people are called back: ``windows`` of a day in local time, ``least`` time that must be left of one."""

    windows: tuple[tuple[time, time], ...]
    least: timedelta = timedelta(minutes=30)
    attempts: int = 3

    def next_window(self, at: datetime) -> CallbackWindow:
        """Return the first window that begins, or still lasts, ``least`` from ``at`` (aware, local)."""
        ready = at + self.least
        for days in range(2):
            day = (at + timedelta(days=days)).date()
            for begins, ends in self.windows:
                start = datetime.combine(day, begins, at.tzinfo)
                end = datetime.combine(day, ends, at.tzinfo)
                if start >= ready or end >= ready + self.least:
                    return CallbackWindow(max(start, ready), end)
        raise ValueError("calling hours without a window")  # read_hours refuses them


@dataclass(frozen=True, slots=True)
class CallbackTask:
    """One person to call back. ``words`` is what they said; ``conversation`` the call it comes from, one task each.

    ``taken_by`` is the agent at it; ``order_number`` an order that came of the call.
    """

    id: str
    phone: PhoneNumber
    reason: CallbackReason
    words: str = field(repr=False)
    conversation: str
    window: CallbackWindow
    created_at: datetime
    state: CallbackState = CallbackState.OPEN
    attempts: int = 0
    taken_by: str = ""
    order_number: str | None = None

    def taken(self, by: str) -> CallbackTask:
        """Return the task in the hands of ``by``; raise ``IllegalCallbackError`` unless it is open."""
        if self.state is not CallbackState.OPEN:
            raise IllegalCallbackError(self.id, self.state)
        return replace(self, state=CallbackState.TAKEN, taken_by=by, attempts=self.attempts + 1)

    def reached(self, order_number: str | None = None) -> CallbackTask:
        """Return the task done: they were spoken to."""
        self._must_be_taken()
        return replace(self, state=CallbackState.DONE, order_number=order_number or self.order_number)

    def not_reached(self, at: datetime, hours: CallingHours) -> CallbackTask:
        """Return the task open again for the next window, or given up after the last attempt."""
        self._must_be_taken()
        if self.attempts >= hours.attempts:
            return replace(self, state=CallbackState.UNREACHED)
        after = max(at, self.window.end)
        return replace(self, state=CallbackState.OPEN, taken_by="", window=hours.next_window(after))

    def cancelled(self) -> CallbackTask:
        """Return the task called off: they called again, or do not want it."""
        if self.state in FINISHED:
            raise IllegalCallbackError(self.id, self.state)
        return replace(self, state=CallbackState.CANCELLED)

    def _must_be_taken(self) -> None:
        if self.state is not CallbackState.TAKEN:
            raise IllegalCallbackError(self.id, self.state)
