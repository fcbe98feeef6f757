"""What becomes of questions: in vain or not, and candidates that a person takes or dismisses."""

from __future__ import annotations

import pytest

from hotline.domain.knowledge_use import (
    ArticleUse,
    Candidate,
    CandidateOrigin,
    CandidateSettledError,
    CandidateState,
    Lookup,
)
from hotline.domain.people import MACHINE, Actor
from tests.articles import EDITOR, HOUSING
from tests.builders import NOW
from tests.work_orders import AGENT

CANDIDATE = Candidate("c1", "order:26112300001", CandidateOrigin.ORDER, ("几号供暖",), NOW)


@pytest.mark.parametrize(
    ("is_answered", "helped", "in_vain"),
    [(True, True, False), (True, None, False), (True, False, True), (False, None, True)],
)
def test_a_question_was_in_vain_unless_it_was_answered_and_nobody_said_it_did_not_help(
    is_answered: bool, helped: bool | None, in_vain: bool
) -> None:
    assert Lookup(1, NOW, "几号供暖", is_answered=is_answered, helped=helped).was_in_vain is in_vain


def test_the_share_that_helped_is_of_those_who_said_something() -> None:
    assert ArticleUse("A1", found=9, answered=8, helped=3, not_helped=1).helped_share == 0.75
    assert ArticleUse("A1", found=9, answered=8, helped=0, not_helped=0).helped_share is None


def test_a_candidate_is_taken_into_a_draft() -> None:
    taken = CANDIDATE.taken("A0101-11", by=HOUSING)
    assert (taken.state, taken.article, taken.settled_by, taken.revision) == (
        CandidateState.TAKEN,
        "A0101-11",
        "unit:h-1",
        2,
    )


def test_a_candidate_is_dismissed_with_a_reason() -> None:
    dismissed = CANDIDATE.dismissed("与 A0101-01 相同", by=EDITOR)
    assert (dismissed.state, dismissed.note) == (CandidateState.DISMISSED, "与 A0101-01 相同")
    with pytest.raises(CandidateSettledError, match="原因"):
        CANDIDATE.dismissed("", by=EDITOR)


@pytest.mark.parametrize("by", [MACHINE, AGENT])
def test_only_those_who_write_articles_deal_with_candidates(by: Actor) -> None:
    with pytest.raises(CandidateSettledError, match="权限"):
        CANDIDATE.taken("A1", by=by)


def test_a_candidate_is_dealt_with_once() -> None:
    with pytest.raises(CandidateSettledError, match="已经处理"):
        CANDIDATE.taken("A1", by=EDITOR).dismissed("重复", by=EDITOR)
