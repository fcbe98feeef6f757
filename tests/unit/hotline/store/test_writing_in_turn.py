"""One writer at a time: those for whom a citizen waits go before the journal, which goes last but not never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hotline.store import database as module
from hotline.store.database import Database, migrate


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path}/hotline.db"
    await migrate(url)
    database = Database(url)
    yield database
    await database.close()


async def order_of_writing(database: Database, *came: tuple[str, bool]) -> list[str]:
    """Who wrote, in order, when all came (one after the other) while somebody else was writing."""
    wrote: list[str] = []

    async def write(name: str, *, can_wait: bool) -> None:
        async with database.writing(can_wait=can_wait):
            wrote.append(name)

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
