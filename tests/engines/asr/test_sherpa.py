from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from asr.engines.sherpa import SherpaRecognizer
from asr.hearing_hints import HearingHints
from hotline.domain.errors import ModelRefusedError
from hotline.domain.speech import Expected, Hypothesis
from tests.engines.asr.conftest import in_chunks
from tests.engines.asr.tiny_onnx import write_sense_voice, write_streaming_transducer, write_tokens

pytestmark = pytest.mark.engine("sherpa")
RATE = 16_000


def loud_then_faint() -> bytes:
    random = np.random.default_rng(1)
    return (
        np.concatenate([random.normal(0, 6_000, RATE), random.normal(0, 3, RATE)]).astype(np.int16).tobytes()
    )


@pytest.fixture
async def started(hints: HearingHints) -> AsyncIterator[Callable[[Path], SherpaRecognizer]]:
    async with contextlib.AsyncExitStack() as stack:

        async def start(model: Path) -> SherpaRecognizer:
            recognizer = SherpaRecognizer(model, hints, step_seconds=30)
            stack.push_async_callback(recognizer.close)
            await recognizer.start()
            return recognizer

        yield start


async def hear(
    recognizer: SherpaRecognizer, sound: bytes, expect: Expected = Expected.OPEN
) -> list[Hypothesis]:
    return [found async for found in recognizer.recognize(in_chunks(sound), expect=expect, choices=["停水"])]


async def test_a_streaming_transducer_gives_words_as_they_come(started: Callable, tmp_path: Path) -> None:
    write_streaming_transducer(tmp_path)
    recognizer = await started(tmp_path)

    heard = await hear(recognizer, loud_then_faint())

    assert recognizer.is_streaming
    assert [(found.text, found.is_final) for found in heard] == [
        ("停", False),
        ("停水", False),
        ("停水", True),
    ]


async def test_sense_voice_hears_the_utterance_as_a_whole(started: Callable, tmp_path: Path) -> None:
    write_sense_voice(tmp_path)
    recognizer = await started(tmp_path)

    heard = await hear(recognizer, loud_then_faint(), Expected.YES_NO)

    assert not recognizer.is_streaming
    assert [(found.text, found.is_final) for found in heard] == [("停水", True)]
    assert [found.text for found in await hear(recognizer, b"")] == [""]


@pytest.mark.parametrize("lacking", ["tokens.txt", "encoder.onnx", "decoder.onnx"])
async def test_a_missing_file_is_refused_by_name(started: Callable, tmp_path: Path, lacking: str) -> None:
    write_streaming_transducer(tmp_path)
    (tmp_path / lacking).unlink()

    with pytest.raises(ModelRefusedError) as refused:
        await started(tmp_path)

    assert (refused.value.file, refused.value.reason) == (str(tmp_path / lacking), "模型文件不存在")


@pytest.mark.parametrize("damaged", ["encoder.onnx", "decoder.onnx", "joiner.onnx"])
async def test_a_damaged_file_is_refused_by_name(started: Callable, tmp_path: Path, damaged: str) -> None:
    write_streaming_transducer(tmp_path)
    (tmp_path / damaged).write_bytes(b"damaged")

    with pytest.raises(ModelRefusedError, match="可能已损坏") as refused:
        await started(tmp_path)

    assert refused.value.file == str(tmp_path / damaged)


async def test_a_folder_without_a_model_is_refused(started: Callable, tmp_path: Path) -> None:
    write_tokens(tmp_path)

    with pytest.raises(ModelRefusedError) as refused:
        await started(tmp_path)

    assert refused.value.file == str(tmp_path / "model.onnx")


async def test_models_of_an_unknown_kind_are_refused(started: Callable, tmp_path: Path) -> None:
    whole, offline = tmp_path / "whole", tmp_path / "offline"
    whole.mkdir()
    offline.mkdir()
    write_sense_voice(whole, model_type="something")
    write_streaming_transducer(offline, is_streaming=False)

    with pytest.raises(ModelRefusedError, match="不支持的模型类型：something"):
        await started(whole)
    with pytest.raises(ModelRefusedError, match="不是流式模型"):
        await started(offline)
