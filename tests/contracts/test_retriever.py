"""What every retriever promises, whatever searches inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import pytest

from hotline.domain.knowledge import KnowledgePosition
from knowledge_base.engines.opensearch import OpenSearchRetriever
from knowledge_base.engines.opensearch_index import OpenSearchIndex
from knowledge_base.engines.scripted import ScriptedRetriever
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.retriever import Retriever
from knowledge_base.wording import load_wording
from tests.builders import LINYI, a_passage, an_article
from tests.opensearch import StandInOpenSearch
from tests.receiver import serving

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
ASKED = "什么时候供暖"
EXPIRED = an_article(id="A0101-00", valid_from=date(2024, 1, 1), valid_until=date(2025, 12, 31))
VALID = an_article(valid_from=date(2026, 1, 1))
ELSEWHERE = an_article(id="A0101-02", title="兰山区什么时候供暖", regions=("371302",))
ON = date(2026, 11, 23)


@asynccontextmanager
async def scripted() -> AsyncIterator[Retriever]:
    passage = a_passage()
    yield ScriptedRetriever(
        {
            ASKED: [
                type(passage)(article, 0.9, is_confident=article is VALID)
                for article in (VALID, EXPIRED, ELSEWHERE)
            ]
        }
    )


@asynccontextmanager
async def tantivy() -> AsyncIterator[Retriever]:
    yield TantivyRetriever.of([EXPIRED, VALID, ELSEWHERE], WORDING)


@asynccontextmanager
async def opensearch() -> AsyncIterator[Retriever]:
    async with serving(StandInOpenSearch().app()) as url:
        index = OpenSearchIndex(url, WORDING)
        await index.create()
        await index.write([EXPIRED, VALID, ELSEWHERE], (), KnowledgePosition(1, "one"))
        yield OpenSearchRetriever(index)
        await index.close()


@pytest.fixture(params=[scripted, tantivy, opensearch], ids=lambda make: make.__name__)
async def retriever(request: pytest.FixtureRequest) -> AsyncIterator[Retriever]:
    async with request.param() as made:
        yield made


async def test_an_article_valid_on_the_day_is_found(retriever: Retriever) -> None:
    found = await retriever.retrieve(ASKED, on=ON)
    assert [(passage.article, passage.is_confident) for passage in found] == [(VALID, True)]
    assert 0 <= found[0].score <= 1


async def test_a_question_that_was_heard_finds_it_too(retriever: Retriever) -> None:
    for others in ((), (ASKED, "什么时候公暖")):
        found = await retriever.retrieve(ASKED, on=ON, is_heard=True, others=others)
        assert [(passage.article, passage.is_confident) for passage in found] == [(VALID, True)]


async def test_an_article_is_not_found_before_or_after_its_days(retriever: Retriever) -> None:
    assert list(await retriever.retrieve(ASKED, on=date(2023, 12, 31))) == []
    assert [one.article for one in await retriever.retrieve(ASKED, on=date(2025, 12, 31))] == [EXPIRED]


async def test_nothing_that_fits_is_an_empty_answer(retriever: Retriever) -> None:
    assert list(await retriever.retrieve("zzz", on=ON)) == []


async def test_a_category_is_a_hint_and_no_filter(retriever: Retriever) -> None:
    found = await retriever.retrieve(ASKED, on=ON, category="0901")
    assert [passage.article for passage in found] == [VALID]


async def test_no_more_than_the_limit_is_returned(retriever: Retriever) -> None:
    assert len(await retriever.retrieve(ASKED, on=ON, limit=1)) == 1


async def test_what_holds_in_one_county_is_found_for_that_county_only(retriever: Retriever) -> None:
    found = {
        county: {one.article.id for one in await retriever.retrieve(ASKED, on=ON, county=county)}
        for county in (None, "371302", "371311")
    }
    assert found == {
        None: {VALID.id},
        "371302": {VALID.id, ELSEWHERE.id},
        "371311": {VALID.id},
    }
