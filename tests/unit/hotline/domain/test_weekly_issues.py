"""Hot issues: compared with their own last weeks, the hottest first, forecast where there is enough to test it."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.domain.weekly_issues import MOST_WEEKS, SHOWN, WEEK, HotIssues, hot_issues

MONDAY = date(2026, 11, 16)


def weekly(*counts: int) -> dict[date, int]:
    """Return counts of the weeks up to ``MONDAY``; weeks without any are missing, as the database has them."""
    first = MONDAY - WEEK * (len(counts) - 1)
    return {first + WEEK * index: count for index, count in enumerate(counts) if count}


def test_the_hottest_comes_first_by_how_unusual_its_last_week_was() -> None:
    found = hot_issues({"0101": weekly(9, 1, 1, 1, 1, 9), "0204": weekly(9, 100, 100, 100, 100, 130), "0701": weekly(9, 4, 4, 4, 4, 4)}, MONDAY)  # fmt: skip
    assert [(each.key, each.last, each.usual, each.change, round(each.heat, 1)) for each in found.issues] == [
        ("0101", 9, 1.0, 8.0, 8.0),
        ("0204", 130, 100.0, pytest.approx(0.3), 3.0),
        ("0701", 4, 4.0, 0.0, 0.0),
    ]
    assert [each.is_hot for each in found.issues] == [True, True, False]
    few = hot_issues({"0701": weekly(4, 0, 0, 0, 0, 4)}, MONDAY)
    assert [(each.heat, each.is_hot) for each in few.issues] == [(4, False)]
    assert all(each.forecast is None for each in found.issues)


def test_all_series_begin_with_the_first_whole_week_of_the_hotline() -> None:
    found = hot_issues({"0101": weekly(7, 3, 3), "0204": {MONDAY: 2}}, MONDAY)
    assert {each.key: each.weeks for each in found.issues} == {"0101": (3, 3), "0204": (0, 2)}
    assert found.mondays == (MONDAY - WEEK, MONDAY, *(MONDAY + WEEK * step for step in range(1, 5)))
    assert {each.key: (each.usual, each.change) for each in found.issues} == {"0101": (3, 0.0), "0204": (0, None)}  # fmt: skip


def test_three_years_are_known_half_a_year_is_shown_and_what_is_rare_is_not_forecast() -> None:
    found = hot_issues({"often": weekly(*[6] * (MOST_WEEKS + 20)), "rare": weekly(*[0, 1] * 80)}, MONDAY)
    often, rare = sorted(found.issues, key=lambda each: each.key)
    assert (often.weeks, rare.weeks) == ((6,) * SHOWN, (0, 1) * (SHOWN // 2))
    assert often.forecast is not None
    assert rare.forecast is None
    assert often.forecast.yearly_error == 0
    assert HotIssues.from_json(MONDAY, found.to_json()) == found


def test_a_hotline_without_a_whole_week_has_no_issues() -> None:
    assert hot_issues({}, MONDAY) == HotIssues(MONDAY, ())
    only = hot_issues({"0101": {MONDAY: 3}}, MONDAY)
    assert [(each.weeks, each.usual, each.forecast) for each in only.issues] == [((3,), 0.0, None)]
