"""The retriever's contract (知识检索)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from hotline.domain.knowledge import Passage


class Retriever(Protocol):
    """Finds articles for a question."""

    async def retrieve(
        self,
        question: str,
        *,
        on: date,
        category: str | None = None,
        county: str | None = None,
        limit: int = 5,
        is_heard: bool = False,
        others: Sequence[str] = (),
    ) -> Sequence[Passage]:
        """Return passages, best first, of published articles that hold on that day in that county; empty when nothing fits.

        Where ``county`` (a code) is not known, only what holds in the whole city does. ``category``, of any level, is a
        hint and no filter. ``is_heard``: the question was spoken and recognised, not written; ``others`` are what else
        may have been said. Raises ``EngineUnavailableError``.
        """
