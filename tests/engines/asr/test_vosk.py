from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from asr.engines.vosk import VoskRecognizer
from asr.hearing_hints import HearingHints
from hotline.domain.errors import EngineBusyError, EngineUnavailableError, ModelRefusedError
from hotline.domain.speech import Expected, Hypothesis
from tests.engines.asr.conftest import in_chunks, spoken

pytestmark = [pytest.mark.engine("vosk"), pytest.mark.asyncio(loop_scope="module")]
GREETING = "안녕하세요 오늘 날씨가 좋습니다"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vosk(korean_model: Path, korean_hints: HearingHints) -> AsyncIterator[VoskRecognizer]:
    recognizer = VoskRecognizer(korean_model, korean_hints, most_streams=4, step_seconds=30)
    await recognizer.start()
    yield recognizer
    await recognizer.close()


async def hear(recognizer: VoskRecognizer, sound: bytes, expect: Expected) -> list[Hypothesis]:
    return [found async for found in recognizer.recognize(in_chunks(sound), expect=expect)]


async def test_words_come_while_the_sound_goes_on_and_one_final_text_without_spaces(
    vosk: VoskRecognizer,
) -> None:
    *partial, final = await hear(vosk, spoken(GREETING, "ko"), Expected.OPEN)

    assert len(partial) >= 3
    assert [found.is_final for found in partial] == [False] * len(partial)
    assert final.is_final
    assert final.text
    assert " " not in "".join(found.text for found in (*partial, final))
    assert 0 < (final.confidence or 0) <= 1


async def test_an_expected_answer_is_chosen_from_its_words(vosk: VoskRecognizer) -> None:
    said = spoken("아니요", "ko")

    assert (await hear(vosk, said, Expected.YES_NO))[-1].text == "아니요"
    assert (await hear(vosk, said, Expected.OPEN))[-1].text != "아니요"


async def test_silence_is_empty(vosk: VoskRecognizer) -> None:
    assert [found.text for found in await hear(vosk, bytes(32_000), Expected.OPEN)] == [""]
    assert [found.text for found in await hear(vosk, b"", Expected.YES_NO)] == [""]


async def test_utterances_at_once_do_not_mix_and_too_many_are_busy(vosk: VoskRecognizer) -> None:
    said = ["아니요", "네", "네", "아니요", "네"]

    heard = await asyncio.gather(
        *(hear(vosk, spoken(word, "ko"), Expected.YES_NO) for word in said), return_exceptions=True
    )

    assert [found[-1].text for found in heard[:4]] == said[:4]
    assert isinstance(heard[4], EngineBusyError)


async def test_a_killed_recogniser_fails_the_utterance_and_comes_back(vosk: VoskRecognizer) -> None:
    utterance = vosk.recognize(in_chunks(spoken(GREETING, "ko")), expect=Expected.OPEN)
    await anext(utterance)
    os.kill(vosk.worker.pid, signal.SIGKILL)

    with pytest.raises(EngineUnavailableError):
        async for _ in utterance:
            pass

    await vosk.start()
    assert [found.text for found in await hear(vosk, bytes(32_000), Expected.OPEN)] == [""]


@pytest.mark.parametrize("damage", ["missing", "cut short"])
async def test_a_damaged_model_is_refused_by_name(
    korean_model: Path, korean_hints: HearingHints, tmp_path: Path, damage: str
) -> None:
    model = tmp_path / "model"
    shutil.copytree(korean_model, model, copy_function=os.link)
    file = model / "am" / "final.mdl"
    start = file.read_bytes()[:100_000]
    file.unlink()
    if damage == "cut short":
        file.write_bytes(start)
    recognizer = VoskRecognizer(model, korean_hints)

    with pytest.raises(ModelRefusedError) as refused:
        await recognizer.start()

    assert refused.value.file == str(file if damage == "missing" else model)
    await recognizer.close()
