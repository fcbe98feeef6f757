"""A database that is locked, gone or unreachable: said so in time, nothing half-written."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from hotline.domain.errors import StoreUnavailableError
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore, migrate
from tests.contracts.test_store import an_order

SEAL = Seal("tests only: " + "x" * 32)


async def test_a_locked_database_is_reported_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "hotline.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    await migrate(url)
    store = SqlStore(url, SEAL, timeout_seconds=0.3)
    holder = sqlite3.connect(file)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailableError):
        await store.add(an_order())
    holder.rollback()
    holder.close()
    assert await store.recent() == []
    await store.close()


async def test_a_database_without_tables_is_not_up(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}", SEAL)
    assert not await store.is_up()
    with pytest.raises(StoreUnavailableError):
        await store.next_number(date(2026, 11, 23))
    await store.close()


async def test_a_server_that_is_away_is_reported(tmp_path: Path) -> None:
    store = SqlStore("postgresql+asyncpg://nobody@127.0.0.1:1/none", SEAL, timeout_seconds=2)
    with pytest.raises(StoreUnavailableError):
        await store.recent()
    await store.close()


async def test_a_row_sealed_with_another_key_is_refused(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await migrate(url)
    mine, other = SqlStore(url, SEAL), SqlStore(url, Seal("another " + "y" * 32))
    await mine.add(an_order())
    with pytest.raises(StoreUnavailableError):
        await other.get("26112300001")
    await mine.close()
    await other.close()
