"""Search with tantivy: words, characters and sounds find candidates; likeness to a way of asking ranks them.

tantivy's BM25 over all fields picks candidates. Its figures grow with the length of a question, so they cannot be held
against one threshold; the score that is reported is made of shares and lies between 0 and 1.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import tantivy

from hotline.domain.category import at_level, within
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import Article, Passage
from knowledge_base.engines.tantivy_index import open_index
from knowledge_base.gate import Find, Gate
from knowledge_base.likeness import Asked, Known, known_share, likeness, subject_share, way_share
from knowledge_base.wording import Wording

_CANDIDATES: Final = 24
_MOST_TERMS: Final = 160
_LONGEST_QUESTION: Final = 400
# How much a field counts when candidates are picked.
_BOOSTS: Final[Mapping[str, float]] = {
    "asked_words": 2.0,
    "asked_characters": 2.0,
    "asked_sounds": 1.0,
    "body_words": 0.3,
    "body_characters": 1.0,
    "body_sounds": 0.2,
}
# How much of a category hint comes through: enough to decide between equals, not to overrule the words.
_SAME_CATEGORY: Final = 0.05
_SAME_GROUP: Final = 0.02


class TantivyRetriever:
    """Retriever on tantivy over ``articles``. ``folder`` None keeps the index in memory."""

    name = "tantivy"

    def __init__(
        self,
        articles: Sequence[Article],
        wording: Wording,
        *,
        folder: Path | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._articles = {article.id: article for article in articles}
        self._wording = wording
        self._gate = gate or Gate()
        self._index = open_index(articles, wording, folder)
        self._searcher = self._index.searcher()
        self._weight = lru_cache(maxsize=65_536)(self._rarity)
        self._known = lru_cache(maxsize=8_192)(self._analysed)
        for article in articles[:1]:
            # The first search loads dictionaries and takes a second; no caller waits for that.
            self.search(article.title or article.full, on=article.valid_from)

    async def retrieve(
        self, question: str, *, on: date, category: str | None = None, limit: int = 5
    ) -> Sequence[Passage]:
        """Return passages, best first; see ``Retriever``."""
        return await asyncio.to_thread(self.search, question, on=on, category=category, limit=limit)

    def search(
        self, question: str, *, on: date, category: str | None = None, limit: int = 5
    ) -> tuple[Passage, ...]:
        """Do what ``retrieve`` does, in this thread."""
        asked = Asked.of(question[:_LONGEST_QUESTION], self._wording)
        if not asked.text:
            return ()
        try:
            found = self._candidates(asked, on=on, category=category)
        except (OSError, ValueError) as error:
            raise EngineUnavailableError(self.name, str(error)) from error
        scored = sorted(
            ((self._score(asked, self._articles[id_], share, category), id_) for id_, share in found),
            key=lambda pair: (-pair[0], pair[1]),
        )
        if not scored:
            return ()
        best, id_of_best = scored[0]
        known = self._known(id_of_best)
        find = Find(
            score=best,
            lead=best - scored[1][0] if len(scored) > 1 else best,
            subject=subject_share(asked, known, self._weight),
            way=self._way_share(asked, known),
            length=len(asked.text),
        )
        is_sure = self._gate.lets(self._wording.manner(question), find)
        return tuple(
            Passage(self._articles[id_], score, is_confident=is_sure and id_ == id_of_best)
            for score, id_ in scored[:limit]
        )

    def _candidates(self, asked: Asked, *, on: date, category: str | None) -> list[tuple[str, float]]:
        """Return ids of valid articles with their share of the BM25 figure that the question could reach at most."""
        schema, most = self._index.schema, 0.0
        parts: list[tuple[Any, Any]] = []
        for field, boost in _BOOSTS.items():
            for term in _terms_for(field, asked):
                # Rare terms say more than BM25 gives them: +1 point of first hits on real questions and replies.
                rarity = self._rarity_in(field, term)
                weighed = boost * math.sqrt(rarity)
                query = tantivy.Query.term_query(schema, field, term, "freq")
                parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(query, weighed)))
                most += weighed * rarity
        if category is not None:
            hint = tantivy.Query.term_query(schema, "category", at_level(category))
            parts.append((tantivy.Occur.Should, tantivy.Query.const_score_query(hint, 1.0)))
        day, integer = on.toordinal(), tantivy.FieldType.Integer
        valid = (
            tantivy.Query.range_query(schema, "valid_from", integer, None, day),
            tantivy.Query.range_query(schema, "valid_until", integer, day, None),
        )
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, tantivy.Query.boolean_query(parts)),
                *((tantivy.Occur.Must, tantivy.Query.const_score_query(one, 0.0)) for one in valid),
            ]
        )
        hits = self._searcher.search(query, limit=_CANDIDATES, count=False).hits
        return [(self._searcher.doc(at)["id"][0], min(1.0, figure / most)) for figure, at in hits]

    def _score(self, asked: Asked, article: Article, share: float, category: str | None) -> float:
        known = self._known(article.id)
        if known.ways:
            alike = max(likeness(asked, way, self._weight) for way in known.ways)
            score = 0.7 * alike + 0.15 * known_share(asked, known, self._weight) + 0.15 * share
        else:
            score = share
        if category is not None and article.category is not None:
            if within(category, {article.category}) or within(article.category, {category}):
                score += _SAME_CATEGORY
            elif article.category[:2] == category[:2]:
                score += _SAME_GROUP
        return round(min(1.0, score), 4)

    def _way_share(self, asked: Asked, known: Known) -> float:
        if not known.ways:
            return 0.0
        nearest = max(known.ways, key=lambda way: likeness(asked, way, self._weight))
        return way_share(asked, nearest, self._weight)

    def _rarity(self, kind: str, term: str) -> float:
        return self._rarity_in(f"asked_{kind}", term)

    def _rarity_in(self, field: str, term: str) -> float:
        articles, having = self._searcher.num_docs, self._searcher.doc_freq(field, term)
        return math.log(1 + (articles - having + 0.5) / (having + 0.5))

    def _analysed(self, id_: str) -> Known:
        return Known.of(self._articles[id_], self._wording)


def _terms_for(field: str, asked: Asked) -> list[str]:
    """Return the terms that ``field`` is searched by, each once."""
    terms = {
        "words": asked.meant.words,
        "characters": asked.meant.characters,
        "sounds": asked.heard.sounds,
    }[field.partition("_")[2]]
    return list(dict.fromkeys(terms))[:_MOST_TERMS]
