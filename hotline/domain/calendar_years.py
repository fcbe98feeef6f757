"""One year's arrangement of holidays (放假安排): holidays by name, days worked instead, and the notice that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from hotline.domain.working_calendar import WorkingCalendar


@dataclass(frozen=True, slots=True)
class YearArrangement:
    """The arrangement of one year. ``basis`` is the notice (通知文号)."""

    year: int
    basis: str
    holidays: Mapping[str, tuple[date, ...]]
    makeup_workdays: tuple[date, ...] = ()

    @property
    def rest_days(self) -> frozenset[date]:
        """All holidays."""
        return frozenset(chain(*self.holidays.values()))

    def dumped(self) -> str:
        """Return it as JSON."""
        holidays = {name: [day.isoformat() for day in days] for name, days in self.holidays.items()}
        worked = [day.isoformat() for day in self.makeup_workdays]
        body = {"year": self.year, "basis": self.basis, "holidays": holidays, "makeup_workdays": worked}
        return json.dumps(body, ensure_ascii=False)

    @classmethod
    def loaded(cls, text: str) -> YearArrangement:
        """Return what ``dumped`` wrote. Raises ``ValueError`` when it is none."""
        try:
            body = json.loads(text)
            holidays = {
                str(name): tuple(map(date.fromisoformat, days)) for name, days in body["holidays"].items()
            }
            worked = tuple(map(date.fromisoformat, body["makeup_workdays"]))
            return cls(int(body["year"]), str(body["basis"]), holidays, worked)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(str(error)) from error


def with_years(calendar: WorkingCalendar, years: Sequence[YearArrangement]) -> WorkingCalendar:
    """Return the calendar with these years instead of what it says of them; they count as published."""
    found = calendar
    for each in years:
        rest = {day for day in found.holidays if day.year != each.year} | each.rest_days
        worked = {day for day in found.makeup_workdays if day.year != each.year} | set(each.makeup_workdays)
        found = replace(
            found, holidays=frozenset(rest), makeup_workdays=frozenset(worked),
            published_years=found.published_years | {each.year},
        )  # fmt: skip
    return found


def changed_days(before: WorkingCalendar, after: WorkingCalendar, year: int) -> tuple[tuple[date, bool], ...]:
    """Return the days of a year that are worked by one calendar only, and whether by ``after``."""
    first = date(year, 1, 1).toordinal()
    days = map(date.fromordinal, range(first, date(year + 1, 1, 1).toordinal()))
    return tuple(
        (day, after.is_working_day(day))
        for day in days
        if before.is_working_day(day) is not after.is_working_day(day)
    )
