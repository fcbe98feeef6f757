"""A city's working calendar and time limits, read from ``calendar/*.yaml`` and ``time_limits.yaml``."""

from __future__ import annotations

from datetime import date, time
from itertools import chain
from pathlib import Path
from typing import Annotated, Final, Literal

import structlog
from pydantic import Field

from hotline.city import City, read_yaml
from hotline.domain.appeal import AppealKind, Urgency
from hotline.domain.errors import CityConfigError
from hotline.domain.time_limits import LimitUnit, StatutoryLimit, TimeLimit, TimeLimits
from hotline.domain.working_calendar import WorkingCalendar
from router.strict import Strict, checked

_LAST_SECOND: Final = time(23, 59, 59)
_log = structlog.get_logger()


class _Limit(Strict):
    minutes: Annotated[int, Field(gt=0)] | None = None
    hours: Annotated[int, Field(gt=0)] | None = None
    working_days: Annotated[int, Field(gt=0)] | None = None
    days: Annotated[int, Field(gt=0)] | None = None
    basis: Annotated[str, Field(min_length=1)]
    confirmed: bool = False

    def limit(self, name: str, file: Path) -> TimeLimit:
        given = [(unit, amount) for unit in LimitUnit if (amount := getattr(self, unit.value)) is not None]
        if len(given) != 1:
            raise CityConfigError(
                file=str(file), row=name, reason="minutes、hours、working_days、days 必须写且只写一个"
            )
        [(unit, amount)] = given
        return TimeLimit(name=name, amount=amount, unit=unit, basis=self.basis, is_confirmed=self.confirmed)


class _Statutory(_Limit):
    name: Annotated[str, Field(min_length=1)]
    categories: tuple[str, ...] = ()
    kinds: tuple[AppealKind, ...] = ()


class _TimeLimits(Strict):
    day_ends: Literal["close_of_business", "midnight"]
    business_closes: time
    sign: dict[Urgency, _Limit]
    handle: _Limit
    statutory: list[_Statutory]
    send_back: _Limit
    extension: _Limit
    warning: _Limit
    warning_share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    imposed_basis: Annotated[str, Field(min_length=1)]
    red_basis: Annotated[str, Field(min_length=1)]


class _Year(Strict):
    year: int
    published: bool
    basis: str
    holidays: dict[str, list[date]]
    makeup_workdays: list[date]


def load_calendar(folder: Path) -> WorkingCalendar:
    """Read the years in ``folder``; a year whose arrangement is not published is warned of in the log."""
    years: list[_Year] = []
    for file in sorted(folder.glob("*.yaml")):
        year = checked(_Year, file, read_yaml(file))
        stray = [
            on for on in (*chain(*year.holidays.values()), *year.makeup_workdays) if on.year != year.year
        ]
        if stray:
            raise CityConfigError(file=str(file), row=str(stray[0]), reason=f"不是{year.year}年的日期")
        if not year.published:
            _log.warning("calendar.year_unpublished", year=year.year, file=str(file))
        years.append(year)
    if not years:
        raise CityConfigError(file=str(folder), reason="没有工作日历")
    holidays = frozenset(on for year in years for on in chain(*year.holidays.values()))
    makeup_workdays = frozenset(on for year in years for on in year.makeup_workdays)
    if both := holidays & makeup_workdays:
        raise CityConfigError(file=str(folder), row=str(min(both)), reason="既是假日又是调休上班日")
    return WorkingCalendar(
        holidays=holidays,
        makeup_workdays=makeup_workdays,
        published_years=frozenset(year.year for year in years if year.published),
    )


def load_time_limits(city: City) -> TimeLimits:
    """Read and check a city's limits, with its calendar."""
    file = city.folder / "time_limits.yaml"
    given = checked(_TimeLimits, file, read_yaml(file))
    for urgency in Urgency:
        if urgency not in given.sign:
            raise CityConfigError(file=str(file), row="sign", reason=f"缺少 {urgency.value}")
    names = [each.name for each in given.statutory]
    for statutory in given.statutory:
        if names.count(statutory.name) > 1:
            raise CityConfigError(file=str(file), row=statutory.name, reason="名称重复")
        for code in statutory.categories:
            if code not in city.categories:
                raise CityConfigError(file=str(file), row=statutory.name, reason=f"没有这个诉求分类：{code}")
    return TimeLimits(
        timezone=city.timezone,
        calendar=load_calendar(city.folder / "calendar"),
        day_ends_at=given.business_closes if given.day_ends == "close_of_business" else _LAST_SECOND,
        signing={urgency: limit.limit(urgency.value, file) for urgency, limit in given.sign.items()},
        handling=given.handle.limit("handle", file),
        statutory=tuple(
            StatutoryLimit(
                limit=each.limit(each.name, file),
                categories=frozenset(each.categories),
                kinds=frozenset(each.kinds),
            )
            for each in given.statutory
        ),
        sending_back=given.send_back.limit("send_back", file),
        extension=given.extension.limit("extension", file),
        warning=given.warning.limit("warning", file),
        warning_share=given.warning_share,
        red_basis=given.red_basis,
        imposed=TimeLimit("imposed", 0, LimitUnit.HOURS, given.imposed_basis),
    )
