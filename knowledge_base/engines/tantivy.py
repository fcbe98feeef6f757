"""Search with tantivy: words, characters and sounds find candidates; likeness to a way of asking ranks them.

tantivy's BM25 over all fields picks candidates. Its figures grow with the length of a question, so they cannot be held
against one threshold; the score that is reported compares the question with every known way of asking, by shares of
weight (a term's weight is its rarity among the articles), and lies between 0 and 1.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import tantivy

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import Article, Passage
from knowledge_base.engines.tantivy_index import FIELDS, Fields, open_index
from knowledge_base.terms import Terms, terms_of
from knowledge_base.wording import Manner, Wording

_CANDIDATES: Final = 24
_MOST_TERMS: Final = 160
_LONGEST_QUESTION: Final = 400
# How much a field counts when candidates are picked.
_BOOSTS: Final[Mapping[str, float]] = {
    "asked_words": 2.0,
    "asked_characters": 2.0,
    "asked_sounds": 1.0,
    "body_words": 0.6,
    "body_characters": 1.0,
    "body_sounds": 0.3,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """When an article is sure enough to be answered with: its score, and its lead over the next article.

    A text that reports is not answered at all: a person who is told how heating is measured when the flat is cold
    has not been heard. Tuned on the golden questions (tests/engines/kb).
    """

    question: float = 0.5
    topic: float = 0.7
    lead: float = 0.04

    def lets(self, *, score: float, lead: float, manner: Manner) -> bool:
        """Tell whether an article with this score may be answered with."""
        match manner:
            case Manner.QUESTION:
                return score >= self.question and lead >= self.lead
            case Manner.TOPIC:
                return score >= self.topic and lead >= self.lead
            case Manner.REPORT:
                return False


class TantivyRetriever:
    """Retriever on tantivy. ``folder`` None keeps the index in memory."""

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
        if not asked.heard.characters:
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
        best, second = scored[0][0], scored[1][0] if len(scored) > 1 else 0.0
        sure = self._gate.lets(score=best, lead=best - second, manner=self._wording.manner(question))
        return tuple(
            Passage(self._articles[id_], score, is_confident=sure and place == 0)
            for place, (score, id_) in enumerate(scored[:limit])
        )

    def _candidates(self, asked: Asked, *, on: date, category: str | None) -> list[tuple[str, float]]:
        """Return ids of valid articles with their share of the BM25 figure that the question could reach at most."""
        schema, most = self._index.schema, 0.0
        parts: list[tuple[Any, Any]] = []
        for field, boost in _BOOSTS.items():
            for term in asked.terms_for(field):
                query = tantivy.Query.term_query(schema, field, term, "freq")
                parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(query, boost)))
                most += boost * self._weight(field, term)
        if category is not None:
            hint = tantivy.Query.term_query(schema, "category", category)
            parts.append((tantivy.Occur.Should, tantivy.Query.const_score_query(hint, 1.0)))
        valid = (
            tantivy.Query.range_query(schema, "valid_from", tantivy.FieldType.Integer, None, on.toordinal()),
            tantivy.Query.range_query(schema, "valid_until", tantivy.FieldType.Integer, on.toordinal(), None),
        )
        must = [(tantivy.Occur.Must, tantivy.Query.const_score_query(condition, 0.0)) for condition in valid]
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, tantivy.Query.boolean_query(parts)), *must])
        hits = self._searcher.search(query, limit=_CANDIDATES, count=False).hits
        return [(self._searcher.doc(at)["id"][0], min(1.0, figure / most)) for figure, at in hits]

    def _score(self, asked: Asked, article: Article, share: float, category: str | None) -> float:
        known = self._known(article.id)
        likeness = max((self._likeness(asked, way) for way in known.ways), default=0.0)
        known_share = self._share(asked.meant.words, known.words, "asked_words")
        score = 0.7 * likeness + 0.15 * known_share + 0.15 * share
        if category is not None and article.category is not None:
            score += (
                0.05
                if category == article.category
                else 0.02
                if category[:2] == article.category[:2]
                else 0.0
            )
        return round(min(1.0, score), 4)

    def _likeness(self, asked: Asked, way: Way) -> float:
        written = 0.5 * self._cosine(asked.meant.words, way.words, "asked_words") + 0.5 * self._cosine(
            asked.meant.characters, way.characters, "asked_characters"
        )
        heard = self._cosine(asked.heard.sounds, way.sounds, "asked_sounds")
        return 0.6 * max(written, heard) + 0.4 * (written + heard) / 2

    def _cosine(self, asked: Iterable[str], way: frozenset[str], field: str) -> float:
        asked = frozenset(asked)
        both = sum(self._weight(field, term) for term in asked & way)
        ours = sum(self._weight(field, term) for term in asked)
        theirs = sum(self._weight(field, term) for term in way)
        return both / math.sqrt(ours * theirs) if both else 0.0

    def _share(self, asked: Iterable[str], known: frozenset[str], field: str) -> float:
        asked = frozenset(asked)
        whole = sum(self._weight(field, term) for term in asked)
        return sum(self._weight(field, term) for term in asked & known) / whole if whole else 0.0

    def _rarity(self, field: str, term: str) -> float:
        articles, having = self._searcher.num_docs, self._searcher.doc_freq(field, term)
        return math.log(1 + (articles - having + 0.5) / (having + 0.5))

    def _analysed(self, id_: str) -> Known:
        return Known.of(self._articles[id_], self._wording)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's terms: ``meant`` with synonyms made one, ``heard`` as it was said."""

    meant: Terms
    heard: Terms

    @classmethod
    def of(cls, question: str, wording: Wording) -> Asked:
        """Take a question's terms."""
        core = wording.core(question)
        return cls(meant=terms_of(wording.canonical(core)), heard=terms_of(core))

    def terms_for(self, field: str) -> list[str]:
        """Return the terms that ``field`` is searched by, each once."""
        terms = {
            Fields.WORDS: self.meant.words,
            Fields.CHARACTERS: self.meant.characters,
            Fields.SOUNDS: self.heard.sounds,
        }[FIELDS[field]]
        return list(dict.fromkeys(terms))[:_MOST_TERMS]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of asking."""

    words: frozenset[str]
    characters: frozenset[str]
    sounds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one article: its ways of asking, and all its words."""

    ways: tuple[Way, ...]
    words: frozenset[str]

    @classmethod
    def of(cls, article: Article, wording: Wording) -> Known:
        """Take an article's terms."""
        ways, words = [], set(terms_of(wording.canonical(wording.core(article.full))).words)
        for asking in (article.title, *article.questions):
            asked = Asked.of(asking, wording)
            words.update(asked.meant.words)
            ways.append(
                Way(
                    words=frozenset(asked.meant.words),
                    characters=frozenset(asked.meant.characters),
                    sounds=frozenset(asked.heard.sounds),
                )
            )
        return cls(ways=tuple(ways), words=frozenset(words))
