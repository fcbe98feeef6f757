"""The confidence gate: rather a person than a wrong answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from knowledge_base.gate import Find, Gate
from knowledge_base.wording import Manner

SURE = Find(score=0.6, lead=0.3, subject=1.0, way=1.0, length=10)
GATE = Gate()


def test_a_question_is_answered_by_an_article_that_fits_and_leads() -> None:
    assert GATE.lets(Manner.QUESTION, SURE)


@pytest.mark.parametrize(
    "doubt",
    [
        {"score": 0.2, "lead": 0.05},
        {"score": 0.39, "lead": 0.0},
        {"subject": 0.6},
        {"way": 0.0, "lead": 0.05},
    ],
    ids=["unlike", "another is as like", "the subject is not known", "the article is asked for otherwise"],
)
def test_a_doubtful_article_is_not_answered_with(doubt: dict[str, Any]) -> None:
    assert not GATE.lets(Manner.QUESTION, replace(SURE, **doubt))


def test_a_long_question_may_hold_what_the_article_does_not_know() -> None:
    assert GATE.lets(Manner.QUESTION, replace(SURE, subject=0.6, length=25))


def test_a_report_is_never_answered() -> None:
    assert not GATE.lets(Manner.REPORT, replace(SURE, score=1.0, lead=1.0))


def test_a_bare_topic_must_be_nearly_the_articles_own_words() -> None:
    assert GATE.lets(Manner.TOPIC, SURE)
    assert not GATE.lets(Manner.TOPIC, replace(SURE, score=0.5, lead=0.1))
    assert not GATE.lets(Manner.TOPIC, replace(SURE, length=13))
