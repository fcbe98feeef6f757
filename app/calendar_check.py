"""The city's calendar held against the ``holidays`` package, which follows the State Council's notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import holidays

from hotline.domain.working_calendar import WorkingCalendar

_DAY = timedelta(days=1)
_SATURDAY = 5
_AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Difference:
    """A day that is worked by one table and not by the other."""

    on: date
    configured: bool
    library: bool


def differences(calendar: WorkingCalendar) -> tuple[Difference, ...]:
    """Return the days of published years that the two tables see differently."""
    found = []
    for year in sorted(calendar.published_years):
        # The holiday table names public holidays; what is moved (调休) stands in them and in ``weekend_workdays``.
        china = holidays.country_holidays("CN", years=year, categories=("public",))
        worked = china.weekend_workdays
        day = date(year, 1, 1)
        while day.year == year:
            library = day in worked or (day not in china and day.weekday() < _SATURDAY)
            configured = calendar.is_working_day(day)
            if configured is not library:
                found.append(Difference(day, configured, library))
            day += _DAY
    return tuple(found)


def unpublished(calendar: WorkingCalendar, today: date) -> tuple[int, ...]:
    """Return the years within the next twelve months whose arrangement is not published: limits into them may move."""
    return calendar.unpublished_years(today, today + _AHEAD)
