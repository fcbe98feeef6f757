"""Talks of more than two on real telephones (三方通话): who hears whom, while people come, are held and leave."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hotline.store.sealing import Seal
from ivr.line import Gone, Invited, PartyLeft, TransferResult
from ivr.recording import RecordingWriter, read_recording
from ivr.sip import SipEndpoint, SipLine
from ivr.sip.sound import read_wav, tone, write_wav
from tests.telephony.support import HERE, Samples, hotline, listen, phones, program, samples, sipp, until

pytestmark = pytest.mark.telephony
CALLER = str(HERE / "baresip_caller.py")
SEAL = Seal("tests only: " + "x" * 32)
VOICES = {"caller": 350.0, "agent": 550.0, "unit": 800.0, "hotline": 1_150.0}
_WINDOW = 1_600
_LOUD = 0.02


def heard(sound: Samples) -> list[str]:
    """Return who was heard together, one after the other: "agent unit"; "" for nobody. What is shorter than 0.4 s is left out."""
    windows = (sound[start : start + _WINDOW] for start in range(0, len(sound) - _WINDOW + 1, _WINDOW))
    found = [
        " ".join(name for name, hertz in VOICES.items() if _level(window, hertz) > _LOUD)
        for window in windows
    ]
    runs = [(who, len(list(run))) for who, run in itertools.groupby(found)]
    return [who for who, _ in itertools.groupby(who for who, length in runs if length > 1)]


def _level(window: Samples, hertz: float) -> float:
    times = np.arange(len(window)) / 8_000
    return float(abs(window @ np.exp(-2j * np.pi * hertz * times)) * 2 / len(window) / 32_767)


def voice(folder: Path, who: str, seconds: float = 20.0) -> str:
    file = folder / f"{who}-says.wav"
    write_wav(file, tone(VOICES[who], seconds, level=0.15))
    return str(file)


def _uri(endpoint: SipEndpoint) -> str:
    return f"sip:12345@127.0.0.1:{endpoint.port}"


def _telephones(folder: Path, who: str, user: str):  # type: ignore[no-untyped-def]
    options = ("--ring-seconds", "0.1", "--greeting", voice(folder, who), "--record", str(folder))
    return phones(user, options=options)


async def test_three_hear_one_another_and_each_may_be_held_or_leave(tmp_path: Path) -> None:
    (tmp_path / "said.raw").write_bytes(tone(VOICES["caller"], 20, level=0.15))
    files = ("--send", str(tmp_path / "said.raw"), "--record", str(tmp_path / "caller.raw"))
    writer = RecordingWriter(tmp_path, SEAL.close)
    invited: list[Invited] = []
    events: list[object] = []
    async with (
        _telephones(tmp_path, "agent", "8001") as (_, agents),
        _telephones(tmp_path, "unit", "110") as (_, units),
    ):

        async def hold(line: SipLine) -> None:
            recorder = writer.begin("c1", "d")
            assert recorder is not None
            line.record(recorder)
            following = asyncio.create_task(listen(line))
            agent = await line.invite(f"sip:8001@{agents}", ring_seconds=3)
            await asyncio.sleep(0.9)
            unit = await line.invite(f"sip:110@{units}", ring_seconds=3, caller="12345", keep_free=1)
            invited.extend((agent, unit))
            await asyncio.sleep(0.9)
            line.play(tone(VOICES["hotline"], 0.8, level=0.15))  # heard by all three
            await asyncio.sleep(1.4)
            line.hold()
            line.play(tone(VOICES["hotline"], 0.8, level=0.15))  # heard by who is held
            await asyncio.sleep(0.9)
            line.retrieve()
            await asyncio.sleep(0.9)
            line.release(agent.party or 0)
            await asyncio.sleep(0.9)
            line.release(unit.party or 0)
            events.extend((await following)[1])
            await asyncio.to_thread(writer.end, recorder)

        async with hotline(hold) as endpoint:
            async with program(CALLER, _uri(endpoint), *files, "--seconds", "15") as caller:
                assert (await caller.event("ended", seconds=30))["by"] == "far_end"
            await until(lambda: endpoint.calls == 0 and bool(events))
            await until(lambda: (tmp_path / "110.wav").is_file() and (tmp_path / "8001.wav").is_file())
    writer.close()
    agent, unit = invited
    assert (agent.result, unit.result) == (TransferResult.ANSWERED, TransferResult.ANSWERED)
    left = [event.party for event in events if isinstance(event, PartyLeft)]
    assert (left, events[-1]) == ([agent.party, unit.party], Gone("hung up"))
    all_but = ("agent unit", "agent unit hotline", "agent unit", "hotline", "agent unit", "unit")
    assert _from("agent", heard(samples((tmp_path / "caller.raw").read_bytes()))) == ["agent", *all_but]
    assert _from("caller", heard(samples(read_wav(tmp_path / "8001.wav")))) == [
        "caller", "caller unit", "caller unit hotline", "caller unit", "unit", "caller unit",
    ]  # fmt: skip
    assert _from("caller", heard(samples(read_wav(tmp_path / "110.wav")))) == [
        "caller agent", "caller agent hotline", "caller agent", "agent", "caller agent", "caller",
    ]  # fmt: skip
    found = read_recording(tmp_path / "d" / "c1.rec", "c1", SEAL.open)
    both = np.frombuffer(found.wav()[44:], "<i2").reshape(-1, 2)
    assert {"caller"} == set(heard(samples(both[:, 0].tobytes()))) - {""}
    assert _from("agent", heard(samples(both[:, 1].tobytes()))) == [
        "agent", "agent unit", "agent unit hotline", "agent unit", "agent unit hotline", "agent unit", "unit",
    ]  # fmt: skip


def _from(first: str, found: Sequence[str]) -> list[str]:
    """Return ``found`` from the first time that ``first`` was heard, without the silence at the end."""
    begin = next(index for index, who in enumerate(found) if who.startswith(first))
    return [who for who in found[begin:] if who]


async def test_a_talk_goes_on_when_the_agent_leaves_and_ends_when_the_caller_does(tmp_path: Path) -> None:
    events: list[object] = []
    async with (
        _telephones(tmp_path, "agent", "8001") as (agent, agents),
        _telephones(tmp_path, "unit", "110") as (
            unit,
            units,
        ),
    ):

        async def hold(line: SipLine) -> None:
            following = asyncio.create_task(listen(line))
            invited = await line.invite(f"sip:8001@{agents}", ring_seconds=3)
            await line.invite(f"sip:110@{units}", ring_seconds=3)
            line.release(invited.party or 0)
            events.extend((await following)[1])

        async with hotline(hold) as endpoint:
            async with program(CALLER, _uri(endpoint), "--seconds", "2.5") as caller:
                assert (await agent.event("ended"))["user"] == "8001"
                assert (await caller.event("ended"))["by"] == "caller"
            assert (await unit.event("ended"))["user"] == "110"
            await until(lambda: endpoint.calls == 0)
    assert [type(event).__name__ for event in events] == ["PartyLeft", "Gone"]


async def test_a_call_that_stays_outlives_the_last_party(tmp_path: Path) -> None:
    played = tone(VOICES["hotline"], 0.8, level=0.15)
    events: list[object] = []
    async with phones("8001", options=("--ring-seconds", "0.1", "--talk-seconds", "0.4")) as (_, agents):

        async def hold(line: SipLine) -> None:
            following = asyncio.create_task(listen(line))
            line.stay(stays=True)
            await line.invite(f"sip:8001@{agents}", ring_seconds=3)
            await asyncio.sleep(1.0)
            line.play(played)
            events.extend((await following)[1])

        async with hotline(hold) as endpoint:
            got = str(tmp_path / "got.raw")
            async with program(CALLER, _uri(endpoint), "--record", got, "--seconds", "3") as caller:
                assert (await caller.event("ended"))["by"] == "caller"
            await until(lambda: endpoint.calls == 0)
    assert [type(event).__name__ for event in events] == ["PartyLeft", "Gone"]
    assert "hotline" in heard(samples(Path(got).read_bytes()))


async def test_the_last_leg_is_left_for_emergencies_but_an_emergency_may_have_it() -> None:
    invited: list[TransferResult] = []
    lines: list[SipLine] = []
    async with phones("8001", "unit", "110", options=("--ring-seconds", "0.1")) as (_, address):

        async def hold(line: SipLine) -> None:
            lines.append(line)
            if len(lines) < endpoint.capacity - 1:
                return
            for user, keep_free in (("unit", 1), ("110", 0), ("8001", 0)):
                result = await line.invite(f"sip:{user}@{address}", ring_seconds=3, keep_free=keep_free)
                invited.append(result.result)
            await listen(line)

        async with hotline(hold) as endpoint:
            calls = str(endpoint.capacity - 1)
            assert await sipp(endpoint, "-m", calls, "-r", "20", scenario="bye_in_two_seconds") == 0
            await until(lambda: endpoint.calls == 0)
    assert invited == [TransferResult.NO_CAPACITY, TransferResult.ANSWERED, TransferResult.NO_CAPACITY]
