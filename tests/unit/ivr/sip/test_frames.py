from __future__ import annotations

import pjsua2 as pj
import pytest

from ivr.sip.frames import CopyingMemory, FrameMemory, VectorMemory, frame_memory

PATTERN = bytes(range(256)) + bytes(64)


@pytest.mark.parametrize("memory", [VectorMemory(), CopyingMemory()], ids=["fast", "slow"])
def test_the_sound_of_a_frame_is_written_and_read(memory: FrameMemory) -> None:
    frame = pj.MediaFrame()
    memory.write(frame, PATTERN)
    assert (bytes(frame.buf), memory.read(frame.buf)) == (PATTERN, PATTERN)
    memory.write(frame, bytes(320))
    assert memory.read(frame.buf) == bytes(320)
    assert memory.read(pj.ByteVector(PATTERN)) == PATTERN


def test_the_fast_way_holds_for_the_library_that_is_installed() -> None:
    assert isinstance(frame_memory(), VectorMemory)
