"""Whoever sends the hotline what no telephone would, and what is seen of the hotline then."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import psutil

from tests.telephony.torture_form import SOUND

_TRIES: Final = 20
_BRANCHES: Final = itertools.count()
_STATUS: Final = re.compile(rb"SIP/2\.0 (\d{3})")
_LISTED: Final = re.compile(rb"^(Via|From|To|Call-ID|CSeq|Contact):[^\r\n]*", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class BareHotline:
    """A running ``bare_hotline``."""

    process: asyncio.subprocess.Process
    port: int
    capacity: int

    async def state(self) -> dict[str, Any]:
        """Return how it is; an ``AssertionError`` says that it has ended."""
        assert self.process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self.process.stdin.write(b"\n")
            await self.process.stdin.drain()
        return await self.printed()

    async def printed(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while line := await self.process.stdout.readline():
                if line.startswith(b"{"):
                    return dict(json.loads(line))
        raise AssertionError(f"the hotline has ended with {await self.process.wait()}")

    def sound_ports(self) -> list[int]:
        """Return the UDP ports that it holds besides that of SIP."""
        connections = psutil.Process(self.process.pid).net_connections("udp4")
        return sorted({each.laddr.port for each in connections} - {self.port})

    async def rest(self, *, seconds: float = 5.0) -> dict[str, Any]:
        """Wait until no call is left and return how it is then."""
        async with asyncio.timeout(seconds):
            while (state := await self.state())["calls"]:
                await asyncio.sleep(0.05)
        return state


@contextlib.asynccontextmanager
async def bare_hotline(**settings: Any) -> AsyncIterator[BareHotline]:
    """Run the endpoint in a process of its own; at the end it must end by itself, with 0."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.telephony.bare_hotline", json.dumps(settings, default=asdict),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    running = BareHotline(process, 0, 0)
    try:
        ready = await running.printed()
        running.port, running.capacity = ready["port"], ready["capacity"]
        yield running
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class Sender:
    """A UDP socket that sends anything and ends politely the calls that come of it."""

    def __init__(self, port: int, *, source: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((source, 0))
        self._socket.setblocking(False)
        self._target = ("127.0.0.1", port)
        self.address = f"{source}:{self._socket.getsockname()[1]}"
        self.heard = 0
        """How many messages came that answer neither an ordinary request nor the end of a call."""

    def close(self) -> None:
        self._socket.close()

    def send(self, message: bytes, *, port: int = 0) -> None:
        """Send ``message`` to the hotline, or to another ``port`` of it."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._socket.sendto(message, (self._target[0], port) if port else self._target)

    def received(self) -> list[bytes]:
        """Return what has come; calls that were answered are acknowledged and ended."""
        found: list[bytes] = []
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                message = self._socket.recv(65_535)
                found.append(message)
                self.heard += b"branch=z9hG4bKend" not in message and b"ordinary" not in message
                self._end(message)
        return found

    async def verdict(self, *, seconds: float) -> int | None:
        """Return the first final status that comes within ``seconds``, or None."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    for message in self.received():
                        status = _STATUS.match(message)
                        if status is not None and int(status[1]) >= 200:
                            return int(status[1])
                    await asyncio.sleep(0.005)
        return None

    async def is_answered(self) -> bool:
        """Tell whether OPTIONS is answered with 200."""
        return await self._is_accepted("OPTIONS", "")

    async def is_served(self) -> bool:
        """Tell whether an ordinary caller is answered, and hang up."""
        return await self._is_accepted("INVITE", SOUND.replace("\n", "\r\n"))

    async def _is_accepted(self, method: str, body: str) -> bool:
        """Tell whether a request is answered with 200; it is sent again as RFC 3261 has it when nothing comes."""
        name = f"ordinary{next(_BRANCHES)}"
        request = (
            f"{method} sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {self.address};branch=z9hG4bK{name}\r\n"
            f"From: <sip:13905390000@127.0.0.1>;tag=1\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: {name}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:13905390000@{self.address}>\r\nMax-Forwards: 70\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        for _ in range(_TRIES):
            self.send(request)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:
                        for each in self.received():
                            if each.startswith(b"SIP/2.0 200") and name.encode() in each:
                                return True
                        await asyncio.sleep(0.005)
        return False

    def _end(self, message: bytes) -> None:
        """Acknowledge and end a call that was answered, or acknowledge that it was refused."""
        status = _STATUS.match(message)
        if status is None or b"INVITE" not in message or int(status[1]) < 200:
            return
        listed: dict[bytes, list[bytes]] = {}
        for each in _LISTED.finditer(message):
            listed.setdefault(each[1].lower(), []).append(each[0])
        names = (b"from", b"to", b"call-id", b"cseq")
        if any(name not in listed for name in (*names, b"via")):
            return
        number = re.search(rb"\d+", listed[b"cseq"][0])
        for method, step in ((b"ACK", 0), (b"BYE", 1)):
            if method == b"BYE" and int(status[1]) >= 300:
                continue
            count = b"%d" % (int(number[0] if number else 1) + step)
            via = listed[b"via"][0]
            if step or int(status[1]) < 300:  # a transaction of its own
                via = f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bKend{next(_BRANCHES)}".encode()
            lines = [
                method + b" sip:12345@127.0.0.1 SIP/2.0", via, *(listed[name][0] for name in names[:3]),
                b"CSeq: " + count + b" " + method, b"Max-Forwards: 70", b"Content-Length: 0",
            ]  # fmt: skip
            self.send(b"\r\n".join(lines) + b"\r\n\r\n")
