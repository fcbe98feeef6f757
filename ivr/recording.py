"""Recording a call in both directions (录音): written sealed as it goes, and never in the way of the call.

The media thread only appends frames; one thread of the process encodes, seals and writes. A file is a row of sealed
pieces of about two seconds, each by itself: what a killed process leaves is readable to its last piece. Sound is
stereo G.711 A-law (ITU-T G.711): the caller on the left, hotline and agent on the right.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import structlog

from ivr.line import FRAME_BYTES, FRAME_SECONDS

log: Final = structlog.get_logger("recording")

BYTES_PER_SECOND: Final = 16_000  # 8 kHz, two channels, one byte each
_PIECE_FRAMES: Final = 100
_MOST_FRAMES: Final = 3_000  # a minute that could not be written
_SILENCE: Final = bytes(FRAME_BYTES)
_LENGTH: Final = struct.Struct(">I")
_WRITE_SECONDS: Final = 0.5
_END: Final = "end"

Sealing = Callable[[bytes, str], bytes]
"""Seals or opens bytes that belong to a place."""


def _compressed(sample: int) -> int:
    """Return the A-law code of a 16-bit sample."""
    sign, magnitude = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    segment = max(0, (magnitude >> 8).bit_length())
    low = (magnitude >> (segment + 3 if segment else 4)) & 0x0F
    return ((segment << 4) | low | sign) ^ 0x55


def _expanded(code: int) -> int:
    """Return the 16-bit sample of an A-law code."""
    code ^= 0x55
    segment, low = (code >> 4) & 0x07, code & 0x0F
    magnitude = ((low << 4) + 8) if segment == 0 else ((low << 4) + 0x108) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


_COMPRESS: Final = np.array([_compressed(sample) for sample in range(-32_768, 32_768)], dtype=np.uint8)
_EXPAND: Final = np.array([_expanded(code) for code in range(256)], dtype="<i2")


def place_of(recording: str, piece: int | str) -> str:
    """Return what a sealed piece is bound to."""
    return f"recording:{recording}:{piece}"


class Recorder:
    """One call's recording; ``heard``, ``sent`` and ``joined`` are called by the media thread, 20 ms at a time."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.is_complete = True
        self.is_over = False
        self.seconds = 0.0
        self.digest = hashlib.sha256()
        self._rows: deque[tuple[bytes, bytes, bytes]] = deque()
        self._sent: deque[bytes] = deque(maxlen=3)
        self._joined: deque[bytes] = deque(maxlen=3)

    def heard(self, samples: bytes) -> None:
        """Take what the caller sent: it is the clock of the recording."""
        if self.is_over:
            return
        if len(self._rows) >= _MOST_FRAMES:
            self.is_complete = False
            return
        sent = self._sent.popleft() if self._sent else _SILENCE
        joined = self._joined.popleft() if self._joined else _SILENCE
        self._rows.append((samples, sent, joined))

    def sent(self, samples: bytes) -> None:
        """Take what the hotline sends to the caller."""
        self._sent.append(samples)

    def joined(self, samples: bytes) -> None:
        """Take what the agent says to the caller."""
        self._joined.append(samples)

    def take(self, *, least: int) -> bytes:
        """Return the sound of waiting frames as A-law; empty while there are fewer than ``least``."""
        if len(self._rows) < least:
            return b""
        rows = [self._rows.popleft() for _ in range(min(len(self._rows), _PIECE_FRAMES))]
        left, sent, joined = (
            np.frombuffer(b"".join(row[side] for row in rows), dtype="<i2").astype(np.int32)
            for side in range(3)
        )
        both = np.stack([left, np.clip(sent + joined, -32_768, 32_767)], axis=1)
        self.seconds += len(rows) * FRAME_SECONDS
        return bytes(_COMPRESS[both + 32_768].tobytes())


@dataclass(slots=True)
class _Open:
    recorder: Recorder
    file: BinaryIO
    pieces: int = 0
    done: threading.Event = field(default_factory=threading.Event)


class RecordingWriter:
    """Writes all recordings of a process in a thread of its own."""

    def __init__(self, folder: Path, seal: Sealing) -> None:
        """Take where the files go, and what seals them."""
        self._folder = folder
        self._seal = seal
        self._open: dict[str, _Open] = {}
        self._lock = threading.Lock()
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    def begin(self, name: str, day: str) -> Recorder | None:
        """Begin a recording in the sub-folder ``day``; None when it cannot be, which is logged."""
        path = self._folder / day / f"{name}.rec"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = path.open("xb", buffering=0)
        except OSError as error:
            log.error("recording.not_begun", recording=name, error=type(error).__name__)
            return None
        recorder = Recorder(name, path)
        with self._lock:
            self._open[name] = _Open(recorder, file)
        return recorder

    def end(self, recorder: Recorder, *, seconds: float = 5.0) -> None:
        """End a recording and wait until it is written; blocks, so call it in a thread."""
        recorder.is_over = True
        with self._lock:
            found = self._open.get(recorder.name)
        if found is not None and not found.done.wait(seconds):
            recorder.is_complete = False

    def close(self) -> None:
        """Write what is left and end the thread."""
        with self._lock:
            for each in self._open.values():
                each.recorder.is_over = True
        self._is_closing.set()
        self._thread.join(10.0)

    def _run(self) -> None:
        while True:
            is_last = self._is_closing.wait(_WRITE_SECONDS)
            with self._lock:
                waiting = list(self._open.values())
            for each in waiting:
                self._write(each)
            if is_last and not self._open:
                return

    def _write(self, each: _Open) -> None:
        recorder, is_over = each.recorder, each.recorder.is_over
        try:
            while sound := recorder.take(least=1 if is_over else _PIECE_FRAMES):
                self._put(each, sound, each.pieces)
                each.pieces += 1
            if is_over:
                self._put(each, _LENGTH.pack(each.pieces), _END)
        except Exception as error:  # noqa: BLE001 -- a full disk, a broken key: the call goes on, and it is known
            log.error("recording.broken", recording=recorder.name, error=type(error).__name__)
            recorder.is_complete = False
            recorder.is_over = is_over = True
        if is_over:
            each.file.close()
            with self._lock:
                self._open.pop(recorder.name, None)
            each.done.set()

    def _put(self, each: _Open, body: bytes, piece: int | str) -> None:
        sealed = self._seal(body, place_of(each.recorder.name, piece))
        row = _LENGTH.pack(len(sealed)) + sealed
        each.recorder.digest.update(row)
        if each.file.write(row) != len(row):
            raise OSError("short write")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording as it was read: A-law sound, and whether it is whole."""

    sound: bytes
    is_complete: bool

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.sound) / BYTES_PER_SECOND

    def wav(self) -> bytes:
        """Return it as a WAV file of 16-bit stereo."""
        data = _EXPAND[np.frombuffer(self.sound, dtype=np.uint8)].tobytes()
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 2, 8_000,
                           32_000, 4, 16, b"data", len(data))  # fmt: skip
        return head + data


def read_recording(path: Path, name: str, unseal: Sealing) -> Recorded:
    """Read a recording as far as it goes. Raises ``OSError`` without a file, what ``unseal`` raises for a foreign key."""
    pieces: list[bytes] = []
    with path.open("rb") as file:
        for sealed in _rows(file):
            try:
                pieces.append(unseal(sealed, place_of(name, len(pieces))))
            except Exception:
                end = unseal(sealed, place_of(name, _END)) if pieces else None
                if end is None:
                    raise
                return Recorded(b"".join(pieces), is_complete=end == _LENGTH.pack(len(pieces)))
    return Recorded(b"".join(pieces), is_complete=False)


def _rows(file: BinaryIO) -> Iterator[bytes]:
    while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
        (size,) = _LENGTH.unpack(head)
        sealed = file.read(size)
        if len(sealed) < size:
            return  # the process was killed in the middle of it
        yield sealed
