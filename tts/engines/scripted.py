"""A Synthesizer for simulators and tests: tones as long as the words would take, the same for the same text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from hotline.domain.speech import AudioFormat

_SECONDS_A_CHARACTER: Final = 0.2
_AMPLITUDE: Final = 6_000


class ScriptedSynthesizer:
    """Hums; remembers what it was asked to say."""

    name = "scripted"

    def __init__(self) -> None:
        """Start with nothing said."""
        self.said: list[str] = []

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield one tone."""
        self.said.append(text)
        count = round(len(text) * _SECONDS_A_CHARACTER * audio.sample_rate_hz)
        pitch = 200 + sum(map(ord, text)) % 300
        wave = np.sin(2 * np.pi * pitch * np.arange(count) / audio.sample_rate_hz)
        yield (wave * _AMPLITUDE).astype("<i2").tobytes()

    async def close(self) -> None:
        """Nothing is held."""
