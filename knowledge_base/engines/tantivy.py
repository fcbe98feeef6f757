"""Search with tantivy: words, characters and sounds find candidates; likeness to a way of asking ranks them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

import tantivy

from hotline.domain.category import lineage
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import Article, Passage
from knowledge_base.engines.tantivy_index import IndexDamagedError, Snapshot, TantivyIndex
from knowledge_base.engines.vectors import Vectors
from knowledge_base.gate import Gate
from knowledge_base.likeness import Asked, NoAnalysisError
from knowledge_base.querying import weighed
from knowledge_base.ranking import Candidate, Ranking, is_answerable
from knowledge_base.weights import Weights, weights_for
from knowledge_base.wording import Wording, plain

_CANDIDATES: Final = 24
_MOST_CANDIDATES: Final = 400
"""How far to look for candidates that hold on the day and in the county."""
_LONGEST_MEANING: Final = 48
"""A vector of a long story says less, and takes longer."""
_LONGEST_QUESTION: Final = 400
_MOST_OTHERS: Final = 4
_WARM_UP: Final = "什么时候"


class TantivyRetriever:
    """Retriever on tantivy. What was found is ranked by ``Ranking``; the index may be written to while it is searched."""

    name = "tantivy"

    def __init__(self, index: TantivyIndex, wording: Wording, *, gate: Gate | None = None) -> None:
        """Take the index, how citizens word things, and the confidence gate."""
        self.index = index
        self._wording = wording
        self._ranking = Ranking(wording, gate or Gate())
        # The first search loads dictionaries and takes a second; no caller waits for that.
        self.search(_WARM_UP, on=date(2000, 1, 1), is_heard=True)

    @classmethod
    def of(
        cls,
        articles: Iterable[Article],
        wording: Wording,
        *,
        gate: Gate | None = None,
        vectors: Vectors | None = None,
    ) -> TantivyRetriever:
        """Return a retriever over the articles, in memory."""
        return cls(TantivyIndex.in_memory(articles, wording, vectors), wording, gate=gate)

    def over(self, index: TantivyIndex) -> TantivyRetriever:
        """Return the same search over another index."""
        return TantivyRetriever(index, self._wording, gate=self._ranking.gate)

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
    ) -> tuple[Passage, ...]:
        """Return passages, best first; see ``Retriever``."""
        return await asyncio.to_thread(
            self.search,
            question,
            on=on,
            category=category,
            county=county,
            limit=limit,
            is_heard=is_heard,
            others=others,
        )

    def as_meant(self, heard: str, others: Sequence[str] = ()) -> tuple[str, ...]:
        """Return what a question that was heard may mean, by the words of the articles; the likeliest first."""
        texts = [text[:_LONGEST_QUESTION] for text in (heard, *others[:_MOST_OTHERS])]
        return self.index.snapshot.heard_words.readings(texts)

    def search(
        self,
        question: str,
        *,
        on: date,
        category: str | None = None,
        county: str | None = None,
        limit: int = 5,
        is_heard: bool = False,
        others: Sequence[str] = (),
    ) -> tuple[Passage, ...]:
        """Do what ``retrieve`` does, in this thread."""
        meant = self.as_meant(question, others) if is_heard else (question,)
        asked = Asked.of("，".join(meant)[:_LONGEST_QUESTION], self._wording)
        if not asked.text:
            return ()
        snapshot, weights = self.index.snapshot, weights_for(is_heard=is_heard)

        def holds(article: Article) -> bool:
            return is_answerable(article, on=on, county=county)

        try:
            return self._ranking.passages(
                question,
                asked,
                _candidates(snapshot, asked, category, holds, weights),
                lambda kind: snapshot.rarities[f"asked_{kind}"],
                category=category,
                limit=limit,
                vector=self._vector(meant[0]),
            )
        except IndexDamagedError as error:
            raise EngineUnavailableError(self.name, error.reason) from error
        except NoAnalysisError as error:
            raise EngineUnavailableError(self.name, "known") from error

    def _vector(self, question: str) -> Any:
        """Return the question's vector; None where there is no encoder, or it fails: then words alone decide."""
        vectors = self.index.vectors
        if vectors is None:
            return None
        try:
            return vectors.question(plain(self._wording.core(question))[:_LONGEST_MEANING])
        except EngineUnavailableError:
            return None


def _candidates(
    snapshot: Snapshot,
    asked: Asked,
    category: str | None,
    holds: Callable[[Article], bool],
    weights: Weights,
) -> list[Candidate]:
    """Return the best of those that hold, with their share of the BM25 figure that the question could reach at most.

    What holds is looked at afterwards: a query of nothing but terms is answered without looking at every article.
    """
    query, most = _query(snapshot, asked, category, weights)
    found: list[Candidate] = []
    for wanted in (_CANDIDATES, _MOST_CANDIDATES):
        hits = snapshot.search(query, wanted)
        entries = ((figure, snapshot.entry(at.segment_ord, at.doc)) for figure, at in hits)
        found = [
            Candidate(entry, min(1.0, figure / most)) for figure, entry in entries if holds(entry.article)
        ]
        if len(found) >= _CANDIDATES or len(hits) < wanted:
            break
    return found[:_CANDIDATES]


def _query(snapshot: Snapshot, asked: Asked, category: str | None, weights: Weights) -> tuple[Any, float]:
    parts: list[tuple[Any, Any]] = []

    def add(field: str, term: str, weight: float) -> None:
        query = tantivy.Query.term_query(snapshot.schema, field, term, "freq")
        parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(query, weight)))

    terms, most = weighed(asked, snapshot.rarity, weights, snapshot.having)
    for field, term, boost in terms:
        add(field, term, boost)
    for code in lineage(category or ""):
        add("category", code, 1 / max(1.0, snapshot.rarity("category", code)))
    return tantivy.Query.boolean_query(parts), most
