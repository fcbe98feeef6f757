"""What every retriever promises, whatever searches inside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.engines.scripted import ScriptedRetriever
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.retriever import Retriever
from knowledge_base.wording import load_wording
from tests.builders import LINYI, a_passage, an_article

ASKED = "什么时候供暖"
EXPIRED = an_article(id="A0101-00", valid_from=date(2024, 1, 1), valid_until=date(2025, 12, 31))
VALID = an_article(valid_from=date(2026, 1, 1))
ELSEWHERE = an_article(id="A0101-02", title="兰山区什么时候供暖", regions=("371302",))
ON = date(2026, 11, 23)


def scripted(folder: Path) -> Retriever:
    passage = a_passage()
    return ScriptedRetriever(
        {
            ASKED: [
                type(passage)(article, 0.9, is_confident=article is VALID)
                for article in (VALID, EXPIRED, ELSEWHERE)
            ]
        }
    )


def tantivy(folder: Path) -> Retriever:
    return TantivyRetriever.of([EXPIRED, VALID, ELSEWHERE], load_wording(LINYI / "lexicon" / "synonyms.yaml"))


@pytest.fixture(params=[scripted, tantivy], ids=lambda make: make.__name__)
def retriever(request: pytest.FixtureRequest, tmp_path: Path) -> Retriever:
    make: Callable[[Path], Retriever] = request.param
    return make(tmp_path)


async def test_an_article_valid_on_the_day_is_found(retriever: Retriever) -> None:
    found = await retriever.retrieve(ASKED, on=ON)
    assert [(passage.article, passage.is_confident) for passage in found] == [(VALID, True)]
    assert 0 <= found[0].score <= 1


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
