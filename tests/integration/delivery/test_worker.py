"""The real worker, killed at random points: no card and no message is lost or doubled, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.deliveries import Endpoints
from app.settings import secret_file
from hotline.domain.deeds import Card, Remind
from hotline.domain.notices import messages
from hotline.domain.outbox import MessageState
from hotline.store.outbox import SqlOutbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.work_order_store import Change
from tests.builders import NOW
from tests.databases import lay_out
from tests.postgres import PostgresServer
from tests.receiver import receiving
from tests.work_orders import a_decision, an_order

ROOT = Path(__file__).resolve().parents[3]
UNIT = "unit:county-371302"
ORDERS, KILLS, WORKERS = 24, 2, 2


class Worker:
    """One worker process, started anew after each kill."""

    def __init__(self, folder: Path, url: str, index: int) -> None:
        self._log = folder / f"worker-{index}.log"
        self._environment = {
            "HOTLINE_DATA_DIR": str(folder), "HOTLINE_DATABASE": url,
            "HOTLINE_SWEEP_SECONDS": "1", "HOTLINE_DELIVERY_TIMEOUT_SECONDS": "0.5",
        }  # fmt: skip
        self.printed = ""

    async def start(self) -> None:
        with self._log.open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "app.worker", cwd=ROOT, stdout=out, stderr=out,
                env={**os.environ, **self._environment},
            )  # fmt: skip

    async def is_at_work(self) -> None:
        while "worker.started" not in self._log.read_text():
            assert self._process.returncode is None, self._log.read_text()
            await asyncio.sleep(0.05)

    async def end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        await self._process.wait()
        self.printed += self._log.read_text()


async def keep_orders_that_come_due(store: SqlStore, *, within_seconds: float) -> list[str]:
    """Keep orders dispatched just now, whose units are late to sign within the next seconds; return their numbers."""
    begun = datetime.now(UTC)
    minutes = (begun - NOW).total_seconds() / 60
    numbers = [f"26112300{index:03d}" for index in range(1, ORDERS + 1)]
    for index, number in enumerate(numbers):
        sign_by = begun + timedelta(seconds=within_seconds * (index + 1) / ORDERS)
        order = an_order(number, minutes, routing=a_decision(begun, sign_by=sign_by))
        change = Change(order, messages=tuple(messages(None, order)), next_at=sign_by)
        await store.commit(change, at=begun)
    return numbers


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_workers_that_are_killed_lose_nothing_and_double_nothing(
    database: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(12345)
    async with AsyncExitStack() as stack:
        url = f"sqlite+aiosqlite:///{tmp_path}/hotline.sqlite3"
        if database == "postgresql":
            server = PostgresServer(tmp_path_factory.mktemp("postgres"))
            stack.callback(server.stop)
            url = await server.new_database("orders")
        await lay_out(url)
        seal = Seal(secret_file(tmp_path / "at_rest.key"))
        store = SqlStore(url, seal)
        stack.push_async_callback(store.close)
        receiver = await stack.enter_async_context(receiving())
        Endpoints(tmp_path / "endpoints.json").set(UNIT, receiver.url)
        outbox = SqlOutbox(store.database, seal)
        workers = [Worker(tmp_path, url, index) for index in range(WORKERS)]
        for worker in workers:
            await worker.start()
        try:
            await workers[0].is_at_work()
            numbers = await keep_orders_that_come_due(store, within_seconds=4)
            for kill in range(KILLS):
                victim = workers[kill % WORKERS]
                await victim.is_at_work()
                await asyncio.sleep(chance.uniform(0.0, 1.5))
                await victim.end(signal.SIGKILL)
                await victim.start()
            async with asyncio.timeout(120):
                while not await _is_all_done(store, outbox, numbers):
                    await asyncio.sleep(0.2)
        finally:
            for worker in workers:
                await worker.end(signal.SIGTERM)
        wanted = {stored.message.key for number in numbers for stored in await outbox.written(UNIT, number)}
        assert set(receiver.ids) == wanted
        assert len(wanted) == 2 * ORDERS  # dispatched to it, and late to sign
        assert _order_of_first_arrival(receiver.ids, numbers) == []
        cards = Counter([(number, card) for number in numbers for card in await _cards(store, number)])
        assert cards == Counter({(number, Card.UNSIGNED): 1 for number in numbers})
        assert await store.audit_break() is None
        assert all("Traceback" not in worker.printed for worker in workers)


async def _is_all_done(store: SqlStore, outbox: SqlOutbox, numbers: list[str]) -> bool:
    if await outbox.in_state(MessageState.PENDING, limit=1):
        return False
    return all([Card.UNSIGNED in await _cards(store, number) for number in numbers])


async def _cards(store: SqlStore, number: str) -> list[Card]:
    order = await store.get(number)
    return [entry.deed.card for entry in order.history if isinstance(entry.deed, Remind)]


def _order_of_first_arrival(ids: list[str], numbers: list[str]) -> list[str]:
    """Return the orders whose second message arrived before the first."""
    wrong = []
    for number in numbers:
        steps = [int(each.split(":")[1]) for each in dict.fromkeys(ids) if each.startswith(f"{number}:")]
        if steps != sorted(steps):
            wrong.append(number)
    return wrong
