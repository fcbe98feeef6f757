"""Synthesizer on Kokoro-82M, in its own process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from hotline.domain.speech import AudioFormat
from hotline.worker_process import WorkerProcess
from tts.reading import Reading

_RATE: Final = 24_000


class KokoroSynthesizer:
    """Reads text sentence by sentence. Call ``start`` once. ``worker`` may be shared by several voices."""

    def __init__(
        self,
        worker: WorkerProcess,
        reading: Reading,
        *,
        voice: str,
        speed: float = 1.0,
        timeout_seconds: float = 8.0,
    ) -> None:
        """``timeout_seconds`` bounds each sentence, waiting in the queue included."""
        self._worker = worker
        self._reading = reading
        self._voice = voice
        self._speed = speed
        self._timeout_seconds = timeout_seconds

    @property
    def name(self) -> str:
        """Engine, voice and speed."""
        return f"kokoro-{self._voice}-{self._speed:g}"

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield the sound of each sentence as it is ready."""
        for sentence in self._reading.sentences(text):
            _, sound = await self._worker.ask(
                {"text": sentence, "voice": self._voice, "speed": self._speed},
                timeout_seconds=self._timeout_seconds,
            )
            if sound:
                yield resampled(sound, audio)

    async def close(self) -> None:
        """End the worker; idempotent."""
        await self._worker.close()


def kokoro_worker(
    models: Path, *, threads: int = 2, memory_limit_mb: int = 1_500, queue_limit: int = 64
) -> WorkerProcess:
    """Return the worker process for the models installed under ``models``."""
    return WorkerProcess(
        "kokoro",
        "tts.engines.kokoro_worker",
        (str(models / "kokoro"), str(models / "kokoro-voices"), str(threads)),
        memory_limit_mb=memory_limit_mb,
        queue_limit=queue_limit,
    )


def resampled(sound: bytes, audio: AudioFormat) -> bytes:
    """Return Kokoro's sound in the format asked for."""
    if audio.sample_rate_hz == _RATE:
        return sound
    samples = np.frombuffer(sound, "<i2").astype(np.float32)
    out = soxr.resample(samples, _RATE, audio.sample_rate_hz)
    sound_out: bytes = np.clip(np.rint(out), -32_768, 32_767).astype("<i2").tobytes()
    return sound_out
