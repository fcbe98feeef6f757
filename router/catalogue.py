"""The dispatch catalogue (派单目录): versions with effective dates, read from ``config/<city>/routing/``.

Each version is a folder: ``catalogue.yaml`` (version, effective date, wording of reasons), ``words.yaml`` (topics and
their words) and ``rows/*.yaml``, read in the order of file names; the first row that applies wins. A mistake is a
``CityConfigError`` with file, row and reason, and nothing of that load is used. docs/routing.md tells how to edit it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from hotline.city import City, read_yaml
from hotline.domain.category import DIGITS_A_LEVEL, SECOND
from hotline.domain.errors import CityConfigError
from hotline.domain.rule_text import CatalogueText
from router.decision_table import DecisionTable
from router.mentions import TopicLexicon
from router.row import PLACE, Row
from router.row_model import Code, RowModel, row_of
from router.strict import ModelT, Strict, checked

NO_CATEGORY: Final = ""
"""Key of the table for appeals without a category: only rows for every category are in it."""


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
    by_place: Code
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


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of the dispatch catalogue, compiled.

    ``tables`` holds a decision table for each category of the second level and for each finer one that a row names.
    """

    version: str
    valid_from: date
    min_confidence: float
    reasons: Reasons
    topics: TopicLexicon
    rows: tuple[Row, ...]
    tables: Mapping[str, DecisionTable]


def load_catalogues(folder: Path, city: City, limits: frozenset[str]) -> tuple[Catalogue, ...]:
    """Read every version under ``folder``, newest first. ``limits`` are the names of statutory limits that rows may use."""
    found = [load_version(version, city, limits) for version in version_folders(folder)]
    for mistake in _clashes(found, folder):
        raise mistake
    return tuple(sorted(found, key=lambda catalogue: catalogue.valid_from, reverse=True))


def version_folders(folder: Path) -> tuple[Path, ...]:
    """Return the folders of the versions under ``folder``; ``CityConfigError`` when there is none."""
    found = tuple(sorted(path for path in folder.glob("*/") if path.is_dir()))
    if not found:
        raise CityConfigError(file=str(folder), reason="没有派单目录")
    return found


def load_version(folder: Path, city: City, limits: frozenset[str]) -> Catalogue:
    """Read one version; the first mistake is raised."""
    catalogue, mistakes = read_version(folder, city, limits)
    if catalogue is None:
        raise mistakes[0]
    return catalogue


def read_version(
    folder: Path, city: City, limits: frozenset[str]
) -> tuple[Catalogue | None, tuple[CityConfigError, ...]]:
    """Read one version and return it with nothing wrong, or None with everything that is wrong."""
    mistakes: list[CityConfigError] = []
    about = _part(_About, folder / "catalogue.yaml", mistakes)
    words = _part(_Words, folder / "words.yaml", mistakes)
    return _assembled(
        about, words, _rows(folder / "rows", city), mistakes=mistakes, folder=folder, city=city, limits=limits
    )


def compiled(text: CatalogueText, city: City, limits: frozenset[str]) -> Catalogue:
    """Return the catalogue of a text that is in no file; the first mistake is raised, its file named as if it were in one."""
    catalogue, mistakes = read_text(text, city, limits)
    if catalogue is None:
        raise mistakes[0]
    return catalogue


def read_text(
    text: CatalogueText, city: City, limits: frozenset[str]
) -> tuple[Catalogue | None, tuple[CityConfigError, ...]]:
    """Return the catalogue of a text with nothing wrong, or None with everything that is wrong."""
    folder, mistakes = Path(text.version), list[CityConfigError]()
    about = _part(_About, folder / "catalogue.yaml", mistakes, text.about)
    words = _part(_Words, folder / "words.yaml", mistakes, text.words)
    return _assembled(
        about, words, _rows_of(text, folder, city), mistakes=mistakes, folder=folder, city=city, limits=limits
    )


def _assembled(
    about: _About | None,
    words: _Words | None,
    given: Iterable[Row | CityConfigError],
    *,
    mistakes: list[CityConfigError],
    folder: Path,
    city: City,
    limits: frozenset[str],
) -> tuple[Catalogue | None, tuple[CityConfigError, ...]]:
    rows: list[Row] = []
    for row in given:
        if isinstance(row, Row):
            rows.append(row)
        else:
            mistakes.append(row)
    check = _Check(city=city, topics=frozenset(words.topics) if words else None, limits=limits)
    mistakes.extend(check.rows(rows, folder))
    by_category = _by_category(rows, city)
    if not mistakes:  # a row that cannot be read would count as missing
        mistakes.extend(check.coverage(by_category, folder))
    if mistakes or about is None or words is None:
        return None, tuple(mistakes)
    catalogue = Catalogue(
        version=about.version,
        valid_from=about.valid_from,
        min_confidence=about.min_confidence,
        reasons=about.reasons,
        topics=TopicLexicon(words.topics, words.negations, words.questions),
        rows=tuple(rows),
        tables=tables_of(rows, city),
    )
    return catalogue, ()


def tables_of(rows: Sequence[Row], city: City) -> Mapping[str, DecisionTable]:
    """Return the decision table of each category, and of none."""
    return {code: DecisionTable(of_code) for code, of_code in _by_category(rows, city).items()}


def _by_category(rows: Sequence[Row], city: City) -> Mapping[str, Sequence[Row]]:
    named = {code for row in rows for code in row.categories if len(code) > SECOND * DIGITS_A_LEVEL}
    seconds = [category.code for category in city.categories_at(SECOND)]
    return {code: rows_for(code, rows) for code in (NO_CATEGORY, *seconds, *sorted(named))}


def rows_for(code: str, rows: Sequence[Row]) -> list[Row]:
    """Return the rows of a category: its own and those of the classes above it.

    What is above ends where the category's own rows leave nothing to decide.
    """
    found: list[Row] = []
    is_settled = False
    for row in rows:
        if row.is_for(code) and not (is_settled and row.categories and code not in row.categories):
            found.append(row)
            is_settled |= row.is_unconditional
    return found


def _part(
    model: type[ModelT], file: Path, mistakes: list[CityConfigError], given: Any = None
) -> ModelT | None:
    try:
        return checked(model, file, read_yaml(file) if given is None else dict(given))
    except CityConfigError as error:
        mistakes.append(error)
        return None


def _clashes(catalogues: Sequence[Catalogue], folder: Path) -> Iterator[CityConfigError]:
    """Yield versions that could not be told apart: two of one name, or two that begin on one day."""
    for index, each in enumerate(catalogues):
        for other in catalogues[:index]:
            if each.version == other.version:
                yield CityConfigError(file=str(folder), row=each.version, reason="两个版本的版本号相同")
            if each.valid_from == other.valid_from:
                yield CityConfigError(
                    file=str(folder), row=each.version, reason=f"与 {other.version} 同一天生效"
                )


def in_force(catalogues: Sequence[Catalogue], on: date) -> Catalogue:
    """Return the version in force ``on`` that day; the oldest one for days before all of them."""
    return next((each for each in catalogues if each.valid_from <= on), catalogues[-1])


def _rows(folder: Path, city: City) -> Iterator[Row | CityConfigError]:
    for file in sorted(folder.glob("*.yaml")):
        try:
            data = read_yaml(file)
        except CityConfigError as error:
            yield error
            continue
        if not isinstance(data, list):
            yield CityConfigError(file=str(file), reason="应当是规则的列表")
            continue
        for index, given in enumerate(data, 1):
            name = given.get("id", "") if isinstance(given, dict) else ""
            try:
                yield row_of(checked(RowModel, file, given, row=f"第{index}条 {name}"), file, city)
            except CityConfigError as error:
                yield error


def _rows_of(text: CatalogueText, folder: Path, city: City) -> Iterator[Row | CityConfigError]:
    for row in text.rows:
        file = folder / "rows" / f"{row.group}.yaml"
        try:
            yield row_of(checked(RowModel, file, dict(row.data), row=row.id), file, city)
        except CityConfigError as error:
            yield error


@dataclass(frozen=True, slots=True)
class _Check:
    """Everything a catalogue refers to must exist, and every category must end in a row that always applies.

    ``topics`` is None when the word lists could not be read; then they are not asked for.
    """

    city: City
    topics: frozenset[str] | None
    limits: frozenset[str]

    def rows(self, rows: Sequence[Row], folder: Path) -> Iterator[CityConfigError]:
        if not rows:
            yield CityConfigError(file=str(folder / "rows"), reason="没有规则")
        seen: set[str] = set()
        for row in rows:
            if row.id in seen:
                yield CityConfigError(file=row.file, row=row.id, reason="规则编号重复")
            seen.add(row.id)
            units = (row.lead, *row.supporting, *((row.otherwise,) if row.otherwise else ()))
            yield from self._known(row, "单位", units, {*self.city.units, PLACE})
            if self.topics is not None:
                yield from self._known(row, "词表", (*row.mentions, *row.also, *row.without), self.topics)
            yield from self._known(row, "县区", row.counties, self.city.counties.keys())
            yield from self._known(row, "街镇", row.streets, self.city.streets.keys())
            yield from self._known(row, "时限", (row.limit,) if row.limit else (), self.limits)

    @staticmethod
    def _known(row: Row, what: str, given: Sequence[str], known: Container[str]) -> Iterator[CityConfigError]:
        for each in given:
            if each not in known:
                yield CityConfigError(file=row.file, row=row.id, reason=f"没有这个{what}：{each}")

    @staticmethod
    def coverage(by_category: Mapping[str, Sequence[Row]], folder: Path) -> Iterator[CityConfigError]:
        for code, rows in by_category.items():
            last = next((index for index, row in enumerate(rows) if row.is_unconditional), None)
            if code != NO_CATEGORY and last is None:
                yield CityConfigError(
                    file=str(folder / "rows"), row=code, reason="这个诉求分类没有兜底的规则"
                )
            for dead in rows[last + 1 :] if last is not None else ():
                yield CityConfigError(
                    file=dead.file,
                    row=dead.id,
                    reason=f"排在兜底规则 {rows[last or 0].id} 之后，对分类 {code} 永远不会用到",
                )
