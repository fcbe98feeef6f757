"""The caller and the stand-in telephones, as the demo uses them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivr.line import Frame, Gone, Key
from ivr.sip import SipLine
from ivr.sip.sound import Offset, Onset, SoundWatch, read_wav, tone, write_wav
from tests.telephony.support import babble, hotline, phones, program, until

pytestmark = pytest.mark.telephony


class Answerer:
    """A hotline of tones: greets, stops when spoken to, answers 0.5 s after the caller's last sound, then hangs up.

    It times by the sound itself, as the caller does.
    """

    def __init__(self, *, answers: int, hangs_up: bool = True) -> None:
        self.answers = answers
        self.hangs_up = hangs_up
        self.keys: list[str] = []
        self.heard: list[tuple[float, float]] = []

    async def hold(self, line: SipLine) -> None:
        line.play(tone(500, 1.0))
        watch = SoundWatch()
        began = 0.0
        answer_at: float | None = None
        while not isinstance(event := await line.receive(), Gone):
            if isinstance(event, Key):
                self.keys.append(event.key)
            if not isinstance(event, Frame):
                continue
            match watch.hear(event.samples, event.at_seconds):
                case Onset(at):
                    began = at
                    line.stop()
                case Offset(at):
                    self.heard.append((began, at))
                    answer_at = at + 0.5
                case None:
                    pass
            if answer_at is not None and event.at_seconds >= answer_at:
                answer_at = None
                self.answers -= 1
                line.play(tone(600, 0.8))
            if self.answers == 0 and self.hangs_up and not line.queued_seconds:
                await asyncio.sleep(0.2)
                await line.hang_up()


async def _call(port: int, *arguments: str) -> dict[str, Any]:
    uri = f"sip:12345@127.0.0.1:{port}"
    async with program("-m", "ivr.caller", uri, *arguments, "--json-lines") as caller:
        report = await caller.event("report")
        assert await caller.process.wait() == 0
        return report


async def test_a_caller_speaks_in_turn_and_times_the_answers(tmp_path: Path) -> None:
    first, second = tmp_path / "a.wav", tmp_path / "b.wav"
    # a fifth of a second of silence before it, half a second behind it
    write_wav(first, bytes(3_200) + babble(0.6, seed=8) + bytes(8_000))
    write_wav(second, babble(0.5, seed=9))
    answerer = Answerer(answers=2)
    async with hotline(answerer.hold) as endpoint:
        record = tmp_path / "heard.wav"
        files = ("--wav", str(first), "--keys", "1#", "--wav", str(second), "--record", str(record))
        report = await _call(endpoint.port, *files, "--pause", "0.9", "--patience", "1.5")
        await until(lambda: endpoint.calls == 0)
    assert (report["connected"], report["ended_by"]) == (True, "far_end")
    assert [turn["step"] for turn in report["turns"]] == ["a.wav", "keys 1#", "b.wav"]
    assert answerer.keys == ["1", "#"]
    # The answer comes 0.5 s after the last sound; on the way lie two jitter buffers.
    latencies = [turn["latency_ms"] for turn in report["turns"]]
    assert latencies[1] is None
    assert [450 < value < 800 for value in (latencies[0], latencies[2])] == [True, True]
    # It waits for 0.9 s, and speech counts from its first sound on.
    assert report["turns"][0]["spoken_from"] - report["greeting_until"] == pytest.approx(1.1, abs=0.1)
    got = np.frombuffer(read_wav(record), "<i2")
    assert len(got) / 8_000 == pytest.approx(report["seconds"], abs=0.1)
    assert np.abs(got).max() > 5_000


async def test_a_caller_may_interrupt_and_hangs_up_when_nothing_more_is_said(tmp_path: Path) -> None:
    wav = tmp_path / "a.wav"
    write_wav(wav, babble(0.6, seed=10))
    async with hotline(Answerer(answers=1, hangs_up=False).hold) as endpoint:
        report = await _call(endpoint.port, "--wav", str(wav), "--barge-in", "0.4", "--linger", "0.8")
        await until(lambda: endpoint.calls == 0)
    turn = report["turns"][0]
    assert turn["spoken_from"] - report["greeting_from"] == pytest.approx(0.4, abs=0.06)
    assert turn["stopped_after_ms"] < 400
    assert 450 < turn["latency_ms"] < 800
    assert report["ended_by"] == "caller"
    assert report["seconds"] - turn["answer_until"] == pytest.approx(0.8, abs=0.1)


async def test_a_caller_whose_file_is_no_sound_says_which(tmp_path: Path) -> None:
    wrong = tmp_path / "a.wav"
    wrong.write_bytes(b"RIFF nothing of the kind")
    async with program(
        "-m", "ivr.caller", "sip:1@127.0.0.1:9", "--wav", str(wrong), "--json-lines"
    ) as caller:
        assert await caller.process.wait() == 2


async def test_stand_in_telephones_are_busy_or_answer_and_end_when_told_to() -> None:
    async with phones("120=busy", "110", options=("--ring-seconds", "0.1")) as (phone, address):
        async with program("-m", "ivr.caller", f"sip:120@{address}", "--json-lines") as caller:
            report = await caller.event("report")
            assert await caller.process.wait() == 1
        async with program("-m", "ivr.caller", f"sip:110@{address}", "--json-lines") as caller:
            await phone.event("answered")
            await caller.event("greeting")
            phone.process.send_signal(signal.SIGTERM)
            assert (await caller.event("ended"))["by"] == "far_end"
        ended = await phone.event("ended")
        assert await phone.process.wait() == 0
    assert (report["connected"], report["code"], report["ended_by"]) == (False, 486, "not_connected")
    assert (ended["user"], ended["reason"]) == ("110", "hung up")
