"""The index that machines share on an OpenSearch server: in step with the database, and done without while it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date

import pytest

from hotline.city import load_city
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import Article, KnowledgePosition
from knowledge_base.articles import load_articles
from knowledge_base.engines.opensearch import OpenSearchRetriever, query_of
from knowledge_base.engines.opensearch_index import OpenSearchIndex
from knowledge_base.engines.scripted import ScriptedRetriever
from knowledge_base.engines.shared import SharedRetriever
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.wording import load_wording
from tests.builders import LINYI, a_passage
from tests.opensearch import StandInOpenSearch
from tests.receiver import serving

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
ON = date(2026, 11, 23)
ARTICLES = load_articles([LINYI / "articles"], load_city(LINYI))[:20]
ASKED = ARTICLES[3].questions[0]


class Source:
    """What a database would say: articles, and a change for each call of ``put``."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self.articles = {one.id: one for one in articles}
        self.changed: list[str] = []

    def put(self, article: Article | None, id_: str) -> None:
        self.articles.pop(id_, None)
        if article is not None:
            self.articles[id_] = article
        self.changed.append(id_)

    async def position(self) -> KnowledgePosition:
        return KnowledgePosition(len(self.changed), "one")

    async def changes_after(
        self, position: KnowledgePosition
    ) -> tuple[KnowledgePosition, Sequence[str]] | None:
        if position.token != "one":
            return None
        return await self.position(), self.changed[position.sequence :]

    async def published(self, ids: Collection[str]) -> Sequence[Article]:
        return [self.articles[id_] for id_ in ids if id_ in self.articles]

    async def all_published(self) -> AsyncIterator[Article]:
        for article in self.articles.values():
            yield article


@pytest.fixture
async def server() -> AsyncIterator[tuple[StandInOpenSearch, str]]:
    stand_in = StandInOpenSearch()
    async with serving(stand_in.app()) as url:
        yield stand_in, url


async def first(retriever: OpenSearchRetriever, text: str) -> tuple[str, float, bool]:
    found = (await retriever.retrieve(text, on=ON, limit=1))[0]
    return found.article.id, found.score, found.is_confident


@pytest.mark.parametrize("version", ["2.19.0", "3.1.0"])
async def test_it_answers_as_the_machines_own_index_does(
    server: tuple[StandInOpenSearch, str], version: str
) -> None:
    stand_in, url = server
    stand_in.version = version
    shared, own = OpenSearchRetriever(OpenSearchIndex(url, WORDING)), TantivyRetriever.of(ARTICLES, WORDING)
    assert await shared.catch_up(Source(ARTICLES)) == len(ARTICLES)
    for article in ARTICLES[::5]:
        for asking in (article.title, article.questions[-1]):
            id_, score, is_confident = await first(shared, asking)
            (expected,) = own.search(asking, on=ON, limit=1)
            assert (id_, is_confident) == (expected.article.id, expected.is_confident)
            assert score == pytest.approx(expected.score, abs=0.02)
    await shared.index.close()


async def test_changes_are_seen_and_what_is_taken_out_is_gone(server: tuple[StandInOpenSearch, str]) -> None:
    stand_in, url = server
    shared, source = OpenSearchRetriever(OpenSearchIndex(url, WORDING)), Source(ARTICLES)
    await shared.catch_up(source)
    source.put(None, ARTICLES[3].id)
    new = replace(ARTICLES[0], id="A9901-99", title="蓝鲸搁浅救护怎么联系", questions=("蓝鲸搁浅了找谁",))
    source.put(new, new.id)
    assert await shared.catch_up(source) == 2
    assert await shared.catch_up(source) == 0
    assert (await first(shared, "蓝鲸搁浅了找谁"))[0] == new.id
    assert ARTICLES[3].id not in {one.article.id for one in await shared.retrieve(ASKED, on=ON)}
    # Another database, as after a restore: what it does not have is taken out.
    stand_in.documents["hotline.position"]["position"]["token"] = "two"
    source.put(None, new.id)
    await shared.catch_up(source)
    assert set(stand_in.documents) == {"hotline.position", *source.articles}
    await shared.index.close()


async def test_a_bulk_that_was_not_written_whole_is_written_again(
    server: tuple[StandInOpenSearch, str],
) -> None:
    stand_in, url = server
    shared, source = OpenSearchRetriever(OpenSearchIndex(url, WORDING)), Source(ARTICLES)
    stand_in.refuses = {ARTICLES[3].id}
    with pytest.raises(EngineUnavailableError):
        await shared.catch_up(source)
    stand_in.refuses = set()
    assert await shared.catch_up(source) == len(ARTICLES)
    assert (await first(shared, ASKED))[0] == ARTICLES[3].id
    await shared.index.close()


class Own(ScriptedRetriever):
    """The machine's own search, whose articles ask one thing."""

    def as_meant(self, heard: str, others: Sequence[str] = ()) -> tuple[str, ...]:
        return (ASKED, heard, *others)


async def test_what_was_heard_is_searched_as_the_own_articles_word_it(
    server: tuple[StandInOpenSearch, str],
) -> None:
    _, url = server
    shared, source = OpenSearchRetriever(OpenSearchIndex(url, WORDING)), Source(ARTICLES)
    async with AsyncExitStack() as stack:
        retriever = SharedRetriever(shared, Own({}), source)
        await retriever.open(stack)
        while not retriever.is_in_step:
            await asyncio.sleep(0.02)
        assert (await retriever.retrieve("天气怎样", on=ON, is_heard=True))[0].article == ARTICLES[3]
        written = await retriever.retrieve("天气怎样", on=ON)
        assert not written or written[0].article != ARTICLES[3]


async def test_while_the_server_is_away_or_behind_the_own_index_answers(
    server: tuple[StandInOpenSearch, str],
) -> None:
    stand_in, url = server
    shared, source = OpenSearchRetriever(OpenSearchIndex(url, WORDING)), Source(ARTICLES)
    retriever = SharedRetriever(shared, Own({ASKED: [a_passage()]}), source)
    assert list(await retriever.retrieve(ASKED, on=ON)) == [a_passage()]  # not in step yet
    async with AsyncExitStack() as stack:
        await retriever.open(stack)
        while not retriever.is_in_step:
            await asyncio.sleep(0.02)
        assert (await retriever.retrieve(ASKED, on=ON))[0].article == ARTICLES[3]
        stand_in.status = 503
        assert list(await retriever.retrieve(ASKED, on=ON)) == [a_passage()]
        assert not retriever.is_in_step


def test_the_query_filters_by_day_and_county_and_takes_the_category_as_a_hint() -> None:
    query = query_of([("asked_words", "供暖", 1.5)], on=ON, county="371302", category="0101")["bool"]
    assert query["must"] == [
        {
            "bool": {
                "should": [{"term": {"asked_words": {"value": "供暖", "boost": 1.5}}}],
                "minimum_should_match": 1,
            }
        }
    ]
    assert [one["constant_score"]["filter"]["term"]["category"]["value"] for one in query["should"]] == [
        "0101",
        "01",
    ]
    assert query["filter"][0] == {"range": {"valid_from": {"lte": "2026-11-23"}}}
    assert {"term": {"regions": {"value": "371302"}}} in query["filter"][2]["bool"]["should"]
