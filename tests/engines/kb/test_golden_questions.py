"""The knowledge base asked what it was not written for: held-out questions, misheard ones, and what it must not answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import date

import pytest

from app.settings import ROOT
from hotline.city import load_city
from hotline.domain.knowledge import Passage
from knowledge_base.articles import load_articles
from knowledge_base.engines.e5_package import NAME
from knowledge_base.engines.onnx_encoder import MODEL, OnnxEncoder
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.vectors import Vectors
from knowledge_base.golden import GoldenQuestion, Ground, load_golden
from knowledge_base.golden_figures import golden_figures
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
EVERY_THIRD = 3
EVERY_SEVENTEENTH = 17

Found = list[tuple[GoldenQuestion, Sequence[Passage]]]


@pytest.fixture(scope="module")
def retriever() -> TantivyRetriever:
    """By words, characters, sounds and meaning, as ``hotline setup`` leaves it."""
    if not (ENCODER / MODEL).exists():
        pytest.skip(f"no sentence encoder: {ENCODER / MODEL}")
    vectors = Vectors(OnnxEncoder(ENCODER), ROOT / "build" / "vectors")
    return TantivyRetriever.of(ARTICLES, WORDING, vectors=vectors)


@pytest.fixture(scope="module")
def words_alone(retriever: TantivyRetriever) -> TantivyRetriever:
    """The same index without the encoder."""
    index = copy(retriever.index)
    index.vectors = None
    return retriever.over(index)


@pytest.fixture(scope="module")
def found(retriever: TantivyRetriever) -> Found:
    """What every golden question finds."""
    return asked(retriever, GOLDEN)


def asked(
    retriever: TantivyRetriever,
    questions: Sequence[GoldenQuestion],
    hear: Callable[[str], str] | None = None,
) -> Found:
    if hear is None:
        return [(golden, retriever.search(golden.text, on=ON)) for golden in questions]
    return [(golden, retriever.search(hear(golden.text), on=ON, is_heard=True)) for golden in questions]


def test_the_golden_questions_are_held_out() -> None:
    written = {plain(asking) for article in ARTICLES for asking in (article.title, *article.questions)}
    assert len(ANSWERABLE) >= 500
    assert len(UNANSWERABLE) >= 150
    assert {golden.text for golden in ANSWERABLE if plain(golden.text) in written} == set()


def test_questions_find_their_article_and_hardly_any_answer_is_wrong(
    found: Found, record_property: Callable[[str, object], None]
) -> None:
    measured = golden_figures(found)
    record_property("figures", str(measured))
    assert measured.hit_at_1 >= 0.9
    assert measured.hit_at_5 >= 0.98
    assert measured.answered >= 0.58
    assert measured.wrong <= 0.03
    assert measured.wrong_of_all <= 0.015


def test_no_report_is_answered(found: Found) -> None:
    reports = [(one.text, passages) for one, passages in found if one.ground is Ground.REPORT]
    assert len(reports) >= 40
    assert [text for text, passages in reports if any(one.is_confident for one in passages)] == []


def test_words_alone_answer_less_and_not_more_wrongly(
    words_alone: TantivyRetriever, record_property: Callable[[str, object], None]
) -> None:
    measured = golden_figures(asked(words_alone, GOLDEN[::EVERY_THIRD]))
    record_property("figures", str(measured))
    assert measured.hit_at_1 >= 0.75
    assert measured.answered >= 0.38
    assert measured.wrong_of_all <= 0.02


@pytest.mark.parametrize("seed", [1, 2])
def test_misheard_questions_find_their_article_too(retriever: TantivyRetriever, seed: int) -> None:
    """Each seed asks another third of the questions; a bad hearing costs answers, not right ones."""
    some = GOLDEN[seed::EVERY_THIRD]
    measured = golden_figures(asked(retriever, some, lambda text: misheard(text, share=0.15, seed=seed)))
    assert measured.hit_at_1 >= 0.78
    assert measured.answered >= 0.3
    assert measured.wrong_of_all <= 0.03


def test_a_known_way_of_asking_finds_its_article(retriever: TantivyRetriever) -> None:
    ways = [(asking, article) for article in ARTICLES for asking in (article.title, *article.questions)]
    missed = [
        asking
        for asking, article in ways[::EVERY_SEVENTEENTH]
        if retriever.search(asking, on=ON)[0].article != article
    ]
    assert missed == []
