"""Who was missed is called back: one task a number and day, whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.missed_calls import MissedCalls
from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import CallbackReason, CallbackTask, CallingHours
from hotline.domain.errors import StoreUnavailableError
from hotline.service.callbacks import Callbacks
from hotline.store.sealing import Seal
from ivr.sip.settings import Arrival

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
SEAL = Seal("tests only: " + "x" * 32)
HOURS = CallingHours(((time(9), time(12)), (time(14), time(18))), timedelta(minutes=30), 2)


class Kept:
    """A store of tasks and of numbers; away where it is told to be."""

    def __init__(self) -> None:
        self.tasks: list[CallbackTask] = []
        self.contacts: list[str] = []
        self.is_away = False

    async def add(self, task: CallbackTask) -> CallbackTask:
        for kept in self.tasks:
            if kept.conversation == task.conversation:
                return kept
        self.tasks.append(task)
        return task

    async def note_contact(self, phone: PhoneNumber, *, at: datetime) -> None:
        if self.is_away:
            raise StoreUnavailableError("away")
        self.contacts.append(phone.digits)


async def missed(kept: Kept, calls: Sequence[tuple[str, datetime]], *, repaired: int | None = None) -> None:
    clock = iter([at for _, at in calls])
    callbacks = Callbacks(kept, HOURS, lambda: str(len(kept.tasks)))  # type: ignore[arg-type]
    calls_missed = MissedCalls(callbacks, kept, lambda: next(clock), fingerprint=SEAL.fingerprint)  # type: ignore[arg-type]
    for number, (caller, _) in enumerate(calls):
        kept.is_away = repaired is not None and number < repaired
        calls_missed.take(Arrival(f"call-{number}", caller, "12345"))
        await calls_missed.close()


def test_who_found_no_line_is_called_back_in_the_next_window_once_a_day() -> None:
    kept = Kept()
    tomorrow = NOON + timedelta(days=1)
    calls = [("+8613905390001", NOON), ("13905390001", NOON), ("anonymous", NOON), ("13905390001", tomorrow)]
    asyncio.run(missed(kept, calls))
    assert [(task.phone.digits, task.reason, task.window.start) for task in kept.tasks] == [
        ("13905390001", CallbackReason.MISSED, NOON.replace(hour=14)),
        ("13905390001", CallbackReason.MISSED, tomorrow.replace(hour=14)),
    ]
    assert len({task.conversation for task in kept.tasks}) == 2
    assert kept.contacts == ["13905390001"] * 2  # only who contacted us is called


def test_whom_two_processes_missed_is_called_back_once() -> None:
    kept = Kept()
    for _ in range(2):
        asyncio.run(missed(kept, [("13905390001", NOON)]))
    (task,) = kept.tasks
    assert "13905390001" not in task.conversation


def test_a_database_that_was_away_costs_nobody_their_next_try() -> None:
    kept = Kept()
    asyncio.run(missed(kept, [("13905390001", NOON)] * 2, repaired=1))
    assert len(kept.tasks) == 1
