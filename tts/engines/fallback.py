"""A Synthesizer made of Synthesizers: the next one speaks where the one before cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

import structlog

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from tts.pieces import breaths
from tts.synthesizer import KeepsSound, Synthesizer

log: Final = structlog.get_logger("tts")


class FallbackSynthesizer:
    """Cuts a text where a reader draws breath and has each piece spoken by the first engine that can.

    So the first sound is early, and an engine that dies in the middle of a text loses no more than the piece it was
    at: the next engine says it. What the first engine has kept is not cut.
    """

    def __init__(
        self,
        first: Synthesizer,
        *others: Synthesizer,
        late_seconds: float = 4.0,
    ) -> None:
        """Take the engines, best first. One that has not spoken a piece after ``late_seconds`` is passed over."""
        self._engines = (first, *others)
        self._late_seconds = late_seconds

    @property
    def name(self) -> str:
        """The engines' names in their order."""
        return "+".join(engine.name for engine in self._engines)

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield the sound of each piece; raises ``EngineUnavailableError`` when no engine can speak one."""
        first = self._engines[0]
        is_kept = isinstance(first, KeepsSound) and first.is_kept(text, audio)
        for piece in [text] if is_kept else breaths(text):
            if sound := await self._spoken(piece, audio):
                yield sound

    async def close(self) -> None:
        """Close all engines."""
        for engine in self._engines:
            await engine.close()

    async def _spoken(self, piece: str, audio: AudioFormat) -> bytes:
        reasons = []
        for engine in self._engines:
            try:
                async with (
                    asyncio.timeout(self._late_seconds),
                    aclosing(engine.synthesize(piece, audio=audio)) as sounds,  # type: ignore[type-var]  # engines are async generators
                ):
                    return b"".join([sound async for sound in sounds])
            except EngineUnavailableError as error:
                reasons.append(str(error))
            except TimeoutError:
                reasons.append(f"{engine.name}: late")
            log.warning("tts.failed", engine=engine.name, reason=reasons[-1])
        raise EngineUnavailableError(self.name, "; ".join(reasons))
