"""What was sent to the caller lately, kept to know it again when it comes back (see ``ivr.echo``)."""

from __future__ import annotations

import asyncio
from typing import Final

from hotline.domain.speech import PHONE_BAND
from ivr.echo import COMPARED_SECONDS, LONGEST_DELAY_SECONDS
from ivr.line import Line

_KEPT_BYTES: Final = int((LONGEST_DELAY_SECONDS + COMPARED_SECONDS) * PHONE_BAND.bytes_per_second)


class SentSound:
    """Plays on ``line`` and remembers the last second of what has left."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._sound = bytearray()
        self._ends_at = -LONGEST_DELAY_SECONDS

    def play(self, samples: bytes) -> None:
        """Queue ``samples`` on the line."""
        self._line.play(samples)
        self._sound += samples
        self._forget()
        self._ends_at = self._now() + self._line.queued_seconds

    def stop(self) -> None:
        """Drop what is queued; what has not been sent will not come back."""
        if unsent := self._unsent_bytes():
            del self._sound[-unsent:]
        self._line.stop()
        self._ends_at = min(self._ends_at, self._now())

    def lately(self) -> bytes:
        """Return what was sent within the time in which an echo may come back; empty after a silence of that length."""
        if self._now() - self._ends_at > LONGEST_DELAY_SECONDS:
            return b""
        self._forget()
        end = len(self._sound) - self._unsent_bytes()
        return bytes(self._sound[max(0, end - _KEPT_BYTES) : end])

    def _forget(self) -> None:
        surplus = len(self._sound) - self._unsent_bytes() - _KEPT_BYTES
        if surplus > 0:
            del self._sound[:surplus]

    def _unsent_bytes(self) -> int:
        return min(len(self._sound), int(self._line.queued_seconds * PHONE_BAND.sample_rate_hz) * 2)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
