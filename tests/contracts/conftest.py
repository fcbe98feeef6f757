"""Real databases for the store's contract: SQLite always, PostgreSQL where its server is installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.databases import lay_out
from tests.postgres import PostgresServer

SECRET = "tests only: " + "x" * 32


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    else:
        url = await request.getfixturevalue("postgres").new_database(tmp_path.name)
    await lay_out(url)
    store = SqlStore(url, Seal(SECRET))
    yield store
    await store.close()
