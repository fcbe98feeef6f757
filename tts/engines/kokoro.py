"""Synthesizer on Kokoro-82M, in its own process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from hotline.worker_process import WorkerProcess
from tts.pieces import sentences
from tts.reading import Reading


class KokoroSynthesizer:
    """Reads text sentence by sentence. Start ``worker`` first; several voices may share it."""

    def __init__(
        self,
        worker: WorkerProcess,
        reading: Reading,
        *,
        voice: str,
        speed: float = 1.0,
        timeout_seconds: float = 8.0,
    ) -> None:
        """``speed`` is 1 for the voice's own; ``timeout_seconds`` bounds each sentence, waiting in the queue included."""
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
        """Yield the sound of each sentence as it is ready; fails at once while the worker is being restarted."""
        for sentence in sentences(text):
            if not self._worker.is_ready:
                raise EngineUnavailableError(self.name, self._worker.refusal or "worker is not running")
            _, sound = await self._worker.ask(
                {
                    "text": self._reading.aloud(sentence),
                    "voice": self._voice,
                    "speed": self._speed,
                    "rate": audio.sample_rate_hz,
                },
                timeout_seconds=self._timeout_seconds,
            )
            if sound:
                yield sound

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
