"""The golden gate: two runs over the same cases, and whether the second is a drop."""

from __future__ import annotations

from hotline.domain.golden_gate import GateReport, Moved, Verdict, compare


def right(case: str) -> Verdict:
    return Verdict(case, "A1", "A1", is_right=True)


def missed(case: str) -> Verdict:
    return Verdict(case, "A1", "", is_right=False)


def wrong(case: str) -> Verdict:
    return Verdict(case, "A1", "A2", is_right=False, is_harmful=True)


def test_the_same_is_no_drop() -> None:
    run = [right("a"), missed("b"), wrong("c")]
    assert compare(run, run) == GateReport(3, 1, 1, 1, 1, ())


def test_fewer_right_is_a_drop_and_the_question_is_named() -> None:
    report = compare([right("a"), right("b")], [right("a"), missed("b")])
    assert (report.is_drop, report.moved) == (True, (Moved("b", "A1", "A1", "", is_worse=True),))


def test_more_wrong_answers_are_a_drop_even_if_as_many_are_right() -> None:
    report = compare([right("a"), missed("b")], [right("a"), wrong("b")])
    assert (report.is_drop, [each.case for each in report.worse]) == (True, ["b"])


def test_one_lost_and_one_won_is_no_drop_but_both_are_told() -> None:
    report = compare([right("a"), missed("b")], [missed("a"), right("b")])
    assert not report.is_drop
    assert [(each.case, each.is_worse) for each in report.moved] == [("a", True), ("b", False)]
    assert [each.case for each in report.worse] == ["a"]


def test_cases_of_one_run_only_count_for_neither() -> None:
    report = compare([right("a"), right("gone")], [right("a"), missed("new")])
    assert (report.cases, report.right_before, report.right_after, report.moved) == (1, 1, 1, ())
