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
"""Seconds before a part that has died is started again, the last for ever after: a telephone is never given up."""

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
    """One process: its command, and how to tell that it is ready. An optional part may stay away.

    ``drain_seconds``: after SIGTERM it may finish what it has begun for so long; SIGINT ends it at once.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 60.0
    is_optional: bool = False
    folder: Path | None = None
    drain_seconds: float = 0.0


class Supervisor:
    """Starts parts and keeps them running until closed."""

    def __init__(self, logs: Path, *, on_death: Callable[[int], None] | None = None) -> None:
        """Write each part's output to ``logs``/<name>.log; tell ``on_death`` the id of every process that ended."""
        self._logs = logs
        self._on_death = on_death
        self._parts: dict[str, Part] = {}
        self._awaited: dict[str, asyncio.Event] = {}
        self._told: set[int] = set()
        self._have_been_ready: set[str] = set()
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._is_closing = False

    async def start(self, part: Part) -> bool:
        """Start one part and wait until it is ready; an optional part that is not ready yet gives False."""
        self._logs.mkdir(parents=True, exist_ok=True)
        file = self._logs / f"{part.name}.log"
        self._parts[part.name] = part
        try:
            await self._spawn(part, file)
        except OSError as error:
            raise PartFailedError(part=part.name, reason=str(error), log_file=file) from error
        self._keepers[part.name] = asyncio.create_task(self._keep(part, file), name=f"keep:{part.name}")
        if part.is_optional:
            return await self._is_up(part)
        await self._ready(part, file)
        return True

    async def restart(self, name: str) -> None:
        """Let a part finish, and start it again; return when it is ready. Raises ``PartFailedError``."""
        part, file = self._parts[name], self._logs / f"{name}.log"
        started = self._awaited[name] = asyncio.Event()
        try:
            await self._end(part, is_hurried=False)
            async with asyncio.timeout(part.ready_seconds):
                await started.wait()  # its keeper starts the next, unless it has given up
        except TimeoutError:
            raise PartFailedError(part=name, reason="没有重新启动", log_file=file) from None
        finally:
            del self._awaited[name]
        await self._ready(part, file)
        log.info("part.restarted", part=name)

    async def _ready(self, part: Part, file: Path) -> None:
        try:
            async with asyncio.timeout(part.ready_seconds):
                while not await self._is_up(part):
                    if self._processes[part.name].returncode is not None and self._keepers[part.name].done():
                        break
                    await asyncio.sleep(0.1)
                else:
                    self._have_been_ready.add(part.name)
                    return
        except TimeoutError:
            raise PartFailedError(
                part=part.name, reason=f"{part.ready_seconds:g}秒内没有就绪", log_file=file
            ) from None
        raise PartFailedError(part=part.name, reason="启动失败", log_file=file)

    async def drain(self) -> None:
        """Let the parts that can finish what they have begun do so, together; they are not started again."""
        draining = [part for part in self._parts.values() if part.drain_seconds]
        for part in draining:
            self._keepers[part.name].cancel()
        await asyncio.gather(*(self._end(part, is_hurried=False) for part in draining))

    async def close(self) -> None:
        """End all parts, the last started first: politely, then by force; what a part has begun is not waited for."""
        self._is_closing = True
        for keeper in self._keepers.values():
            keeper.cancel()
        for name in reversed(list(self._processes)):
            if (process := self._processes[name]).returncode is None:
                await self._end(self._parts[name], is_hurried=True)
                self._forget(process)
        for keeper in self._keepers.values():
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def pid(self, name: str) -> int | None:
        """Process id of a part, for health reports and fault tests."""
        process = self._processes.get(name)
        return process.pid if process is not None and process.returncode is None else None

    async def _end(self, part: Part, *, is_hurried: bool) -> None:
        """End a part and what it started; one that drains is given its time, unless hurried."""
        process = self._processes[part.name]
        if process.returncode is not None:
            return
        drains = part.drain_seconds > 0
        if is_hurried or process.pid not in self._told:  # told twice it would hurry
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT if drains and is_hurried else signal.SIGTERM)
        self._told.add(process.pid)
        try:
            async with asyncio.timeout(_END_SECONDS + (0.0 if is_hurried else part.drain_seconds)):
                await process.wait()
        except TimeoutError:
            _kill_all(process)
            await process.wait()

    def _forget(self, process: asyncio.subprocess.Process) -> None:
        """Clear away what a process that has ended left behind: children that hold its port, its figures."""
        _kill_all(process)
        self._told.discard(process.pid)
        if self._on_death is not None:
            self._on_death(process.pid)

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
            self._forget(self._processes[part.name])
            is_steady = part.name in self._awaited or loop.time() - started > _STEADY_SECONDS
            failures = 0 if is_steady else failures + 1
            log.warning("part.died", part=part.name, code=code, failures=failures)
            if failures > len(_PAUSES) and not (part.is_optional or part.name in self._have_been_ready):
                log.error(
                    "part.given_up", part=part.name
                )  # it cannot be started here; whoever waits for it is told
                return
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1] if failures else 0.0)
            await self._spawn(part, file)
            if part.name in self._awaited:
                self._awaited[part.name].set()


def _kill_all(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of a process and of those it started; it leads a group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


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
