"""The life of an article: only what a second person has reviewed is ever in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hotline.domain.article_life import (
    SEED,
    TRANSITIONS,
    WHO,
    ArticleNotFoundError,
    ArticleStatus,
    ArticleStep,
    ArticleStepRefusedError,
    ArticleVersion,
    PublicationBlockedError,
    Refusal,
)
from hotline.domain.golden_gate import Verdict, compare
from hotline.domain.people import CITIZEN, MACHINE, Actor, Role
from tests.articles import (
    EDITOR,
    HOUSING,
    OTHER_EDITOR,
    REVIEWER,
    a_draft,
    a_full_article,
    in_review,
    published,
    scheduled,
)
from tests.builders import NOW, after


def refusal_of(version: ArticleVersion, step: ArticleStep, by: Actor, note: str = "原因") -> Refusal | None:
    with pytest.raises(ArticleStepRefusedError) as error:
        version.after(step, by=by, at=NOW, note=note)
    assert (error.value.article, error.value.status, error.value.step) == (version.id, version.status, step)
    return error.value.refusal


def test_a_version_goes_from_draft_by_review_into_force() -> None:
    version = published()
    assert (version.status, version.authors, version.reviewed_by) == (
        ArticleStatus.PUBLISHED,
        ("e-1",),
        "r-1",
    )
    assert [entry.after for entry in version.history] == [
        ArticleStatus.DRAFT,
        ArticleStatus.IN_REVIEW,
        ArticleStatus.SCHEDULED,
        ArticleStatus.PUBLISHED,
    ]
    assert version.revision == 4


def test_nobody_reviews_what_they_wrote() -> None:
    own = in_review(by=REVIEWER)
    assert refusal_of(own, ArticleStep.APPROVE, REVIEWER) is Refusal.OWN_WORK
    assert own.after(ArticleStep.APPROVE, by=Actor(Role.REVIEWER, "r-2"), at=NOW).reviewed_by == "r-2"


def test_nobody_brings_forward_or_overrules_golden_questions_on_what_they_wrote() -> None:
    own = in_review(by=REVIEWER).after(
        ArticleStep.APPROVE, by=Actor(Role.REVIEWER, "r-2"), at=NOW, publish_at=after(60)
    )
    held = own.after(ArticleStep.HOLD, by=MACHINE, at=after(60))
    for version in (own, held):
        assert refusal_of(version, ArticleStep.PUBLISH, REVIEWER) is Refusal.OWN_WORK
        assert version.after(ArticleStep.PUBLISH, by=MACHINE, at=after(60)).published_at == after(60)


def test_a_warning_is_no_new_publication() -> None:
    version = published()
    assert version.after(ArticleStep.WARN, by=MACHINE, at=after(60)).published_at == NOW
    assert ArticleVersion.seeded(version.article, at=after(5)).published_at == after(5)
    assert scheduled().published_at is None


def test_who_edits_or_submits_a_draft_becomes_an_author() -> None:
    edited = a_draft().edited(a_full_article(title="供暖几时开始"), by=OTHER_EDITOR, at=NOW)
    submitted = edited.after(ArticleStep.SUBMIT, by=Actor(Role.REVIEWER, "r-1"), at=NOW)
    assert submitted.authors == ("e-1", "e-2", "r-1")
    assert refusal_of(submitted, ArticleStep.APPROVE, REVIEWER) is Refusal.OWN_WORK


def test_a_machines_draft_has_no_author_until_a_person_takes_it_up() -> None:
    draft = ArticleVersion.started(a_full_article(), by=MACHINE, at=NOW, origin="candidate:1")
    assert draft.authors == ()
    assert refusal_of(draft, ArticleStep.SUBMIT, MACHINE) is Refusal.ROLE
    assert draft.after(ArticleStep.SUBMIT, by=EDITOR, at=NOW).authors == ("e-1",)


def test_citizens_start_no_articles() -> None:
    with pytest.raises(ArticleStepRefusedError) as error:
        ArticleVersion.started(a_full_article(), by=CITIZEN, at=NOW)
    assert error.value.refusal is Refusal.ROLE


def test_an_edit_changes_the_text_but_never_the_id_or_the_version() -> None:
    edited = a_draft().edited(
        a_full_article(id="X1-1", version=9, title="别的"), by=HOUSING, at=NOW, note="改标题"
    )
    assert (edited.id, edited.number, edited.article.title) == ("A0101-01", 1, "别的")
    assert edited.history[-1].note == "改标题"


@pytest.mark.parametrize("step", [ArticleStep.SEND_BACK, ArticleStep.DISCARD])
def test_what_is_sent_back_or_given_up_says_why(step: ArticleStep) -> None:
    assert refusal_of(in_review(), step, REVIEWER, note=" ") is Refusal.NO_REASON
    assert in_review().after(step, by=REVIEWER, at=NOW, note="缺依据").history[-1].note == "缺依据"


def test_only_a_reviewer_approves() -> None:
    for by in (EDITOR, HOUSING, MACHINE):
        assert refusal_of(in_review(), ArticleStep.APPROVE, by) is Refusal.ROLE


def test_a_published_version_is_never_edited_only_replaced() -> None:
    assert refusal_of(published(), ArticleStep.EDIT, EDITOR) is None
    assert published().after(ArticleStep.REPLACE, by=MACHINE, at=NOW).status is ArticleStatus.REPLACED


def test_everybody_who_may_write_takes_a_wrong_answer_out_of_use() -> None:
    for by in (EDITOR, HOUSING, REVIEWER):
        assert (
            published().after(ArticleStep.RETIRE, by=by, at=NOW, note="有误").status is ArticleStatus.RETIRED
        )


def test_a_version_that_golden_questions_held_waits_until_somebody_publishes_it_or_takes_it_back() -> None:
    held = scheduled().after(ArticleStep.HOLD, by=MACHINE, at=NOW, note="甲：A1→A2")
    assert (scheduled().is_held, held.is_held) == (False, True)
    assert held.after(ArticleStep.PUBLISH, by=REVIEWER, at=NOW).status is ArticleStatus.PUBLISHED
    assert held.after(ArticleStep.SEND_BACK, by=REVIEWER, at=NOW, note="改问法").status is ArticleStatus.DRAFT


def test_when_it_takes_effect_is_said_with_the_approval() -> None:
    version = scheduled(publish_at=after(3_600))
    assert (version.publish_at, version.is_open) == (after(3_600), True)
    assert not version.after(ArticleStep.PUBLISH, by=MACHINE, at=after(3_600)).is_open


def test_it_is_told_that_a_published_article_runs_out_soon() -> None:
    month = timedelta(days=30)
    ends = published(valid_until=date(2026, 12, 31))
    assert [ends.is_expiring(on=day, within=month) for day in (date(2026, 11, 30), date(2026, 12, 1))] == [
        False,
        True,
    ]
    assert not published().is_expiring(on=date(2026, 12, 1), within=month)
    assert not in_review(valid_until=date(2026, 12, 1)).is_expiring(on=date(2026, 12, 1), within=month)
    warned = ends.after(ArticleStep.WARN, by=MACHINE, at=NOW)
    assert (ends.was_warned(since=NOW.date()), warned.was_warned(since=NOW.date())) == (False, True)
    assert not warned.was_warned(since=NOW.date() + timedelta(days=1))


def test_what_comes_from_the_citys_files_is_in_force_and_has_no_author() -> None:
    seed = ArticleVersion.seeded(a_full_article(), at=NOW)
    assert (seed.status, seed.origin, seed.authors, seed.reviewed_by) == (
        ArticleStatus.PUBLISHED,
        SEED,
        (),
        None,
    )


@pytest.mark.parametrize("status", list(ArticleStatus))
@pytest.mark.parametrize("step", list(ArticleStep))
def test_every_step_leads_where_the_table_says_or_is_refused(
    status: ArticleStatus, step: ArticleStep
) -> None:
    version = replace(a_draft(), status=status)
    by = next(Actor(role, "somebody-else") for role in WHO[step])
    by = MACHINE if by.role is Role.MACHINE else by
    if (status, step) in TRANSITIONS:
        assert version.after(step, by=by, at=NOW, note="原因").status is TRANSITIONS[status, step]
    else:
        assert refusal_of(version, step, by) is None


def test_every_state_but_the_last_ones_can_be_left() -> None:
    ends = {status for status in ArticleStatus if not any(before is status for before, _ in TRANSITIONS)}
    assert ends == {ArticleStatus.REPLACED, ArticleStatus.DISCARDED}


def test_errors_say_what_and_why() -> None:
    assert str(ArticleNotFoundError("A1", 3)) == "A1 v3"
    assert str(ArticleNotFoundError("A1")) == "A1"
    right, wrong = (
        Verdict("几号供暖", "A1", "A1", is_right=True),
        Verdict("几号供暖", "A1", "", is_right=False),
    )
    assert str(PublicationBlockedError(compare([right], [wrong]))) == "几号供暖：A1→无"
