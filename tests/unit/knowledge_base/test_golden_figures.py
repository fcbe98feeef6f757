"""What golden questions say of a search, counted."""

from __future__ import annotations

from hotline.domain.knowledge import Passage
from knowledge_base.golden import GoldenQuestion, Ground
from knowledge_base.golden_figures import GoldenFigures, golden_figures
from tests.builders import an_article


def passages(*ids: str, is_sure: bool = False) -> list[Passage]:
    return [
        Passage(an_article(id=id_), 0.5, is_confident=is_sure and place == 0) for place, id_ in enumerate(ids)
    ]


def test_hits_answers_and_wrong_answers_are_told_apart() -> None:
    question = GoldenQuestion("问", ("A1", "A2"))
    nothing = GoldenQuestion("不答", ground=Ground.OFF)
    found = [
        (question, passages("A1", "B", is_sure=True)),  # answered
        (question, passages("A2", "B")),  # found, put to a person
        (question, passages("B", "A1", is_sure=True)),  # answered wrongly
        (question, passages("B", "C", "D", "E", "F", "A1")),  # too far down
        (question, []),
        (nothing, passages("B")),
        (nothing, passages("B", is_sure=True)),  # answered wrongly
        (nothing, []),
    ]
    assert golden_figures(found) == GoldenFigures(
        questions=8, answerable=5, hit_at_1=0.4, hit_at_5=0.6, answered=0.2, wrong=0.6667, wrong_of_all=0.25
    )


def test_of_no_questions_every_share_is_nothing() -> None:
    assert golden_figures([]) == GoldenFigures(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)
