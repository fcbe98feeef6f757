"""A Synthesizer for simulators and tests: tones as long as the words would take, the same for the same text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from hotline.domain.speech import AudioFormat
from tts.pieces import sentences

_SECONDS_A_CHARACTER: Final = 0.2
_AMPLITUDE: Final = 4_600  # -20 dB below full scale
_LOWEST_HZ: Final = 200


class ScriptedSynthesizer:
    """Hums, a tone a sentence; remembers what it was asked to say."""

    name = "scripted"

    def __init__(self) -> None:
        """Start with nothing said."""
        self.said: list[str] = []

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield one tone for each sentence."""
        self.said.append(text)
        for sentence in sentences(text):
            count = round(len(sentence) * _SECONDS_A_CHARACTER * audio.sample_rate_hz)
            pitch = _LOWEST_HZ + sum(map(ord, sentence)) % 300
            wave = np.sin(2 * np.pi * pitch * np.arange(count) / audio.sample_rate_hz)
            yield (wave * _AMPLITUDE).astype("<i2").tobytes()

    async def close(self) -> None:
        """Nothing is held."""
