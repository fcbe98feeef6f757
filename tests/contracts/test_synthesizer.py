"""Every Synthesizer keeps the contract of tts/synthesizer.py."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import yaml

from hotline.domain.speech import PHONE_BAND, WIDE_BAND, AudioFormat
from tts.engines.caching import CachingSynthesizer
from tts.engines.espeak import EspeakSynthesizer
from tts.engines.fallback import FallbackSynthesizer
from tts.engines.kokoro import KokoroSynthesizer, kokoro_worker
from tts.engines.scripted import ScriptedSynthesizer
from tts.reading import Reading
from tts.synthesizer import Synthesizer

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "build" / "models"
TEXT = "已受理，请您记一下工单编号，26112300001。承办单位是费县人民政府。"


def reading() -> Reading:
    file = ROOT / "config" / "linyi" / "lexicon" / "pronunciation.yaml"
    return Reading(yaml.safe_load(file.read_text(encoding="utf-8")))


@pytest.fixture(
    params=[
        "scripted",
        "caching",
        "fallback",
        pytest.param("espeak", marks=pytest.mark.engine("espeak")),
        pytest.param("kokoro", marks=pytest.mark.engine("kokoro")),
    ]
)
async def synthesizer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Synthesizer]:
    monkeypatch.chdir(ROOT)
    made: Synthesizer
    match request.param:
        case "scripted":
            made = ScriptedSynthesizer()
        case "caching":
            made = CachingSynthesizer(ScriptedSynthesizer(), tmp_path)
        case "fallback":
            made = FallbackSynthesizer(
                EspeakSynthesizer(reading(), program="/nowhere"), ScriptedSynthesizer()
            )
        case "espeak":
            if shutil.which("espeak-ng") is None:
                pytest.skip("no program espeak-ng")
            made = EspeakSynthesizer(reading())
        case _:
            for file in (MODELS / "kokoro" / "model.onnx", MODELS / "kokoro-voices" / "zf_xiaobei.bin"):
                if not file.is_file():
                    pytest.skip(f"no {file} (hotline models fetch)")
            worker = kokoro_worker(MODELS)
            await worker.start()
            made = KokoroSynthesizer(worker, reading(), voice="zf_xiaobei", timeout_seconds=30)
    yield made
    await made.close()


async def sound_of(synthesizer: Synthesizer, text: str, audio: AudioFormat) -> np.ndarray:
    sound = b"".join([part async for part in synthesizer.synthesize(text, audio=audio)])
    return np.frombuffer(sound, "<i2").astype(float) / 32_768


async def test_speech_has_a_length_and_a_loudness_that_suit_the_telephone(synthesizer: Synthesizer) -> None:
    sound = await sound_of(synthesizer, TEXT, PHONE_BAND)

    assert 3 < len(sound) / PHONE_BAND.sample_rate_hz < 20
    assert -26 < 20 * np.log10(np.sqrt(np.mean(sound**2))) < -15
    assert np.max(np.abs(sound)) < 0.95


async def test_the_same_words_take_as_long_in_every_format(synthesizer: Synthesizer) -> None:
    phone, wide = [await sound_of(synthesizer, "请讲。", audio) for audio in (PHONE_BAND, WIDE_BAND)]

    assert len(wide) / 16_000 == pytest.approx(len(phone) / 8_000, rel=0.02)


async def test_every_part_is_whole_samples_and_none_is_empty(synthesizer: Synthesizer) -> None:
    parts = [part async for part in synthesizer.synthesize(TEXT, audio=PHONE_BAND)]

    assert parts != []
    assert [part for part in parts if not part or len(part) % 2] == []


async def test_nothing_to_say_is_no_sound(synthesizer: Synthesizer) -> None:
    assert [len(await sound_of(synthesizer, text, PHONE_BAND)) for text in ("", "。", "……\n")] == [0, 0, 0]


async def test_a_listener_may_go_in_the_middle_and_the_next_is_served(synthesizer: Synthesizer) -> None:
    async with aclosing(synthesizer.synthesize(TEXT, audio=PHONE_BAND)) as sounds:
        await anext(sounds)

    assert len(await sound_of(synthesizer, "请讲。", PHONE_BAND)) > 0


async def test_closing_twice_does_no_harm(synthesizer: Synthesizer) -> None:
    await synthesizer.close()
    await synthesizer.close()
