"""A Synthesizer that says slowly what another one says (适老模式): the same voice, lengthened without changing its pitch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import av
import av.filter
import numpy as np

from hotline.domain.speech import AudioFormat
from tts.synthesizer import Synthesizer

_FRAME_SAMPLES = 1_024


class SlowingSynthesizer:
    """Lengthens each piece of sound as it comes: what is kept at the ordinary pace need not be rendered again."""

    def __init__(self, engine: Synthesizer, *, tempo: float) -> None:
        """``tempo`` is the pace as a share of the ordinary one, 0.5–1 (0.8: a quarter longer)."""
        if not 0.5 <= tempo <= 1.0:
            raise ValueError(f"语速应在 0.5 到 1 之间：{tempo}")
        self._engine = engine
        self._tempo = tempo

    @property
    def name(self) -> str:
        """The engine's name and the tempo."""
        return f"{self._engine.name}*{self._tempo:g}"

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield the engine's sound, lengthened; off the event loop, since a long sentence takes milliseconds."""
        async with aclosing(self._engine.synthesize(text, audio=audio)) as sounds:  # type: ignore[type-var]
            async for sound in sounds:
                yield await asyncio.to_thread(lengthened, sound, self._tempo, audio.sample_rate_hz)

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()


def lengthened(sound: bytes, tempo: float, rate_hz: int) -> bytes:
    """Return 16-bit mono ``sound`` at ``tempo`` of its pace, by FFmpeg's ``atempo`` (WSOLA)."""
    if not sound or tempo == 1.0:
        return sound
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate_hz, format="s16", layout="mono")
    pace = graph.add("atempo", f"{tempo:g}")
    sink = graph.add("abuffersink")
    source.link_to(pace)
    pace.link_to(sink)
    graph.configure()
    samples = np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").reshape(1, -1)
    slow: list[bytes] = []
    for start in range(0, samples.shape[1], _FRAME_SAMPLES):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, start : start + _FRAME_SAMPLES]), format="s16", layout="mono"
        )
        frame.sample_rate = rate_hz
        graph.push(frame)
        slow += _ready(sink)
    graph.push(None)
    slow += _ready(sink)
    return b"".join(slow)


def _ready(sink: Any) -> list[bytes]:
    ready: list[bytes] = []
    while True:
        try:
            ready.append(sink.pull().to_ndarray().tobytes())
        except (av.BlockingIOError, av.EOFError):
            return ready
