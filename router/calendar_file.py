"""A year's arrangement of holidays in a file that people bring: YAML as the city's folder has it, or CSV; and what is wrong with one."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Final

import yaml

from hotline.domain.calendar_years import YearArrangement
from hotline.domain.errors import CityConfigError

SUFFIXES: Final = (".yaml", ".yml", ".csv")
LARGEST_BYTES: Final = 64 * 1024
_SATURDAY: Final = 5
_COLUMNS: Final = ("日期", "类型", "名称")
_KINDS: Final = ("放假", "上班")


def read_arrangement(body: bytes, name: str, *, basis: str = "") -> YearArrangement:
    """Return what a file says; ``basis`` is for a CSV, which has none. Raises ``CityConfigError`` with the row and why.

    A CSV has the columns 日期 (2027-01-01), 类型 (放假 or 上班) and 名称 (元旦; of 上班 empty).
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CityConfigError(file=name, reason="不是 UTF-8 的文字文件") from error
    return _csv(text, name, basis) if name.lower().endswith(".csv") else _yaml(text, name)


def _yaml(text: str, name: str) -> YearArrangement:
    try:
        found = yaml.safe_load(text)
        holidays = {
            str(one): tuple(_day(day, name) for day in days) for one, days in found["holidays"].items()
        }
        worked = tuple(_day(day, name) for day in found["makeup_workdays"] or ())
        return YearArrangement(int(found["year"]), str(found.get("basis") or ""), holidays, worked)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        reason = "要有 year、basis、holidays（名称：日期列表）、makeup_workdays"
        raise CityConfigError(file=name, reason=reason) from error


def _csv(text: str, name: str, basis: str) -> YearArrangement:
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or any(column not in rows[0] for column in _COLUMNS):
        raise CityConfigError(file=name, reason=f"第一行要有 {'、'.join(_COLUMNS)}")
    holidays: dict[str, list[date]] = {}
    worked: list[date] = []
    for row in rows:
        day, kind = _day((row["日期"] or "").strip(), name), (row["类型"] or "").strip()
        if kind not in _KINDS:
            raise CityConfigError(file=name, row=str(day), reason="类型只能是 放假 或者 上班")
        if kind == "上班":
            worked.append(day)
        else:
            holidays.setdefault((row["名称"] or "").strip() or "放假", []).append(day)
    years = [day.year for day in (*worked, *(day for days in holidays.values() for day in days))]
    year = max(years, key=years.count)  # a stray day is named as such
    return YearArrangement(year, basis, {one: tuple(days) for one, days in holidays.items()}, tuple(worked))


def _day(given: object, name: str) -> date:
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(str(given).strip().replace("/", "-"))
    except ValueError as error:
        raise CityConfigError(file=name, row=str(given), reason="日期要写成 2027-01-01") from error


def mistakes_in(given: YearArrangement) -> tuple[str, ...]:
    """Return what is wrong with an arrangement, in Chinese; nothing: it can be put in force."""
    return tuple(_mistakes(given))


def _mistakes(given: YearArrangement) -> Iterator[str]:
    if not given.basis.strip():
        yield "没有写依据（通知文号）"
    if not given.rest_days:
        yield "一个假日也没有"
    days = [*chain(*given.holidays.values()), *given.makeup_workdays]
    for day in sorted({day for day in days if day.year != given.year}):
        yield f"{day} 不是 {given.year} 年的日期"
    for day, many in sorted(Counter(days).items()):
        if many > 1:
            yield f"{day} 写了 {many} 次，或者既放假又上班"
    for day in sorted(given.makeup_workdays):
        if day.weekday() < _SATURDAY:
            yield f"{day} 不是周末，不用调休上班"
