"""Running the hotline's parts as processes of one machine: started in order, restarted when they die, ended together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from hotline.domain.errors import HotlineError

log: Final = structlog.get_logger("processes")

_PAUSES: Final = (0.2, 1.0, 3.0, 10.0, 30.0)
_STEADY_SECONDS: Final = 60.0
_END_SECONDS: Final = 8.0


class PartFailedError(HotlineError):
    """A part of the hotline did not come up; ``part`` names it, ``log_file`` holds what it printed."""

    code = "process.failed"

    def __init__(self, *, part: str, reason: str, log_file: Path) -> None:
        self.part = part
        self.reason = reason
        self.log_file = log_file
        super().__init__(f"{part}: {reason}（日志：{log_file}）")


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its command, and how to tell that it is ready. An optional part may stay away."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 60.0
    is_optional: bool = False
    folder: Path | None = None


class Supervisor:
    """Starts parts and keeps them running until closed."""

    def __init__(self, logs: Path) -> None:
        """Write each part's output to ``logs``/<name>.log."""
        self._logs = logs
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._is_closing = False

    async def start(self, part: Part) -> bool:
        """Start one part and wait until it is ready; an optional part that is not ready yet gives False."""
        self._logs.mkdir(parents=True, exist_ok=True)
        file = self._logs / f"{part.name}.log"
        try:
            await self._spawn(part, file)
        except OSError as error:
            raise PartFailedError(part=part.name, reason=str(error), log_file=file) from error
        self._keepers[part.name] = asyncio.create_task(self._keep(part, file), name=f"keep:{part.name}")
        if part.is_optional:
            return await self._is_up(part)
        try:
            async with asyncio.timeout(part.ready_seconds):
                while not await self._is_up(part):
                    if self._processes[part.name].returncode is not None and self._keepers[part.name].done():
                        break
                    await asyncio.sleep(0.1)
                else:
                    return True
        except TimeoutError:
            raise PartFailedError(
                part=part.name, reason=f"{part.ready_seconds:g}秒内没有就绪", log_file=file
            ) from None
        raise PartFailedError(part=part.name, reason="启动失败", log_file=file)

    async def close(self) -> None:
        """End all parts, the last started first: politely, then by force."""
        self._is_closing = True
        for keeper in self._keepers.values():
            keeper.cancel()
        for name in reversed(list(self._processes)):
            await _end(self._processes[name])
        for keeper in self._keepers.values():
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def pid(self, name: str) -> int | None:
        """Process id of a part, for health reports and fault tests."""
        process = self._processes.get(name)
        return process.pid if process is not None and process.returncode is None else None

    async def _is_up(self, part: Part) -> bool:
        try:
            return await part.is_ready()
        except (OSError, TimeoutError):
            return False

    async def _spawn(self, part: Part, file: Path) -> None:
        with file.open("ab") as out:
            self._processes[part.name] = await asyncio.create_subprocess_exec(
                *part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=part.folder,
                env={**os.environ, **part.environment},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends its parts in order
            )

    async def _keep(self, part: Part, file: Path) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await self._processes[part.name].wait()
            if self._is_closing:
                return
            failures = 0 if loop.time() - started > _STEADY_SECONDS else failures + 1
            log.warning("part.died", part=part.name, code=code, failures=failures)
            if failures > len(_PAUSES) and not part.is_optional:
                log.error("part.given_up", part=part.name)
                return
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1] if failures else 0.0)
            await self._spawn(part, file)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process and what it started."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port of this machine that is free now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_answers(port: int) -> Callable[[], Awaitable[bool]]:
    """Return a readiness check: something listens on that TCP port."""

    async def check() -> bool:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        return True

    return check
