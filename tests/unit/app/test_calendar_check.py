"""The calendar people edit against the ``holidays`` package."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from app.calendar_check import Difference, differences, unpublished
from router.time_tables import load_calendar
from tests.builders import LINYI

CALENDAR = load_calendar(LINYI / "calendar")


def test_the_published_years_are_as_the_library_has_them() -> None:
    assert CALENDAR.published_years == {2024, 2025, 2026}
    assert differences(CALENDAR) == ()


def test_a_wrong_day_is_named() -> None:
    makeup = date(2026, 2, 14)
    wrong = replace(CALENDAR, makeup_workdays=CALENDAR.makeup_workdays - {makeup})
    assert differences(wrong) == (Difference(makeup, configured=False, library=True),)


def test_a_year_without_arrangement_is_warned_of_a_year_ahead() -> None:
    assert unpublished(CALENDAR, date(2025, 12, 1)) == ()
    assert unpublished(CALENDAR, date(2026, 11, 23)) == (2027,)
