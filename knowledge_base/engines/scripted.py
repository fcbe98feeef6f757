"""A retriever that finds what it was told to find: for simulation and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import Passage


class ScriptedRetriever:
    """Retriever with ready passages for known questions; ``is_away`` True makes it unavailable."""

    name = "scripted"

    def __init__(self, passages: Mapping[str, Sequence[Passage]], *, is_away: bool = False) -> None:
        self._passages = passages
        self.is_away = is_away

    async def retrieve(
        self,
        question: str,
        *,
        on: date,
        category: str | None = None,  # noqa: ARG002 -- the contract's; a script needs no hint
        county: str | None = None,
        limit: int = 5,
        is_heard: bool = False,  # noqa: ARG002 -- a script knows its questions by their words
        others: Sequence[str] = (),  # noqa: ARG002
    ) -> Sequence[Passage]:
        """Return the passages that belong to ``question`` and hold on that day in that county; see ``Retriever``."""
        if self.is_away:
            raise EngineUnavailableError(self.name)
        found = self._passages.get(question, ())
        holding = (
            passage
            for passage in found
            if passage.article.is_valid(on=on) and passage.article.holds_in(county)
        )
        return tuple(holding)[:limit]
