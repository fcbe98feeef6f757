"""Jobs by the clock: a day of downtime is made good once and in order; a clock that is set back fires nothing again."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.jobs import Job
from app.settings import Settings
from app.worker import Schedule, forget_old_runs
from app.worker_place import Place, TooManyWorkersError, worker_lives
from hotline.domain.errors import StoreUnavailableError

EVERY_THREE_HOURS = "0 */3 * * *"


class Office:
    """A schedule with one job, started and stopped like a worker."""

    def __init__(self, folder: Path, *, catches_up: bool = True) -> None:
        self.done: list[datetime] = []
        self.faults = 0
        self._left = 2
        self._folder = folder
        self._catches_up = catches_up

    async def work(self, due_at: datetime) -> int:
        """Do two batches for each run."""
        if self.faults:
            self.faults -= 1
            raise StoreUnavailableError("away")
        self._left -= 1
        if self._left == 1:
            self.done.append(due_at)
            return 5
        self._left = 2
        return 0

    async def open(self, *, last_fired: datetime | None, until: int) -> None:
        """Run from a last firing until ``until`` runs are done and a little longer."""
        job = Job("list", EVERY_THREE_HOURS, self.work, catches_up=self._catches_up)
        settings = Settings(data_dir=self._folder)
        schedule = Schedule(settings, [job], worker="w1", timezone="UTC")
        if last_fired is not None:
            with sqlite3.connect(self._folder / "worker.sqlite3") as connection:
                connection.execute(
                    "UPDATE workflow_schedules SET last_fired_at = ?", (last_fired.isoformat(),)
                )
            connection.close()
        await asyncio.to_thread(schedule.start)
        try:
            async with asyncio.timeout(30):
                while len(self.done) < until:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(1.5)  # what would come too often would come now
            self.forgotten = await forget_old_runs(datetime.now(UTC))
        finally:
            await asyncio.to_thread(schedule.stop)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_day_of_downtime_is_made_good_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)
    await office.open(last_fired=None, until=0)
    office.faults = 2  # the database is away for a moment
    now = datetime.now(UTC)
    a_day_ago = now.replace(hour=now.hour - now.hour % 3, minute=0, second=0, microsecond=0) - timedelta(
        days=1
    )
    await office.open(last_fired=a_day_ago, until=8)
    assert office.done == [a_day_ago + timedelta(hours=hours) for hours in range(3, 25, 3)]
    await office.open(last_fired=a_day_ago, until=8)  # as if the clock had been set back
    assert (len(office.done), office.forgotten) == (8, 0)
    monkeypatch.setattr("app.worker.now", lambda: datetime.now(UTC) + timedelta(days=15))
    await office.open(last_fired=None, until=8)
    assert office.forgotten == 8


def test_a_worker_that_was_killed_gets_its_place_again(tmp_path: Path) -> None:
    first, second = Place(tmp_path), Place(tmp_path)
    assert (first.name[-2:], second.name[-2:]) == (":1", ":2")
    first.leave()
    third = Place(tmp_path)
    assert third.name == first.name
    for place in (second, third):
        place.leave()


def test_seventeen_workers_do_not_fit_in_one_folder(tmp_path: Path) -> None:
    places = [Place(tmp_path) for _ in range(16)]
    with pytest.raises(TooManyWorkersError):
        Place(tmp_path)
    for place in places:
        place.leave()


def test_a_worker_without_a_sign_of_life_is_away(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert not worker_lives(tmp_path, now)
    place = Place(tmp_path)
    assert worker_lives(tmp_path, now)
    assert not worker_lives(tmp_path, now + timedelta(seconds=31))
    place.leave()
