"""Many callers in virtual time: what they wait and how many are turned away."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.asr import AudioDataError
from bench.pool import bench_pool
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.lanes import Lanes, current_claim
from tests.unit.ivr.fakes import run


class OneLane:
    """Decodes one utterance at a time, each for ``seconds``; at most one more waits."""

    name = "one lane"
    accepts: AudioFormat = WIDE_BAND
    is_streaming = False

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lanes = Lanes(self.name, 1, 1)

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        async for _ in audio:
            pass
        await self._lanes.take(current_claim())
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self._lanes.free()
        yield Hypothesis(text="好", raw="好", is_final=True, engine=self.name)

    async def close(self) -> None:
        return


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(np.zeros(32_000, np.int16).tobytes())
    (tmp_path / "t.csv").write_text("file,text\na.wav,停水了\n", encoding="utf-8")
    return tmp_path


def measured(speech: Path, seconds: float, callers: list[int]) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = []
    told: list[int] = []

    async def test() -> None:
        recognizer = OneLane(seconds)
        rows.extend(
            await bench_pool(recognizer, speech, speech / "t.csv", "phone", callers, 300, told.append)
        )

    run(test())
    assert told == callers
    return rows


def test_words_that_are_known_before_the_turn_is_over_take_as_long_as_the_turn(speech: Path) -> None:
    (row,) = measured(speech, 0.4, [1])

    assert row["turns"] > 20
    assert (row["words_p50_ms"], row["words_p95_ms"]) == (800, 800)
    assert (row["turned_away"], row["failed"]) == (0, 0)


def test_a_slow_decode_is_waited_for_from_the_pause_on(speech: Path) -> None:
    (row,) = measured(speech, 2.0, [1])

    assert row["words_p50_ms"] == 2_300


def test_more_callers_than_the_engine_can_serve_are_turned_away(speech: Path) -> None:
    few, many = measured(speech, 2.0, [1, 12])

    assert few["turned_away"] == 0
    assert many["turned_away"] > many["turns"] / 4


def test_recordings_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioDataError, match="标注文件不存在"):
        measured(tmp_path, 0.1, [1])
