"""How articles are laid out in a search engine's fields, and which terms a question searches them by: for every engine."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from typing import Final

from hotline.domain.knowledge import Article
from knowledge_base.likeness import Asked, body_of
from knowledge_base.terms import terms_of
from knowledge_base.weights import Weights
from knowledge_base.wording import Wording

MOST_TERMS: Final = 48
"""The rarest terms of a field that are searched by: common ones have long lists and decide nothing."""

MOST_POSTINGS: Final = 100_000
"""So many entries of the index are gone through for one question: about 2 ms; up to some thousand articles it is all of them."""

RarityOf = Callable[[str, str], float]
"""How rare a term is in a field: ``rarity("asked_words", "医保")``."""
HavingOf = Callable[[str, str], float]
"""How many articles have a term in a field."""


def texts_of(article: Article, wording: Wording) -> dict[str, str]:
    """Return the terms of an article by field, spaces between them."""
    asked = [wording.core(asking) for asking in (article.title, *article.questions)]
    body = [wording.core(text) for text in body_of(article)]
    texts: dict[str, str] = {}
    for prefix, parts in (("asked", asked), ("body", body)):
        meant = [terms_of(wording.canonical(part)) for part in parts]
        heard = [terms_of(part) for part in parts]
        texts[f"{prefix}_words"] = _joined(terms.words for terms in meant)
        texts[f"{prefix}_characters"] = _joined(terms.characters for terms in meant)
        texts[f"{prefix}_sounds"] = _joined(terms.sounds for terms in heard)
    return texts


def terms_for(field: str, asked: Asked) -> tuple[str, ...]:
    """Return the terms that ``field`` may be searched by, each once."""
    terms = {
        "words": asked.meant.words,
        "characters": asked.meant.characters,
        "sounds": asked.heard.sounds,
    }[field.partition("_")[2]]
    return tuple(dict.fromkeys(terms))


def weighed(
    asked: Asked, rarity_of: RarityOf, weights: Weights, having_of: HavingOf | None = None
) -> tuple[list[tuple[str, str, float]], float]:
    """Return fields, terms and boosts of a question's query, and the BM25 figure that it could reach at most.

    With ``having_of`` the query stays affordable in an index of any size: terms that most articles have are left out
    where the rarer ones have ``MOST_POSTINGS`` entries already.
    """
    terms: list[tuple[str, str, float, float]] = []
    for field, boost in weights.fields.items():
        rarest = [(rarity_of(field, term), term) for term in terms_for(field, asked)]
        if len(rarest) > MOST_TERMS:
            rarest = heapq.nlargest(MOST_TERMS, rarest)
        terms.extend((field, term, boost * rare**weights.rare, rare) for rare, term in rarest)
    if having_of is not None:
        terms = _affordable(terms, having_of)
    query = [(field, term, counts) for field, term, counts, _ in terms]
    return query, 1e-9 + sum(counts * rare for _, _, counts, rare in terms)


def _affordable(
    terms: list[tuple[str, str, float, float]], having_of: HavingOf
) -> list[tuple[str, str, float, float]]:
    having = [having_of(field, term) for field, term, _, _ in terms]
    if sum(having) <= MOST_POSTINGS:
        return terms
    left, kept = float(MOST_POSTINGS), set[int]()
    for at in sorted(range(len(terms)), key=having.__getitem__):
        left -= having[at]
        if left < 0 and kept:
            break
        kept.add(at)
    return [term for at, term in enumerate(terms) if at in kept]


def rarity(articles: int, having: float) -> float:
    """Return the weight of a term that ``having`` of the articles have (BM25's inverse document frequency).

    An engine may count in ``having`` what has been taken out and not cleared away yet.
    """
    having = min(having, articles)
    return math.log(1 + (articles - having + 0.5) / (having + 0.5))


def _joined(groups: Iterable[Iterable[str]]) -> str:
    return " ".join(term for terms in groups for term in terms)
