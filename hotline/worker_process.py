"""A worker in a process of its own: what computes for long or may crash is kept off the thread that moves audio.

Parent and worker talk over the worker's standard input and output in frames: two 4-byte lengths, a JSON header, then
raw bytes. A worker that dies fails the calls under way and is started again at once; one that grows over its memory
limit is replaced when it is idle, and the kernel refuses it more than twice the limit. A worker whose parent is gone
ends itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import queue
import resource
import signal
import struct
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Final

import psutil

from hotline.domain.errors import EngineBusyError, EngineUnavailableError, ModelRefusedError

FRAME_HEAD: Final = struct.Struct("<II")
_RESTART_PAUSE_SECONDS: Final = (0.0, 0.5, 2.0, 5.0, 15.0)

Reply = tuple[dict[str, Any], bytes]


class WorkerProcess:
    """Runs ``python -m module *arguments`` and sends it jobs.

    ``lanes`` jobs run at once in the worker (it must be built for that); up to ``queue_limit`` more wait, further
    ones raise ``EngineBusyError``. A job keeps its lane until the worker is done with it, even if its caller has
    gone; a worker that is ``stuck_seconds`` late with an abandoned job is replaced. While the worker is being
    restarted a call waits for it at most ``restart_wait_seconds``.
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
        restart_wait_seconds: float = 1.5,
        stuck_seconds: float = 20.0,
    ) -> None:
        self.name = name
        self._command = (sys.executable, "-m", module, *arguments)
        self._memory_limit_mb = memory_limit_mb
        self._restart_wait_seconds = restart_wait_seconds
        self._stuck_seconds = stuck_seconds
        self._lanes = asyncio.Semaphore(lanes)
        self._queue_limit = lanes + queue_limit
        self._waiting = 0
        self._ids = itertools.count(1)
        self._running: dict[int, asyncio.Queue[Reply | None]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_ready = asyncio.Event()
        self._is_closed = False
        self.refused_file = ""
        self.refusal: str | None = None  # why the worker refused to start for good (a damaged model …)

    def share(self, path: Path) -> None:
        """Use the worker offered at ``path`` (``hotline.shared_worker``) instead of one of its own; before ``start``."""
        self._command = (sys.executable, "-m", "hotline.worker_relay", str(path))

    @property
    def pid(self) -> int | None:
        """Process id of the running worker, for health reports and fault tests."""
        return self._process.pid if self._process is not None else None

    @property
    def memory_mb(self) -> float:
        """Resident memory of the running worker; 0 when it is not running."""
        with contextlib.suppress(psutil.Error):
            if self.pid is not None:
                return float(psutil.Process(self.pid).memory_info().rss) / 2**20
        return 0.0

    @property
    def is_ready(self) -> bool:
        """True when the worker has loaded and takes jobs."""
        return self._is_ready.is_set()

    async def start(self, *, ready_seconds: float = 60.0) -> None:
        """Start the worker and wait until it is ready.

        Raises ``ModelRefusedError`` when it refuses for good, ``EngineUnavailableError`` when it is not in time; in
        the latter case it goes on trying.
        """
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name=f"worker:{self.name}")
        ready = asyncio.create_task(self._is_ready.wait())
        done, _ = await asyncio.wait(
            {ready, self._keeper}, timeout=ready_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if ready in done:
            return
        ready.cancel()
        if self.refusal is not None:
            raise ModelRefusedError(model=self.name, file=self.refused_file, reason=self.refusal)
        raise EngineUnavailableError(self.name, f"not ready after {ready_seconds:g} s")

    async def call(
        self, header: dict[str, Any], body: bytes = b"", *, timeout_seconds: float
    ) -> AsyncIterator[Reply]:
        """Send one job and yield its replies until the worker says it was the last; deadline for the whole of it.

        Close the iterator (``contextlib.aclosing``) when leaving it early: the worker is then told to drop the job.
        Raises ``EngineBusyError`` when the queue is full, ``EngineUnavailableError`` when the worker died, failed
        or was late.
        """
        self._check_open()
        if self._waiting + len(self._running) >= self._queue_limit:
            raise EngineBusyError(self.name, "queue full")
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        job = next(self._ids)
        try:
            # The deadline is set anew around each wait: held over a ``yield`` it would strike the consumer.
            async with asyncio.timeout_at(deadline):
                replies = await self._begin(job, header, body)
            while True:
                async with asyncio.timeout_at(deadline):
                    reply = await replies.get()
                if reply is None:
                    raise EngineUnavailableError(self.name, "worker died")
                if reply[0].get("busy"):
                    raise EngineBusyError(self.name, "queue full")
                if "error" in reply[0]:
                    raise EngineUnavailableError(self.name, str(reply[0]["error"]))
                yield reply
                if reply[0].get("last", True):
                    return
        except TimeoutError:
            raise EngineUnavailableError(self.name, f"no answer within {timeout_seconds:g} s") from None
        finally:
            if job in self._running:
                self._abandon(job)

    async def ask(self, header: dict[str, Any], body: bytes = b"", *, timeout_seconds: float) -> Reply:
        """Send one job that has one reply, and return it; raises as ``call``."""
        async with contextlib.aclosing(self.call(header, body, timeout_seconds=timeout_seconds)) as replies:  # type: ignore[type-var]  # an async generator
            async for reply in replies:
                return reply
        raise EngineUnavailableError(self.name, "no reply")

    async def close(self) -> None:
        """End the worker; calls under way fail. Idempotent."""
        self._is_closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        self._keeper = None

    def _check_open(self) -> None:
        if self.refusal is not None:
            raise EngineUnavailableError(self.name, self.refusal)
        if self._keeper is None:
            raise EngineUnavailableError(self.name, "closed" if self._is_closed else "not started")

    async def _begin(self, job: int, header: dict[str, Any], body: bytes) -> asyncio.Queue[Reply | None]:
        """Wait for a free lane and a ready worker, and hand it the job."""
        self._waiting += 1
        try:
            await self._lanes.acquire()
        finally:
            self._waiting -= 1
        replies: asyncio.Queue[Reply | None] = asyncio.Queue()
        self._running[job] = replies
        try:
            if not self.is_ready:
                async with asyncio.timeout(self._restart_wait_seconds):
                    await self._is_ready.wait()
            await self._send({**header, "job": job}, body)
        except BaseException as error:
            self._finish(job)
            if isinstance(error, TimeoutError):
                raise EngineUnavailableError(self.name, self.refusal or "worker is restarting") from None
            raise
        return replies

    async def _send(self, header: dict[str, Any], body: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise EngineUnavailableError(self.name, "worker is not running")
        try:
            process.stdin.write(frame(header, body))
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise EngineUnavailableError(self.name, "worker died") from None

    def _abandon(self, job: int) -> None:
        """Nobody waits for ``job`` any more: have it dropped; should it never end, the worker is replaced."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._process.stdin.write(frame({"drop": job}, b""))
        asyncio.get_running_loop().call_later(self._stuck_seconds, self._replace_if_stuck, job)

    def _replace_if_stuck(self, job: int) -> None:
        if job in self._running and self._process is not None:
            _kill(self._process)

    def _finish(self, job: int) -> None:
        if self._running.pop(job, None) is not None:
            self._lanes.release()

    async def _keep(self) -> None:
        """Keep one worker running until closed."""
        failures = 0
        while not self._is_closed:
            await asyncio.sleep(_RESTART_PAUSE_SECONDS[min(failures, len(_RESTART_PAUSE_SECONDS) - 1)])
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            self._process = process
            limit = self._memory_limit_mb * 2 * 2**20
            was_ready = False
            try:
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(process.pid, resource.RLIMIT_DATA, (limit, limit))
                was_ready = await self._read_replies(process)
            finally:
                self._is_ready.clear()
                self._process = None
                for job, replies in tuple(self._running.items()):
                    replies.put_nowait(None)
                    self._finish(job)
                _kill(process)
                await process.wait()
            if self.refusal is not None:
                return
            failures = 0 if was_ready else failures + 1

    async def _read_replies(self, process: asyncio.subprocess.Process) -> bool:
        """Hand out replies until the worker dies or has grown too large; tell whether it was ever ready."""
        assert process.stdout is not None
        was_ready = False
        while True:
            try:
                header_size, body_size = FRAME_HEAD.unpack(await process.stdout.readexactly(FRAME_HEAD.size))
                header = json.loads(await process.stdout.readexactly(header_size))
                body = await process.stdout.readexactly(body_size)
            except asyncio.IncompleteReadError:
                return was_ready
            if header.get("ready"):
                was_ready = True
                self._is_ready.set()
            elif "refused" in header:
                self.refused_file = str(header["file"])
                self.refusal = str(header["refused"])
            elif (replies := self._running.get(header.get("job", 0))) is not None:
                replies.put_nowait((header, body))
                if header.get("last", True):
                    self._finish(header["job"])
                    if not self._running and self.memory_mb > self._memory_limit_mb:
                        return was_ready


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def frame(header: dict[str, Any], body: bytes) -> bytes:
    """Return a message as it goes over the pipes."""
    head = json.dumps(header, ensure_ascii=False).encode()
    return FRAME_HEAD.pack(len(head), len(body)) + head + body


class WorkerSide:
    """The worker's end: ``for header, body in side.jobs(): side.reply(header, {...}, b"…")``.

    Make it first: it takes over standard output, so that whatever prints goes to standard error.
    """

    def __init__(self) -> None:
        self._input: BinaryIO = sys.stdin.buffer
        self._output: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._writing = threading.Lock()
        self._jobs: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._dropped: set[int] = set()
        # Ctrl-C is for the parent; it closes the pipe, and that ends the worker.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def ready(self) -> None:
        """Say that the model is loaded."""
        self._write({"ready": True}, b"")

    def refuse(self, reason: str, *, file: str = "") -> None:
        """Say that it is no use to start again, and why; ``file`` is what is missing or damaged. Then end."""
        self._write({"refused": reason, "file": file}, b"")

    def jobs(self) -> Iterator[Reply]:
        """Yield jobs for ever; when the parent is gone the process ends, whatever it is doing."""
        threading.Thread(target=self._read, daemon=True, name="jobs").start()
        while True:
            header, body = self._jobs.get()
            if self.is_dropped(header):
                self.reply(header, {"dropped": True})
            else:
                yield header, body

    def is_dropped(self, job: dict[str, Any]) -> bool:
        """Tell whether nobody waits for ``job`` any more; it must be ended with a last reply all the same."""
        return job["job"] in self._dropped

    def reply(
        self, job: dict[str, Any], header: dict[str, Any], body: bytes = b"", *, last: bool = True
    ) -> None:
        """Answer ``job``; safe from several threads."""
        self._write({**header, "job": job["job"], "last": last}, body)
        if last:
            self._dropped.discard(job["job"])

    def serve(self, work: Callable[[dict[str, Any], bytes], Reply], *, lanes: int = 1) -> None:
        """Answer every job with one reply, ``lanes`` at once; what ``work`` raises becomes an error reply."""
        with ThreadPoolExecutor(lanes) as pool:
            for header, body in self.jobs():
                pool.submit(self._work, work, header, body)

    def _work(
        self, work: Callable[[dict[str, Any], bytes], Reply], header: dict[str, Any], body: bytes
    ) -> None:
        try:
            answer, sound = work(header, body)
        except Exception as error:  # noqa: BLE001 -- the job fails, the worker goes on
            self.reply(header, {"error": f"{type(error).__name__}: {error}"})
        else:
            self.reply(header, answer, sound)

    def _read(self) -> None:
        while len(head := self._input.read(FRAME_HEAD.size)) == FRAME_HEAD.size:
            header_size, body_size = FRAME_HEAD.unpack(head)
            header = json.loads(self._input.read(header_size))
            body = self._input.read(body_size)
            if "drop" in header:
                self._dropped.add(header["drop"])
            else:
                self._jobs.put((header, body))
        os._exit(0)

    def _write(self, header: dict[str, Any], body: bytes) -> None:
        with self._writing:
            self._output.write(frame(header, body))
            self._output.flush()
