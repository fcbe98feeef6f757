"""What the next weeks will bring (诉求量预测): exponential smoothing of weekly counts, tested against repeating the past.

A series is one count a week, Monday to Sunday: a week has each weekday once, so that the rhythm within the week is gone. It
is smoothed in logarithms (``log(1 + count)``) after Holt and Winters: a level, a trend that is damped (Gardner and McKenzie
1985), and, where more than a year is known, a season of 52 weeks. Several strengths of smoothing run side by side; at every
week the one that was best until then, four weeks ahead, is used, so that a test at an earlier week knows nothing of later ones.

Nobody is to trust a forecast that is no better than none: it is tested at up to 26 earlier weeks against the better of two
naive ones, "as last week" and "as a year ago" (seasonal naive), and is withheld (``is_useful``) where it is not nearer.
What is forecast is the median; feasts that move through the calendar are not known to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

AHEAD: Final = 4
"""Weeks that are forecast."""
TESTED: Final = 26
LEAST_TESTED: Final = 8
LEAST_BEFORE: Final = 8
LEAST_WEEKS: Final = LEAST_BEFORE + LEAST_TESTED + AHEAD - 1
"""Weeks that must be known for a forecast to be made and tested."""
YEAR: Final = 52
_JUDGED: Final = 13  # weeks beyond the first year before a season is believed
_DAMPING: Final = 0.9
_FORGETTING: Final = 0.97  # of the weight of an error, a week
_COVERED: Final = 0.8
_STRENGTHS: Final = (0.1, 0.25, 0.5, 0.8)
_TRENDS: Final = (0.0, 0.1)
_SEASONS: Final = (0.5, 1.0)
_SEASONAL_STRENGTH: Final = 0.2

Path = tuple[float, ...]
"""The logarithms of the next ``AHEAD`` weeks, as one week sees them."""


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """A week to come: the median, and the range that held four of five tested weeks."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next weeks, and how far the method and the naive ones were off where it was tested.

    Errors are sums of what was missed as shares of what came (WAPE), over all tested weeks and all weeks ahead; of the naive ones
    ``yearly_error`` is None where there is no year before the first tested week.
    """

    weeks: tuple[WeekAhead, ...]
    tested: int
    error: float
    weekly_error: float
    yearly_error: float | None

    @property
    def naive_error(self) -> float:
        """The error of the better naive one."""
        return self.weekly_error if self.yearly_error is None else min(self.weekly_error, self.yearly_error)

    @property
    def is_useful(self) -> bool:
        """Whether the method was nearer than both naive ones."""
        return self.error < self.naive_error


def forecast(counts: Sequence[int]) -> Forecast | None:
    """Return the forecast behind ``counts``, one a week in order; None where too little is known to test it."""
    if len(counts) < LEAST_WEEKS or not any(counts[-YEAR:]):
        return None
    paths = _best_paths([math.log1p(count) for count in counts])
    last = len(counts) - AHEAD  # the last week that saw ``AHEAD`` known ones
    first = max(LEAST_BEFORE, last - TESTED + 1)
    tested = range(first, last + 1)
    came = sum(counts[week + step] for week in tested for step in range(AHEAD))
    if not came:
        return None

    def error(said: Iterable[Sequence[float]]) -> float:
        pairs = zip(tested, said, strict=True)
        return sum(abs(path[step] - counts[week + step]) for week, path in pairs for step in range(AHEAD)) / came  # fmt: skip

    spreads = [
        sorted(abs(paths[week][step] - math.log1p(counts[week + step])) for week in tested)
        for step in range(AHEAD)
    ]
    spread = [each[math.ceil(_COVERED * len(each)) - 1] for each in spreads]
    return Forecast(
        weeks=tuple(
            WeekAhead(_count(log - spread[step]), _count(log), _count(log + spread[step]))
            for step, log in enumerate(paths[len(counts)])
        ),
        tested=len(tested),
        error=error([_count(log) for log in paths[week]] for week in tested),
        weekly_error=error([counts[week - 1]] * AHEAD for week in tested),
        yearly_error=error(counts[week - YEAR : week - YEAR + AHEAD] for week in tested)
        if first >= YEAR
        else None,
    )


def _count(log: float) -> float:
    return max(0.0, math.expm1(log))


def _best_paths(logs: Sequence[float]) -> dict[int, Path]:
    """Return, for each week from ``LEAST_BEFORE`` on, what the weeks before it make of the next ones."""
    ways = [_Way(logs, strength, trend) for strength, trend in product(_STRENGTHS, _TRENDS)]
    if len(logs) >= YEAR + _JUDGED:
        ways += [
            _Way(logs, strength, trend, season)
            for strength, trend, season in product(_STRENGTHS, _TRENDS, _SEASONS)
        ]
    found = {}
    for week in range(LEAST_BEFORE, len(logs) + 1):
        able = [way for way in ways if week in way.paths]
        found[week] = min(able, key=lambda way: way.misses[week]).paths[week]
    return found


class _Way:
    """One way to smooth: at each week its path ahead, and how far its earlier paths were off as far as was known then."""

    def __init__(
        self, logs: Sequence[float], strength: float, trend: float, season: float | None = None
    ) -> None:
        self._logs, self._strength, self._trend = logs, strength, trend
        begins = 1 if season is None else YEAR
        self._season = [0.0] * YEAR if season is None else _first_year(logs, season)
        self._learns = 0.0 if season is None else _SEASONAL_STRENGTH
        self._trusted = LEAST_BEFORE if season is None else YEAR + _JUDGED
        self.paths: dict[int, Path] = {}
        self.misses: dict[int, float] = {}
        self._run(begins)

    def _run(self, begins: int) -> None:
        logs, season = self._logs, self._season
        level = sum(logs[:begins]) / begins
        slope, missed, weight = 0.0, 0.0, 0.0
        paths: dict[int, Path] = {}
        for week in range(begins, len(logs) + 1):
            paths[week] = tuple(
                level + slope * _DAMPED[step] + season[(week + step) % YEAR] for step in range(AHEAD)
            )
            before = paths.get(week - AHEAD)
            if before is not None:
                off = sum(abs(said - logs[week - AHEAD + step]) for step, said in enumerate(before))
                missed, weight = missed * _FORGETTING + off, weight * _FORGETTING + 1
            if week >= self._trusted:
                self.paths[week] = paths[week]
                self.misses[week] = missed / weight if weight else math.inf
            if week < len(logs):
                value, old = logs[week], level
                expected = level + _DAMPING * slope
                level = expected + self._strength * (value - season[week % YEAR] - expected)
                slope = _DAMPING * slope + self._trend * (level - old - _DAMPING * slope)
                season[week % YEAR] += self._learns * (value - level - season[week % YEAR])


_DAMPED: Final = tuple(sum(_DAMPING**power for power in range(1, step + 2)) for step in range(AHEAD))


def _first_year(logs: Sequence[float], share: float) -> list[float]:
    """Return how each week of the first year differs from its mean, smoothed over its neighbours; ``share`` of it is believed."""
    year = logs[:YEAR]
    mean = sum(year) / YEAR
    return [share * (sum(year[(week + by) % YEAR] for by in (-1, 0, 1)) / 3 - mean) for week in range(YEAR)]
