"""Synthesizer on espeak-ng: hard on the ear, but it speaks when nothing else does."""

from __future__ import annotations

import asyncio
import shutil
import struct
from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from tts.pieces import sentences
from tts.reading import Reading
from tts.sound import levelled, samples_of, trimmed

_HEADER_BYTES: Final = 44
_RATE_AT: Final = 24
_TAIL_SECONDS: Final = 0.2


class EspeakSynthesizer:
    """Runs the program ``espeak-ng`` (Debian) once for each sentence."""

    name = "espeak"

    def __init__(
        self,
        reading: Reading,
        *,
        program: str = "espeak-ng",
        voice: str = "cmn",
        words_per_minute: int = 150,
        timeout_seconds: float = 3.0,
    ) -> None:
        """``program`` may be missing: then every text fails with ``EngineUnavailableError``."""
        self._reading = reading
        self._program = program
        self._arguments = ("-v", voice, "-s", str(words_per_minute), "--stdout", "--stdin")
        self._timeout_seconds = timeout_seconds

    @property
    def is_installed(self) -> bool:
        """True when the program is there."""
        return shutil.which(self._program) is not None

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield the sound of each sentence."""
        for sentence in sentences(text):
            wav = await self._run(self._reading.aloud(sentence))
            if sound := _sound(wav, audio):
                yield sound

    async def close(self) -> None:
        """Nothing is held."""

    async def _run(self, sentence: str) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise EngineUnavailableError(
                self.name, f"没有程序 {self._program}（Debian 软件包 espeak-ng）：{error.strerror}"
            ) from error
        try:
            async with asyncio.timeout(self._timeout_seconds):
                wav, _ = await process.communicate(sentence.encode())
        except TimeoutError:
            raise EngineUnavailableError(self.name, f"no sound within {self._timeout_seconds:g} s") from None
        finally:
            if process.returncode is None:  # late, or nobody listens any more
                process.kill()
                await process.wait()
        if process.returncode != 0 or len(wav) <= _HEADER_BYTES:
            raise EngineUnavailableError(self.name, f"exit status {process.returncode}")
        return wav


def _sound(wav: bytes, audio: AudioFormat) -> bytes:
    # Written to a pipe, the header's lengths are not filled in: all that follows it is sound.
    (rate_hz,) = struct.unpack_from("<I", wav, _RATE_AT)
    whole = (len(wav) - _HEADER_BYTES) // 2
    samples = np.frombuffer(wav, "<i2", whole, _HEADER_BYTES).astype(np.float32) / np.float32(32_768)
    return samples_of(
        levelled(trimmed(samples, rate_hz, tail_seconds=_TAIL_SECONDS), rate_hz),
        rate_hz,
        audio.sample_rate_hz,
    )
