"""The golden gate of the knowledge base: golden questions asked of the index as it is, and as it would be."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from app.golden_process import GoldenAnswers, GoldenWork, asked, asked_in_own_process
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.golden_gate import GateReport, Verdict, compare
from hotline.domain.knowledge import Article
from hotline.service.knowledge import Progress
from knowledge_base.engines.live import LiveRetriever
from knowledge_base.engines.tantivy_index import IndexDamagedError
from knowledge_base.engines.vectors import Vectors
from knowledge_base.golden import GoldenQuestion
from knowledge_base.golden_book import GoldenBook
from knowledge_base.golden_figures import GoldenFigures
from knowledge_base.wording import Wording, plain

_FEW: Final = 100
_SECONDS: Final = 300.0
"""A machine under load asks a thousand questions in a minute or two."""


class GoldenGate:
    """Asks golden questions of the live index and of a copy of it in which articles are changed."""

    def __init__(
        self,
        live: LiveRetriever,
        wording: Wording,
        book: GoldenBook,
        vectors: Callable[[], Vectors | None],
    ) -> None:
        """Take the search and the golden questions.

        ``vectors`` opens the encoder once more, in another process: it is pickled.
        """
        self._live = live
        self._wording = wording
        self._book = book
        self._vectors = vectors
        self._one_at_a_time = asyncio.Lock()
        self._asked: tuple[Any, tuple[Verdict, ...]] | None = None

    async def compare(
        self, changed: Sequence[Article], *, on: date, told: Progress = lambda _, __: None
    ) -> GateReport:
        """Compare the answers as they are with those as they would be; see ``PublicationGate``."""
        await self._live.catch_up()
        questions = await self._book.questions()
        async with self._one_at_a_time:
            state = (self._live.current.index.snapshot, questions, on)
            kept = self._asked[1] if self._asked is not None and self._asked[0] == state else None
            answers = await self._answers(questions, on, told, tuple(changed), kept)
            self._asked = (state, answers.before)
        return compare(answers.before, answers.after)

    async def run(self, *, on: date, told: Progress = lambda _, __: None) -> tuple[Verdict, ...]:
        """Ask all golden questions of the index as it is."""
        return (await self.measure(on=on, told=told))[1]

    async def measure(
        self, *, on: date, told: Progress = lambda _, __: None
    ) -> tuple[GoldenFigures, tuple[Verdict, ...]]:
        """Ask all golden questions of the index as it is, and count."""
        questions = await self._book.questions()
        async with self._one_at_a_time:
            answers = await self._answers(questions, on, told)
        return answers.figures, answers.before

    async def clashes(self, article: Article, *, on: date, beside: Sequence[Article] = ()) -> Sequence[str]:
        """Return which ways of asking another article has already; see ``Lookalikes``."""
        return await asyncio.to_thread(self._clashes, article, max(on, article.valid_from), beside)

    async def _answers(
        self,
        questions: tuple[GoldenQuestion, ...],
        on: date,
        told: Progress,
        changed: tuple[Article, ...] = (),
        before: tuple[Verdict, ...] | None = None,
    ) -> GoldenAnswers:
        """Ask of a copy of the index: many questions in a process of their own, a few here, which is quicker."""
        index = self._live.current.index
        with tempfile.TemporaryDirectory(
            dir=self._live.folder, prefix="golden-", ignore_cleanup_errors=True
        ) as folder:
            place = Path(folder) / "index"
            try:
                await asyncio.to_thread(index.copied, place)
            except IndexDamagedError as error:
                raise EngineUnavailableError(self._live.name, error.reason) from error
            work = GoldenWork(place, self._wording, self._vectors, questions, on, changed, before)
            if len(questions) <= _FEW:
                return await asyncio.to_thread(asked, work, index.vectors)
            whole = len(questions) * (2 if changed and before is None else 1)
            told(0, whole)
            return await asked_in_own_process(work, seconds=_SECONDS, told=lambda asked: told(asked, whole))

    def _clashes(self, article: Article, on: date, beside: Sequence[Article]) -> list[str]:
        mine = _asked(article)
        others = [one for one in beside if one.is_valid(on=on) and not mine.isdisjoint(_asked(one))]
        found = []
        for asking in (article.title, *article.questions):
            near = [passage.article for passage in self._live.current.search(asking, on=on, limit=3)]
            found += [
                f"问法“{asking}”与 {other.id} 重复"
                for other in (*near, *others)
                if other.id != article.id and plain(asking) in _asked(other)
            ]
        return found


@lru_cache(maxsize=4096)
def _asked(article: Article) -> frozenset[str]:
    """Return all ways of asking for an article, as they are compared; a batch compares each with every other."""
    return frozenset(map(plain, (article.title, *article.questions)))
