"""Measuring the web chat with many citizens at once: how long a turn takes, what it costs the web process, what a chat holds."""

from __future__ import annotations

import asyncio
import json
import random
import resource
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.machine import figures_folder, redis_part, web_part
from app.processes import Supervisor, free_port
from app.rasa_server import rasa_parts
from app.settings import Settings
from bench.chat_away import bench_away
from hotline.city import City

_SAYINGS: Final = (
    ("兰山区银雀山街道沂蒙路我家暖气不热", "不需要", "对"),
    ("什么时候开始供暖", "医保怎么报销"),
    ("河东区九曲街道路灯坏了好几天了", "不需要", "对"),
    ("我要投诉楼下烧烤店油烟扰民", "罗庄区盛庄街道双月园路", "不需要"),
)
_ALONE: Final = 20
_COME_PER_SECOND: Final = 40.0
_ANSWER_SECONDS: Final = 60.0
_FILES_BESIDE: Final = 200
_READY_SECONDS: Final = 300.0
"""A new data folder: articles are sown and, without a trained model, one is trained."""

Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class _Figures:
    """What was measured: seconds from sending words to the first words of the answer; turns without one."""

    took: list[float] = field(default_factory=list)
    unanswered: int = 0
    broken: int = 0

    def as_row(self) -> dict[str, float]:
        p50, p95, p99 = (round(float(each) * 1000, 1) for each in np.percentile(self.took, (50, 95, 99)))
        return {"turns": len(self.took), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


async def bench_chat(
    settings: Settings,
    city: City,
    logs: Path,
    *,
    chats: int,
    think_seconds: float,
    away_seconds: float = 0.0,
    tell: Tell,
) -> dict[str, Any]:
    """Return figures of one chat at a time, then of ``chats`` that are open at once, each writing every ``think_seconds``.

    With ``away_seconds`` instead of ``chats`` that confirm what they report while the database is away.
    The web process is one of its own, with Redis, as in ``hotline up``; who measures is another process.
    """
    wanted = chats + _FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    port = free_port()
    given = settings.model_copy(
        update={"redis": f"redis://127.0.0.1:{port}/0", "chat_connections_burst": 10.0 * chats, "voice_messages": False}
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        supervisor = Supervisor(logs)
        stack.push_async_callback(supervisor.close)
        figures_folder(given).mkdir(parents=True, exist_ok=True)
        understanding = rasa_parts(given, city) if given.rasa != "off" else ()
        for part in (redis_part(port), *understanding, web_part(given)):
            await supervisor.start(replace(part, ready_seconds=_READY_SECONDS))
        process = psutil.Process(supervisor.pid("web"))
        address = f"ws://{given.web_host}:{given.web_port}/chat/ws"
        await _all(address, _Figures(), 4, 0.0, at_once=False, tell=_quiet)  # warms up
        if away_seconds:
            away = await bench_away(address, given.database_url, chats=chats, seconds=away_seconds)
            return {"database_away": away}
        alone = _Figures()
        await _all(address, alone, _ALONE, 0.0, at_once=False, tell=_quiet)
        before, cpu, begun = _memory_kb(process), sum(process.cpu_times()[:2]), perf_counter()
        figures, memory = _Figures(), 0.0

        def held() -> None:
            nonlocal memory
            memory = _memory_kb(process)

        await _all(address, figures, chats, think_seconds, at_once=True, tell=tell, held=held)
        used, seconds = sum(process.cpu_times()[:2]) - cpu, perf_counter() - begun
        row, single = figures.as_row(), alone.as_row()
        return {
            "alone": single,
            "at_once": {
                "chats": chats,
                **row,
                "unanswered": figures.unanswered,
                "broken": figures.broken,
                "turns_per_second": round(row["turns"] / seconds, 1),
                "processor_ms_per_turn": round(used * 1000 / max(1, row["turns"]), 1),
                "processor_share": round(used / seconds, 2),
                "memory_kb_per_chat": round((memory - before) / chats, 1) if memory else None,
                "memory_mb": round(memory / 1024, 1),
                "p50_to_alone": round(row["p50_ms"] / single["p50_ms"], 2),
            },
        }


async def _all(
    address: str,
    figures: _Figures,
    chats: int,
    think_seconds: float,
    *,
    at_once: bool,
    tell: Tell,
    held: Callable[[], None] = lambda: None,
) -> None:
    """Hold ``chats``; at once, none leaves before the last one has been answered. ``held`` is told when all are there."""
    over, greeted, gone = asyncio.Event(), 0, 0
    dice = random.Random(7)
    gate = asyncio.Semaphore(chats if at_once else 1)

    async def one(index: int) -> None:
        nonlocal greeted, gone
        if at_once:
            await asyncio.sleep(index / _COME_PER_SECOND)
        try:
            async with connect(address, proxy=None, open_timeout=60, ping_interval=None) as socket:
                await socket.send(json.dumps({"type": "hello", "version": 2}))
                await _said(socket, after=0)
                greeted += 1
                if greeted == chats:
                    held()
                await _talk(socket, _SAYINGS[index % len(_SAYINGS)], figures, think_seconds, dice)
                gone = _told(gone, chats, over, tell)
                if at_once:
                    await over.wait()
                with suppress(ConnectionClosed):  # who has said nothing for so long may have been let go
                    await socket.send(json.dumps({"type": "bye"}))
        except (OSError, TimeoutError, ConnectionClosed):
            figures.broken += 1
            gone = _told(gone, chats, over, tell)

    async def admitted(index: int) -> None:
        async with gate:
            await one(index)

    await asyncio.gather(*(admitted(index) for index in range(chats)))


def _told(gone: int, chats: int, over: asyncio.Event, tell: Tell) -> int:
    tell("对话", gone + 1, chats)
    if gone + 1 == chats:
        over.set()
    return gone + 1


async def _talk(
    socket: ClientConnection,
    sayings: Sequence[str],
    figures: _Figures,
    think_seconds: float,
    dice: random.Random,
) -> None:
    for number, words in enumerate(sayings):
        await asyncio.sleep(dice.uniform(0, 2 * think_seconds))
        begun = perf_counter()
        await socket.send(json.dumps({"type": "text", "id": f"m{number}", "text": words}))
        try:
            await _said(socket, echo=f"m{number}")
        except TimeoutError:
            figures.unanswered += 1
            continue
        figures.took.append(perf_counter() - begun)


async def _said(socket: ClientConnection, *, after: int | None = None, echo: str = "") -> None:
    """Wait for the hotline's first words behind message ``after``, or behind the citizen's own message ``echo``."""
    async with asyncio.timeout(_ANSWER_SECONDS):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "echoed" and message["id"] == echo:
                after = message["number"]
            elif message["type"] == "said" and after is not None and message["number"] > after:
                return


def _memory_kb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1024


def _quiet(_: str, __: int, ___: int) -> None:
    pass
