"""Measuring delivery: messages written and delivered per second, as the backlog grows, and with one endpoint dead."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import uvicorn
from sqlalchemy import update

from app.deliveries import Endpoints, WebhookSender, open_client
from app.processes import free_port
from app.stand_ins import UnitStandIn
from hotline.domain.outbox import Message, MessageState
from hotline.service.delivery import Delivery
from hotline.store.outbox import SqlOutbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore, migrate
from hotline.store.tables import outbox as outbox_table

UNITS: Final = 50
_A_WRITE: Final = 50
_SECONDS: Final = 2.0


async def bench_outbox(
    url: str, folder: Path, *, backlogs: tuple[int, ...], progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return the figures of an empty database at ``url``; endpoints' addresses are kept in ``folder``.

    The receiver runs in this process and verifies every signature, so both ends share the processor.
    """
    await migrate(url)
    seal = Seal("bench only: " + "x" * 32)
    store = SqlStore(url, seal)
    outbox = SqlOutbox(store.database, seal)
    rows = []
    try:
        for index, backlog in enumerate(backlogs):
            row: dict[str, Any] = {"backlog": backlog}
            for kind in ("inbox", "http", "http_one_dead"):
                row[kind] = await _run(store, outbox, folder, backlog, kind)
            rows.append(row)
            progress(index + 1, len(backlogs))
    finally:
        await store.close()
    return {"units": UNITS, "runs": rows}


async def _run(
    store: SqlStore, outbox: SqlOutbox, folder: Path, backlog: int, kind: str
) -> dict[str, float | int]:
    endpoints = Endpoints(folder / "endpoints.json")
    for destination in list(endpoints.all()):
        endpoints.remove(destination)
    receiver = UnitStandIn([])
    async with contextlib.AsyncExitStack() as stack:
        if kind != "inbox":
            address = await stack.enter_async_context(_serving(receiver))
            for unit in range(UNITS):
                endpoints.set(f"unit:{unit}", address)
            receiver.secrets = [endpoint.secret for endpoint in endpoints.all().values()]
        if kind == "http_one_dead":
            endpoints.set("unit:0", f"http://127.0.0.1:{free_port()}/")
        begun = perf_counter()
        run = f"{kind}-{backlog}"
        for start in range(0, backlog, _A_WRITE):
            batch = [_message(run, index) for index in range(start, min(start + _A_WRITE, backlog))]
            await outbox.write(*batch, at=datetime.now(UTC))
        written = perf_counter() - begun
        client = await stack.enter_async_context(open_client(_SECONDS))
        sender = WebhookSender(client, endpoints, timeout_seconds=_SECONDS)
        delivery = Delivery(outbox, sender, clock=lambda: datetime.now(UTC), jitter=random.random)
        begun = perf_counter()
        await delivery.drain()
        drained = perf_counter() - begun
    async with store.database.writing() as connection:  # out of the way of the next run
        pending = update(outbox_table).where(outbox_table.c.state == MessageState.PENDING.value)
        left = (await connection.execute(pending.values(state=MessageState.DEAD.value))).rowcount
    return {
        "written_per_second": round(backlog / written, 1),
        "delivered_per_second": round(delivery.delivered / drained, 1),
        "delivered": delivery.delivered,
        "left": left,
        "seconds": round(drained, 2),
        "sent_again": receiver.sent_again,
    }


def _message(run: str, index: int) -> Message:
    body = {"number": f"{index:011d}", "text": "暖气不热，反映多次没有人来看。" * 5}
    return Message(f"unit:{index % UNITS}", "work_order.dispatch", f"{index:011d}", body, f"{run}:{index}")


@contextlib.asynccontextmanager
async def _serving(receiver: UnitStandIn) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(receiver.app(), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn tells by this flag only
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await task
