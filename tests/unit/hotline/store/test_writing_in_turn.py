"""One writer at a time: those for whom a citizen waits go before the journal, which goes last but not never."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from threading import Event

import pytest
import pytest_asyncio
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from hotline.domain.errors import StoreUnavailableError
from hotline.store import database as module
from hotline.store.database import Database
from hotline.store.tables import counters
from tests.databases import lay_out

DAY = date(2026, 11, 23)


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path}/hotline.db"
    await lay_out(url)
    database = Database(url)
    yield database
    await database.close()


async def order_of_writing(database: Database, *came: tuple[str, bool]) -> list[str]:
    """Who wrote, in order, when all came (one after the other) while somebody else was writing."""
    wrote: list[str] = []

    async def write(name: str, *, can_wait: bool) -> None:
        await database.write(lambda _: wrote.append(name), can_wait=can_wait)

    async with asyncio.TaskGroup() as group, database.writing():
        for name, can_wait in came:
            group.create_task(write(name, can_wait=can_wait))
            for _ in range(10):  # it comes to where it waits
                await asyncio.sleep(0)
        assert wrote == []
    return wrote


async def test_who_has_a_citizen_waiting_writes_before_the_journal(database: Database) -> None:
    came = (("journal", True), ("order", False), ("journal again", True), ("next order", False))
    assert await order_of_writing(database, *came) == ["order", "next order", "journal", "journal again"]


async def test_the_journal_does_not_wait_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAITS_SECONDS", 0.0)
    assert await order_of_writing(database, ("journal", True), ("order", False)) == ["journal", "order"]


def one_more(connection: Connection) -> int:
    """Count one more on that day; return how many there are."""
    more = insert(counters).values(day=DAY, last=1)
    connection.execute(
        more.on_conflict_do_update(index_elements=[counters.c.day], set_={"last": counters.c.last + 1})
    )
    return int(connection.execute(select(counters.c.last)).scalar_one())


async def test_what_fails_halfway_leaves_nothing_and_the_next_writes(database: Database) -> None:
    def half(connection: Connection) -> None:
        one_more(connection)
        connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")

    with pytest.raises(StoreUnavailableError):
        await database.write(half)
    assert await database.write(one_more) == 1
    assert await database.write(one_more) == 2


async def test_what_nobody_waits_for_any_longer_is_undone(database: Database) -> None:
    """A citizen who was told that nothing is registered must not have an order of it."""
    is_written, is_given_up = Event(), Event()

    def slow(connection: Connection) -> None:
        one_more(connection)
        is_written.set()
        is_given_up.wait(30)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(is_written.wait, 30)
    writing.cancel()
    await asyncio.wait([writing])
    is_given_up.set()
    assert await database.write(one_more) == 1


async def test_closed_it_leaves_no_thread_and_writes_again_when_asked(database: Database) -> None:
    before = set(threading.enumerate())
    for last in (1, 2):
        assert await database.write(one_more) == last
        assert set(threading.enumerate()) - before
        await database.close()
        assert not set(threading.enumerate()) - before
