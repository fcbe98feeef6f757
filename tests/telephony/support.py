"""What the telephony tests share: helpers in processes of their own, and sound to send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

from ivr.line import Frame, Gone, LineEvent
from ivr.sip import SipEndpoint, SipLine, SipSettings, SipUnavailableError
from ivr.sip.settings import Arrival

SCENARIOS = Path(__file__).parent / "scenarios"
HERE = Path(__file__).parent
Samples = NDArray[np.float64]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def hotline(
    hold: Callable[[SipLine], Awaitable[None]] | None = None,
    *,
    missed: Callable[[Arrival], None] | None = None,
    **settings: Any,
) -> AsyncIterator[SipEndpoint]:
    """A SIP endpoint whose lines are held by ``hold``; without it they are answered and left to themselves.

    It rings for a moment: baresip-python misses an answer that is there before it has begun to wait for one.
    """
    endpoint = SipEndpoint(SipSettings(**{"port": 0, "ring_seconds": 0.1, **settings}), missed=missed)
    await endpoint.start()
    calls: set[asyncio.Task[None]] = set()

    async def serve() -> None:
        with contextlib.suppress(SipUnavailableError):  # the test has closed it
            while True:
                line = await endpoint.incoming()
                if hold is not None:
                    calls.add(asyncio.ensure_future(hold(line)))

    serving = asyncio.create_task(serve())
    try:
        yield endpoint
    finally:
        serving.cancel()
        for call in calls:
            call.cancel()
        results = await asyncio.gather(serving, *calls, return_exceptions=True)
        await endpoint.close()
    failures = [result for result in results if isinstance(result, Exception)]
    assert failures == []


async def until(condition: Callable[[], bool], *, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


class Program:
    """A helper process that prints JSON lines; other lines are passed over."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.seen: list[dict[str, Any]] = []

    async def event(self, name: str, *, seconds: float = 20.0) -> dict[str, Any]:
        """Wait for the next ``name``."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while line := await self.process.stdout.readline():
                if line.startswith(b"{"):
                    record = json.loads(line)
                    self.seen.append(record)
                    if record["event"] == name:
                        return record
        raise AssertionError(f"{name} did not come: {self.seen}")


@contextlib.asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[Program]:
    """Run ``python arguments`` and end it with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    running = Program(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()  # it has nothing to put in order
        await process.communicate()


@contextlib.asynccontextmanager
async def phones(*users: str, options: tuple[str, ...] = ()) -> AsyncIterator[tuple[Program, str]]:
    """Stand-in telephones; gives the process and its address ("127.0.0.1:5080")."""
    port = free_port()
    given = [argument for user in users for argument in ("--user", user)]
    async with program(
        "-m", "ivr.standin", "--listen", f"127.0.0.1:{port}", *given, *options, "--json-lines"
    ) as running:
        await running.event("ready")
        yield running, f"127.0.0.1:{port}"


class Listening(Protocol):
    """Something that takes calls on the loopback."""

    @property
    def port(self) -> int: ...


async def sipp(
    endpoint: Listening, *arguments: str, scenario: str = "", host: str = "127.0.0.1", seconds: float = 20.0
) -> int:
    """Run SIPp against ``endpoint`` and return how many of its calls failed; 0 is success. Why they did is printed."""
    # Who calls, where the scenario leaves it open; the last one given counts.
    chosen = ["-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", "13905390000"] if scenario else ["-sn", "uac"]
    # A port of its own for sound: SIPp's default is the same for all.
    errors = Path(tempfile.gettempdir()) / f"sipp-{secrets.token_hex(6)}.log"
    process = await asyncio.create_subprocess_exec(
        "sipp", *chosen, f"127.0.0.1:{endpoint.port}", "-i", host, "-p", str(free_port()), "-mp", str(free_port()),
        "-nostdin", "-timeout", f"{seconds:g}", "-timeout_error", "-trace_err", "-error_file", str(errors), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    try:
        output = (await process.communicate())[0].decode(errors="replace")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        reasons = errors.read_text(errors="replace") if errors.is_file() else ""
        errors.unlink(missing_ok=True)
    if process.returncode == 0:
        return 0
    print(f"SIPp ended with {process.returncode}:", reasons)
    failed = [line for line in output.splitlines() if "Failed call" in line]
    return int(failed[-1].rsplit("|", 1)[1]) if failed else 1


async def refusal(port: int, caller: str, *headers: str, seconds: float = 60.0) -> int:
    """Call as ``caller``, who hears the final answer and acknowledges it; return its status."""
    loop, code = asyncio.get_running_loop(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setblocking(False)
        own.bind(("127.0.0.1", 0))
        here, call = "{}:{}".format(*own.getsockname()), secrets.token_hex(6)
        message = (HERE / "invite.txt").read_text().replace("\n", "\r\n").replace("127.0.0.1:PORT", here)
        message = message.replace("z9hG4bKbad", f"z9hG4bK{call}").replace("Call-ID: x", f"Call-ID: {call}")
        message = message.replace("sip:x@127.0.0.1>;tag", f"sip:{caller}@127.0.0.1>;tag")
        more = "".join(f"{each}\r\n" for each in headers)
        invite = message.replace("Content-Length", f"{more}Content-Length", 1)
        async with asyncio.timeout(seconds):
            while code < 200:
                await loop.sock_sendto(own, invite.encode(), ("127.0.0.1", port))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(2.0):
                        while code < 200:
                            answer = (await loop.sock_recv(own, 8_192)).decode()
                            code = int(answer.split(" ", 2)[1])
        to = next(line for line in answer.split("\r\n") if line.startswith("To:"))
        ack = message.replace("INVITE", "ACK").replace("To: <sip:12345@127.0.0.1>", to)
        await loop.sock_sendto(own, ack.encode(), ("127.0.0.1", port))
    return code


async def listen(line: SipLine) -> tuple[list[bytes], list[LineEvent]]:
    """Follow ``line`` to its end; return the sound heard and the other events."""
    frames: list[bytes] = []
    others: list[LineEvent] = []
    while True:
        event = await line.receive()
        if isinstance(event, Frame):
            frames.append(event.samples)
        else:
            others.append(event)
            if isinstance(event, Gone):
                return frames, others


def babble(seconds: float, *, seed: int) -> bytes:
    """Noise with the band and the rhythm of speech: no two stretches of it are alike."""
    random = np.random.default_rng(seed)
    count = int(seconds * 8_000)
    spectrum = np.fft.rfft(random.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / 8_000)
    spectrum[(hertz < 300) | (hertz > 3_000)] = 0
    sound = np.fft.irfft(spectrum, count)
    rhythm = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(count) / 8_000)
    return bytes((sound / np.abs(sound).max() * rhythm * 24_000).astype("<i2").tobytes())


def samples(sound: bytes) -> Samples:
    return np.frombuffer(sound[: len(sound) // 2 * 2], "<i2").astype(np.float64)


def likeness(sent: Samples, received: Samples, *, window_seconds: float = 0.5) -> list[float]:
    """Correlation of each window of ``sent`` with the place in ``received`` where it fits best.

    Window by window, since a jitter buffer may shift what follows by a frame.
    """
    width = int(window_seconds * 8_000)
    padded = np.concatenate([received, np.zeros(width)])
    energy = correlate(padded**2, np.ones(width), "valid")
    found = []
    for begin in range(0, len(sent) - width + 1, width):
        window = sent[begin : begin + width]
        matches = correlate(padded, window, "valid")
        # Where nothing was received rounding leaves next to nothing, or less.
        found.append(float((matches / np.sqrt(np.maximum(energy, 1e6) * (window @ window))).max()))
    return found


def wholeness(sent: Samples, received: Samples) -> float:
    """Return which share of ``sent``, by tenths of a second, is in ``received``: a frame lost on a busy machine spoils one."""
    found = likeness(sent, received, window_seconds=0.1)
    return sum(value > 0.9 for value in found) / len(found)
