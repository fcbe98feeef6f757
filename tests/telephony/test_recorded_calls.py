"""Real calls are recorded in both directions, also with the party they were put through to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from hotline.store.sealing import Seal
from ivr.line import TransferResult
from ivr.recording import RecordingWriter, read_recording
from ivr.sip import SipLine
from tests.telephony.support import HERE, babble, hotline, likeness, listen, phones, program, samples, until

pytestmark = pytest.mark.telephony
CALLER = str(HERE / "baresip_caller.py")
SEAL = Seal("tests only: " + "x" * 32)


async def test_both_sides_of_a_call_and_the_agent_are_in_the_recording(tmp_path: Path) -> None:
    said, prompt = babble(2, seed=5), babble(1.2, seed=6)
    (tmp_path / "said.raw").write_bytes(bytes(24_000) + said)
    writer = RecordingWriter(tmp_path, SEAL.close)
    results: list[TransferResult] = []
    async with phones("agent", options=("--ring-seconds", "0.1")) as (_, address):

        async def hold(line: SipLine) -> None:
            recorder = writer.begin("c1", "d")
            assert recorder is not None
            line.record(recorder)
            following = asyncio.create_task(listen(line))
            line.play(prompt)
            await asyncio.sleep(1.4)
            results.append(await line.transfer(f"sip:agent@{address}", ring_seconds=3))
            await following
            await asyncio.to_thread(writer.end, recorder)

        async with hotline(hold) as endpoint:
            uri = f"sip:12345@127.0.0.1:{endpoint.port}"
            options = ("--send", str(tmp_path / "said.raw"), "--seconds", "5")
            async with program(CALLER, uri, *options) as caller:
                await caller.event("ended")
            await until(lambda: endpoint.calls == 0)
            await asyncio.sleep(1.0)
    writer.close()
    found = read_recording(tmp_path / "d" / "c1.rec", "c1", SEAL.open)
    both = np.frombuffer(found.wav()[44:], "<i2").reshape(-1, 2)
    left, right = samples(both[:, 0].tobytes()), samples(both[:, 1].tobytes())
    assert results == [TransferResult.ANSWERED]
    assert found.is_complete
    assert 4.0 < found.seconds < 6.5
    assert min(likeness(samples(said), left)) > 0.9
    assert min(likeness(samples(prompt), right)) > 0.9
    talk = right[16_000:]
    hertz = np.fft.rfftfreq(len(talk), 1 / 8_000)[np.abs(np.fft.rfft(talk)).argmax()]
    assert hertz == pytest.approx(440, abs=3)  # the agent's tone
