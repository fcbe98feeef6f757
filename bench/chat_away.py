"""Web chats while the database is away: who confirms something then is told to wait, and told its number once when it is back."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

from sqlalchemy import select, text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hotline.store.database import Database
from hotline.store.tables import work_orders

_BEFORE: Final = ("兰山区银雀山街道沂蒙路我家暖气不热", "不需要")
_CONFIRMS: Final = "对"
_ACCEPTED: Final = "已受理"
_LATEST_SECONDS: Final = 120.0
_QUIET_SECONDS: Final = 3.0
"""So long is listened for a second answer."""


@dataclass(slots=True)
class _Citizen:
    """What one citizen was told after they had confirmed, and when."""

    session: str = ""
    confirmed_at: float = 0.0
    told: list[tuple[float, str]] = field(default_factory=list)
    is_cut_off: bool = False

    @property
    def accepted(self) -> list[float]:
        return [at for at, words in self.told if _ACCEPTED in words]


async def bench_away(address: str, database_url: str, *, chats: int, seconds: float) -> dict[str, Any]:
    """Lock the database for ``seconds`` while ``chats`` citizens confirm what they report; count what each was told."""
    database, gone, citizens = Database(database_url), asyncio.Event(), [_Citizen() for _ in range(chats)]
    try:
        async with asyncio.TaskGroup() as tasks:
            for index, citizen in enumerate(citizens):
                late = index / chats * seconds * 0.8
                tasks.create_task(_report(address, citizen, gone, after=late, until=seconds))
            await asyncio.sleep(_QUIET_SECONDS)  # the first of them are there before
            async with _locked(database):
                begun = perf_counter()
                gone.set()
                await asyncio.sleep(seconds)
            back = perf_counter()
        orders = await _orders(database, [citizen.session for citizen in citizens])
    finally:
        await database.close()
    accepted = [citizen.accepted for citizen in citizens]
    while_away = [citizen for citizen in citizens if begun <= citizen.confirmed_at < back]
    return {
        "seconds": seconds,
        "chats": chats,
        "confirmed_while_away": len(while_away),
        "told_to_wait": sum(citizen.told[0][1].find(_ACCEPTED) < 0 for citizen in while_away if citizen.told),
        "accepted": sum(map(bool, accepted)),
        "accepted_twice": sum(len(each) > 1 for each in accepted),
        "accepted_while_away": sum(begun + 1 < at < back for each in accepted for at in each),
        "accepted_without_an_order": sum(
            bool(citizen.accepted) and not orders.get(citizen.session) for citizen in citizens
        ),
        "orders": sum(orders.values()),
        "two_orders": sum(count > 1 for count in orders.values()),
        "cut_off": sum(citizen.is_cut_off for citizen in citizens),
        "last_accepted_after_seconds": round(max((at for each in accepted for at in each), default=back) - back, 1),
        "each_exactly_once": all(len(each) == 1 for each in accepted)
        and all(orders.get(citizen.session) == 1 for citizen in citizens),
    }  # fmt: skip


@asynccontextmanager
async def _locked(database: Database) -> AsyncIterator[None]:
    """Let nobody else write, as a disk or a server that hangs does."""
    if database.is_sqlite:
        with closing(sqlite3.connect(str(database.engine.url.database), isolation_level=None)) as blocker:
            blocker.execute("BEGIN EXCLUSIVE")
            yield
            blocker.execute("ROLLBACK")
        return
    async with database.engine.connect() as connection:
        await connection.execute(text("LOCK TABLE audit, work_orders IN ACCESS EXCLUSIVE MODE"))
        yield
        await connection.rollback()


async def _report(
    address: str, citizen: _Citizen, gone: asyncio.Event, *, after: float, until: float
) -> None:
    """Write as a citizen does; confirm ``after`` so many seconds without the database, and listen to the end."""
    try:
        async with connect(address, proxy=None, open_timeout=60, ping_interval=None) as socket:
            await socket.send(json.dumps({"type": "hello", "version": 2}))
            citizen.session = (await _next(socket, "welcome"))["session"]
            for number, words in enumerate(_BEFORE):
                await _write(socket, f"m{number}", words)
                await _until_quiet(socket)
            await gone.wait()
            await asyncio.sleep(after)
            citizen.confirmed_at = perf_counter()
            await _write(socket, "confirms", _CONFIRMS)
            await _listen(socket, citizen, seconds=until + _LATEST_SECONDS)
            await socket.send(json.dumps({"type": "bye"}))
    except (OSError, TimeoutError, ConnectionClosed):
        citizen.is_cut_off = True


async def _listen(socket: ClientConnection, citizen: _Citizen, *, seconds: float) -> None:
    end = perf_counter() + seconds
    while (left := end - perf_counter()) > 0:
        try:
            said = await _next(socket, "said", "ended", seconds=left)
        except TimeoutError:
            return
        if said["type"] == "ended":
            return
        citizen.told.append((perf_counter(), said["text"]))
        if citizen.accepted:
            end = min(end, perf_counter() + _QUIET_SECONDS)


async def _write(socket: ClientConnection, id_: str, words: str) -> None:
    await socket.send(json.dumps({"type": "text", "id": id_, "text": words}, ensure_ascii=False))
    while (await _next(socket, "echoed"))["id"] != id_:
        pass


async def _until_quiet(socket: ClientConnection) -> None:
    """Wait until the hotline waits for the citizen."""
    while (await _next(socket, "typing"))["is_on"]:
        pass


async def _next(socket: ClientConnection, *kinds: str, seconds: float = 60.0) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] in kinds:
                return message


async def _orders(database: Database, sessions: Collection[str]) -> dict[str, int]:
    """Count the orders of each conversation."""
    found: dict[str, int] = {}
    async with database.reading() as connection:
        rows = await connection.execute(select(work_orders.c.conversation))
        for (conversation,) in rows:
            if conversation in sessions:
                found[conversation] = found.get(conversation, 0) + 1
    return found
