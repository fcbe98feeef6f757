"""Which classes or counties are hot in the last whole week, and what their next weeks are likely to bring (热点诉求与预测)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from hotline.domain.forecasting import Forecast, WeekAhead, forecast

MOST_WEEKS: Final = 156
USUAL: Final = 4
"""Weeks before the last one that say what is usual."""
SHOWN: Final = 26
LEAST_A_WEEK: Final = 1.0
"""What has fewer a week, over the last eight, is counted but not forecast."""
_LATELY: Final = 8
_HOT: Final = 3.0
_LEAST_HOT: Final = 5
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Issue:
    """One class or county: its weekly counts up to the last whole week (the latest ``SHOWN``), and its forecast if there is one."""

    key: str
    weeks: tuple[int, ...]
    forecast: Forecast | None

    @property
    def last(self) -> int:
        """How many came in the last whole week."""
        return self.weeks[-1]

    @property
    def usual(self) -> float:
        """How many came in a week of the ``USUAL`` before it."""
        before = self.weeks[-USUAL - 1 : -1]
        return sum(before) / len(before) if before else 0.0

    @property
    def change(self) -> float | None:
        """By what share the last week was above (or below) the usual; None where nothing was usual."""
        return self.last / self.usual - 1 if self.usual else None

    @property
    def heat(self) -> float:
        """How far the last week was above the usual, in standard deviations of such a count (Poisson)."""
        return (self.last - self.usual) / math.sqrt(max(self.usual, 1.0))

    @property
    def is_hot(self) -> bool:
        """Whether the last week was so far above the usual that people should look (热点)."""
        return self.heat >= _HOT and self.last >= _LEAST_HOT


@dataclass(frozen=True, slots=True)
class HotIssues:
    """All issues of one kind, the hottest first; ``monday`` begins the last whole week."""

    monday: date
    issues: tuple[Issue, ...]

    @property
    def mondays(self) -> tuple[date, ...]:
        """The Mondays of the shown weeks and of those ahead."""
        known = max((len(each.weeks) for each in self.issues), default=0)
        return tuple(self.monday + WEEK * step for step in range(1 - known, 5))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the issues as they are kept."""
        return [
            {"key": each.key, "weeks": each.weeks, "forecast": _json(each.forecast)} for each in self.issues
        ]

    @classmethod
    def from_json(cls, monday: date, rows: Sequence[Mapping[str, Any]]) -> HotIssues:
        """Return what ``to_json`` wrote."""
        return cls(
            monday, tuple(Issue(row["key"], tuple(row["weeks"]), _read(row["forecast"])) for row in rows)
        )


def hot_issues(weekly: Mapping[str, Mapping[date, int]], monday: date) -> HotIssues:
    """Return the issues up to the week of ``monday``, from counts by key and the Monday of each week.

    All series begin together: with the second week in which the hotline counted anything (the first may be half a week), at
    most ``MOST_WEEKS`` ago.
    """
    oldest = monday - WEEK * (MOST_WEEKS - 1)
    first = min((week for weeks in weekly.values() for week in weeks), default=monday)
    begin = max(oldest, first + WEEK)
    mondays = [begin + WEEK * step for step in range((monday - begin) // WEEK + 1)] or [monday]
    found = []
    for key, weeks in weekly.items():
        counts = [weeks.get(each, 0) for each in mondays]
        lately = counts[-_LATELY:]
        is_often = sum(lately) >= LEAST_A_WEEK * len(lately)
        found.append(Issue(key, tuple(counts[-SHOWN:]), forecast(counts) if is_often else None))
    return HotIssues(monday, tuple(sorted(found, key=lambda each: (-each.heat, -each.last, each.key))))


def _json(found: Forecast | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "weeks": [[each.low, each.middle, each.high] for each in found.weeks],
        "tested": found.tested,
        "error": found.error,
        "weekly_error": found.weekly_error,
        "yearly_error": found.yearly_error,
    }


def _read(row: Mapping[str, Any] | None) -> Forecast | None:
    if row is None:
        return None
    return Forecast(**{**row, "weeks": tuple(WeekAhead(*each) for each in row["weeks"])})
