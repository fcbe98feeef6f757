"""Benchmark of the work order store: registering, stepping, and finding what the machine owes among many open orders.

Baseline of the same run: bare inserts of a row of the same size, committed one by one.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final

from sqlalchemy import func, insert, select, text

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind, PhoneNumber, Place
from hotline.domain.category import SECOND
from hotline.domain.deeds import SignFor
from hotline.domain.people import unit_actor
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework
from hotline.service.registration import Registration, Routing
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore, migrate
from hotline.store.tables import work_orders

_BATCH: Final = 5_000
_WRITERS: Final = 8
_DUE: Final = 500
_FILLER_BYTES: Final = 200
Progress = Callable[[str, int, int], None]


async def bench_store(
    url: str,
    city: City,
    router: Routing,
    casework_of: Callable[[SqlStore], Casework],
    *,
    orders: int,
    sizes: tuple[int, ...],
    at: datetime,
    progress: Progress,
) -> dict[str, Any]:
    """Return orders registered and stepped per second, the baseline, and the sweep's times at each of ``sizes`` open orders."""
    await migrate(url)
    seal = Seal("bench only: " + "x" * 32)
    store = SqlStore(url, seal, timeout_seconds=120)
    casework = casework_of(store)
    try:
        registration = Registration(store, router, city, casework)
        made, registering = await _registered(registration, city, orders, at, progress)
        stepping = await _stepped(casework, made, at, progress)
        baseline = await _bare_inserts(store, orders)
        sweeps = [await _sweep(store, casework, made[0], size, at, progress) for size in sizes]
    finally:
        await store.close()
    return {
        "orders": orders,
        "registered_per_second": round(orders / registering, 1),
        "stepped_per_second": round(orders / stepping, 1),
        "bare_inserts_per_second": round(orders / baseline, 1),
        "registering_over_bare_insert": round(registering / baseline, 2),
        "sweeps": sweeps,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


async def _registered(
    registration: Registration, city: City, count: int, at: datetime, progress: Progress
) -> tuple[list[WorkOrder], float]:
    """Register ``count`` appeals, several at a time, as several calls would."""
    categories, counties = list(city.categories_at(SECOND)), list(city.counties)
    made: list[WorkOrder] = []
    numbers = iter(range(count))

    async def write() -> None:
        for index in numbers:
            category = categories[index % len(categories)]
            place = Place("某路", county_code=counties[index % len(counties)], county="某县")
            appeal = Appeal(
                kind=AppealKind.HELP, category=category.code, text=f"{index}号楼{category.name}，一直没有人来处理",
                place=place, phone=PhoneNumber(f"139{index:08d}"),
            )  # fmt: skip
            made.append(await registration.register(appeal, conversation=f"bench-{index}", at=at))
            if len(made) % 100 == 0:
                progress("登记", len(made), count)

    started = perf_counter()
    await asyncio.gather(*(write() for _ in range(_WRITERS)))
    return made, perf_counter() - started


async def _stepped(casework: Casework, made: list[WorkOrder], at: datetime, progress: Progress) -> float:
    """Sign for every order that a unit has."""
    waiting = iter([order for order in made if order.is_dispatched] or made[:0])
    done = 0

    async def work() -> None:
        nonlocal done
        for order in waiting:
            by = unit_actor(order.lead_unit or "")
            await casework.do(order.number, SignFor(), by=by, at=at + timedelta(minutes=1))
            done += 1
            if done % 100 == 0:
                progress("签收", done, len(made))

    started = perf_counter()
    await asyncio.gather(*(work() for _ in range(_WRITERS)))
    return (perf_counter() - started) * len(made) / max(done, 1)


async def _bare_inserts(store: SqlStore, count: int) -> float:
    """Insert rows of an order's size into a table of their own, one transaction each."""
    async with store.database.writing() as connection:
        await connection.execute(
            text("CREATE TABLE bench_bare (number INTEGER PRIMARY KEY, body VARCHAR(8000))")
        )
    body = "x" * 5_000
    numbers = iter(range(count))

    async def write() -> None:
        for number in numbers:
            async with store.database.writing() as connection:
                await connection.execute(
                    text("INSERT INTO bench_bare VALUES (:number, :body)"), {"number": number, "body": body}
                )

    started = perf_counter()
    await asyncio.gather(*(write() for _ in range(_WRITERS)))
    return perf_counter() - started


async def _sweep(  # noqa: PLR0917 -- all of it is one measurement
    store: SqlStore, casework: Casework, like: WorkOrder, size: int, at: datetime, progress: Progress
) -> dict[str, float]:
    """Fill up to ``size`` open orders, ``_DUE`` of them due, and time finding them and doing what is owed."""
    present = await _count(store)
    soon = at + timedelta(days=400)
    body = store.sealed(like)[:_FILLER_BYTES]  # these are found by index only, never opened
    for start in range(present, size, _BATCH):
        rows = [
            {
                "number": f"9{index:012d}", "revision": like.revision, "status": like.status.value, "category": "0101",
                "lead_unit": like.lead_unit, "conversation": "bench", "registered_at": at, "due_at": soon,
                "kind": "help", "county": "371302", "next_at": soon, "body": body,
            }
            for index in range(start, min(start + _BATCH, size))
        ]  # fmt: skip
        async with store.database.writing() as connection:
            await connection.execute(insert(work_orders), rows)
        progress("未结工单", min(start + _BATCH, size), size)
    if not store.database.is_sqlite:
        async with store.database.writing() as connection:
            await connection.execute(text("ANALYZE work_orders"))
    late = at + timedelta(days=30)
    started = perf_counter()
    for _ in range(20):
        await store.to_look_at(late, limit=200)
    finding = (perf_counter() - started) / 20
    # New orders that come due among all the others.
    fresh = [replace(like, number=f"8{size:010d}{index:04d}", conversation="bench") for index in range(_DUE)]
    for order in fresh:
        await store.commit(casework.change(order), at=at)
    started, done = perf_counter(), 0
    while changed := await casework.sweep(late):
        done += changed
    seconds = perf_counter() - started
    return {
        "open_orders": float(size),
        "find_ms": round(finding * 1_000, 2),
        "swept": float(done),
        "sweep_seconds": round(seconds, 2),
        "swept_per_second": round(done / seconds, 1) if seconds else 0.0,
    }


async def _count(store: SqlStore) -> int:
    async with store.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(work_orders))).scalar_one())
