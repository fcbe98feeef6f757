"""The knowledge base asked what it was not written for: held-out questions, misheard ones, and what it must not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest

from app.settings import ROOT
from hotline.city import load_city
from knowledge_base.articles import load_articles
from knowledge_base.engines.e5_package import NAME
from knowledge_base.engines.onnx_encoder import MODEL, OnnxEncoder
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.vectors import Vectors
from knowledge_base.golden import Ground, load_golden
from knowledge_base.wording import load_wording, plain
from tests.builders import LINYI
from tests.engines.kb.homophones import misheard

ARTICLES = load_articles([LINYI / "articles"], load_city(LINYI))
GOLDEN = load_golden(LINYI / "golden", {article.id for article in ARTICLES})
ANSWERABLE = [golden for golden in GOLDEN if golden.answers]
UNANSWERABLE = [golden for golden in GOLDEN if golden.ground]
ON = date(2026, 11, 23)


pytestmark = pytest.mark.timeout(300)  # vectors of all articles are made once for a machine
ENCODER = ROOT / "build" / "models" / NAME
WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")


@pytest.fixture(scope="module")
def retriever() -> TantivyRetriever:
    """By words, characters, sounds and meaning, as ``hotline setup`` leaves it."""
    if not (ENCODER / MODEL).exists():
        pytest.skip(f"no sentence encoder: {ENCODER / MODEL}")
    vectors = Vectors(OnnxEncoder(ENCODER), ROOT / "build" / "vectors")
    return TantivyRetriever.of(ARTICLES, WORDING, vectors=vectors)


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of all answerable questions; ``wrong`` of all answers given and ``wrong_of_all`` of all questions."""

    hit_at_1: float
    hit_at_5: float
    answered: float
    wrong: float
    wrong_of_all: float


def figures(retriever: TantivyRetriever, hear: Callable[[str], str]) -> Figures:
    first = five = right = wrong = 0
    for golden in ANSWERABLE:
        found = retriever.search(hear(golden.text), on=ON)
        ids = [passage.article.id for passage in found]
        first += ids[0] in golden.answers
        five += bool(set(ids) & set(golden.answers))
        right += found[0].is_confident and ids[0] in golden.answers
        wrong += found[0].is_confident and ids[0] not in golden.answers
    for golden in UNANSWERABLE:
        wrong += any(passage.is_confident for passage in retriever.search(hear(golden.text), on=ON))
    return Figures(
        hit_at_1=first / len(ANSWERABLE),
        hit_at_5=five / len(ANSWERABLE),
        answered=right / len(ANSWERABLE),
        wrong=wrong / (right + wrong),
        wrong_of_all=wrong / (len(ANSWERABLE) + len(UNANSWERABLE)),
    )


def test_the_golden_questions_are_held_out() -> None:
    written = {plain(asking) for article in ARTICLES for asking in (article.title, *article.questions)}
    assert len(ANSWERABLE) >= 500
    assert len(UNANSWERABLE) >= 150
    assert {golden.text for golden in ANSWERABLE if plain(golden.text) in written} == set()


def test_questions_find_their_article_and_hardly_any_answer_is_wrong(
    retriever: TantivyRetriever, record_property: Callable[[str, object], None]
) -> None:
    measured = figures(retriever, lambda text: text)
    record_property("figures", measured)
    assert measured.hit_at_1 >= 0.9
    assert measured.hit_at_5 >= 0.98
    assert measured.answered >= 0.58
    assert measured.wrong <= 0.03
    assert measured.wrong_of_all <= 0.015


def test_words_alone_answer_less_and_not_more_wrongly(record_property: Callable[[str, object], None]) -> None:
    measured = figures(TantivyRetriever.of(ARTICLES, WORDING), lambda text: text)
    record_property("figures", measured)
    assert measured.hit_at_1 >= 0.8
    assert measured.answered >= 0.4
    assert measured.wrong <= 0.03


@pytest.mark.parametrize("seed", [7, 8])
def test_misheard_questions_find_their_article_too(retriever: TantivyRetriever, seed: int) -> None:
    measured = figures(retriever, lambda text: misheard(text, share=0.15, seed=seed))
    assert measured.hit_at_1 >= 0.8
    assert measured.answered >= 0.4
    assert measured.wrong_of_all <= 0.03


def test_no_report_is_answered(retriever: TantivyRetriever) -> None:
    reports = [golden.text for golden in UNANSWERABLE if golden.ground is Ground.REPORT]
    assert len(reports) >= 40
    assert [text for text in reports if any(one.is_confident for one in retriever.search(text, on=ON))] == []


def test_every_known_way_of_asking_finds_its_article(retriever: TantivyRetriever) -> None:
    missed = [
        asking
        for article in ARTICLES
        for asking in (article.title, *article.questions)
        if retriever.search(asking, on=ON)[0].article != article
    ]
    assert missed == []
