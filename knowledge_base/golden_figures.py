"""What golden questions say of a search: how many find their article, how many are answered, how many wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hotline.domain.knowledge import Passage
from knowledge_base.golden import GoldenQuestion


@dataclass(frozen=True, slots=True)
class GoldenFigures:
    """Shares of the answerable questions; ``wrong`` of all answers given, ``wrong_of_all`` of all questions.

    ``answered`` counts right answers that pass the gate; a question found but not answered goes to a person.
    """

    questions: int
    answerable: int
    hit_at_1: float
    hit_at_5: float
    answered: float
    wrong: float
    wrong_of_all: float


def golden_figures(found: Iterable[tuple[GoldenQuestion, Sequence[Passage]]]) -> GoldenFigures:
    """Count over questions with the five best passages of each; shares of nothing are 0."""
    questions = answerable = first = five = right = wrong = 0
    for golden, passages in found:
        ids = [passage.article.id for passage in passages]
        is_answered = any(passage.is_confident for passage in passages)
        is_first = bool(ids) and ids[0] in golden.answers
        questions += 1
        answerable += bool(golden.answers)
        first += is_first
        five += not set(ids[:5]).isdisjoint(golden.answers)
        right += is_answered and is_first
        wrong += is_answered and not is_first
    return GoldenFigures(
        questions=questions,
        answerable=answerable,
        hit_at_1=_share(first, answerable),
        hit_at_5=_share(five, answerable),
        answered=_share(right, answerable),
        wrong=_share(wrong, right + wrong),
        wrong_of_all=_share(wrong, questions),
    )


def _share(some: int, whole: int) -> float:
    return round(some / whole, 4) if whole else 0.0
