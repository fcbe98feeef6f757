"""Golden questions asked in a process of their own: the same verdicts, and an end to it when it takes too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from app.golden_process import GoldenWork, asked, asked_in_own_process
from app.knowledge import open_vectors
from app.settings import Settings
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.knowledge import START
from knowledge_base.engines.tantivy_index import TantivyIndex
from knowledge_base.golden import GoldenQuestion, Ground
from knowledge_base.wording import load_wording
from tests.builders import LINYI, an_article

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
HEATING = an_article()
RESIDENCE = replace(HEATING, id="A0501-09", title="居住证怎么办", questions=("居住证到期怎么续签",))


@pytest.fixture
def work(tmp_path: Path) -> GoldenWork:
    """An article on residence permits is to be published beside the one on heating."""
    place = tmp_path / "index"
    place.mkdir()
    index = TantivyIndex.create(place, [HEATING], WORDING, START)
    questions = (
        GoldenQuestion(HEATING.title, (HEATING.id,)),
        GoldenQuestion("居住证到期了怎么续签", (RESIDENCE.id,)),
        GoldenQuestion("讲个笑话", ground=Ground.OFF),
    )
    vectors = partial(open_vectors, Settings(encoder="off"))
    copy = tmp_path / "copy"
    index.copied(copy)
    return GoldenWork(copy, WORDING, vectors, questions, date(2026, 11, 23), (RESIDENCE,))


async def test_the_process_says_how_it_was_and_how_it_would_be(work: GoldenWork) -> None:
    told: list[int] = []
    many = (*work.questions, *(GoldenQuestion(f"讲个笑话{n}", ground=Ground.OFF) for n in range(17)))
    answers = await asked_in_own_process(replace(work, questions=many), seconds=120, told=told.append)
    assert told == [20, 40]
    assert (len(answers.before), len(answers.after)) == (20, 20)
    assert [one.is_right for one in answers.before[:3]] == [True, False, True]
    assert [one.is_right for one in answers.after[:3]] == [True, True, True]
    assert answers.figures.hit_at_1 == 1


def test_what_is_known_of_before_is_not_asked_again(work: GoldenWork) -> None:
    known = asked(replace(work, changed=()), None).before
    assert [one.is_right for one in known] == [True, False, True]
    answers = asked(replace(work, before=known), None)
    assert answers.before is known
    assert [one.is_right for one in answers.after] == [True, True, True]


async def test_a_process_that_is_late_is_ended_and_nothing_is_published(work: GoldenWork) -> None:
    with pytest.raises(EngineUnavailableError, match="late"):
        await asked_in_own_process(work, seconds=0.05)


def test_a_copy_that_is_gone_is_a_clear_error(work: GoldenWork) -> None:
    with pytest.raises(EngineUnavailableError):
        asked(replace(work, place=work.place / "gone"), None)
