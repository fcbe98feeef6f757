"""Keeping the caller company: what is said when an answer takes long, and the ringing while a call is put through."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import numpy as np
import structlog

from hotline.domain.speech import PHONE_BAND
from ivr.line import Invited, Line, TransferResult
from ivr.playback import Playback

log: Final = structlog.get_logger("company")

_GRACE_SECONDS: Final = 0.2  # an answer that comes this soon after the end is decided needs no filler
_LATE_SECONDS: Final = (
    0.4  # so long after a filler was due, in noise that puts the end off, every moment counts
)
_LATE_GRACE_SECONDS: Final = 0.08
_GAP_SECONDS: Final = 1.2  # a filler begins and ends with a moment of silence of its own: under 2 s in all
_MOST_FILLERS: Final = 5
_PIECE_SECONDS: Final = 0.25  # the ringing tone is queued in pieces, so that words need not wait for its end


class Company:
    """Says fillers (承接语, “请稍等”) until an answer sounds, in turn over the call; at most five in one wait."""

    def __init__(self, playback: Playback, *, after_seconds: float, is_wanted: Callable[[], bool]) -> None:
        """``after_seconds`` counts from the caller's last word; ``is_wanted`` is asked before each filler."""
        self._playback = playback
        self._after_seconds = after_seconds
        self._is_wanted = is_wanted
        self._fillers: list[bytes] = []
        self._next = 0
        self._task: asyncio.Task[None] | None = None
        self.first_at: float | None = None

    async def prepare(self, texts: tuple[str, ...]) -> None:
        """Render the fillers; one that cannot be rendered is left out."""
        for text in texts:
            if sound := await self._playback.render(text):
                self._fillers.append(sound)

    def keep(self, *, since: float) -> None:
        """Begin to wait for an answer to what was said until ``since`` (the loop's time)."""
        self.stop()
        self.first_at = None
        self._task = asyncio.create_task(self._keep(since), name="company")

    def bridge(self) -> float:
        """Say one filler now, in the middle of a message that has fallen silent; return its length in seconds."""
        return self._say_one() if self._fillers and self._is_wanted() else 0.0

    def stop(self) -> None:
        """The answer sounds, or none is to come."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _say_one(self) -> float:
        """Say the next filler and return its length in seconds."""
        sound = self._fillers[self._next % len(self._fillers)]
        self._next += 1
        self._playback.play(sound)
        return len(sound) / PHONE_BAND.bytes_per_second

    async def _keep(self, since: float) -> None:
        now = asyncio.get_running_loop().time
        due_in = self._after_seconds - (now() - since)
        delay = max(due_in, _GRACE_SECONDS if due_in > -_LATE_SECONDS else _LATE_GRACE_SECONDS)
        left = _MOST_FILLERS if self._fillers else 0
        while left:
            await asyncio.sleep(delay)
            if not self._is_wanted():
                return
            if self._playback.is_sounding:
                delay = self._playback.queued_seconds + self._after_seconds
                continue
            left -= 1
            if self.first_at is None:
                self.first_at = now()
            delay = self._say_one() + _GAP_SECONDS


def ringback() -> bytes:
    """Return one period of the ringing tone (回铃音): 450 Hz, 1 s on and 4 s off."""
    times = np.arange(PHONE_BAND.sample_rate_hz) / PHONE_BAND.sample_rate_hz
    tone = (3_000 * np.sin(2 * np.pi * 450 * times)).astype("<i2").tobytes()
    return tone + bytes(4 * PHONE_BAND.bytes_per_second)


async def put_through(line: Line, playback: Playback, address: str, *, ring_seconds: float) -> TransferResult:
    """Transfer the caller once everything has been played; the caller hears it ringing."""
    await playback.drained()
    async with ringing(playback):
        return await transfer(line, address, ring_seconds=ring_seconds)


async def transfer(line: Line, address: str, *, ring_seconds: float) -> TransferResult:
    """Transfer the caller; whatever the line raises, the conversation goes on."""
    try:
        return await line.transfer(address, ring_seconds=ring_seconds)
    except Exception as error:  # noqa: BLE001 -- whatever the line raises, the dialogue must go on
        log.error("transfer.broken", error=type(error).__name__)
        return TransferResult.FAILED


async def invite(
    line: Line, address: str, *, ring_seconds: float, caller: str | None = None, keep_free: int = 0
) -> Invited:
    """Let somebody into the call; whatever the line raises, the talk goes on."""
    try:
        return await line.invite(address, ring_seconds=ring_seconds, caller=caller, keep_free=keep_free)
    except Exception as error:  # noqa: BLE001 -- whatever the line raises, those who talk must go on
        log.error("invitation.broken", error=type(error).__name__)
        return Invited(TransferResult.FAILED)


def hold_tone() -> bytes:
    """Return one period of what is heard on hold (保持音): two soft notes, and less than two seconds of nothing."""
    rate = PHONE_BAND.sample_rate_hz
    times = np.arange(int(0.35 * rate)) / rate
    fading = 2_500 * np.exp(-times * 4)
    notes = [
        (fading * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes() for hertz in (523.25, 659.25)
    ]
    return b"".join(notes) + bytes(int(1.3 * PHONE_BAND.bytes_per_second) // 2 * 2)


@asynccontextmanager
async def ringing(playback: Playback) -> AsyncIterator[None]:
    """Let the caller hear the ringing tone while nothing is said."""
    async with sounding(playback, ringback()):
        yield


@asynccontextmanager
async def sounding(playback: Playback, period: bytes) -> AsyncIterator[None]:
    """Let the caller hear ``period`` over and over while nothing is said."""
    tone = asyncio.create_task(_sound(playback, period), name="tone")
    try:
        yield
    finally:
        tone.cancel()
        if not playback.is_busy:
            playback.stop()


async def _sound(playback: Playback, period: bytes) -> None:
    piece = int(_PIECE_SECONDS * PHONE_BAND.bytes_per_second)
    pieces = itertools.cycle(period[start : start + piece] for start in range(0, len(period), piece))
    while True:
        if not playback.is_busy and playback.queued_seconds < _PIECE_SECONDS:
            playback.play(next(pieces))
        await asyncio.sleep(_PIECE_SECONDS / 2)
