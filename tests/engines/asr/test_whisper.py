from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soxr

from asr.engines.whisper import WhisperRecognizer
from asr.engines.whisper_worker import WhisperDecoder
from asr.hearing_hints import HearingHints
from hotline.domain.errors import EngineUnavailableError, ModelRefusedError
from hotline.domain.speech import Expected, Hypothesis
from tests.engines.asr.conftest import in_chunks, spoken

pytestmark = [pytest.mark.engine("whisper"), pytest.mark.asyncio(loop_scope="module")]
RATE = 16_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whisper(whisper_model: Path, hints: HearingHints) -> AsyncIterator[WhisperRecognizer]:
    recognizer = WhisperRecognizer(whisper_model, hints, timeout_seconds=30)
    await recognizer.start()
    yield recognizer
    await recognizer.close()


async def hear(
    recognizer: WhisperRecognizer, sound: bytes, expect: Expected = Expected.OPEN
) -> list[Hypothesis]:
    return [found async for found in recognizer.recognize(in_chunks(sound), expect=expect)]


def sounds() -> dict[str, np.ndarray]:
    at = np.arange(4 * RATE) / RATE
    random = np.random.default_rng(1)
    chord = sum(np.sin(2 * np.pi * pitch * at) for pitch in (262, 330, 392)) * np.exp(-(at % 0.5) * 5)
    return {
        "silence": np.zeros(len(at)),
        "loud noise": random.normal(0, 1_000, len(at)),
        "faint noise": random.normal(0, 30, len(at)),
        "music": 2_000 * chord,
        "mains hum": 3_000 * np.sign(np.sin(2 * np.pi * 50 * at)),
    }


@pytest.mark.timeout(180)
async def test_nothing_is_heard_where_nobody_speaks(whisper: WhisperRecognizer) -> None:
    lanes = asyncio.Semaphore(2)

    async def words(sound: np.ndarray, expect: Expected) -> str:
        async with lanes:
            return (await hear(whisper, sound.astype(np.int16).tobytes(), expect))[0].text

    cases = {(name, expect): (sound, expect) for name, sound in sounds().items() for expect in Expected}
    heard = dict(zip(cases, await asyncio.gather(*(words(*case) for case in cases.values())), strict=True))

    assert {where: text for where, text in heard.items() if text} == {}


@pytest.mark.timeout(180)
async def test_short_noise_on_the_telephone_asks_for_nobody(whisper: WhisperRecognizer) -> None:
    random, at = np.random.default_rng(3), np.arange(RATE) / RATE
    noises = [soxr.resample(random.normal(0, level, RATE // 2), 8_000, RATE) for level in (150, 600, 2_000)]
    noises += [noise * np.exp(-at * 6) for noise in noises]
    heard = [
        (await hear(whisper, noise.astype(np.int16).tobytes(), expect))[0].text
        for noise in noises
        for expect in (Expected.OPEN, Expected.PLACE, Expected.DIGITS)
    ]
    assert [text for text in heard if "人工" in text] == []


async def test_what_is_read_among_answers_is_made_of_their_syllables(
    whisper_model: Path, hints: HearingHints
) -> None:
    decoder = WhisperDecoder(whisper_model, lanes=1, threads=1, compute_type="int8")
    answers = hints.answers(Expected.YES_NO, ["对"])
    sound = np.frombuffer(spoken("停水了", "cmn"), np.int16).astype(np.float32) / np.float32(32_768)
    encoded = decoder._encoded(sound, 7.0)
    prompt, never = hints.prompt(Expected.YES_NO, ["对"]), decoder._tokens_but(answers)

    free = decoder._readings(encoded, prompt, 5, 8)
    among = decoder._readings(encoded, prompt, 5, 8, never)

    assert any(set(heard) & set(never) for heard, _ in free)
    assert not any(set(heard) & set(never) for heard, _ in among)
    assert set("对的不是没有了") <= set("".join(decoder._written(list(set(range(51_865)) - set(never)))))
    answer = decoder._answer(encoded, prompt, answers)
    assert answer is None or answer.is_one_of(answers)


async def test_no_sound_at_all_is_one_final_empty_hypothesis(whisper: WhisperRecognizer) -> None:
    assert await hear(whisper, b"") == [Hypothesis(text="", raw="", is_final=True, engine="whisper")]


@pytest.mark.timeout(180)
async def test_speech_without_a_pause_that_is_longer_than_the_window_is_heard_in_pieces(
    whisper: WhisperRecognizer,
) -> None:
    sentence = spoken("我家从昨天晚上开始停水了到现在还没有来水", "cmn")
    long = (sentence * (30 * 2 * RATE // len(sentence) + 1))[: 30 * 2 * RATE]

    (heard,) = await hear(whisper, long)

    assert len(heard.text) > 20
    assert heard.others
    assert heard.text not in heard.others


async def test_a_killed_recogniser_fails_at_once_and_hears_again_soon(whisper: WhisperRecognizer) -> None:
    under_way = asyncio.create_task(hear(whisper, spoken("停水了", "cmn") * 10))
    while not whisper.worker.running:
        await asyncio.sleep(0.01)
    killed_at = asyncio.get_running_loop().time()
    os.kill(whisper.worker.pid, signal.SIGKILL)

    with pytest.raises(EngineUnavailableError, match="worker died"):
        await under_way

    assert asyncio.get_running_loop().time() - killed_at < 10  # and not at its deadline, after 30
    await whisper.start()
    assert len(await hear(whisper, b"")) == 1


@pytest.mark.parametrize("damage", ["missing", "cut short"])
async def test_a_damaged_model_is_refused_by_name(
    whisper_model: Path, hints: HearingHints, tmp_path: Path, damage: str
) -> None:
    shutil.copytree(whisper_model, tmp_path / "model")
    file = tmp_path / "model" / "vocabulary.json"
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:1_000])
    recognizer = WhisperRecognizer(tmp_path / "model", hints)

    with pytest.raises(ModelRefusedError) as refused:
        await recognizer.start()

    assert refused.value.file == str(file)
    with pytest.raises(EngineUnavailableError):
        await hear(recognizer, bytes(RATE))
    await recognizer.close()
