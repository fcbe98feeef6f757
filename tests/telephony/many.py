"""Several call processes behind Kamailio, as ``hotline up --calls`` runs them, but with light engines."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import random
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.broken_calls import open_drafts
from app.knowledge import open_alone
from app.machine import Machine, call_part, figures_folder, running_hotline
from app.metrics import forget_figures
from app.missed_calls import stand_by_for_calls
from app.processes import Supervisor
from app.settings import Settings, secret_file
from app.telephone_exchange import ExchangePlan, kamailio_part, plan
from hotline.city import load_city
from hotline.store.drafts import SqlDrafts
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.telephony.support import free_port

LEGS = 4
"""What the library of the tests holds in one process: three callers and a transfer."""


@dataclass(frozen=True, slots=True)
class Many:
    """A running exchange."""

    settings: Settings
    exchange: ExchangePlan
    supervisor: Supervisor
    store: SqlStore
    drafts: SqlDrafts

    @property
    def port(self) -> int:
        return self.settings.sip_port

    def machine(self) -> Machine:
        names = tuple(process.call_process for process in self.exchange.processes)
        return Machine(running_hotline(self.settings), self.supervisor, names)


def settings_for(folder: Path, calls: int, **given: Any) -> Settings:
    # Ports of their own for each test: other tests run beside it.
    first = random.SystemRandom().randrange(20_000, 28_000, 20)
    return Settings(
        data_dir=folder, calls=calls, sip_port=free_port(), call_process_port=first, rtp_port=first + 20_000,
        rtp_ports=40, rasa="off", redis="", **given,
    )  # fmt: skip


_GROWN: list[TemporaryDirectory[str]] = []


async def grow(folder: Path) -> None:
    """Put a database with the city's articles, and their index, into ``folder``: made once, and copied."""
    if not _GROWN:
        made = TemporaryDirectory(prefix="hotline-grown-")
        async with contextlib.AsyncExitStack() as stack:
            settings = Settings(data_dir=Path(made.name))
            await open_alone(settings, load_city(settings.city), stack)
        atexit.register(made.cleanup)
        _GROWN.append(made)
    await asyncio.to_thread(shutil.copytree, _GROWN[0].name, folder, dirs_exist_ok=True)


@contextlib.asynccontextmanager
async def many_calls(
    folder: Path, *, calls: int, are_there: bool = True, **given: Any
) -> AsyncIterator[Many]:
    """Run an exchange for so many calls; the call processes are not started unless they ``are_there``."""
    settings = settings_for(folder, calls, **given)
    await grow(folder)
    figures_folder(settings).mkdir()
    exchange = plan(settings, LEGS)
    supervisor = Supervisor(
        folder / "logs", on_death=lambda process: forget_figures(process, figures_folder(settings))
    )
    store = SqlStore(settings.database_url, Seal(secret_file(folder / "at_rest.key")))
    drafts = open_drafts(settings, store.database)
    stack = contextlib.AsyncExitStack()
    try:
        light = [sys.executable, "-m", "tests.telephony.light_call_process"]
        parts = [replace(call_part(process), command=light) for process in exchange.processes]
        if are_there:
            await asyncio.gather(*(supervisor.start(part) for part in parts))
        await supervisor.start(await kamailio_part(settings, exchange))
        # What the worker does, for calls that no process takes.
        standing_by = settings.model_copy(update={"standby_port": exchange.standby_port})
        await stand_by_for_calls(standing_by, load_city(settings.city), store, stack)
        yield Many(settings, exchange, supervisor, store, drafts)
    finally:
        await supervisor.close()
        await stack.aclose()
        await store.close()


async def answer_to(message: str, port: int, *, source: str = "127.0.0.1", seconds: float = 1.0) -> str:
    """Send one SIP message by UDP and return the first line of the answer, or "" when none comes."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setblocking(False)
        own.bind((source, 0))
        text = message.replace("\n", "\r\n").replace("{own}", f"{source}:{own.getsockname()[1]}")
        await loop.sock_sendto(own, text.encode(), ("127.0.0.1", port))
        try:
            async with asyncio.timeout(seconds):
                return (await loop.sock_recv(own, 4_096)).split(b"\r\n", 1)[0].decode()
        except TimeoutError:
            return ""
