"""Real calls are recorded in both directions, also with the party they were put through to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate

from hotline.store.sealing import Seal
from ivr.line import TransferResult
from ivr.recording import RecordingWriter, read_recording
from ivr.sip import SipLine
from tests.telephony.support import (
    HERE,
    Samples,
    babble,
    hotline,
    listen,
    phones,
    program,
    samples,
    until,
    wholeness,
)

pytestmark = pytest.mark.telephony
CALLER = str(HERE / "baresip_caller.py")
SEAL = Seal("tests only: " + "x" * 32)


async def test_both_sides_of_a_call_and_the_agent_are_in_the_recording(tmp_path: Path) -> None:
    said, prompt = babble(1.5, seed=5), babble(1.2, seed=6)
    (tmp_path / "said.raw").write_bytes(bytes(4_800) + said)
    writer = RecordingWriter(tmp_path, SEAL.close)
    results: list[TransferResult] = []
    frames: list[bytes] = []
    async with phones("agent", options=("--ring-seconds", "0.1")) as (_, address):

        async def hold(line: SipLine) -> None:
            recorder = writer.begin("c1", "d")
            assert recorder is not None
            line.record(recorder)
            following = asyncio.create_task(listen(line))
            line.play(prompt)
            await until(lambda: line.queued_seconds == 0)
            await asyncio.sleep(0.5)
            results.append(await line.transfer(f"sip:agent@{address}", ring_seconds=5))
            await asyncio.sleep(1.2)
            await line.hang_up()
            frames.extend((await following)[0])
            await asyncio.to_thread(writer.end, recorder)

        async with hotline(hold) as endpoint:
            uri = f"sip:12345@127.0.0.1:{endpoint.port}"
            options = ("--send", str(tmp_path / "said.raw"), "--seconds", "20")
            async with program(CALLER, uri, *options) as caller:
                assert (await caller.event("ended", seconds=40))["by"] == "far_end"
            await until(lambda: endpoint.calls == 0 and bool(frames))
    writer.close()
    found = read_recording(tmp_path / "d" / "c1.rec", "c1", SEAL.open)
    both = np.frombuffer(found.wav()[44:], "<i2").reshape(-1, 2)
    left, right = samples(both[:, 0].tobytes()), samples(both[:, 1].tobytes())
    assert results == [TransferResult.ANSWERED]
    assert found.is_complete
    # What the hotline heard and played is there to the sample; what a busy machine loses on its way is no matter of the recording.
    heard = samples(b"".join(frames))
    assert recorded_seconds(heard, left) > len(heard) / 8_000 - 0.2
    assert recorded_seconds(samples(prompt), right) == pytest.approx(1.2, abs=0.05)
    assert wholeness(samples(said), left) > 0.5
    talk = right[-8_000:]
    hertz = np.fft.rfftfreq(len(talk), 1 / 8_000)[np.abs(np.fft.rfft(talk)).argmax()]
    assert hertz == pytest.approx(440, abs=3)  # the agent's tone


def recorded_seconds(sound: Samples, recording: Samples) -> float:
    """Return how much of ``sound`` lies in ``recording`` where it fits best, or 0 where any sample of it differs.

    A-law (G.711) keeps five bits of a sample's height: what was recorded differs from it by a thirty-second at most.
    """
    shift = int(correlate(recording, sound).argmax()) - (len(sound) - 1)
    begin, end = max(0, -shift), min(len(sound), len(recording) - shift)
    part = sound[begin:end]
    is_whole = np.allclose(recording[begin + shift : end + shift], part, rtol=1 / 30, atol=20)
    return len(part) / 8_000 if is_whole else 0.0
