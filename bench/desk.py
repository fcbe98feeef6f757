"""Measuring the consoles on a web process of their own: calls and words on agents' screens, open desks, a unit's inbox.

Who measures is another process, as the telephone would be: it asks the desk on Redis for a call to be taken, writes what is
said to the live feed, and reads the pages' live streams over the loopback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psutil
from redis.asyncio import Redis

from app.at_rest import seal_of
from app.machine import figures_folder, redis_part, web_part
from app.processes import Supervisor, free_port
from app.settings import Settings
from bench.desk_agents import AgentDesks
from bench.desk_figures import People, Tell
from bench.desk_inbox import measure_inboxes
from bench.live_pages import more_files
from hotline.domain.work_order import WorkOrder
from hotline.store.sql import SqlStore, migrate

_READY_SECONDS: Final = 900.0


async def bench_desk(
    settings: Settings,
    logs: Path,
    *,
    example: Callable[[SqlStore], Awaitable[WorkOrder]],
    clock: Callable[[], datetime],
    agents: int,
    calls: int,
    talks: int,
    lines: int,
    orders: int,
    requests: int,
    tell: Tell,
) -> dict[str, Any]:
    """Return the figures. ``example`` registers an order in the store it is given, of which the inbox's are copies.

    ``agents`` desks are open while ``calls`` ring one after the other and ``talks`` are spoken at once, ``lines`` each;
    0 agents: only the inbox is measured.
    """
    more_files(agents)
    port = free_port()
    given = settings.model_copy(update={"redis": f"redis://127.0.0.1:{port}/0", "voice_messages": False})
    given.data_dir.mkdir(parents=True, exist_ok=True)
    await migrate(given.database_url)
    seal = seal_of(given)
    found: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        store = SqlStore(given.database_url, seal, timeout_seconds=120)
        stack.push_async_callback(store.close)
        supervisor = Supervisor(logs)
        stack.push_async_callback(supervisor.close)
        figures_folder(given).mkdir(parents=True, exist_ok=True)
        for part in (redis_part(port), web_part(given)):
            await supervisor.start(replace(part, ready_seconds=_READY_SECONDS))
        people = People(store.database, seal, clock)
        process = psutil.Process(supervisor.pid("web"))
        if agents:
            redis = Redis.from_url(given.redis)
            stack.push_async_callback(redis.aclose)
            desks = AgentDesks(redis, store, given, seal, clock=clock, process=process)
            stack.push_async_callback(desks.close)
            found["agents"] = await desks.measure(
                people, agents=agents, calls=calls, talks=talks, lines=lines, tell=tell
            )
        like = await example(store)
        found["inbox"] = await measure_inboxes(store, given, people, like, orders, requests, clock(), tell)
    return found
