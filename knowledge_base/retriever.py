"""The retriever's contract (知识检索)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from hotline.domain.knowledge import Passage


class Retriever(Protocol):
    """Finds articles for a question."""

    async def retrieve(
        self, question: str, *, on: date, category: str | None = None, limit: int = 5
    ) -> Sequence[Passage]:
        """Return passages, best first, of articles valid on that day; empty when nothing fits.

        ``category`` is a hint, not a filter. Raises ``EngineUnavailableError``.
        """
