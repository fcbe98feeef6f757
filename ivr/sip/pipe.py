"""The sound of one call between the media thread and the conversation."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from hotline.domain.speech import PHONE_BAND
from ivr.line import FRAME_BYTES, FRAME_SECONDS, Frame, LineEvent, Played, Tap

_SILENCE: Final = bytes(FRAME_BYTES)


class PlaybackQueue:
    """Sound waiting to be sent, with marks between; used from two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[memoryview | int] = deque()
        self._bytes = 0

    @property
    def queued_seconds(self) -> float:
        """Sound still to be sent."""
        return self._bytes / PHONE_BAND.bytes_per_second

    def play(self, samples: bytes) -> None:
        """Queue ``samples``."""
        if samples:
            with self._lock:
                self._waiting.append(memoryview(samples))
                self._bytes += len(samples)

    def mark(self, mark: int) -> None:
        """Queue ``mark``."""
        with self._lock:
            self._waiting.append(mark)

    def stop(self) -> tuple[int, ...]:
        """Drop everything and return the marks that were waiting."""
        with self._lock:
            marks = tuple(item for item in self._waiting if isinstance(item, int))
            self._waiting.clear()
            self._bytes = 0
        return marks

    def pull(self) -> tuple[bytes, tuple[int, ...]]:
        """Take one frame, filled up with silence, and the marks reached with it."""
        sound = bytearray()
        marks: list[int] = []
        with self._lock:
            while self._waiting:
                item = self._waiting[0]
                if isinstance(item, int):
                    marks.append(item)
                    self._waiting.popleft()
                    continue
                missing = FRAME_BYTES - len(sound)
                if not missing:
                    break
                sound += item[:missing]
                if len(item) > missing:
                    self._waiting[0] = item[missing:]
                else:
                    self._waiting.popleft()
            self._bytes -= len(sound)
        return bytes(sound).ljust(FRAME_BYTES, b"\0"), tuple(marks)


class Pipe:
    """Both directions of one call's sound. ``post`` hands an event over to the conversation's thread."""

    def __init__(self, post: Callable[[LineEvent], None]) -> None:
        self.playback = PlaybackQueue()
        self._post = post
        self._heard = 0
        self.tap: Tap | None = None
        self.overheard: Callable[[bytes], None] | None = None

    @property
    def has_listeners(self) -> bool:
        """Whether anybody wants to hear whom the caller is put through to."""
        return self.tap is not None or self.overheard is not None

    def outgoing(self) -> bytes:
        """Return the next 20 ms to send."""
        samples, marks = self.playback.pull()
        for mark in marks:
            self._post(Played(mark=mark, was_stopped=False))
        if (tap := self.tap) is not None:
            tap.sent(samples)
        return samples

    def heard(self, samples: bytes) -> None:
        """Take the next 20 ms that came in."""
        if (tap := self.tap) is not None:
            tap.heard(samples)
        self._post(Frame(samples=samples, at_seconds=self._heard * FRAME_SECONDS))
        self._heard += 1


class Ear:
    """Listens to the party that a caller was put through to, for the caller's ``tap`` and who overhears."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def outgoing(self) -> bytes:
        """Return silence: an ear says nothing."""
        return _SILENCE

    def heard(self, samples: bytes) -> None:
        """Pass on the next 20 ms."""
        if (tap := self._pipe.tap) is not None:
            tap.joined(samples)
        if (told := self._pipe.overheard) is not None:
            told(samples)
