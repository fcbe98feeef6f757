"""Having people called back (回电): tasks made once for each conversation, taken and finished by agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final, Protocol

from hotline.city import City, read_yaml
from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import (
    CallbackReason,
    CallbackResult,
    CallbackState,
    CallbackTask,
    CallbackWindow,
    CallingHours,
    IllegalCallbackError,
)
from hotline.domain.errors import CityConfigError

_MOST_LISTED: Final = 200


class CallbackStore(Protocol):
    """Keeps callback tasks. All methods raise ``StoreUnavailableError``."""

    async def add(self, task: CallbackTask) -> CallbackTask:
        """Keep ``task``, once for each conversation: returns the one that is kept."""

    async def get(self, task: str) -> CallbackTask | None:
        """Return a task, or None."""

    async def open_tasks(self, *, limit: int) -> Sequence[CallbackTask]:
        """Return tasks that nobody has taken, by the end of their window."""

    async def taken_tasks(self, *, limit: int | None = None) -> Sequence[CallbackTask]:
        """Return tasks that an agent has, by the end of their window."""

    async def is_called(self, task: str, at: datetime) -> bool:
        """Tell whether a call for a task is being placed, or under way, by a process that may be alive."""

    async def calls_asked(self, *, limit: int) -> Sequence[CallbackTask]:
        """Return tasks for which an agent wants a call placed now, the longest wait first."""

    async def change(
        self, task: str, step: Callable[[CallbackTask], CallbackTask], *, by: str, at: datetime
    ) -> CallbackTask:
        """Change a task by ``step`` in one transaction with its audit row; raises what ``step`` raises, or ``NoSuchCallbackError``."""


@dataclass(frozen=True, slots=True)
class WishedFor:
    """Somebody who is to be called back."""

    phone: PhoneNumber
    reason: CallbackReason
    words: str
    conversation: str
    window: CallbackWindow | None = None
    order_number: str | None = None


class Callbacks:
    """Makes, lists, takes and finishes callback tasks."""

    def __init__(self, store: CallbackStore, hours: CallingHours, new_id: Callable[[], str]) -> None:
        """``hours`` are the city's; ``new_id`` makes an id that nobody guesses."""
        self._store = store
        self.hours = hours
        self._new_id = new_id

    async def plan(self, wish: WishedFor, at: datetime) -> CallbackTask:
        """Make a task; a second one for the same conversation is the first."""
        return await self._store.add(
            CallbackTask(
                id=self._new_id(),
                phone=wish.phone,
                reason=wish.reason,
                words=wish.words,
                conversation=wish.conversation,
                window=wish.window or self.hours.next_window(at),
                created_at=at,
                order_number=wish.order_number,
            )
        )

    async def waiting(self) -> Sequence[CallbackTask]:
        """Return what is to be done, the most urgent first; however many were taken, they hide none that nobody has."""
        found = [
            *await self._store.open_tasks(limit=_MOST_LISTED),
            *await self._store.taken_tasks(limit=_MOST_LISTED),
        ]
        return sorted(found, key=lambda task: (task.window.end, task.created_at, task.id))

    async def release(self, task: str, *, by: str, at: datetime) -> CallbackTask:
        """Open a task again whose agent has left it; ``IllegalCallbackError`` while a call for it is under way."""

        def step(found: CallbackTask) -> CallbackTask:
            if is_called:
                raise IllegalCallbackError(found.id, found.state)
            return found.released(at)

        is_called = await self._store.is_called(task, at)
        return await self._store.change(task, step, by=by, at=at)

    async def release_left(self, at: datetime, *, by: str) -> int:
        """Open again what agents took and left, as its time says; return how many."""

        def step(found: CallbackTask) -> CallbackTask:
            if not found.is_left(at, self.hours):  # finished, or taken anew, meanwhile
                raise IllegalCallbackError(found.id, found.state)
            return found.released(at)

        released = 0
        for task in await self._store.taken_tasks():
            if task.is_left(at, self.hours) and not await self._store.is_called(task.id, at):
                with suppress(IllegalCallbackError):
                    await self._store.change(task.id, step, by=by, at=at)
                    released += 1
            if released == _MOST_LISTED:
                break
        return released

    async def take(self, task: str, *, by: str, at: datetime) -> CallbackTask:
        """Give a task to the agent ``by``; of two who ask at once one is refused."""
        return await self._store.change(task, lambda found: found.taken(by, at), by=by, at=at)

    async def get(self, task: str) -> CallbackTask | None:
        """Return a task, or None."""
        return await self._store.get(task)

    async def ask_call(self, task: str, *, by: str, at: datetime) -> CallbackTask:
        """Have the hotline call now, for the agent ``by`` who has the task or takes it with this."""
        return await self._store.change(task, lambda found: found.call_asked(by, at), by=by, at=at)

    async def begin_call(self, task: str, *, by: str, at: datetime) -> CallbackTask:
        """Note that the hotline calls now, for the agent ``by``."""
        return await self._store.change(task, lambda found: found.calling(by, at), by=by, at=at)

    async def to_call(self, at: datetime, *, is_agent_free: bool) -> Sequence[CallbackTask]:
        """Return tasks to place calls for at the local time ``at``: those asked for, then those in their window.

        The latter only where the city wants it and while an agent is free.
        """
        asked = await self._store.calls_asked(limit=_MOST_LISTED)
        if not (self.hours.is_automatic and is_agent_free):
            return asked
        others = (
            task for task in await self._store.open_tasks(limit=_MOST_LISTED) if task.window.start <= at
        )
        return (*asked, *others)

    async def tried(self, task: str, result: CallbackResult, *, by: str, at: datetime) -> CallbackTask:
        """Note what came of a call that was placed."""
        return await self._store.change(task, lambda found: found.tried(result, at, self.hours), by=by, at=at)

    async def finish(
        self, task: str, outcome: CallbackState, *, by: str, at: datetime, order_number: str | None = None
    ) -> CallbackTask:
        """Note what came of it: DONE, UNREACHED (tried again while attempts are left) or CANCELLED."""
        steps: dict[CallbackState, Callable[[CallbackTask], CallbackTask]] = {
            CallbackState.DONE: lambda found: found.reached(order_number),
            CallbackState.UNREACHED: lambda found: found.not_reached(at, self.hours),
            CallbackState.CANCELLED: lambda found: found.cancelled(),
        }
        return await self._store.change(task, steps[outcome], by=by, at=at)


def read_hours(city: City) -> CallingHours:
    """Read a city's ``callbacks.yaml``; ``CityConfigError`` says what is wrong with it."""
    file = city.folder / "callbacks.yaml"
    rows = read_yaml(file)
    try:
        windows = tuple(_window(str(row), file) for row in rows["windows"])
        least, attempts = int(rows["least_minutes"]), int(rows["attempts"])
    except (KeyError, TypeError, ValueError) as error:
        raise CityConfigError(file=str(file), reason=f"回电设置缺少内容或写法不对：{error}") from error
    ends = [time.min, *(moment for window in windows for moment in window)]
    minutes = [moment.hour * 60 + moment.minute for moment in ends]
    if not windows or minutes != sorted(minutes) or len(set(minutes[1:])) < len(windows) + 1:
        raise CityConfigError(file=str(file), reason="windows 应从早到晚，互不重叠")
    if attempts < 1 or least < 0 or max(end - start for start, end in _pairs(minutes[1:])) < 2 * least:
        raise CityConfigError(
            file=str(file), reason="attempts 至少为 1；至少有一个时段长于 least_minutes 的两倍"
        )
    if not isinstance(automatic := rows.get("automatic", False), bool):
        raise CityConfigError(file=str(file), row="automatic", reason="automatic 应是 true 或 false")
    pace = rows.get("at_once", 10), rows.get("per_minute", 20)
    if not all(isinstance(each, int) and each > 0 for each in pace):
        raise CityConfigError(file=str(file), reason="at_once、per_minute 应是正整数")
    held = rows.get("held_minutes", 60)
    if not (isinstance(held, int) and held > 0):
        raise CityConfigError(file=str(file), row="held_minutes", reason="held_minutes 应是正整数")
    return CallingHours(
        windows, timedelta(minutes=least), attempts, automatic, *pace, held_for=timedelta(minutes=held)
    )


def _pairs(minutes: list[int]) -> list[tuple[int, int]]:
    return list(zip(minutes[::2], minutes[1::2], strict=True))


def _window(row: str, file: Path) -> tuple[time, time]:
    start, dash, end = row.partition("-")
    if not dash:
        raise CityConfigError(file=str(file), row=row, reason="时段写作 09:00-12:00")
    begins, ends = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    if begins >= ends:
        raise CityConfigError(file=str(file), row=row, reason="时段的结束应晚于开始")
    return begins, ends
