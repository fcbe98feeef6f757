"""Search with OpenSearch, for many machines on one index: the server finds candidates, the same ranking decides here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from hotline.domain.category import lineage
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import START, Article, KnowledgePosition, Passage
from knowledge_base.engines.live import PublishedArticles
from knowledge_base.engines.opensearch_index import NAME, OpenSearchIndex
from knowledge_base.gate import Gate
from knowledge_base.likeness import KINDS, Asked, Looked
from knowledge_base.querying import rarity, terms_for, weighed
from knowledge_base.ranking import Candidate, Entry, Ranking, is_answerable
from knowledge_base.weights import FIELDS, weights_for
from knowledge_base.wording import plain

_CANDIDATES: Final = 24
_LONGEST_QUESTION: Final = 400
_LONGEST_MEANING: Final = 48
_RARITIES_SECONDS: Final = 30.0
_MOST_RARITIES: Final = 200_000
_CHUNK: Final = 500

Terms = dict[str, dict[str, None]]


class OpenSearchRetriever:
    """Retriever on an OpenSearch index; see ``Retriever``. How rare terms are is kept for half a minute."""

    name = NAME

    def __init__(self, index: OpenSearchIndex, *, gate: Gate | None = None) -> None:
        """Take the index and the confidence gate."""
        self.index = index
        self._ranking = Ranking(index.wording, gate or Gate())
        self._rarities: dict[tuple[str, str], float] = {}
        self._forget_at = 0.0

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
        """Return passages, best first. A question that was heard is taken as it is, with ``others`` beside it."""
        asked, vector = await asyncio.to_thread(self._analysed, question, others)
        if not asked.text:
            return ()
        rarities, weights = self._kept_rarities(), weights_for(is_heard=is_heard)
        await self._weigh({field: dict.fromkeys(terms_for(field, asked)) for field in FIELDS}, rarities)
        terms, most = weighed(asked, lambda field, term: rarities[field, term], weights)
        query = query_of(terms, on=on, county=county, category=category)
        found = await self.index.search(query, _CANDIDATES)
        candidates = [
            Candidate(entry, min(1.0, figure / most))
            for figure, entry in found
            if is_answerable(entry.article, on=on, county=county)
        ]
        await self._weigh(_known_terms(entry for _, entry in found), rarities)
        return await asyncio.to_thread(
            self._ranking.passages,
            question,
            asked,
            candidates,
            lambda kind: Looked(lambda term: rarities.get((f"asked_{kind}", term), 0.0)),
            category=category,
            limit=limit,
            vector=vector,
        )

    async def catch_up(self, source: PublishedArticles) -> int:
        """Bring the index up to date with the database; return how many articles were written or taken out.

        Raises ``StoreUnavailableError`` and ``EngineUnavailableError``. Several may do so at once: they write the same.
        """
        await self.index.create()
        position = await self.index.position()
        changes = await source.changes_after(position) if position is not None else None
        if changes is None:
            return await self._fill(source)
        until, ids = changes
        if not ids:
            return 0
        changed = await source.published(ids)
        await self._write(changed, set(ids) - {article.id for article in changed}, until)
        return len(ids)

    async def _fill(self, source: PublishedArticles) -> int:
        position = await source.position()
        left = await self.index.ids()
        many = 0
        async for chunk in _chunks(source.all_published()):
            await self._write(chunk, (), START)
            left -= {article.id for article in chunk}
            many += len(chunk)
        await self._write((), left, position)
        return many

    async def _write(
        self, changed: Sequence[Article], removed: Iterable[str], position: KnowledgePosition
    ) -> None:
        await self.index.write(changed, tuple(removed), position)
        self._forget_at = 0.0

    def _analysed(self, question: str, others: Sequence[str]) -> tuple[Asked, Any]:
        whole = "，".join((question, *others))
        asked = Asked.of(whole[:_LONGEST_QUESTION], self.index.wording)
        if self.index.vectors is None or not asked.text:
            return asked, None
        try:
            text = plain(self.index.wording.core(question))[:_LONGEST_MEANING]
            return asked, self.index.vectors.question(text)
        except EngineUnavailableError:
            return asked, None

    def _kept_rarities(self) -> dict[tuple[str, str], float]:
        """Return what is known of rarities; one look-up goes on with what it began with."""
        now = asyncio.get_running_loop().time()
        if now >= self._forget_at or len(self._rarities) > _MOST_RARITIES:
            self._rarities = {}
            self._forget_at = now + _RARITIES_SECONDS
        return self._rarities

    async def _weigh(
        self, terms: Mapping[str, Mapping[str, None]], kept: dict[tuple[str, str], float]
    ) -> None:
        """Learn how rare terms are that are not known yet."""
        unknown = {
            field: [term for term in some if (field, term) not in kept] for field, some in terms.items()
        }
        unknown = {field: some for field, some in unknown.items() if some}
        if not unknown:
            return
        sizes, having = await self.index.frequencies(unknown)
        for field, some in unknown.items():
            size = sizes.get(field, 0)
            kept.update({(field, term): rarity(size, having.get((field, term), 0)) for term in some})


def query_of(
    terms: Iterable[tuple[str, str, float]], *, on: date, county: str | None, category: str | None
) -> dict[str, Any]:
    """Return the query: what holds on the day in the county, by weighed terms, the category's code as a hint."""
    wanted: list[dict[str, Any]] = [
        {"term": {field: {"value": term, "boost": round(boost, 4)}}} for field, term, boost in terms
    ]
    everywhere = {"bool": {"must_not": [{"exists": {"field": "regions"}}]}}
    endless = {"bool": {"must_not": [{"exists": {"field": "valid_until"}}]}}
    here = [{"term": {"regions": {"value": county}}}] if county else []
    hints = [
        {"constant_score": {"filter": {"term": {"category": {"value": code}}}, "boost": 1.0}}
        for code in lineage(category or "")
    ]
    holds = [
        {"range": {"valid_from": {"lte": on.isoformat()}}},
        {
            "bool": {
                "should": [endless, {"range": {"valid_until": {"gte": on.isoformat()}}}],
                "minimum_should_match": 1,
            }
        },
        {"bool": {"should": [everywhere, *here], "minimum_should_match": 1}},
    ]
    must = {"bool": {"should": wanted, "minimum_should_match": 1}}
    return {"bool": {"must": [must], "filter": holds, "should": hints}}


def _known_terms(entries: Iterable[Entry]) -> Terms:
    found: Terms = {f"asked_{kind}": {} for kind in KINDS}
    for entry in entries:
        for way in entry.known.ways:
            for kind in KINDS:
                found[f"asked_{kind}"].update(dict.fromkeys(way.terms(kind)))
    return found


async def _chunks(articles: AsyncIterator[Article]) -> AsyncIterator[list[Article]]:
    chunk: list[Article] = []
    async for article in articles:
        chunk.append(article)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
