"""Several processes on one database: every number is given once, no order is lost, the chain stays whole."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.databases import lay_out
from tests.postgres import PostgresServer

SECRET = "tests only: " + "x" * 32
PROCESSES, ORDERS = 3, 15
WRITER = f"""
import asyncio, json, sys
from datetime import date
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.work_orders import keep_next

async def write():
    store = SqlStore(sys.argv[1], Seal({SECRET!r}))
    numbers = []
    for _ in range({ORDERS}):
        numbers.append(await keep_next(store, date(2026, 11, 23)))
    await store.close()
    print(json.dumps(numbers))

asyncio.run(write())
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_processes_share_numbers_and_the_audit_chain(
    database: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = PostgresServer(tmp_path_factory.mktemp("postgres")) if database == "postgresql" else None
    try:
        url = (
            await server.new_database("orders")
            if server
            else f"sqlite+aiosqlite:///{tmp_path}/hotline.sqlite3"
        )
        await lay_out(url)
        root = Path(__file__).resolve().parents[3]
        writers = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", WRITER, url, stdout=asyncio.subprocess.PIPE, cwd=root
            )
            for _ in range(PROCESSES)
        ]
        printed = [(await writer.communicate())[0] for writer in writers]
        given = sorted(number for output in printed for number in json.loads(output))
        assert given == [f"261123{index:05d}" for index in range(1, PROCESSES * ORDERS + 1)]
        store = SqlStore(url, Seal(SECRET))
        assert sorted(order.number for order in await store.recent(limit=1_000)) == given
        assert await store.audit_break() is None
        await store.close()
    finally:
        if server is not None:
            server.stop()
