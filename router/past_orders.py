"""Past orders (往期工单) from files: JSON lines or CSV, read one by one, each mistake with its file and line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind, EmergencyService, Place, Urgency
from hotline.domain.category import nearest
from hotline.domain.errors import HotlineError

SUFFIXES: Final = (".jsonl", ".ndjson", ".csv")
_NEEDED: Final = ("category", "kind", "text", "at", "lead_unit")
_LONGEST_LINE: Final = 1_000_000


class PastOrderError(HotlineError):
    """A line of an export of past orders cannot be used; ``file`` and ``line`` say where, ``reason`` why, in Chinese."""

    code = "past_order.invalid"

    def __init__(self, *, file: str, line: int, reason: str) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: {reason}")


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An appeal as it was dispatched ``at`` that moment to ``lead_unit`` (None: a person had to dispatch it)."""

    file: str
    line: int
    appeal: Appeal
    at: datetime
    lead_unit: str | None
    number: str = ""


def past_order_files(folder: Path) -> tuple[Path, ...]:
    """Return the exports under ``folder``, sorted; other files are left alone."""
    return tuple(
        sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    )


def read_past_orders(file: Path, city: City) -> Iterator[PastOrder | PastOrderError]:
    """Yield every order of one file, or what is wrong with its line; only one line is held at a time."""
    try:
        with file.open(encoding="utf-8-sig", errors="strict", newline="") as lines:
            rows = _csv_rows(lines) if file.suffix.lower() == ".csv" else _json_rows(lines)
            for line, row in rows:
                if isinstance(row, str):
                    yield PastOrderError(file=str(file), line=line, reason=row)
                    continue
                try:
                    yield _order(row, city, str(file), line)
                except ValueError as error:
                    yield PastOrderError(file=str(file), line=line, reason=str(error))
    except UnicodeDecodeError:
        yield PastOrderError(file=str(file), line=0, reason="不是 UTF-8 编码，其后的内容没有读")
    except (OSError, csv.Error) as error:
        yield PastOrderError(file=str(file), line=0, reason=f"读不下去，其后的内容没有读：{error}")


def _json_rows(lines: Any) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    number = 0
    while text := lines.readline(_LONGEST_LINE):
        number += 1
        if len(text) == _LONGEST_LINE and not text.endswith("\n"):
            yield number, "这一行太长，其后的内容没有读"
            return
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield number, f"不是有效的JSON：{getattr(error, 'msg', '嵌套太深')}"
            continue
        yield number, row if isinstance(row, dict) else "应当是“字段: 值”的对象"


def _csv_rows(lines: Any) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    reader = csv.DictReader(lines)
    missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        yield 1, f"缺少这些列：{'、'.join(missing)}"
        return
    for row in reader:
        if None in row or None in row.values():
            yield reader.line_num, "列数与表头不符"
        else:
            yield reader.line_num, row


def _order(row: Mapping[str, Any], city: City, file: str, line: int) -> PastOrder:
    missing = [name for name in _NEEDED if name not in row]
    if missing:
        raise ValueError(f"缺少{'、'.join(missing)}")
    given = {name: "" if value is None else str(value).strip() for name, value in row.items() if name}
    category = given["category"] or None
    if category is not None and nearest(category, city.categories) is None:
        raise ValueError(f"没有这个诉求分类：{category}")
    lead = given["lead_unit"] or None
    if lead is not None and lead not in city.units:
        lead = next((unit.code for unit in city.units.values() if unit.name == lead), lead)
    try:
        emergency = EmergencyService(given["emergency"]) if given.get("emergency") else None
        urgency = Urgency(given.get("urgency") or Urgency.ORDINARY)
        kind = AppealKind(given["kind"])
    except ValueError as error:
        raise ValueError(f"取值不在允许的范围内：{error.args[0].split(' is not')[0]}") from None
    appeal = Appeal(
        kind=kind,
        category=category,
        text=given["text"],
        place=_place(given, city),
        urgency=urgency,
        emergency=emergency,
    )
    return PastOrder(file, line, appeal, _moment(given["at"], city), lead, given.get("number", ""))


def _place(given: Mapping[str, str], city: City) -> Place | None:
    county, street = given.get("county_code", ""), given.get("street_code", "")
    if street and street not in city.streets:
        raise ValueError(f"没有这个街镇：{street}")
    if not county and not street:
        return None
    return Place(
        given["text"], county_code=county or city.streets[street].county_code, street_code=street or None
    )


def _moment(given: str, city: City) -> datetime:
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(f"不是 ISO 8601 时间：{given}") from None
    return at.replace(tzinfo=city.timezone) if at.tzinfo is None else at
