from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

from asr.running import RunningPace, RunningWords
from hotline.domain.errors import EngineBusyError
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.lanes import Urgency, current_claim

SECOND = 32_000


class Engine:
    """Hears the next of ``words``; waits for ``may_answer`` and notes what it was given, and how urgently."""

    name = "engine"
    accepts: AudioFormat = WIDE_BAND
    is_streaming = False

    def __init__(self, *words: str) -> None:
        self._words = list(words)
        self.seconds: list[float] = []
        self.urgencies: list[Urgency] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_busy = False

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        self.urgencies.append(current_claim().urgency)
        self.seconds.append(sum([len(part) async for part in audio]) / SECOND)
        if self.is_busy:
            raise EngineBusyError(self.name, "no lane idle")
        await self.may_answer.wait()
        words = self._words.pop(0)
        yield Hypothesis(text=words, raw=words, is_final=True, engine=self.name)

    async def close(self) -> None:
        return


def cut(start: float, end: float) -> bytes:
    return bytes(int((end - start) * SECOND))


async def speak(running: RunningWords, since: float, until: float) -> None:
    steps = range(round(since * 10), round(until * 10) + 1)
    for step in steps:
        running.follow(since, step / 10, cut, Expected.OPEN)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_short_speech_is_not_listened_to_in_passing() -> None:
    engine = Engine()

    await speak(RunningWords(engine, print), since=5.0, until=7.9)

    assert engine.seconds == []


async def test_long_speech_is_heard_after_three_seconds_and_then_every_two_its_last_six() -> None:
    engine, told = Engine("我家", "我家着火了", "快来人", "快来人啊"), []

    await speak(RunningWords(engine, told.append), since=1.0, until=10.5)

    assert engine.seconds == [3.0, 5.0, 6.0, 6.0]
    assert told == ["我家", "我家着火了", "快来人", "快来人啊"]
    assert set(engine.urgencies) == {Urgency.SPARE}


async def test_only_one_decode_runs_at_a_time() -> None:
    engine, told = Engine("慢"), []
    engine.may_answer.clear()
    running = RunningWords(engine, told.append, RunningPace(after=1.0, every=0.5))

    await speak(running, since=0.0, until=4.0)
    engine.may_answer.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (engine.seconds, told) == ([1.0], ["慢"])


async def test_words_that_come_after_the_speech_are_not_told() -> None:
    engine, told = Engine("晚了"), []
    engine.may_answer.clear()
    running = RunningWords(engine, told.append)
    await speak(running, since=0.0, until=3.2)

    running.stop()
    engine.may_answer.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (engine.seconds, told) == ([3.0], [])


async def test_a_new_speech_counts_from_its_own_beginning() -> None:
    engine, told = Engine("一", "二"), []
    running = RunningWords(engine, told.append)
    await speak(running, since=0.0, until=3.5)
    running.stop()

    await speak(running, since=20.0, until=23.5)

    assert (engine.seconds, told) == ([3.0, 3.0], ["一", "二"])


async def test_when_no_lane_is_idle_it_is_tried_again_two_seconds_later() -> None:
    engine, told = Engine("着火了"), []
    engine.is_busy = True
    running = RunningWords(engine, told.append)
    await speak(running, since=0.0, until=3.5)

    engine.is_busy = False
    await speak(running, since=0.0, until=5.2)

    assert (engine.seconds, told) == ([3.0, 5.0], ["着火了"])
