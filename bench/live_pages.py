"""Many open live streams (server-sent events), read as browsers read them: when which event arrives on which page."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Final

_LONGEST_LINE: Final = 1 << 20
_FILES_BESIDE: Final = 400


def more_files(wanted: int) -> None:
    """Let this process, and those that it starts, have ``wanted`` connections open."""
    wanted += _FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


class LivePages:
    """Opens streams of one server and notes the time at which each event has arrived whole."""

    def __init__(self, host: str, port: int) -> None:
        """Take where the server is."""
        self._host, self._port = host, port
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._expected: dict[tuple[str, bytes], asyncio.Future[float]] = {}
        self._counted: tuple[str, dict[int, float]] | None = None
        self._changed = asyncio.Event()

    async def open(self, path: str, token: str) -> None:
        """Open one stream and wait for its beginning. Raises ``RuntimeError`` when it is refused."""
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=_LONGEST_LINE)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nCookie: desk={token}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        status = await reader.readline()
        if b" 200 " not in status:
            raise RuntimeError(f"refused: {status!r}")
        while (await reader.readline()).strip():
            pass
        self._writers.append(writer)
        self._tasks.append(asyncio.create_task(self._read(len(self._tasks), reader)))

    def expect(self, event: str, mark: str) -> asyncio.Future[float]:
        """Return what becomes the time at which an event of this name with ``mark`` in it arrives anywhere."""
        wait: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._expected[event, mark.encode()] = wait
        return wait

    @contextmanager
    def counting(self, event: str) -> Iterator[dict[int, float]]:
        """Yield the times, by page, at which an event of this name first arrived from now on."""
        arrivals: dict[int, float] = {}
        self._counted = (event, arrivals)
        try:
            yield arrivals
        finally:
            self._counted = None

    async def reached(self, pages: int, *, seconds: float) -> None:
        """Wait until the event that is counted has arrived on so many pages, or that time is over."""
        assert self._counted is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self._counted[1]) < pages:
                    self._changed.clear()
                    await self._changed.wait()

    async def close(self) -> None:
        """Close all pages."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()

    async def _read(self, page: int, reader: asyncio.StreamReader) -> None:
        name, data = "", b""
        while line := await reader.readline():
            if line.endswith(b"\r\n"):  # the frame of a chunk (RFC 9112, section 7.1)
                continue
            if line.startswith(b"event: "):
                name = line[7:-1].decode()
            elif line.startswith(b"data: "):
                data += line[6:]
            elif name:
                self._arrived(page, name, data)
                name, data = "", b""

    def _arrived(self, page: int, name: str, data: bytes) -> None:
        now = perf_counter()
        if self._counted is not None and self._counted[0] == name:
            self._counted[1].setdefault(page, now)
            self._changed.set()
        for key, wait in list(self._expected.items()):
            if key[0] == name and key[1] in data:
                del self._expected[key]
                if not wait.done():
                    wait.set_result(now)
