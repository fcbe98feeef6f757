"""The working calendar (工作日历): which days are worked, and counting by working days.

Counting follows 民法典 201 and 203: the day something starts on is not counted, and a limit that would end on a rest
day ends on the next working day. Weekends rest unless they are make-up workdays (调休上班日); holidays rest. Both come
in as data, because the State Council sets them anew each year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Holidays, make-up workdays, and the years whose yearly arrangement (放假安排) is published.

    Days of other years are counted by weekends and whatever ``holidays`` says of them; ``unpublished_years`` tells.
    """

    holidays: frozenset[date]
    makeup_workdays: frozenset[date]
    published_years: frozenset[int]

    def is_working_day(self, on: date) -> bool:
        """Tell whether ``on`` is worked."""
        return on in self.makeup_workdays or (on not in self.holidays and on.weekday() < _SATURDAY)

    def first_working_day_from(self, on: date) -> date:
        """Return ``on`` if it is worked, else the next day that is."""
        while not self.is_working_day(on):
            on += _DAY
        return on

    def add_working_days(self, start: date, count: int) -> date:
        """Return the ``count``-th working day after ``start``; ``start`` itself is never counted."""
        day = start
        for _ in range(count):
            day = self.first_working_day_from(day + _DAY)
        return day

    def subtract_working_days(self, end: date, count: int) -> date:
        """Return the ``count``-th working day before ``end``."""
        day = end
        for _ in range(count):
            day -= _DAY
            while not self.is_working_day(day):
                day -= _DAY
        return day

    def add_days(self, start: date, count: int) -> date:
        """Return the day ``count`` natural days after ``start``, moved on to a working day (末日遇休顺延)."""
        return self.first_working_day_from(start + count * _DAY)

    def working_days_between(self, after: date, until: date) -> int:
        """Count the working days later than ``after``, up to and including ``until``; 0 if there are none."""
        days = (after + _DAY * index for index in range(1, (until - after).days + 1))
        return sum(map(self.is_working_day, days))

    def unpublished_years(self, start: date, end: date) -> tuple[int, ...]:
        """Return the years from ``start`` to ``end`` whose arrangement is not published: a count over them may change."""
        return tuple(year for year in range(start.year, end.year + 1) if year not in self.published_years)
