"""A worker in a process of its own: what computes for long or may crash is kept off the thread that moves audio.

Parent and worker talk over the worker's standard input and output in frames: a 4-byte length, a JSON header, then
raw bytes. A worker that dies fails the calls under way and is started again at once; one that grows over its memory
limit is replaced when it is idle, and the kernel refuses it more than twice the limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import resource
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, BinaryIO, Final

import psutil

from hotline.domain.errors import EngineBusyError, EngineUnavailableError

_HEAD: Final = struct.Struct("<II")
_RESTART_PAUSE_SECONDS: Final = (0.0, 0.5, 2.0, 5.0, 15.0)

Reply = tuple[dict[str, Any], bytes]


class WorkerProcess:
    """Runs ``python -m module *arguments`` and sends it jobs.

    ``lanes`` jobs run at once in the worker (it must be built for that); up to ``queue_limit`` more wait, further
    ones raise ``EngineBusyError``.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str] = (),
        *,
        memory_limit_mb: int = 1_500,
        lanes: int = 1,
        queue_limit: int = 8,
    ) -> None:
        self.name = name
        self._command = (sys.executable, "-m", module, *arguments)
        self._memory_limit_mb = memory_limit_mb
        self._queue_limit = lanes + queue_limit
        self._lanes = asyncio.Semaphore(lanes)
        self._waiting = 0
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Queue[Reply | None]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_ready = asyncio.Event()
        self._is_closed = False
        self.refusal: str | None = None  # why the worker refused to start for good (a damaged model …)

    @property
    def pid(self) -> int | None:
        """Process id of the running worker, for health reports and fault tests."""
        return self._process.pid if self._process is not None else None

    @property
    def memory_mb(self) -> float:
        """Resident memory of the running worker; 0 when it is not running."""
        with contextlib.suppress(psutil.Error):
            if self.pid is not None:
                return psutil.Process(self.pid).memory_info().rss / 2**20
        return 0.0

    @property
    def is_ready(self) -> bool:
        """True when the worker has loaded and takes jobs."""
        return self._is_ready.is_set()

    async def start(self, *, ready_seconds: float = 60.0) -> None:
        """Start the worker and wait until it is ready; raise ``EngineUnavailableError`` when it is not in time."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name=f"worker:{self.name}")
        ready = asyncio.create_task(self._is_ready.wait())
        done, _ = await asyncio.wait(
            {ready, self._keeper}, timeout=ready_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if ready not in done:
            ready.cancel()
            raise EngineUnavailableError(self.name, self.refusal or f"not ready after {ready_seconds:g} s")

    async def call(
        self, header: dict[str, Any], body: bytes = b"", *, timeout_seconds: float
    ) -> AsyncIterator[Reply]:
        """Send one job and yield its replies until the worker says it was the last; deadline for the whole of it."""
        if self._waiting >= self._queue_limit:
            raise EngineBusyError(self.name, "queue full")
        self._waiting += 1
        job = next(self._ids)
        replies: asyncio.Queue[Reply | None] = asyncio.Queue()
        try:
            async with asyncio.timeout(timeout_seconds):
                async with self._lanes:
                    await self._is_ready.wait()
                    self._replies[job] = replies
                    await self._send({**header, "job": job}, body)
                    while True:
                        reply = await replies.get()
                        if reply is None:
                            raise EngineUnavailableError(self.name, "worker died")
                        if "error" in reply[0]:
                            raise EngineUnavailableError(self.name, str(reply[0]["error"]))
                        yield reply
                        if reply[0].get("last", True):
                            return
        except TimeoutError:
            raise EngineUnavailableError(self.name, f"no answer within {timeout_seconds:g} s") from None
        finally:
            self._waiting -= 1
            self._replies.pop(job, None)

    async def close(self) -> None:
        """End the worker."""
        self._is_closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        self._keeper = None

    async def _send(self, header: dict[str, Any], body: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise EngineUnavailableError(self.name, "worker is not running")
        try:
            process.stdin.write(_frame(header, body))
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise EngineUnavailableError(self.name, "worker died") from None

    async def _keep(self) -> None:
        """Keep one worker running until closed."""
        failures = 0
        while not self._is_closed:
            await asyncio.sleep(_RESTART_PAUSE_SECONDS[min(failures, len(_RESTART_PAUSE_SECONDS) - 1)])
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**26,
                env={**os.environ, "HOTLINE_WORKER_MEMORY_MB": str(self._memory_limit_mb * 2)},
            )
            try:
                was_ready = await self._read_replies(self._process)
            finally:
                self._is_ready.clear()
                for replies in self._replies.values():
                    replies.put_nowait(None)
                await _end(self._process)
                self._process = None
            if self.refusal is not None:
                return
            failures = 0 if was_ready else failures + 1

    async def _read_replies(self, process: asyncio.subprocess.Process) -> bool:
        assert process.stdout is not None
        was_ready = False
        while True:
            try:
                header_size, body_size = _HEAD.unpack(await process.stdout.readexactly(_HEAD.size))
                header = json.loads(await process.stdout.readexactly(header_size))
                body = await process.stdout.readexactly(body_size)
            except asyncio.IncompleteReadError:
                return was_ready
            if header.get("ready"):
                was_ready = True
                self._is_ready.set()
            elif "refused" in header:
                self.refusal = str(header["refused"])
            elif (replies := self._replies.get(header.get("job", 0))) is not None:
                replies.put_nowait((header, body))
            if was_ready and not self._replies and self.memory_mb > self._memory_limit_mb:
                return was_ready


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _frame(header: dict[str, Any], body: bytes) -> bytes:
    head = json.dumps(header, ensure_ascii=False).encode()
    return _HEAD.pack(len(head), len(body)) + head + body


class WorkerSide:
    """The worker's end: ``for header, body in side.jobs(): side.reply(header, {...}, b"…")``."""

    def __init__(self) -> None:
        """Take over standard output (prints go to standard error) and accept the memory limit."""
        self._jobs: BinaryIO = sys.stdin.buffer
        self._replies: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        limit = int(os.environ.get("HOTLINE_WORKER_MEMORY_MB", "0")) * 2**20  # noqa: TID251 -- handed over by the parent
        if limit:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    def ready(self) -> None:
        """Say that the model is loaded."""
        self._write({"ready": True}, b"")

    def refuse(self, reason: str) -> None:
        """Say that it is no use to start again, and why."""
        self._write({"refused": reason}, b"")

    def jobs(self) -> Iterator[Reply]:
        """Yield jobs until the parent is gone."""
        while True:
            head = self._jobs.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            header_size, body_size = _HEAD.unpack(head)
            header = json.loads(self._jobs.read(header_size))
            yield header, self._jobs.read(body_size)

    def reply(
        self, job: dict[str, Any], header: dict[str, Any], body: bytes = b"", *, last: bool = True
    ) -> None:
        """Answer ``job``; safe from several threads."""
        self._write({**header, "job": job["job"], "last": last}, body)

    def serve(self, work: Callable[[dict[str, Any], bytes], Reply]) -> None:
        """Answer every job with one reply; what ``work`` raises becomes an error reply."""
        for header, body in self.jobs():
            try:
                answer, sound = work(header, body)
            except Exception as error:  # noqa: BLE001 -- the job fails, the worker goes on
                self.reply(header, {"error": f"{type(error).__name__}: {error}"})
            else:
                self.reply(header, answer, sound)

    def _write(self, header: dict[str, Any], body: bytes) -> None:
        self._replies.write(_frame(header, body))
        self._replies.flush()
