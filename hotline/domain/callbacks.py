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
    UNIT = "unit"  # the order's unit asked the hotline to connect them (代为接通)


class CallbackState(StrEnum):
    """How a task stands."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"


class CallbackResult(StrEnum):
    """What came of a call that the hotline placed for a task."""

    TALKED = "talked"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    NO_SUCH_NUMBER = "no_such_number"
    HUNG_UP = "hung_up"  # answered, and hung up before an agent was there
    AGENT_LOST = "agent_lost"  # answered, and no agent took it: our fault
    BROKEN = "broken"  # answered, and our side failed
    NOT_PLACED = "not_placed"  # the trunk was away: nobody's telephone rang


_OUR_FAULT: Final = frozenset({CallbackResult.AGENT_LOST, CallbackResult.BROKEN})


@dataclass(frozen=True, slots=True)
class CallbackTry:
    """One call that was placed for a task: when, what came of it, and the agent it was for."""

    at: datetime
    result: CallbackResult
    agent: str


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
    """When people are called back: ``windows`` of a day in local time, ``least`` time that must be left of one.

    ``is_automatic``: in a task's window the hotline calls by itself when an agent is free. At most ``at_once`` such calls
    are under way, and ``per_minute`` are placed in a minute. Who took a task has it for ``held_for``.
    """

    windows: tuple[tuple[time, time], ...]
    least: timedelta = timedelta(minutes=30)
    attempts: int = 3
    is_automatic: bool = False
    at_once: int = 10
    per_minute: int = 20
    held_for: timedelta = timedelta(hours=1)

    def next_window(self, at: datetime) -> CallbackWindow:
        """Return the first window that begins, or still lasts, ``least`` from ``at`` (aware, local)."""
        return self.coming(at, days=2)[0]

    def coming(self, at: datetime, *, days: int) -> tuple[CallbackWindow, ...]:
        """Return the windows from ``at`` (aware, local) on, of so many days, that begin or still last ``least`` from then."""
        ready = at + self.least
        wide = [
            (datetime.combine(day, begins, at.tzinfo), datetime.combine(day, ends, at.tzinfo))
            for day in (at.date() + timedelta(days=later) for later in range(days))
            for begins, ends in self.windows
        ]
        return tuple(
            CallbackWindow(max(start, ready), end)
            for start, end in wide
            if start >= ready or end >= ready + self.least
        )


@dataclass(frozen=True, slots=True)
class CallbackTask:
    """One person to call back. ``words`` is what they said; ``conversation`` the call it comes from, one task each.

    ``taken_by`` is the agent at it, since ``taken_at`` (unknown of older tasks); ``order_number`` an order that came of the call.
    ``call_asked_at``: since then they want the hotline to call; ``is_calling``: it does, or does so by itself (``is_automatic``).
    ``tries`` are the calls it placed, ``last_result`` what came of the last wish for one.
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
    taken_at: datetime | None = None
    order_number: str | None = None
    call_asked_at: datetime | None = None
    tries: tuple[CallbackTry, ...] = ()
    last_result: CallbackResult | None = None
    is_calling: bool = False
    is_automatic: bool = False

    def taken(self, by: str, at: datetime) -> CallbackTask:
        """Return the task in the hands of ``by``; raise ``IllegalCallbackError`` unless it is open."""
        if self.state is not CallbackState.OPEN:
            raise IllegalCallbackError(self.id, self.state)
        return replace(self, state=CallbackState.TAKEN, taken_by=by, taken_at=at, attempts=self.attempts + 1)

    def call_asked(self, by: str, at: datetime) -> CallbackTask:
        """Return the task in the hands of ``by``, for whom the hotline is to call now."""
        mine = self._held_by(by, at)
        if mine.call_asked_at is not None or mine.is_calling:
            raise IllegalCallbackError(self.id, self.state)
        return replace(mine, call_asked_at=at, last_result=None)

    def calling(self, by: str, at: datetime) -> CallbackTask:
        """Return the task while the hotline calls for ``by``, who asked for it or is free."""
        is_automatic = self.call_asked_at is None
        mine = self._held_by(by, at)
        return replace(mine, call_asked_at=None, is_calling=True, is_automatic=is_automatic)

    def is_left(self, at: datetime, hours: CallingHours) -> bool:
        """Tell whether who took it has left it: they had their time, counted from the window on if they took it before."""
        if self.state is not CallbackState.TAKEN:
            return False
        since = max(self.window.start, self.taken_at or self.window.end)
        return at >= max(since, self.call_asked_at or since) + hours.held_for

    def released(self, at: datetime) -> CallbackTask:
        """Return the task open again, as nobody makes the call; one that was under way broke at our end."""
        self._must_be_taken()
        broken = self
        if self.is_calling:
            one = CallbackTry(at, CallbackResult.BROKEN, self.taken_by)
            broken = replace(self, tries=(*self.tries, one), last_result=one.result)
        return _given_back(replace(broken, call_asked_at=None, is_calling=False))

    def tried(self, result: CallbackResult, at: datetime, hours: CallingHours) -> CallbackTask:
        """Return the task after a call that the hotline placed for it.

        What was our own fault is no attempt: the next agent who is free calls again. When nothing could be placed, an
        agent who asked for the call keeps the task, and sees why.
        """
        self._must_be_taken()
        if result is CallbackResult.NOT_PLACED:
            kept = replace(self, call_asked_at=None, is_calling=False, last_result=result)
            return _given_back(kept) if self.is_automatic else kept
        one = CallbackTry(at, result, self.taken_by)
        spoken = replace(
            self, tries=(*self.tries, one), call_asked_at=None, is_calling=False, last_result=result
        )
        if result is CallbackResult.TALKED:
            return spoken.reached()
        if result in _OUR_FAULT:
            return _given_back(spoken)
        return spoken.not_reached(at, hours)

    def reached(self, order_number: str | None = None) -> CallbackTask:
        """Return the task done: they were spoken to. One that is done may still be given its order."""
        if self.state is CallbackState.DONE and order_number is not None and self.order_number is None:
            return replace(self, order_number=order_number)
        self._must_be_taken()
        done = self._called_no_more()
        return replace(done, state=CallbackState.DONE, order_number=order_number or self.order_number)

    def not_reached(self, at: datetime, hours: CallingHours) -> CallbackTask:
        """Return the task open again for the next window, or given up after the last attempt."""
        self._must_be_taken()
        left = self._called_no_more()
        # Settled while it still rings: that call has its place among the tries, and no other takes it.
        if self.is_calling:
            one = CallbackTry(at, CallbackResult.NO_ANSWER, self.taken_by)
            left = replace(left, tries=(*self.tries, one), last_result=one.result)
        if self.attempts >= hours.attempts:
            return replace(left, state=CallbackState.UNREACHED)
        after = max(at, self.window.end)
        window = hours.next_window(after)
        return replace(left, state=CallbackState.OPEN, taken_by="", taken_at=None, window=window)

    def cancelled(self) -> CallbackTask:
        """Return the task called off: they called again, or do not want it."""
        if self.state in FINISHED:
            raise IllegalCallbackError(self.id, self.state)
        return replace(self._called_no_more(), state=CallbackState.CANCELLED)

    def _called_no_more(self) -> CallbackTask:
        """Return the task with no call wished for or under way: whoever settles it by hand waits for none."""
        return replace(self, call_asked_at=None, is_calling=False)

    def _held_by(self, by: str, at: datetime) -> CallbackTask:
        return self if self.state is CallbackState.TAKEN and self.taken_by == by else self.taken(by, at)

    def _must_be_taken(self) -> None:
        if self.state is not CallbackState.TAKEN:
            raise IllegalCallbackError(self.id, self.state)


def _given_back(task: CallbackTask) -> CallbackTask:
    return replace(task, state=CallbackState.OPEN, taken_by="", taken_at=None, attempts=task.attempts - 1)
