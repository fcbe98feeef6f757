"""What editors are helped with: the nearest article, questions that belong together, warnings about an article."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from hotline.domain.knowledge import Article, Passage
from knowledge_base.comparing import EditorsWarning, grouped, warnings_for
from knowledge_base.engines.live import LiveRetriever
from knowledge_base.wording import Wording, plain

_NEIGHBOURS = 6
_SAME_MEANING = 0.88
"""Products of vectors of two questions that ask the same begin about here."""


class KnowledgeFinder:
    """Finds over the live index; see ``Finder``. ``open`` opens the index where that is not done yet."""

    def __init__(
        self, live: LiveRetriever, wording: Wording, open_: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Take the search and how citizens word things."""
        self._live = live
        self._wording = wording
        self._open = open_

    async def nearest(self, question: str, *, on: date) -> Passage | None:
        """Return the nearest published article, or None."""
        await self._opened()
        found = await self._live.retrieve(question, on=on, limit=1)
        return found[0] if found else None

    async def grouped(self, questions: Sequence[str]) -> Sequence[Sequence[int]]:
        """Return the places of questions that ask the same, the largest group first."""
        await self._opened()
        return await asyncio.to_thread(self._grouped, questions)

    async def warnings(self, article: Article, *, on: date) -> tuple[EditorsWarning, ...]:
        """Return near duplicates of an article and figures that contradict it among what is published."""
        await self._opened()
        return await asyncio.to_thread(self._warnings, article, on)

    async def _opened(self) -> None:
        if self._open is not None:
            await self._open()

    def _grouped(self, questions: Sequence[str]) -> list[list[int]]:
        vectors = self._live.current.index.vectors
        if vectors is None or not questions:
            return grouped(questions, self._wording)
        rows = vectors.questions([plain(self._wording.core(text)) for text in questions])

        def nearness(one: int, other: int) -> float:
            product = float(rows[one] @ rows[other])
            return max(0.0, (product - _SAME_MEANING) / (1 - _SAME_MEANING))

        return grouped(questions, self._wording, nearness)

    def _warnings(self, article: Article, on: date) -> tuple[EditorsWarning, ...]:
        near: dict[str, tuple[Article, float]] = {}
        for asking in (article.title, *article.questions):
            for passage in self._live.current.search(
                asking, on=on, category=article.category, limit=_NEIGHBOURS
            ):
                other = passage.article
                if other.id != article.id and passage.score > near.get(other.id, (other, 0.0))[1]:
                    near[other.id] = (other, passage.score)
        neighbours = sorted(near.values(), key=lambda pair: -pair[1])[:_NEIGHBOURS]
        return warnings_for(article, neighbours)
