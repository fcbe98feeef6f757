"""The report of ``hotline kb search``."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.domain.errors import EngineUnavailableError
from knowledge_base.engines.scripted import ScriptedRetriever
from knowledge_base.searching import search_report
from tests.builders import a_passage

ON = date(2026, 11, 23)


@pytest.mark.parametrize("is_confident", [True, False])
async def test_the_report_tells_what_would_be_answered(*, is_confident: bool) -> None:
    retriever = ScriptedRetriever({"几号供暖": [a_passage(is_confident=is_confident)]})
    assert await search_report(retriever, "几号供暖", on=ON) == {
        "would_answer": is_confident,
        "passages": [
            {
                "article": "A0101-01",
                "title": "供暖时间",
                "score": 0.9,
                "spoken": "采暖期是十一月十日到次年三月二十日。",
            }
        ],
    }


async def test_nothing_found_would_not_be_answered() -> None:
    assert await search_report(ScriptedRetriever({}), "?", on=ON) == {"would_answer": False, "passages": []}


async def test_a_search_that_is_away_says_so() -> None:
    with pytest.raises(EngineUnavailableError, match="scripted"):
        await search_report(ScriptedRetriever({}, is_away=True), "几号供暖", on=ON)
