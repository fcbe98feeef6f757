"""A database that is locked, gone or unreachable: said so in time, nothing half-written."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection

from hotline.domain.errors import StoreUnavailableError
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import an_appeal
from tests.databases import lay_out
from tests.work_orders import an_order, keep, keep_next

SEAL = Seal("tests only: " + "x" * 32)


async def test_a_locked_database_is_reported_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "hotline.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    await lay_out(url)
    store = SqlStore(url, SEAL, timeout_seconds=0.3)
    holder = sqlite3.connect(file)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailableError):
        await keep(store, an_order())
    holder.rollback()
    holder.close()
    assert await store.recent() == []
    await store.close()


async def test_a_file_that_vanished_is_reported_and_takes_no_orders_along(tmp_path: Path) -> None:
    """SQLite itself would go on writing to the deleted file, and the order would be lost after “已受理”."""
    folder = tmp_path / "data"
    url = f"sqlite+aiosqlite:///{folder / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, SEAL)
    await keep(store, an_order())
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(StoreUnavailableError):
        await keep(store, an_order("26112300002"))
    shutil.rmtree(folder)
    with pytest.raises(StoreUnavailableError):
        await keep(store, an_order("26112300003"))
    assert not await store.is_up()
    await store.close()


async def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, SEAL)
    await keep(store, an_order())
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("hotline.sqlite3", "hotline.sqlite3-shm", "hotline.sqlite3-wal"), "0o600")
    await store.close()


async def test_a_copy_put_back_in_place_is_used(tmp_path: Path) -> None:
    file, copy = tmp_path / "hotline.sqlite3", tmp_path / "copy.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    await lay_out(url)
    store = SqlStore(url, SEAL)
    await keep(store, an_order())
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    for old in tmp_path.glob("hotline.sqlite3*"):
        old.unlink()
    copy.rename(file)
    await keep(store, an_order("26112300002"))
    assert [order.number for order in await store.recent()] == ["26112300002", "26112300001"]
    await store.close()


async def test_a_full_disk_refuses_the_commit_and_nothing_is_half_written(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, SEAL)

    def fill(connection: Connection) -> None:  # SQLite's own way to say that there is no more room
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")

    await store.database.write(fill)
    long = an_order(appeal=an_appeal(text="暖气不热" * 10_000))
    with pytest.raises(StoreUnavailableError):
        await keep(store, long)
    assert await store.recent() == []
    assert await store.audit_break() is None
    await keep(store, an_order("26112300002"))
    assert [order.number for order in await store.recent()] == ["26112300002"]
    await store.close()


async def test_a_database_without_tables_is_not_up(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}", SEAL)
    assert not await store.is_up()
    with pytest.raises(StoreUnavailableError):
        await keep_next(store, date(2026, 11, 23))
    await store.close()


async def test_a_server_that_is_away_is_reported(tmp_path: Path) -> None:
    store = SqlStore("postgresql+asyncpg://nobody@127.0.0.1:1/none", SEAL, timeout_seconds=2)
    with pytest.raises(StoreUnavailableError):
        await store.recent()
    await store.close()


async def test_a_row_sealed_with_another_key_is_refused(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    mine, other = SqlStore(url, SEAL), SqlStore(url, Seal("another " + "y" * 32))
    await keep(mine, an_order())
    with pytest.raises(StoreUnavailableError):
        await other.get("26112300001")
    await mine.close()
    await other.close()
