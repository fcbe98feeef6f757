"""One worker process for several processes of a machine (共用引擎): they reach it through a Unix socket.

What a worker costs in memory is then paid once. On the socket goes what goes over a worker's pipes; each client's jobs
have numbers of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import structlog

from hotline.domain.errors import EngineBusyError, EngineUnavailableError
from hotline.lanes import Claim, Urgency
from hotline.worker_process import WorkerProcess
from hotline.worker_side import FRAME_HEAD, frame

log: Final = structlog.get_logger("shared_worker")


class SharedWorker:
    """Offers a worker that has been started to whoever may open ``path``."""

    def __init__(self, worker: WorkerProcess, path: Path) -> None:
        self._worker = worker
        self._path = path
        self._clients: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def offered(self) -> AsyncIterator[None]:
        """Serve clients until the end of the block."""
        server = await asyncio.start_unix_server(self._accept, self._path)
        self._path.chmod(0o600)
        try:
            yield
        finally:
            server.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.create_task(
            _Client(self._worker, reader, writer).run(), name="shared worker's client"
        )
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)


class _Client:
    """One process that shares the worker."""

    def __init__(
        self, worker: WorkerProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._worker = worker
        self._reader = reader
        self._writer = writer
        self._jobs: dict[int, asyncio.Task[None]] = {}
        self._claims: dict[int, Claim] = {}

    async def run(self) -> None:
        """Do its jobs until it goes."""
        if self._worker.refusal is not None:
            self._tell({"refused": self._worker.refusal, "file": self._worker.refused_file})
            self._writer.close()
            return
        self._tell({"ready": True})
        try:
            async with asyncio.TaskGroup() as tasks:
                with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
                    while True:
                        header, body = await self._next()
                        self._take(tasks, header, body)
                for job in self._jobs.values():
                    job.cancel()
        finally:
            self._writer.close()

    async def _next(self) -> tuple[dict[str, Any], bytes]:
        header_size, body_size = FRAME_HEAD.unpack(await self._reader.readexactly(FRAME_HEAD.size))
        header: dict[str, Any] = json.loads(await self._reader.readexactly(header_size))
        return header, await self._reader.readexactly(body_size)

    def _take(self, tasks: asyncio.TaskGroup, header: dict[str, Any], body: bytes) -> None:
        if "drop" in header:
            if (dropped := self._jobs.get(header["drop"])) is not None:
                dropped.cancel()
            return
        if "pulse" in header:
            self._tell({"pulse": header["pulse"]})
            return
        if "hurry" in header:
            if (claim := self._claims.get(header["hurry"])) is not None:
                claim.hurry()
            return
        number = int(header.pop("job"))
        self._claims[number] = Claim(Urgency(header.pop("urgency")))
        with self._claims[number].held():
            task = self._jobs[number] = tasks.create_task(self._do(number, header, body))
        task.add_done_callback(lambda done: self._done(number, is_dropped=done.cancelled()))

    async def _do(self, number: int, header: dict[str, Any], body: bytes) -> None:
        try:
            async with contextlib.aclosing(  # type: ignore[type-var]  # an async generator
                self._worker.call(header, body, timeout_seconds=float(header.pop("within")))
            ) as replies:
                async for answer, sound in replies:
                    self._tell({**answer, "job": number}, sound)
        except EngineBusyError:
            self._tell({"job": number, "busy": True})
        except EngineUnavailableError as error:
            self._tell({"job": number, "error": str(error)})

    def _done(self, number: int, *, is_dropped: bool) -> None:
        self._jobs.pop(number, None)
        self._claims.pop(number, None)
        if is_dropped:  # the client waits for a last reply all the same: its lane is taken until then
            self._tell({"job": number, "dropped": True})

    def _tell(self, header: dict[str, Any], body: bytes = b"") -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(header, body))
