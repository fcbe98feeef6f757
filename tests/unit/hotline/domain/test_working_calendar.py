from __future__ import annotations

from datetime import date

import pytest

from hotline.domain.working_calendar import WorkingCalendar

NATIONAL_DAY_2026 = WorkingCalendar(
    holidays=frozenset(date(2026, 10, day) for day in range(1, 8)),
    makeup_workdays=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
    published_years=frozenset({2026}),
)


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        (date(2026, 9, 20), True),  # a Sunday, made up
        (date(2026, 9, 27), False),  # a plain Sunday
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
        (date(2026, 10, 10), True),  # a Saturday, made up
        (date(2026, 10, 11), False),
    ],
)
def test_makeup_workdays_are_worked_and_holidays_are_not(day: date, *, is_worked: bool) -> None:
    assert NATIONAL_DAY_2026.is_working_day(day) is is_worked


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 10, 3), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 9, 30), 5, date(2026, 10, 13)),
        (date(2026, 9, 30), 0, date(2026, 9, 30)),
    ],
)
def test_the_starting_day_is_not_counted(start: date, count: int, end: date) -> None:
    assert NATIONAL_DAY_2026.add_working_days(start, count) == end


def test_natural_days_that_end_on_a_rest_day_end_on_the_next_working_day() -> None:
    ends = [NATIONAL_DAY_2026.add_days(date(2026, 9, 25), count) for count in (4, 6, 12, 15)]
    assert ends == [date(2026, 9, 29), date(2026, 10, 8), date(2026, 10, 8), date(2026, 10, 10)]


def test_counting_back_skips_rest_days() -> None:
    assert NATIONAL_DAY_2026.subtract_working_days(date(2026, 10, 8), 1) == date(2026, 9, 30)


def test_days_between_leave_out_the_first_and_keep_the_last() -> None:
    counts = [
        NATIONAL_DAY_2026.working_days_between(date(2026, 9, 30), until)
        for until in (date(2026, 9, 30), date(2026, 10, 7), date(2026, 10, 8), date(2026, 10, 13))
    ]
    assert counts == [0, 0, 1, 5]


def test_counting_over_an_unpublished_year_is_told() -> None:
    assert NATIONAL_DAY_2026.unpublished_years(date(2026, 12, 31), date(2027, 1, 4)) == (2027,)
    assert NATIONAL_DAY_2026.unpublished_years(date(2026, 1, 1), date(2026, 12, 31)) == ()
