"""The golden gate (对照题闸门): what is to take effect must not do worse on known cases than what is in force. Pure.

The same for articles, the dispatch catalogue and models: a case has an expectation, a verdict says how it went, and two
runs over the same cases are compared case by case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case went. ``got`` is what came out, for people; ``is_harmful``: wrong in a way that somebody is told.

    A question for which a person takes over instead of the right answer is not right, but harms nobody; a wrong answer
    does.
    """

    case: str
    expected: str
    got: str
    is_right: bool
    is_harmful: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A case that went another way than before."""

    case: str
    expected: str
    before: str
    after: str
    is_worse: bool


@dataclass(frozen=True, slots=True)
class GateReport:
    """Two runs over the same cases compared."""

    cases: int
    right_before: int
    right_after: int
    harmful_before: int
    harmful_after: int
    moved: tuple[Moved, ...]

    @property
    def is_drop(self) -> bool:
        """Whether fewer are right or more do harm: then it must not take effect."""
        return self.right_after < self.right_before or self.harmful_after > self.harmful_before

    @property
    def worse(self) -> tuple[Moved, ...]:
        """The cases that went worse."""
        return tuple(each for each in self.moved if each.is_worse)


def compare(before: Iterable[Verdict], after: Iterable[Verdict]) -> GateReport:
    """Compare two runs; cases that only one of them has count for neither side."""
    old, new = {each.case: each for each in before}, {each.case: each for each in after}
    both = [(old[case], new[case]) for case in old if case in new]
    return GateReport(
        cases=len(both),
        right_before=sum(one.is_right for one, _ in both),
        right_after=sum(other.is_right for _, other in both),
        harmful_before=sum(one.is_harmful for one, _ in both),
        harmful_after=sum(other.is_harmful for _, other in both),
        moved=tuple(
            Moved(one.case, other.expected, one.got, other.got, is_worse=_rank(other) < _rank(one))
            for one, other in both
            if (one.is_right, one.is_harmful) != (other.is_right, other.is_harmful)
        ),
    )


def _rank(verdict: Verdict) -> int:
    """Right is better than harmless, and harmless better than harmful."""
    return 0 if verdict.is_harmful else 2 if verdict.is_right else 1
