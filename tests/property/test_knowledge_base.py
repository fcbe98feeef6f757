"""Knowledge search over any text: it answers with what is known and valid, or not at all."""

from __future__ import annotations

from datetime import date
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hotline.city import load_city
from knowledge_base.articles import load_articles
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.wording import Manner, load_wording, plain
from tests.builders import LINYI

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
ARTICLES = Random(5).sample(load_articles([LINYI / "articles"], load_city(LINYI)), 40)
RETRIEVER = TantivyRetriever.of(ARTICLES, WORDING)
ON = date(2026, 11, 23)

hotline_words = st.sampled_from(
    "医保身份证丢了怎么办暖气不热多少钱小区物业投诉没人管什么时候吗啊，。？ 12345"
)
texts = st.one_of(st.text(max_size=60), st.text(hotline_words, max_size=60))
known = st.sampled_from([asking for article in ARTICLES for asking in article.questions])


@given(texts)
def test_any_text_is_searched_without_harm(text: str) -> None:
    found = RETRIEVER.search(text, on=ON)
    scores = [passage.score for passage in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert not any(passage.is_confident for passage in found[1:])


@given(texts)
def test_a_report_is_never_answered(text: str) -> None:
    if WORDING.manner(text) is Manner.REPORT:
        assert not any(passage.is_confident for passage in RETRIEVER.search(text, on=ON))


@given(known, st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_only_what_is_valid_on_the_day_is_found(asking: str, on: date) -> None:
    assert all(passage.article.is_valid(on=on) for passage in RETRIEVER.search(asking, on=on))


@given(known, st.sampled_from(["您好，", "请问", "我想问一下", "喂，你好，我想咨询一下", "麻烦您，"]))
def test_courtesies_change_neither_what_is_found_nor_its_score(asking: str, courtesy: str) -> None:
    polite, plainly = RETRIEVER.search(courtesy + asking, on=ON), RETRIEVER.search(asking, on=ON)
    assert [(one.article.id, one.score) for one in polite] == [(one.article.id, one.score) for one in plainly]


@given(known, st.sampled_from(["？", "。", " ", "！", "，，"]), st.integers(0, 30))
def test_punctuation_changes_nothing(asking: str, mark: str, at: int) -> None:
    assert RETRIEVER.search(asking[:at] + mark + asking[at:], on=ON) == RETRIEVER.search(asking, on=ON)


@given(texts)
def test_plain_text_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)
