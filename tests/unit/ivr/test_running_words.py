"""Speech that goes on is listened to before it ends, and nothing is later for it; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

import pytest

from asr.running import RunningPace
from hotline.dialogue.events import PartlySaid, Said
from hotline.domain.errors import EngineBusyError
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.lanes import Urgency, current_claim
from ivr.phone_settings import PhoneSettings
from tests.unit.ivr.fakes import Call, now, run

RUNNING = PhoneSettings(running=RunningPace())


class Recognizer:
    """Hears the seconds it is given; notes how urgent each decode was when it began and when it ended."""

    name = "counting"
    accepts: AudioFormat = WIDE_BAND
    is_streaming = False

    def __init__(self, *, has_idle_lane: bool = True, seconds: float = 0.3) -> None:
        self._has_idle_lane = has_idle_lane
        self._seconds = seconds
        self.urgencies: list[tuple[Urgency, Urgency]] = []

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        claim = current_claim()
        begun = claim.urgency
        if begun is Urgency.SPARE and not self._has_idle_lane:
            raise EngineBusyError(self.name, "no lane idle")
        size = sum([len(part) async for part in audio])
        await asyncio.sleep(self._seconds)
        self.urgencies.append((begun, claim.urgency))
        words = f"{size / WIDE_BAND.bytes_per_second:.0f}秒"
        yield Hypothesis(text=words, raw=words, is_final=True, engine=self.name)

    async def close(self) -> None:
        return


async def heard(recognizer: Recognizer, settings: PhoneSettings) -> tuple[list[str], str, float]:
    """Return the words told in passing, those of the end, and how long after the speech they came."""
    async with Call(recognizer, settings=settings) as call:
        await call.ask("请讲")
        call.line.speak(8.0)
        ended = now() + 8.0
        said = await call.until(Said)
        told = [event.text for event in call.events if isinstance(event, PartlySaid)]
        return told, said.text, now() - ended


def test_words_are_told_while_the_caller_still_speaks() -> None:
    async def test() -> None:
        told, said, _ = await heard(Recognizer(), RUNNING)

        assert told[:3] == ["3秒", "5秒", "6秒"]
        assert said == "8秒"

    run(test())


@pytest.mark.parametrize("has_idle_lane", [True, False])
def test_the_words_of_the_end_are_no_later_for_it(*, has_idle_lane: bool) -> None:
    async def test() -> None:
        _, said, late = await heard(Recognizer(has_idle_lane=has_idle_lane), RUNNING)
        _, said_without, late_without = await heard(Recognizer(), PhoneSettings())

        assert (said, late) == (said_without, pytest.approx(late_without, abs=0.03))

    run(test())


def test_a_decode_begun_in_a_pause_becomes_urgent_when_the_pause_is_the_end() -> None:
    async def test() -> None:
        recognizer = Recognizer(seconds=1.0)
        await heard(recognizer, PhoneSettings())

        assert recognizer.urgencies == [(Urgency.AHEAD, Urgency.NOW)]

    run(test())
