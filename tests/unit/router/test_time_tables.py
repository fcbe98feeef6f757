from __future__ import annotations

from datetime import date, time
from pathlib import Path

import holidays
import pytest
from structlog.testing import capture_logs

from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from router.time_tables import load_calendar, load_time_limits
from tests.builders import LINYI
from tests.unit.router.city_copy import change, linyi_in

CALENDAR = load_calendar(LINYI / "calendar")


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1).toordinal()
    return [date.fromordinal(day) for day in range(first, date(year + 1, 1, 1).toordinal())]


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027])
def test_every_day_is_worked_or_rested_as_the_holidays_package_has_it(year: int) -> None:
    china = holidays.country_holidays("CN", years=year)
    assert [day for day in days_of(year) if CALENDAR.is_working_day(day) != china.is_working_day(day)] == []


def test_a_year_not_yet_arranged_is_warned_of() -> None:
    with capture_logs() as logs:
        load_calendar(LINYI / "calendar")
    assert [(each["event"], each["log_level"], each["year"]) for each in logs] == [
        ("calendar.year_unpublished", "warning", 2027)
    ]


def test_years_without_a_published_arrangement_are_known() -> None:
    assert CALENDAR.unpublished_years(date(2023, 12, 30), date(2028, 1, 1)) == (2023, 2027, 2028)


def refusal(folder: Path) -> tuple[str, str, str]:
    with pytest.raises(CityConfigError) as caught:
        load_time_limits(load_city(folder))
    return Path(caught.value.file).name, caught.value.row, caught.value.reason


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("calendar/2026.yaml", "元旦: [2026-01-01", "元旦: [2025-01-01",
         ("2026.yaml", "2025-01-01", "不是2026年的日期")),
        ("calendar/2026.yaml", "makeup_workdays: [2026-01-04", "makeup_workdays: [2026-01-01",
         ("calendar", "2026-01-01", "既是假日又是调休上班日")),
        ("time_limits.yaml", "handle: {working_days: 5", "handle: {working_days: 5, hours: 3",
         ("time_limits.yaml", "handle", "minutes、hours、working_days、days 必须写且只写一个")),
        ("time_limits.yaml", "  ordinary: {working_days: 1", "  routine: {working_days: 1",
         ("time_limits.yaml", "", "sign.routine.[key]：取值不在允许的范围内")),
        ("time_limits.yaml", "name: gas-complaint", "name: heat-measuring",
         ("time_limits.yaml", "heat-measuring", "名称重复")),
        ("time_limits.yaml", '["0104"]', '["0199"]',
         ("time_limits.yaml", "gas-complaint", "没有这个诉求分类：0199")),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_row_and_reason(
    tmp_path: Path, file: str, old: str, new: str, expected: tuple[str, str, str]
) -> None:
    folder = linyi_in(tmp_path)
    change(folder / file, old, new)
    assert refusal(folder) == expected


def test_a_missing_urgency_is_refused(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    change(folder / "time_limits.yaml", "  ordinary: {", "  # {")
    assert refusal(folder) == ("time_limits.yaml", "sign", "缺少 ordinary")


def test_a_city_without_a_calendar_is_refused(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    (folder / "calendar").rename(tmp_path / "elsewhere")
    assert refusal(folder) == ("calendar", "", "没有工作日历")


def test_the_last_day_ends_with_business_or_at_midnight_as_the_city_chose(tmp_path: Path) -> None:
    folder = linyi_in(tmp_path)
    closes = load_time_limits(load_city(folder)).day_ends_at
    change(folder / "time_limits.yaml", "\nday_ends: close_of_business", "\nday_ends: midnight")
    assert (closes, load_time_limits(load_city(folder)).day_ends_at) == (time(17, 30), time(23, 59, 59))
