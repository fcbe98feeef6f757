"""The sound inside a pjsua2 frame, read and written in about a microsecond.

``bytes(frame.buf)`` makes a Python integer of every byte: a quarter of a millisecond a frame. The frame's
``std::vector`` lies in memory as three pointers (begin, end, end of storage) in libstdc++, so the bytes can be copied
at once. That layout is tried when the endpoint starts; where it does not hold, the slow way is taken.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final, Protocol

import pjsua2 as pj

from ivr.line import FRAME_BYTES

_Vector: Final = ctypes.c_size_t * 3


class FrameMemory(Protocol):
    """Reads and writes the ``buf`` of a ``pj.MediaFrame``."""

    def read(self, buffer: Any) -> bytes:
        """Return the bytes in ``buffer``, a ``pj.ByteVector``."""

    def write(self, frame: Any, samples: bytes) -> None:
        """Make ``samples`` the sound of ``frame``."""


class VectorMemory:
    """Copies from and to the vector's own memory."""

    def read(self, buffer: Any) -> bytes:
        """Return the bytes in ``buffer``."""
        begin, end, _ = _Vector.from_address(int(buffer.this))
        return ctypes.string_at(begin, end - begin)

    def write(self, frame: Any, samples: bytes) -> None:
        """Make ``samples`` the sound of ``frame``."""
        buffer = frame.buf
        buffer.resize(len(samples))
        ctypes.memmove(_Vector.from_address(int(buffer.this))[0], samples, len(samples))


class CopyingMemory:
    """Goes through the binding's own interface, byte by byte."""

    def read(self, buffer: Any) -> bytes:
        """Return the bytes in ``buffer``."""
        return bytes(buffer)

    def write(self, frame: Any, samples: bytes) -> None:
        """Make ``samples`` the sound of ``frame``."""
        frame.buf = pj.ByteVector(samples)


def frame_memory() -> FrameMemory:
    """Return the fast way if it proves right here, else the slow one."""
    return VectorMemory() if _is_layout_known() else CopyingMemory()


def _is_layout_known() -> bool:
    pattern = bytes((7 * i + 3) % 256 for i in range(FRAME_BYTES))
    vector = pj.ByteVector(pattern)
    begin, end, storage = _Vector.from_address(int(vector.this))
    # Nothing is read through the pointers before they look like a vector's.
    if end - begin != FRAME_BYTES or storage < end or begin == 0:
        return False
    if ctypes.string_at(begin, FRAME_BYTES) != pattern:
        return False
    frame = pj.MediaFrame()
    VectorMemory().write(frame, pattern)
    return bytes(frame.buf) == pattern
