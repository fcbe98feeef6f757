"""Sound on a real call, judged by an independent SIP stack (baresip)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ivr.line import Frame, Gone, Key, Played
from ivr.sip import SipLine
from tests.telephony.support import HERE, babble, hotline, listen, program, samples, until, wholeness

pytestmark = pytest.mark.telephony
CALLER = str(HERE / "baresip_caller.py")


@pytest.mark.parametrize("codec", ["pcma", "pcmu"])
async def test_sound_is_whole_in_both_directions(tmp_path: Path, codec: str) -> None:
    said, answered = babble(3, seed=1), babble(3, seed=2)
    (tmp_path / "said.raw").write_bytes(said)
    heard: list[bytes] = []

    async def hold(line: SipLine) -> None:
        line.play(answered)
        heard.extend((await listen(line))[0])

    async with hotline(hold) as endpoint:
        uri = f"sip:12345@127.0.0.1:{endpoint.port}"
        files = ("--send", str(tmp_path / "said.raw"), "--record", str(tmp_path / "got.raw"))
        async with program(CALLER, uri, *files, "--codec", codec, "--seconds", "3.6") as caller:
            assert (await caller.event("ended"))["by"] == "caller"
        await until(lambda: endpoint.calls == 0)
    assert wholeness(samples(said), samples(b"".join(heard))) > 0.5
    assert wholeness(samples(answered), samples((tmp_path / "got.raw").read_bytes())) > 0.5


async def test_a_prompt_that_is_stopped_falls_silent_within_200_ms(tmp_path: Path) -> None:
    tone = babble(6, seed=3)
    (tmp_path / "said.raw").write_bytes(bytes(16_000) + babble(1.5, seed=4))
    marks: list[Played] = []
    stopped_at: list[float] = []

    async def hold(line: SipLine) -> None:
        line.play(tone)
        line.mark(7)
        while not isinstance(event := await line.receive(), Gone):
            if isinstance(event, Frame) and not stopped_at and np.abs(samples(event.samples)).max() > 2_000:
                stopped_at.append(event.at_seconds)
                line.stop()
            if isinstance(event, Played):
                marks.append(event)

    async with hotline(hold) as endpoint:
        uri = f"sip:12345@127.0.0.1:{endpoint.port}"
        files = ("--send", str(tmp_path / "said.raw"), "--record", str(tmp_path / "got.raw"))
        async with program(CALLER, uri, *files, "--seconds", "3") as caller:
            await caller.event("ended")
    got = np.abs(samples((tmp_path / "got.raw").read_bytes()))
    sounding = np.flatnonzero(got > 300) / 8_000
    # Both directions begin together: what the caller still hears after it began to speak, at 1.0 s, is the delay.
    heard_seconds = sounding[-1] - sounding[0]
    assert marks == [Played(7, was_stopped=True)]
    assert stopped_at[0] == pytest.approx(1.0, abs=0.25)
    assert heard_seconds - stopped_at[0] < 0.2


@pytest.mark.parametrize("mode", ["rtpevent", "info"])
async def test_keys_are_heard_in_order(mode: str) -> None:
    keys: list[str] = []

    async def hold(line: SipLine) -> None:
        keys.extend(event.key for event in (await listen(line))[1] if isinstance(event, Key))

    async with hotline(hold) as endpoint:
        uri = f"sip:12345@127.0.0.1:{endpoint.port}"
        async with program(CALLER, uri, "--keys", "190#*", "--dtmf", mode, "--seconds", "0.5") as caller:
            await caller.event("ended")
        await until(lambda: endpoint.calls == 0)
        await asyncio.sleep(0)
    assert keys == ["1", "9", "0", "#", "*"]


async def test_the_line_knows_its_call_and_its_caller() -> None:
    lines: list[SipLine] = []

    async def hold(line: SipLine) -> None:
        lines.append(line)
        await listen(line)

    async with hotline(hold) as endpoint:
        uri = f"sip:12345@127.0.0.1:{endpoint.port}"
        async with program(CALLER, uri, "--user", "13805390001", "--seconds", "0.3") as caller:
            await caller.event("ended")
        await until(lambda: endpoint.calls == 0)
    assert [(line.caller, line.called, bool(line.call_id)) for line in lines] == [
        ("13805390001", "12345", True)
    ]
