"""The working calendar over every day of 2024–2027, and time limits over any moment in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.city import load_city
from hotline.domain.appeal import AppealKind, Urgency
from router.time_tables import load_time_limits
from tests.builders import LINYI

LIMITS = load_time_limits(load_city(LINYI))
CALENDAR = LIMITS.calendar
DAY = timedelta(days=1)
DAYS = [date(2024, 1, 1) + index * DAY for index in range(1461)]

moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 11, 30), timezones=st.just(UTC))
counts = st.integers(1, 20)


@pytest.mark.parametrize("count", [1, 2, 5, 10, 15])
def test_a_count_of_working_days_ends_on_one_and_spans_exactly_that_many(count: int) -> None:
    for day in DAYS:
        end = CALENDAR.add_working_days(day, count)
        assert (CALENDAR.is_working_day(end), CALENDAR.working_days_between(day, end)) == (True, count)


def test_counting_back_undoes_counting_on_from_a_working_day() -> None:
    wrong = [
        day
        for day in DAYS
        if CALENDAR.is_working_day(day)
        and CALENDAR.subtract_working_days(CALENDAR.add_working_days(day, 5), 5) != day
    ]
    assert wrong == []


def test_natural_days_end_on_the_first_working_day_not_before_them() -> None:
    for day in DAYS:
        end, plain = CALENDAR.add_days(day, 15), day + 15 * DAY
        rest = [plain + index * DAY for index in range((end - plain).days)]
        assert (CALENDAR.is_working_day(end), [each for each in rest if CALENDAR.is_working_day(each)]) == (
            True,
            [],
        )


def test_no_rest_is_longer_than_the_longest_holiday() -> None:
    gaps = {(CALENDAR.add_working_days(day, 1) - day).days for day in DAYS}
    assert gaps == set(range(1, 11))


@given(moments, counts)
def test_more_working_days_end_later(moment: datetime, count: int) -> None:
    day = moment.date()
    assert CALENDAR.add_working_days(day, count) < CALENDAR.add_working_days(day, count + 1)


@given(moments, moments)
def test_what_begins_later_is_never_due_earlier(one: datetime, other: datetime) -> None:
    first, last = sorted((one, other))
    due = [LIMITS.due("0204", AppealKind.HELP, start=start).at for start in (first, last)]
    assert due[0] <= due[1]


@given(moments, st.sampled_from(Urgency))
def test_a_limit_is_never_over_before_it_begins(moment: datetime, urgency: Urgency) -> None:
    sign_by = LIMITS.sign_by(urgency, start=moment)
    assert (sign_by.at > moment, sign_by.at.utcoffset()) == (True, timedelta(hours=8))


@given(moments)
def test_minutes_are_the_same_length_at_any_hour_of_any_day(moment: datetime) -> None:
    lengths = [LIMITS.sign_by(urgency, start=moment).at - moment for urgency in list(Urgency)[:2]]
    assert lengths == [timedelta(minutes=15), timedelta(minutes=30)]


@given(moments)
def test_the_warning_comes_before_the_limit_and_on_a_working_day(moment: datetime) -> None:
    due = LIMITS.due("0204", AppealKind.HELP, start=moment).at
    warned = LIMITS.warn_at(due)
    assert (warned < due, CALENDAR.is_working_day(warned.date())) == (True, True)
