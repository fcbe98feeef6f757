"""A PostgreSQL server that dies, hangs or is locked: said so within seconds, and used again when it is back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from hotline.domain.errors import StoreUnavailableError
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.databases import lay_out
from tests.postgres import PostgresServer
from tests.work_orders import an_order, keep

SECONDS = 8.0  # the longest that a caller may be kept waiting for "could not be recorded"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture
async def store(server: PostgresServer, tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = await server.new_database(tmp_path.name)
    await lay_out(url)
    store = SqlStore(url, Seal("tests only: " + "x" * 32))
    yield store
    await store.close()


async def add(store: SqlStore, number: str) -> None:
    async with asyncio.timeout(SECONDS):
        await keep(store, an_order(number))


async def test_a_server_that_dies_is_reported_and_used_again_when_it_is_back(
    server: PostgresServer, store: SqlStore
) -> None:
    await add(store, "26112300001")
    server.stop()
    with pytest.raises(StoreUnavailableError):
        await add(store, "26112300002")
    assert not await store.is_up()
    server.start()
    async with asyncio.timeout(20):
        while not await store.is_up():
            await asyncio.sleep(0.1)
    await add(store, "26112300003")
    assert [order.number for order in await store.recent()] == ["26112300003", "26112300001"]
    assert await store.audit_break() is None


async def test_a_server_that_never_answers_is_given_up(server: PostgresServer, store: SqlStore) -> None:
    await add(store, "26112300001")
    server.signal(signal.SIGSTOP)
    with pytest.raises(StoreUnavailableError):
        await add(store, "26112300002")
    server.signal(signal.SIGCONT)
    await add(store, "26112300003")
    assert [order.number for order in await store.recent()] == ["26112300003", "26112300001"]


async def test_a_server_that_hangs_within_a_transaction_is_given_up(
    server: PostgresServer, store: SqlStore
) -> None:
    async def hang() -> None:
        async with asyncio.timeout(SECONDS), store.database.writing() as connection:
            await connection.execute(text("SELECT 1"))
            server.signal(signal.SIGSTOP)
            await connection.execute(text("SELECT 1"))

    with pytest.raises(StoreUnavailableError):
        await hang()
    server.signal(signal.SIGCONT)
    await add(store, "26112300001")


async def test_a_locked_table_is_given_up_and_nothing_is_written(store: SqlStore) -> None:
    async with store.database.engine.begin() as holder:
        await holder.execute(text("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StoreUnavailableError):
            await add(store, "26112300001")
    assert await store.recent() == []
    await add(store, "26112300001")
    assert await store.audit_break() is None
