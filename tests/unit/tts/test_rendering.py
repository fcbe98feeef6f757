from __future__ import annotations

import wave
from pathlib import Path

import pytest

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import WIDE_BAND
from tests.unit.tts.fakes import Dying
from tts.engines.scripted import ScriptedSynthesizer
from tts.rendering import render_wav


async def test_speech_is_written_as_a_file_of_the_format_asked_for(tmp_path: Path) -> None:
    seconds = await render_wav(ScriptedSynthesizer(), "您好，请讲。", tmp_path / "calls" / "a.wav", WIDE_BAND)

    with wave.open(str(tmp_path / "calls" / "a.wav")) as file:
        written = (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes())
    assert written == (1, 2, 16_000, round(seconds * 16_000))
    assert [path.name for path in (tmp_path / "calls").iterdir()] == ["a.wav"]


async def test_speech_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError):
        await render_wav(Dying(0), "您好。", tmp_path / "a.wav")

    assert list(tmp_path.iterdir()) == []
