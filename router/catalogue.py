"""The dispatch catalogue (派单目录): versions with effective dates, read from ``config/<city>/routing/``.

Each version is a folder: ``catalogue.yaml`` (version, effective date, wording of reasons), ``words.yaml`` (topics and
their words) and ``rows/*.yaml``, read in the order of file names; the first row that applies wins. A mistake is a
``CityConfigError`` with file, row and reason, and nothing of that load is used. docs/routing.md tells how to edit it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from hotline.city import City, read_yaml
from hotline.domain.appeal import AppealKind, EmergencyService, Urgency
from hotline.domain.errors import CityConfigError
from router.decision_table import DecisionTable
from router.mentions import TopicLexicon
from router.row import PLACE, Area, Row
from router.strict import Strict, checked

NO_CATEGORY: Final = ""
"""Key of the table for appeals without a category: only rows for every category are in it."""
_EVERY: Final = "any"

Code = Annotated[str, Field(min_length=1)]


class Reasons(Strict):
    """Why a decision is manual or a candidate did not win, worded for the person who dispatches."""

    no_category: Code
    no_place: Code
    other_city: Code
    unsure: Code
    conflict: Code
    outranked: Code
    supporting: Code
    by_keyword: Code
    unpublished_calendar: Code


class _About(Strict):
    version: Code
    valid_from: date
    min_confidence: Annotated[float, Field(ge=0, le=1)]
    reasons: Reasons


class _Words(Strict):
    negations: tuple[Code, ...]
    questions: tuple[Code, ...]
    topics: dict[str, tuple[Code, ...]]


class _RowModel(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    category: Literal["any"] | tuple[Code, ...]
    kind: tuple[AppealKind, ...] = ()
    area: tuple[Area, ...] = ()
    county: tuple[Code, ...] = ()
    street: tuple[Code, ...] = ()
    emergency: tuple[EmergencyService, ...] = ()
    mentions: tuple[Code, ...] = ()
    also: tuple[Code, ...] = ()
    without: tuple[Code, ...] = ()
    lead: Code
    supporting: tuple[Code, ...] = ()
    otherwise: str = ""
    urgency: Urgency | None = None
    limit: str = ""
    manual: bool = False
    avoid_named: bool = False
    because: Code
    basis: Code
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of the dispatch catalogue, compiled. ``tables`` holds a decision table for each category code."""

    version: str
    valid_from: date
    min_confidence: float
    reasons: Reasons
    topics: TopicLexicon
    rows: tuple[Row, ...]
    tables: Mapping[str, DecisionTable]


def load_catalogues(folder: Path, city: City, limits: frozenset[str]) -> tuple[Catalogue, ...]:
    """Read every version under ``folder``, newest first. ``limits`` are the names of statutory limits that rows may use."""
    found = [_load(version, city, limits) for version in sorted(folder.glob("*/")) if version.is_dir()]
    if not found:
        raise CityConfigError(file=str(folder), reason="没有派单目录")
    return tuple(sorted(found, key=lambda catalogue: catalogue.valid_from, reverse=True))


def in_force(catalogues: Sequence[Catalogue], on: date) -> Catalogue:
    """Return the version in force ``on`` that day; the oldest one for days before all of them."""
    return next((each for each in catalogues if each.valid_from <= on), catalogues[-1])


def _load(folder: Path, city: City, limits: frozenset[str]) -> Catalogue:
    about = checked(_About, folder / "catalogue.yaml", read_yaml(folder / "catalogue.yaml"))
    words = checked(_Words, folder / "words.yaml", read_yaml(folder / "words.yaml"))
    rows = tuple(_rows(folder / "rows", city))
    check = _Check(city=city, topics=frozenset(words.topics), limits=limits)
    check.rows(rows, folder)
    codes = (NO_CATEGORY, *city.categories)
    by_category = {
        code: [row for row in rows if not row.categories or code in row.categories] for code in codes
    }
    check.coverage(by_category, folder)
    return Catalogue(
        version=about.version,
        valid_from=about.valid_from,
        min_confidence=about.min_confidence,
        reasons=about.reasons,
        topics=TopicLexicon(words.topics, words.negations, words.questions),
        rows=rows,
        tables={code: DecisionTable(of_code) for code, of_code in by_category.items()},
    )


def _rows(folder: Path, city: City) -> Iterator[Row]:
    for file in sorted(folder.glob("*.yaml")):
        data = read_yaml(file)
        if not isinstance(data, list):
            raise CityConfigError(file=str(file), reason="应当是规则的列表")
        for index, given in enumerate(data, 1):
            name = given.get("id", "") if isinstance(given, dict) else ""
            yield _row(checked(_RowModel, file, given, row=f"第{index}条 {name}"), file, city)


def _row(given: _RowModel, file: Path, city: City) -> Row:
    return Row(
        file=str(file),
        id=given.id,
        categories=() if given.category == _EVERY else tuple(_expanded(given, file, city)),
        kinds=given.kind,
        areas=given.area,
        counties=given.county,
        streets=given.street,
        emergencies=given.emergency,
        mentions=given.mentions,
        also=given.also,
        without=given.without,
        lead=given.lead,
        supporting=given.supporting,
        otherwise=given.otherwise,
        urgency=given.urgency,
        limit=given.limit,
        is_manual=given.manual,
        avoids_named=given.avoid_named,
        because=given.because,
        basis=given.basis,
        is_confirmed=given.confirmed,
    )


def _expanded(given: _RowModel, file: Path, city: City) -> Iterator[str]:
    """Yield category codes; a two-digit group stands for all of its categories."""
    for code in given.category:
        matching = [each for each in city.categories if each == code or (len(code) == 2 and each[:2] == code)]
        if not matching:
            raise CityConfigError(file=str(file), row=given.id, reason=f"没有这个诉求分类：{code}")
        yield from matching


@dataclass(frozen=True, slots=True)
class _Check:
    """Everything a catalogue refers to must exist, and every category must end in a row that always applies."""

    city: City
    topics: frozenset[str]
    limits: frozenset[str]

    def rows(self, rows: Sequence[Row], folder: Path) -> None:
        if not rows:
            raise CityConfigError(file=str(folder / "rows"), reason="没有规则")
        seen: set[str] = set()
        for row in rows:
            if row.id in seen:
                raise CityConfigError(file=row.file, row=row.id, reason="规则编号重复")
            seen.add(row.id)
            units = (row.lead, *row.supporting, *((row.otherwise,) if row.otherwise else ()))
            self._known(row, "单位", units, {*self.city.units, PLACE})
            self._known(row, "词表", (*row.mentions, *row.also, *row.without), self.topics)
            self._known(row, "县区", row.counties, self.city.counties.keys())
            self._known(row, "街镇", row.streets, self.city.streets.keys())
            self._known(row, "时限", (row.limit,) if row.limit else (), self.limits)

    @staticmethod
    def _known(row: Row, what: str, given: Sequence[str], known: Any) -> None:
        for each in given:
            if each not in known:
                raise CityConfigError(file=row.file, row=row.id, reason=f"没有这个{what}：{each}")

    @staticmethod
    def coverage(by_category: Mapping[str, Sequence[Row]], folder: Path) -> None:
        for code, rows in by_category.items():
            last = next((index for index, row in enumerate(rows) if row.is_unconditional), None)
            if code != NO_CATEGORY and last is None:
                raise CityConfigError(
                    file=str(folder / "rows"), row=code, reason="这个诉求分类没有兜底的规则"
                )
            if last is not None and last + 1 < len(rows):
                dead = rows[last + 1]
                raise CityConfigError(
                    file=dead.file,
                    row=dead.id,
                    reason=f"排在兜底规则 {rows[last].id} 之后，对分类 {code} 永远不会用到",
                )
