"""Synthesizer on espeak-ng: hard on the ear, but it speaks when nothing else does."""

from __future__ import annotations

import asyncio
import io
import shutil
import wave
from collections.abc import AsyncIterator

import numpy as np
import soxr

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from tts.reading import Reading


class EspeakSynthesizer:
    """Runs the program ``espeak-ng`` (Debian) once for each sentence."""

    name = "espeak"

    def __init__(self, reading: Reading, *, program: str = "espeak-ng", timeout_seconds: float = 3.0) -> None:
        """``program`` may be missing: then every text fails with ``EngineUnavailableError``."""
        self._reading = reading
        self._program = program
        self._timeout_seconds = timeout_seconds

    @property
    def is_installed(self) -> bool:
        """True when the program is there."""
        return shutil.which(self._program) is not None

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield the sound of each sentence."""
        for sentence in self._reading.sentences(text):
            yield _as(audio, await self._run(sentence))

    async def close(self) -> None:
        """Nothing is held."""

    async def _run(self, sentence: str) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                self._program, "-v", "cmn", "-s", "150", "--stdout", "--stdin",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise EngineUnavailableError(self.name, f"{self._program}: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._timeout_seconds):
                sound, _ = await process.communicate(sentence.encode())
        except TimeoutError:
            process.kill()
            await process.wait()
            raise EngineUnavailableError(self.name, "late") from None
        if process.returncode != 0 or not sound:
            raise EngineUnavailableError(self.name, f"exit {process.returncode}")
        return sound


def _as(audio: AudioFormat, wav: bytes) -> bytes:
    # Written to a pipe, the header's lengths are not filled in: all that follows it is sound.
    with wave.open(io.BytesIO(wav)) as source:
        rate = source.getframerate()
    samples = np.frombuffer(wav[44 : 44 + (len(wav) - 44) // 2 * 2], "<i2").astype(np.float32)
    out = soxr.resample(samples, rate, audio.sample_rate_hz)
    sound_out: bytes = np.clip(np.rint(out), -32_768, 32_767).astype("<i2").tobytes()
    return sound_out
