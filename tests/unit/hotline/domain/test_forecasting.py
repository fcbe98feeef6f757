"""The next weeks: what is constant goes on, what comes back every year comes back, and no forecast is worth more than its test."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.domain.forecasting import AHEAD, LEAST_WEEKS, TESTED, YEAR, Forecast, _best_paths, forecast

SWING = [round(200 + 150 * math.cos(2 * math.pi * week / YEAR)) for week in range(3 * YEAR + AHEAD)]


def middles(found: Forecast | None) -> list[int]:
    assert found is not None
    return [round(each.middle) for each in found.weeks]


def test_what_never_changes_goes_on_and_no_forecast_is_nearer_than_repeating_it() -> None:
    found = forecast([40] * 120)
    assert middles(found) == [40, 40, 40, 40]
    assert found is not None
    assert (found.error, found.weekly_error, found.yearly_error) == pytest.approx((0, 0, 0), abs=1e-9)
    assert not forecast([40] * 60 + [41] * 60).is_useful  # type: ignore[union-attr]


def test_what_comes_back_every_year_is_forecast_nearer_than_last_week_says() -> None:
    known, coming = SWING[: 3 * YEAR], SWING[3 * YEAR :]
    found = forecast(known)
    assert found is not None
    assert middles(found) == pytest.approx(coming, rel=0.05)
    assert found.error < 0.05 < found.weekly_error
    assert found.tested == TESTED


def test_a_steady_rise_is_followed_and_tested_against_last_week_where_there_is_no_year_before() -> None:
    found = forecast([round(100 * 1.02**week) for week in range(50)])
    assert found is not None
    assert (found.yearly_error, found.is_useful) == (None, True)
    assert middles(found) == pytest.approx([round(100 * 1.02**week) for week in range(50, 54)], rel=0.05)
    assert found.naive_error == found.weekly_error == pytest.approx(0.048, abs=0.003)


def test_the_errors_are_what_was_missed_as_a_share_of_what_came() -> None:
    counts = [2] * (LEAST_WEEKS - 1) + [4]
    found = forecast(counts)
    assert found is not None
    # Eight tested weeks, four ahead each, of which the last is the one with 4 where 2 was repeated.
    assert found.tested == 8
    assert found.weekly_error == 2 / (8 * AHEAD * 2 + 2)
    assert not found.is_useful


@pytest.mark.parametrize("counts", [[], [5] * (LEAST_WEEKS - 1), [0] * 100, [9] * 60 + [0] * YEAR])
def test_what_is_too_short_or_has_ended_is_not_forecast(counts: list[int]) -> None:
    assert forecast(counts) is None


@settings(max_examples=25)
@given(st.lists(st.integers(0, 500), min_size=LEAST_WEEKS, max_size=YEAR + 30))
def test_a_forecast_is_never_below_nothing_and_its_range_holds_its_middle(counts: list[int]) -> None:
    found = forecast(counts)
    if found is not None:
        assert all(0 <= each.low <= each.middle <= each.high < math.inf for each in found.weeks)
        assert min(found.error, found.weekly_error) >= 0


@settings(max_examples=10)
@given(st.lists(st.floats(0, 6), min_size=20, max_size=YEAR + 20), st.lists(st.floats(0, 6), max_size=30))
def test_what_a_week_makes_of_those_before_it_knows_nothing_of_later_ones(
    known: list[float], later: list[float]
) -> None:
    then, now = _best_paths(known), _best_paths([*known, *later])
    assert {week: now[week] for week in then} == then
