"""A year's arrangement is checked as a whole, and holds instead of what the calendar said of that year."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.domain.calendar_years import YearArrangement, changed_days, with_years
from hotline.domain.working_calendar import WorkingCalendar

NEW_YEAR = YearArrangement(
    2027, "国办发明电〔2026〕9号", {"元旦": (date(2027, 1, 1), date(2027, 1, 4))}, (date(2027, 1, 9),)
)
BEFORE = WorkingCalendar(
    frozenset({date(2026, 10, 1), date(2027, 1, 1), date(2027, 5, 3)}), frozenset(), frozenset({2026})
)


def test_a_year_holds_instead_of_what_was_known_of_it_and_counts_as_published() -> None:
    after = with_years(BEFORE, [NEW_YEAR])
    assert after.published_years == {2026, 2027}
    assert date(2026, 10, 1) in after.holidays
    assert changed_days(BEFORE, after, 2027) == (
        (date(2027, 1, 4), False), (date(2027, 1, 9), True), (date(2027, 5, 3), True),
    )  # fmt: skip
    assert with_years(BEFORE, []) == BEFORE


def test_what_was_written_is_read_again() -> None:
    assert YearArrangement.loaded(NEW_YEAR.dumped()) == NEW_YEAR
    for text in (
        "",
        "[]",
        '{"year": 2027}',
        '{"year": 2027, "basis": "", "holidays": {"x": ["y"]}, "makeup_workdays": []}',
    ):
        with pytest.raises(ValueError):
            YearArrangement.loaded(text)
