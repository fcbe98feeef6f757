"""The synthesizer's contract (语音合成)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from hotline.domain.speech import AudioFormat


class Synthesizer(Protocol):
    """Turns text into sound."""

    @property
    def name(self) -> str:
        """Engine and voice, as the cache keys it ("kokoro-zf_xiaobei")."""

    def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield 16-bit mono samples in ``audio`` format, sentence by sentence as they are ready.

        Raises ``EngineUnavailableError`` when the engine is down or late.
        """

    async def close(self) -> None:
        """Free processes and memory; idempotent."""


@runtime_checkable
class KeepsSound(Protocol):
    """A synthesizer that keeps what it rendered."""

    def is_kept(self, text: str, audio: AudioFormat) -> bool:
        """Tell whether all of ``text`` would sound at once."""
