"""Checking a dispatch catalogue as a whole: mistakes, gaps, overlaps, rows that nothing reaches, and what is unused.

A mistake is an error: such a catalogue is not put in force. A row that nothing can reach is an error too, since whoever
wrote it believes that it works. Everything else is a warning or a note for the people who keep the catalogue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from hotline.city import City
from hotline.domain.appeal import AppealKind
from hotline.domain.errors import CityConfigError
from hotline.domain.handling_unit import UnitGroup
from router.catalogue import NO_CATEGORY, Catalogue, read_version, rows_for
from router.condition_space import WordReach, are_rivals, can_both_hold, frames, reaching
from router.row import PLACE, Area, Row
from router.time_tables import load_time_limits

_NOT_DISPATCHED: Final = (AppealKind.WITHDRAWAL, AppealKind.NUISANCE, AppealKind.INVALID)
_SPEAKS_FOR_ALL: Final = (AppealKind.INQUIRY, AppealKind.SUGGESTION, AppealKind.PRAISE)
_NO_CATEGORY_NAME: Final = "（无分类）"
_ALL: Final = "（全部）"


class Level(StrEnum):
    """How much a finding matters: an error keeps a catalogue from being used."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in a catalogue: ``code`` is stable (docs/routing.md), ``file`` and ``row`` say where."""

    level: Level
    code: str
    file: str
    row: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything found in one version. ``version`` is empty if it could not be read."""

    folder: Path
    version: str
    rows: int
    unconfirmed_rows: int
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many findings there are of each level."""
        found = Counter(each.level.value for each in self.findings)
        return {level.value: found[level.value] for level in Level}


def check_version(folder: Path, city: City) -> CheckReport:
    """Check one version's folder against the city's units, categories, places and limits."""
    try:
        limits = {each.limit.name: each for each in load_time_limits(city).statutory}
    except CityConfigError as error:
        return CheckReport(folder, "", 0, 0, (_mistake(error),))
    catalogue, mistakes = read_version(folder, city, frozenset(limits))
    if catalogue is None:
        return CheckReport(folder, "", 0, 0, tuple(map(_mistake, mistakes)))
    check = _VersionCheck(catalogue, city)
    named_only = frozenset(name for name, each in limits.items() if not each.categories)
    findings = (
        *check.reach(),
        *check.overlaps(),
        *check.gaps(),
        *_townships(catalogue, city),
        *_units(catalogue, city),
        *_unused_words(catalogue, folder),
        *_unused_limits(catalogue, city, named_only),
        *_unconfirmed(catalogue),
    )
    unconfirmed = sum(not row.is_confirmed for row in catalogue.rows)
    return CheckReport(folder, catalogue.version, len(catalogue.rows), unconfirmed, findings)


def _mistake(error: CityConfigError) -> Finding:
    return Finding(Level.ERROR, "mistake", error.file, error.row, error.reason)


def check_codes(catalogue: Catalogue, city: City, codes: Container[str]) -> tuple[Finding, ...]:
    """Return what is found in some categories: rows that nothing reaches, overlaps, gaps, duties given to towns."""
    check = _VersionCheck(catalogue, city, codes)
    return (*check.reach(), *check.overlaps(), *check.gaps(), *_townships(catalogue, city))


class _VersionCheck:
    """What needs the space of situations."""

    def __init__(self, catalogue: Catalogue, city: City, only: Container[str] | None = None) -> None:
        """Take the catalogue; of ``only`` these categories findings are wanted, in the others every row counts as reached."""
        self._catalogue = catalogue
        self._city = city
        every = {code: tuple(rows_for(code, catalogue.rows)) for code in catalogue.tables}
        self._rows = {code: rows for code, rows in every.items() if only is None or code in only}
        self._elsewhere = frozenset(
            row.id for code, rows in every.items() if code not in self._rows for row in rows
        )
        self._frames = {code: frames(rows, city) for code, rows in self._rows.items()}
        topics = catalogue.topics
        self._words = WordReach(
            dict(topics.words), lambda text: frozenset(each.topic for each in topics.find(text))
        )
        self._reached: dict[str, set[str]] = {code: set() for code in self._rows}

    def reach(self) -> Iterator[Finding]:
        """Yield the rows that nothing reaches: in no category, in some, or by none of their words."""
        unsaid: dict[str, list[str]] = {}
        for code, rows in self._rows.items():
            for number, row in enumerate(rows):
                ways = [
                    [rows[each] for each in frame.rows if each < number]
                    for frame in self._frames[code]
                    if number in frame.rows
                ]
                if any(reaching(row, earlier) is not None for earlier in ways):
                    self._reached[code].add(row.id)
                    if all(self._words.saying(row, earlier) is None for earlier in ways):
                        unsaid.setdefault(row.id, []).append(code)
        for row in self._catalogue.rows:
            codes = [code for code, rows in self._rows.items() if row in rows]
            dead = [code for code in codes if row.id not in self._reached[code]]
            if codes and len(dead) == len(codes) and row.id not in self._elsewhere:
                yield _finding(Level.ERROR, "dead", row, "无论什么情形，排在前面的规则都先命中，永远不会用到")
            elif dead:
                text = f"对分类 {_listed(dead)} 永远不会用到：排在前面的规则都先命中"
                yield _finding(Level.WARNING, "dead_in_category", row, text)
            if row.id in unsaid:
                text = f"对分类 {_listed(unsaid[row.id])}，词表里的每个词都会先命中前面的规则"
                yield _finding(Level.WARNING, "unsaid", row, text)

    def overlaps(self) -> Iterator[Finding]:
        """Yield pairs of rows that may hold together, are as specific as each other and have different leads."""
        pairs: dict[tuple[Row, Row], list[str]] = {}
        for code, rows in self._rows.items():
            together = {
                (number, other)
                for frame in self._frames[code]
                for place, number in enumerate(frame.rows)
                for other in frame.rows[place + 1 :]
                if are_rivals(rows[number], rows[other])
            }
            for number, other in sorted(together):
                if can_both_hold(rows[number], rows[other]):
                    pairs.setdefault((rows[number], rows[other]), []).append(code)
        for (first, second), codes in pairs.items():
            names = (self._lead(first), self._lead(second))
            text = (
                f"分类 {self._codes(codes)}：与规则 {second.id} 可同时成立、条件一样具体而主办不同"
                f"（{names[0]}／{names[1]}）；{first.id} 在前，主办是{names[0]}"
            )
            yield _finding(Level.WARNING, "overlap", first, text)
            if first.lead == PLACE and second.lead != PLACE and self._is_city_body(second.lead):
                text = (
                    f"与规则 {second.id} 重叠时由属地主办；市县职责交叉的以市部门主办（参照潍坊条例24，待核）"
                )
                yield _finding(Level.NOTE, "county_before_city", first, text)

    def gaps(self) -> Iterator[Finding]:
        """Yield kinds and areas of a category that none of its own rows gives to a unit: only people dispatch them."""
        for code, rows in self._rows.items():
            if code == NO_CATEGORY:
                continue
            own = [row for row in rows if row.categories and row.id in self._reached[code]]
            manual: dict[Area, list[str]] = {}
            for kind in AppealKind:
                if kind in _NOT_DISPATCHED:
                    continue
                for area in Area:
                    if not any(_dispatches(row, kind, area) for row in own):
                        manual.setdefault(area, []).append(kind.value)
            for area, kinds in manual.items():
                yield self._gap(code, area, kinds, rows[-1])

    def _gap(self, code: str, area: Area, kinds: Sequence[str], last: Row) -> Finding:
        what = f"分类 {code} {self._city.categories[code].name}、诉求类型 {_listed(kinds)}"
        if area is Area.UNKNOWN and not last.is_manual:
            return _finding(
                Level.NOTE, "gap_no_place", last, f"{what}：县区不明时没有主办单位，须补问地点或人工派单"
            )
        return _finding(Level.WARNING, "gap", last, f"{what}、属地层级 {area.value}：只能人工派单")

    def _codes(self, codes: Sequence[str]) -> str:
        return _ALL if len(codes) == len(self._rows) else _listed(codes)

    def _lead(self, row: Row) -> str:
        if row.is_manual:
            return "人工"
        return "属地" if row.lead == PLACE else self._city.units[row.lead].name

    def _is_city_body(self, code: str) -> bool:
        return self._city.units[code].group is UnitGroup.CITY_BODY


def _dispatches(row: Row, kind: AppealKind, area: Area) -> bool:
    """Tell whether a row gives an appeal of this kind and area to a unit, emergencies apart."""
    if row.is_manual or row.emergencies or (row.kinds and kind not in row.kinds):
        return False
    if (row.areas and area not in row.areas) or (area is Area.UNKNOWN and (row.counties or row.streets)):
        return False
    has_place = area is not Area.UNKNOWN
    return row.lead != PLACE or has_place or (bool(row.otherwise) and kind in _SPEAKS_FOR_ALL)


def _townships(catalogue: Catalogue, city: City) -> Iterator[Finding]:
    """Yield rows that give what is a county's duty to a street or town (北京条例12, 潍坊条例24)."""
    names = {name for street in city.streets.values() for name in (street.name, *street.aliases)}
    for row in catalogue.rows:
        for code in (row.lead, row.otherwise):
            unit = city.units.get(code)
            if unit is not None and any(unit.name.startswith(name) for name in names) and not row.streets:
                text = f"{unit.name}是镇街：县级部门的职责不得派给镇街；确属镇街的，请写明 street"
                yield _finding(Level.ERROR, "township", row, text)


def _units(catalogue: Catalogue, city: City) -> Iterator[Finding]:
    file = str(city.folder / "units.yaml")
    used = {code for row in catalogue.rows for code in (row.lead, row.otherwise, *row.supporting)}
    governing = Counter(unit.county_code for unit in city.units.values() if unit.county_code is not None)
    for code, county in city.counties.items():
        if governing[code] != 1:
            yield Finding(
                Level.ERROR,
                "county_unit",
                file,
                code,
                f"{county.name}有 {governing[code]} 个属地单位，应当只有一个",
            )
    for unit in city.units.values():
        if unit.code not in used and unit.county_code is None:
            text = f"{unit.name}没有出现在任何规则里"
            yield Finding(Level.WARNING, "unused_unit", file, unit.code, text)


def _unused_words(catalogue: Catalogue, folder: Path) -> Iterator[Finding]:
    used = {topic for row in catalogue.rows for topic in (*row.mentions, *row.also, *row.without)}
    for topic in catalogue.topics.words:
        if topic not in used:
            yield Finding(
                Level.WARNING, "unused_topic", str(folder / "words.yaml"), topic, "没有规则用到这个词表"
            )


def _unused_limits(catalogue: Catalogue, city: City, named_only: frozenset[str]) -> Iterator[Finding]:
    file = str(city.folder / "time_limits.yaml")
    for name in sorted(named_only - {row.limit for row in catalogue.rows}):
        yield Finding(Level.WARNING, "unused_limit", file, name, "没有分类，也没有规则用到这个时限")


def _unconfirmed(catalogue: Catalogue) -> Iterator[Finding]:
    for row in catalogue.rows:
        if not row.is_confirmed:
            yield _finding(Level.NOTE, "unconfirmed", row, f"待核：{row.basis}")


def _finding(level: Level, code: str, row: Row, text: str) -> Finding:
    return Finding(level, code, row.file, row.id, text)


def _listed(codes: Sequence[str]) -> str:
    return "、".join(code or _NO_CATEGORY_NAME for code in codes)


def worst(reports: Sequence[CheckReport]) -> Level:
    """Return the highest level among all findings."""
    found = {each.level for report in reports for each in report.findings}
    return next((level for level in Level if level in found), Level.NOTE)


def report_data(report: CheckReport) -> dict[str, Any]:
    """Return a report as plain data (docs/routing.md)."""
    return {
        "folder": str(report.folder),
        "version": report.version,
        "rows": report.rows,
        "unconfirmed_rows": report.unconfirmed_rows,
        "counts": dict(report.counts),
        "findings": [
            {
                "level": each.level.value,
                "code": each.code,
                "file": each.file,
                "row": each.row,
                "text": each.text,
            }
            for each in report.findings
        ],
    }
