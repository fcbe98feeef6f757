"""Ranking of what a search engine found: likeness to a way of asking, and the gate that decides on answering.

An engine's figures grow with the length of a question, so they cannot be held against one threshold; the score that is
reported is made of shares and lies between 0 and 1. The same for every engine.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from hotline.domain.category import at_level, within
from hotline.domain.knowledge import Article, Passage
from knowledge_base.gate import Find, Gate
from knowledge_base.likeness import Asked, Comparison, Known, Weigh
from knowledge_base.wording import Wording

# How much of a category hint comes through: enough to decide between equals, not to overrule the words.
_SAME_CATEGORY: Final = 0.05
_SAME_GROUP: Final = 0.02
# Tuned on the golden questions: the nearest way of asking says most, the answer itself half as much. An answer alone,
# without ways of asking, is found by its words; meaning decides between those that are as near.
_MEANING: Final = 0.6
_MEANING_OF_BODY: Final = 0.15
_BODY: Final = 0.5
_COMPARED: Final = 2
"""The best is held against the next."""
_WEIGHED: Final = 10
"""So many of those that look best at a glance are weighed: more are only copies of one another."""
_FAR: Final = 0.8
"""Products of unrelated texts are about so high."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article with its analysis, as an index holds it."""

    article: Article
    known: Known
    vectors: Any = None
    """Vectors of its ways of asking and, last, of its answer; None where there is no encoder."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that an engine found, with its share of the figure that the question could reach at most."""

    entry: Entry
    share: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranks candidates and lets the best through the gate, or not."""

    wording: Wording
    gate: Gate

    def passages(
        self,
        question: str,
        asked: Asked,
        candidates: Sequence[Candidate],
        weigh: Weigh,
        *,
        category: str | None,
        limit: int,
        vector: Any = None,
    ) -> tuple[Passage, ...]:
        """Return passages, best first; only the first may be confident. ``vector`` is the question's, if there is one."""
        comparison = Comparison(asked, weigh)
        scored = _best(comparison, candidates, category, vector, max(limit, _COMPARED))
        if not scored:
            return ()
        best, first = scored[0]
        manner = self.wording.manner(question)
        at_best = Find(
            score=best,
            lead=best - scored[1][0] if len(scored) > 1 else best,
            subject=1.0,
            way=1.0,
            length=len(asked.text),
            by_meaning=vector is not None and first.vectors is not None,
        )
        is_sure = self.gate.lets(manner, at_best)
        if is_sure:  # what a text is about takes long to tell
            subject, way = comparison.subject_share(first.known), _way_share(comparison, first.known)
            is_sure = self.gate.lets(manner, replace(at_best, subject=subject, way=way))
        return tuple(
            Passage(entry.article, score, is_confident=is_sure and index == 0)
            for index, (score, entry) in enumerate(scored[:limit])
        )


def _best(
    comparison: Comparison, candidates: Sequence[Candidate], category: str | None, vector: Any, many: int
) -> list[tuple[float, Entry]]:
    """Return the ``many`` best with their scores, best first.

    Weighing what an article is asked by takes long, so those that cannot be among them are not weighed.
    """
    seen = []
    glances = comparison.glances([candidate.entry.known for candidate in candidates])
    for candidate, glance in zip(candidates, glances, strict=True):
        rest = 0.15 * glance.words + 0.15 * candidate.share if glance.at_most else candidate.share
        at_most = _whole(candidate, max(glance.at_most, default=0.0), rest, category, vector)
        seen.append((at_most, candidate, glance, rest))
    seen.sort(key=lambda one: -one[0])
    scored: list[tuple[float, Entry]] = []
    for at_most, candidate, glance, rest in seen[: max(_WEIGHED, many)]:
        if len(scored) >= many and at_most < scored[many - 1][0]:
            break
        alike = comparison.most_alike(candidate.entry.known, glance)
        score = _whole(candidate, alike, rest, category, vector)
        insort(scored, (score, candidate.entry), key=lambda pair: (-pair[0], pair[1].article.id))
    return scored[:many]


def _whole(candidate: Candidate, alike: float, rest: float, category: str | None, vector: Any) -> float:
    """Return the score of a candidate whose nearest way of asking is so much ``alike``."""
    known, article = candidate.entry.known, candidate.entry.article
    score = 0.7 * alike + rest if known.signs.ways else rest
    if vector is not None and candidate.entry.vectors is not None:
        meaning = nearness(vector, candidate.entry.vectors)
        share = _MEANING if known.signs.ways else _MEANING_OF_BODY
        score = (1 - share) * score + share * meaning
    return round(min(1.0, score + prior(category, article.category)), 4)


def nearness(vector: Any, vectors: Any) -> float:
    """Return how near a question lies to an article in meaning, between 0 and 1: its nearest way of asking, and its answer."""
    products = vectors @ vector
    body = float(products[-1])
    near = body if len(products) == 1 else (float(products[:-1].max()) + _BODY * body) / (1 + _BODY)
    return min(1.0, max(0.0, (near - _FAR) / (1 - _FAR)))


def is_answerable(article: Article, *, on: date, county: str | None) -> bool:
    """Tell whether an article may be answered with on that day in that county."""
    return article.is_valid(on=on) and article.holds_in(county)


def prior(hint: str | None, category: str | None) -> float:
    """Return how much a category hint adds to an article of ``category``: codes of any level, longer ones within shorter."""
    if not hint or not category:
        return 0.0
    if within(hint, {category}) or within(category, {hint}):
        return _SAME_CATEGORY
    return _SAME_GROUP if at_level(hint, 1) == at_level(category, 1) else 0.0


def _way_share(comparison: Comparison, known: Known) -> float:
    if not known.ways:
        return 0.0
    return comparison.way_share(max(known.ways, key=comparison.likeness))
