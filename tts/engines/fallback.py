"""A Synthesizer made of Synthesizers: the next one speaks where the one before cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import structlog

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from tts.synthesizer import Synthesizer

log: Final = structlog.get_logger("tts")


class FallbackSynthesizer:
    """Asks each engine in turn. ``first_sound_seconds`` without sound, the next one is asked."""

    def __init__(self, first: Synthesizer, *others: Synthesizer, first_sound_seconds: float = 4.0) -> None:
        """Take the engines, best first."""
        self._engines = (first, *others)
        self._first_sound_seconds = first_sound_seconds

    @property
    def name(self) -> str:
        """The best engine's name: what it renders is what is cached."""
        return self._engines[0].name

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield sound; an engine that fails after its first sound is not replaced in mid-sentence."""
        reasons = []
        for engine in self._engines:
            sound = engine.synthesize(text, audio=audio)
            try:
                async with asyncio.timeout(self._first_sound_seconds):
                    first = await anext(sound, b"")
            except (EngineUnavailableError, TimeoutError) as error:
                log.warning("tts.failed", engine=engine.name, error=type(error).__name__)
                reasons.append(f"{engine.name}: {error}")
                continue
            yield first
            async for more in sound:
                yield more
            return
        raise EngineUnavailableError("synthesizer", "; ".join(reasons))

    async def close(self) -> None:
        """Close all engines."""
        for engine in self._engines:
            await engine.close()
