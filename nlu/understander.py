"""The understander's contract (语义理解)."""

from __future__ import annotations

from typing import Protocol

from hotline.domain.meaning import Understanding


class Understander(Protocol):
    """Tells what one utterance means."""

    @property
    def name(self) -> str:
        """Short name for logs and ``Understanding.engine``."""

    async def understand(self, text: str) -> Understanding:
        """Understand one utterance; never None. Raises ``EngineUnavailableError`` when down or late."""

    async def close(self) -> None:
        """Free what it holds; idempotent."""
