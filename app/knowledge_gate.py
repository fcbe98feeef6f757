"""The golden gate of the knowledge base: golden questions asked of the index as it is, and as it would be."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.golden_gate import GateReport, Verdict, compare
from hotline.domain.knowledge import START, Article, Passage
from knowledge_base.engines.live import LiveRetriever
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.tantivy_index import IndexDamagedError
from knowledge_base.golden import GoldenQuestion, Ground
from knowledge_base.golden_figures import GoldenFigures, golden_figures
from knowledge_base.wording import Wording, plain

Kept = Callable[[], Awaitable[dict[str, str]]]
"""Returns the golden questions that editors keep (``hotline.store.knowledge_use``)."""


class GoldenGate:
    """Asks golden questions of the live index and of a copy of it in which articles are changed."""

    def __init__(
        self, live: LiveRetriever, wording: Wording, golden: Sequence[GoldenQuestion], kept: Kept
    ) -> None:
        """Take the search, the city's golden questions and those of the editors, which replace the city's."""
        self._live = live
        self._wording = wording
        self._golden = {plain(one.text): one for one in golden}
        self._kept = kept
        self._asked: tuple[Any, tuple[Verdict, ...]] | None = None

    async def questions(self) -> tuple[GoldenQuestion, ...]:
        """Return all golden questions."""
        kept = {key: parse_golden(body) for key, body in (await self._kept()).items()}
        return tuple((self._golden | kept).values())

    async def compare(self, changed: Sequence[Article], *, on: date) -> GateReport:
        """Compare the answers as they are with those as they would be; see ``PublicationGate``."""
        await self._live.catch_up()
        questions = await self.questions()
        return await asyncio.to_thread(self._compared, questions, changed, on)

    async def run(self, *, on: date) -> tuple[Verdict, ...]:
        """Ask all golden questions of the index as it is."""
        return (await self.measure(on=on))[1]

    async def measure(self, *, on: date) -> tuple[GoldenFigures, tuple[Verdict, ...]]:
        """Ask all golden questions of the index as it is, and count."""
        questions = await self.questions()
        return await asyncio.to_thread(_measured, self._live.current, questions, on)

    async def clashes(self, article: Article) -> Sequence[str]:
        """Return which ways of asking another published article has already; see ``Lookalikes``."""
        return await asyncio.to_thread(self._clashes, article)

    def _compared(
        self, questions: Sequence[GoldenQuestion], changed: Sequence[Article], on: date
    ) -> GateReport:
        before = self._before(questions, on)
        with tempfile.TemporaryDirectory(dir=self._live.folder, prefix="golden-") as folder:
            try:
                copy = self._live.current.index.copied(Path(folder) / "index")
                copy.write(changed, (), START)
            except IndexDamagedError as error:
                raise EngineUnavailableError(self._live.name, error.reason) from error
            after = verdicts(self._live.current.over(copy), questions, on)
        return compare(before, after)

    def _before(self, questions: Sequence[GoldenQuestion], on: date) -> tuple[Verdict, ...]:
        """Ask the index as it is; again only when it, the questions or the day have changed."""
        current = self._live.current
        state = (current.index.snapshot, tuple(questions), on)
        if self._asked is None or self._asked[0] != state:
            self._asked = (state, verdicts(current, questions, on))
        return self._asked[1]

    def _clashes(self, article: Article) -> list[str]:
        found = []
        for asking in (article.title, *article.questions):
            for passage in self._live.current.search(asking, on=article.valid_from, limit=3):
                other = passage.article
                if other.id != article.id and plain(asking) in map(plain, (other.title, *other.questions)):
                    found.append(f"问法“{asking}”与 {other.id} 重复")
        return found


def verdicts(
    retriever: TantivyRetriever, questions: Sequence[GoldenQuestion], on: date
) -> tuple[Verdict, ...]:
    """Ask the questions. Right is the right article first, or no answer where none is wanted; harmful a wrong answer."""
    return tuple(
        _verdict(question, retriever.search(question.text, on=on, limit=1)) for question in questions
    )


def _measured(
    retriever: TantivyRetriever, questions: Sequence[GoldenQuestion], on: date
) -> tuple[GoldenFigures, tuple[Verdict, ...]]:
    found = [(question, retriever.search(question.text, on=on)) for question in questions]
    return golden_figures(found), tuple(_verdict(*each) for each in found)


def _verdict(question: GoldenQuestion, found: Sequence[Passage]) -> Verdict:
    first = found[0].article.id if found else ""
    is_sure = bool(found) and found[0].is_confident
    if question.ground is not None:
        return Verdict(question.text, "", first if is_sure else "", is_right=not is_sure, is_harmful=is_sure)
    is_right = first in question.answers
    return Verdict(
        question.text,
        "、".join(question.answers),
        first,
        is_right=is_right,
        is_harmful=is_sure and not is_right,
    )


def parse_golden(body: str) -> GoldenQuestion:
    """Return the golden question that ``dump_golden`` wrote."""
    row = json.loads(body)
    return GoldenQuestion(row["q"], tuple(row.get("a", ())), Ground(row["why"]) if row.get("why") else None)


def dump_golden(question: GoldenQuestion) -> str:
    """Return a golden question as JSON."""
    row = {"q": question.text, "a": list(question.answers), "why": question.ground}
    return json.dumps(row, ensure_ascii=False)
