"""The tantivy engine: days, hints, misheard words, and an index that is rebuilt whenever it must be."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.domain.knowledge import KnowledgePosition
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.tantivy_index import TantivyIndex
from knowledge_base.wording import load_wording
from tests.builders import LINYI, an_article

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
ON = date(2026, 11, 23)
HEATING = an_article()
RESIDENCE = an_article(
    id="A0501-09",
    title="居住证怎么办",
    questions=("外地人办居住证要什么条件", "居住证到期怎么续签"),
    spoken="住满半年可以申领。",
    full="居住半年以上可以申领居住证。",
    category="0501",
)
INSURANCE = an_article(
    id="A0901-01",
    title="医保关系怎么转移",
    questions=("换工作到外地医保怎么转", "外地的医保年限能接上吗"),
    spoken="在国家医保服务平台申请。",
    full="在国家医保服务平台申请转移接续。",
    category="0901",
)
ARTICLES = [HEATING, RESIDENCE, INSURANCE]


def found(retriever: TantivyRetriever, question: str, *, on: date = ON, **more: object) -> list[str]:
    return [passage.article.id for passage in retriever.search(question, on=on, **more)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def retriever() -> TantivyRetriever:
    return TantivyRetriever.of(ARTICLES, WORDING)


def test_the_article_that_fits_comes_first_and_only_it_is_sure(retriever: TantivyRetriever) -> None:
    first, *others = retriever.search("请问居住证到期了怎么续签", on=ON)
    assert (first.article, first.is_confident) == (RESIDENCE, True)
    assert [passage.is_confident for passage in others] == [False] * len(others)
    assert all(0 <= passage.score <= first.score <= 1 for passage in others)


def test_misheard_words_still_find_their_article(retriever: TantivyRetriever) -> None:
    assert found(retriever, "衣宝怎么专一")[0] == "A0901-01"


def test_what_was_heard_is_read_as_the_articles_word_it(retriever: TantivyRetriever) -> None:
    assert retriever.as_meant("居主证到起怎么序签") == ("居住证到期怎么续签",)
    (heard, *_) = retriever.search("居主证到起怎么序签", on=ON, is_heard=True)
    (written, *_) = retriever.search("居主证到起怎么序签", on=ON)
    assert (heard.article, heard.is_confident) == (RESIDENCE, True)
    assert heard.score > written.score + 0.2


def test_what_else_may_have_been_said_is_searched_for_too(retriever: TantivyRetriever) -> None:
    assert found(retriever, "怎么续签", is_heard=True)[0] == "A0501-09"
    others = ["医保关系怎么转移", "外地的医保怎么转"]
    assert found(retriever, "怎么续签", is_heard=True, others=others)[0] == "A0901-01"
    assert retriever.as_meant("医保", ["衣保", "居住证", "医保"]) == ("医保", "居住证")


def test_words_of_an_article_are_heard_once_it_is_published() -> None:
    index = TantivyIndex.in_memory(ARTICLES, WORDING)
    retriever = TantivyRetriever(index, WORDING)
    assert retriever.as_meant("蓝京歌浅") == ("蓝京歌浅",)
    whale = an_article(id="A9", title="蓝鲸搁浅怎么办", questions=("海边有蓝鲸搁浅",))
    index.write([whale], (), KnowledgePosition(1, "one"))
    assert retriever.as_meant("蓝京歌浅") == ("蓝鲸搁浅",)
    assert found(retriever, "蓝京歌浅", is_heard=True)[0] == "A9"


@pytest.mark.parametrize("question", ["", "？！", "   ", "嗯"])
def test_a_question_without_words_finds_nothing_sure(retriever: TantivyRetriever, question: str) -> None:
    assert not any(passage.is_confident for passage in retriever.search(question, on=ON))


def test_characters_of_a_query_language_are_only_characters(retriever: TantivyRetriever) -> None:
    assert found(retriever, 'title:"居住证" AND (怎么 OR -办) ~2 *')[0] == "A0501-09"


def test_a_very_long_question_is_answered_from_its_beginning(retriever: TantivyRetriever) -> None:
    for is_heard in (False, True):
        long = "居住证到期怎么续签" + "啊" * 100_000
        assert found(retriever, long, is_heard=is_heard, others=[long] * 9)[0] == "A0501-09"


def test_the_limit_holds(retriever: TantivyRetriever) -> None:
    assert len(retriever.search("怎么办", on=ON, limit=1)) == 1


def test_only_articles_valid_on_the_day_are_found() -> None:
    old = an_article(id="A1", valid_from=date(2025, 1, 1), valid_until=date(2025, 12, 31))
    new = an_article(id="A2", valid_from=date(2026, 1, 1))
    retriever = TantivyRetriever.of([old, new], WORDING)
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1)]
    assert [found(retriever, "什么时候供暖", on=on) for on in days] == [[], ["A1"], ["A1"], ["A2"]]


def test_a_category_hint_decides_between_equals() -> None:
    twins = [an_article(id="A1", category="0101"), an_article(id="A2", category="0501")]
    retriever = TantivyRetriever.of(twins, WORDING)
    assert found(retriever, "什么时候供暖", category="0501")[0] == "A2"
    assert found(retriever, "什么时候供暖", category="0101")[0] == "A1"
    assert found(retriever, "什么时候供暖", category="0599")[0] == "A2"


def test_equals_are_not_sure() -> None:
    twins = [an_article(id="A1"), an_article(id="A2")]
    (best, _) = TantivyRetriever.of(twins, WORDING).search("暖气什么时候来", on=ON)
    assert not best.is_confident


def test_no_articles_find_nothing() -> None:
    assert found(TantivyRetriever.of([], WORDING), "什么时候供暖") == []
