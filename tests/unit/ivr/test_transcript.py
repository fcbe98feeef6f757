"""Writing a talk down: both sides apart, whole sentences and words on the way, behind those who wait for an answer."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

from asr.running import RunningPace
from hotline.dialogue.talk_events import TalkSaid
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import PHONE_BAND, Hypothesis
from hotline.lanes import Urgency, current_claim
from ivr.transcript import AGENT, CITIZEN, Listening, TalkTranscript
from tests.unit.ivr.fakes import LoudnessDetector

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LOUD = (b"\xff\x3f\x01\xc0" * 80)[:320]
SILENT = bytes(320)


class ByLength:
    """Says how long the speech was, in tenths of a second; notes how urgent it was asked."""

    name = "by length"
    accepts = PHONE_BAND
    is_streaming = False

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.urgencies: list[Urgency] = []

    async def recognize(self, audio, *, expect, choices=()):
        self.urgencies.append(current_claim().urgency)
        if self.fails:
            raise EngineUnavailableError("by length")
        loud = 0
        async for sound in audio:
            loud += sound.count(b"\xff\x3f") // 80
        yield Hypothesis(f"{round(loud / 5)}", "raw", is_final=True, engine=self.name)

    async def close(self) -> None:
        raise AssertionError("it is not the transcript's to close")


async def written(
    recognizer: ByLength, *sides: tuple[str, list[bytes]], partly=None, pace=None
) -> list[TalkSaid]:
    """Play sound to a transcript and return what it told."""
    said: list[TalkSaid] = []
    listening = Listening(recognizer, LoudnessDetector, partly=partly, pace=pace)
    transcript = TalkTranscript(listening, conversation="c1", clock=lambda: NOW, emit=said.append)
    running = asyncio.create_task(transcript.run())
    for who, frames in sides:
        take = transcript.citizen if who == CITIZEN else transcript.agent
        if who == AGENT:
            media = threading.Thread(
                target=lambda take=take, frames=frames: [take(frame) for frame in frames]
            )
            media.start()
            media.join()
        else:
            for frame in frames:
                take(frame)
        for _ in range(200):
            await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return said


def speech(seconds: float, pause: float = 1.2) -> list[bytes]:
    return [LOUD] * int(seconds * 50) + [SILENT] * int(pause * 50)


async def test_each_side_is_written_down_under_its_own_name() -> None:
    recognizer = ByLength()
    said = await written(recognizer, (CITIZEN, speech(1.0)), (AGENT, speech(0.6)), (CITIZEN, speech(0.8)))
    assert [(one.who, one.raw) for one in said] == [(CITIZEN, "raw"), (AGENT, "raw"), (CITIZEN, "raw")]
    assert all(one.at == NOW and one.since_seconds >= 0 for one in said)


async def test_it_makes_way_for_callers_who_wait_for_an_answer() -> None:
    recognizer = ByLength()
    await written(recognizer, (CITIZEN, speech(1.0)))
    assert set(recognizer.urgencies) == {Urgency.AHEAD}


async def test_words_on_the_way_are_told_to_who_watches_and_to_nobody_else() -> None:
    partly: list[tuple[str, str]] = []
    said = await written(
        ByLength(),
        (CITIZEN, [LOUD] * 150),
        partly=lambda conversation, who, text: partly.append((conversation, who)),
        pace=RunningPace(after=1.0, every=1.0, last=6.0),
    )
    assert (set(partly), said) == ({("c1", CITIZEN)}, [])


async def test_a_recogniser_that_fails_costs_words_and_not_the_talk() -> None:
    assert await written(ByLength(fails=True), (CITIZEN, speech(1.0)), (AGENT, speech(1.0))) == []
