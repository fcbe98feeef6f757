from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from hotline.domain.rule_changes import (
    ChangeSet,
    ChangeSetStatus,
    Expectation,
    RuleEntry,
    RuleStep,
    RuleStepRefusedError,
    RuleVersion,
    check_day,
)
from hotline.domain.rule_text import RowChange
from tests.builders import NOW

DAY = date(2026, 12, 1)
NEW = RowChange("n", None, {"id": "n"}, "a")


def a_draft() -> ChangeSet:
    return ChangeSet(
        "c1", "供热职责调整", DAY, "linyi-2026.1", "zheng", history=(RuleEntry(RuleStep.START, "zheng", NOW),)
    )


def edited(by: str = "zheng") -> ChangeSet:
    return a_draft().with_row("n", None, {"id": "n"}, "a", by=by, at=NOW)


def test_a_draft_keeps_one_change_for_each_row_and_none_that_changes_nothing() -> None:
    draft = edited().with_row("b", {"id": "b"}, {"id": "b", "lead": "x"}, None, by="zheng", at=NOW)
    draft = draft.with_row("n", None, {"id": "n", "lead": "y"}, "a", by="zheng", at=NOW)
    assert [change.row for change in draft.changes] == ["n", "b"]
    assert draft.change_of("n") == RowChange("n", None, {"id": "n", "lead": "y"}, "a")
    draft = draft.with_row("b", {"id": "b"}, {"id": "b"}, None, by="zheng", at=NOW)
    draft = draft.with_row("n", None, None, None, by="zheng", at=NOW)
    assert (draft.changes, draft.change_of("n"), draft.revision) == ((), None, 5)


def test_four_eyes_see_it_and_nobody_who_worked_on_it_lets_it_pass() -> None:
    waiting = edited(by="sun").submitted(by="zheng", at=NOW)
    for writer in ("zheng", "sun"):
        with pytest.raises(RuleStepRefusedError, match="rules_own_work"):
            waiting.published("核对无误", by=writer, at=NOW)
    passed = waiting.published("核对无误", by="qian", at=NOW)
    assert (passed.status, passed.history[-1]) == (
        ChangeSetStatus.PUBLISHED, RuleEntry(RuleStep.PUBLISH, "qian", NOW, "核对无误")
    )  # fmt: skip


def test_a_trial_holds_until_the_content_changes_again() -> None:
    draft = edited()
    back = draft.submitted(by="zheng", at=NOW).sent_back("依据写全", by="qian", at=NOW)
    assert (draft.content, back.content) == (1, 1)
    assert back.with_expectation("暖气不热", "body-housing", "职责已调整", by="zheng", at=NOW).content == 4


def test_a_matter_that_goes_elsewhere_on_purpose_says_why_and_can_be_taken_back() -> None:
    draft = edited().with_expectation("暖气不热", "body-housing", " 职责已调整 ", by="zheng", at=NOW)
    assert draft.expectations == (Expectation("暖气不热", "body-housing", "职责已调整"),)
    assert draft.with_expectation("暖气不热", "", "", by="zheng", at=NOW).expectations == ()


REFUSED: dict[str, tuple[str, Callable[[], object]]] = {
    "nothing to submit": ("rules_empty", lambda: a_draft().submitted(by="zheng", at=NOW)),
    "a draft is not published": ("rules_status", lambda: edited().published("核对无误", by="qian", at=NOW)),
    "what waits is not edited": (
        "rules_status", lambda: edited().submitted(by="zheng", at=NOW).planned("另外的理由", DAY, by="sun", at=NOW)
    ),
    "sent back without a word": (
        "rules_no_reason", lambda: edited().submitted(by="zheng", at=NOW).sent_back(" 不 ", by="qian", at=NOW)
    ),
    "what is given up stays so": (
        "rules_status", lambda: edited().discarded("不再需要", by="zheng", at=NOW).submitted(by="zheng", at=NOW)
    ),
    "yesterday": ("rules_past", lambda: check_day(DAY, today=DAY + timedelta(days=1), newest=DAY)),
    "before what is scheduled": (
        "rules_earlier: 2026-12-02", lambda: check_day(DAY, today=DAY, newest=DAY + timedelta(days=1))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_allowed_is_refused(name: str) -> None:
    reason, step = REFUSED[name]
    with pytest.raises(RuleStepRefusedError, match=reason):
        step()


def test_too_many_changes_are_no_change_set() -> None:
    draft = a_draft()
    for number in range(200):
        draft = draft.with_row(str(number), None, {"id": str(number)}, None, by="zheng", at=NOW)
    with pytest.raises(RuleStepRefusedError, match="rules_too_many"):
        draft.with_row("n", None, {"id": "n"}, None, by="zheng", at=NOW)


def test_changes_can_be_put_on_another_version_and_a_version_waits_for_its_day() -> None:
    check_day(DAY, today=DAY, newest=DAY)
    moved = edited().rebased("linyi-2026.1+1", (NEW,), by="zheng", at=NOW)
    assert (moved.base, moved.history[-1].note) == ("linyi-2026.1+1", "linyi-2026.1+1")
    assert moved.planned("供热职责再调整", DAY, by="zheng", at=NOW).reason == "供热职责再调整"
    version = RuleVersion(1, "v+1", DAY, NOW, "zheng", "qian", "供热职责调整")
    assert [version.is_scheduled(DAY - timedelta(days=1)), version.is_scheduled(DAY)] == [True, False]
