"""What a router decides on, and changing it while the hotline runs: a broken edit leaves the old tables in force."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Protocol

import structlog

from hotline.city import City
from hotline.domain.calendar_years import YearArrangement, with_years
from hotline.domain.errors import CityConfigError
from hotline.domain.rule_text import CatalogueText
from hotline.domain.time_limits import TimeLimits
from router.catalogue import Catalogue, compiled, load_catalogues, load_version
from router.time_tables import load_time_limits

_log = structlog.get_logger()

_Fingerprint = frozenset[tuple[Path, int, int]]


@dataclass(frozen=True, slots=True)
class RoutingTables:
    """The catalogue's versions, newest first, and the time limits."""

    catalogues: tuple[Catalogue, ...]
    limits: TimeLimits

    @property
    def limit_names(self) -> frozenset[str]:
        """The names of statutory limits, which rows may use."""
        return frozenset(each.limit.name for each in self.limits.statutory)


def load_tables(city: City, folder: Path | None = None) -> RoutingTables:
    """Read everything that routing needs from the city's folder, or raise ``CityConfigError``.

    ``folder`` is another place of the catalogue: of all its versions, or of a single one that then holds for every day.
    """
    limits = load_time_limits(city)
    names = frozenset(each.limit.name for each in limits.statutory)
    folder = folder or city.folder / "routing"
    if (folder / "catalogue.yaml").exists():
        return RoutingTables((load_version(folder, city, names),), limits)
    return RoutingTables(load_catalogues(folder, city, names), limits)


@dataclass(frozen=True, slots=True)
class Published:
    """A version that people published from the console, the ``sequence``-th."""

    sequence: int
    text: CatalogueText


class TablesInForce(Protocol):
    """Whatever knows the tables to decide on."""

    @property
    def current(self) -> RoutingTables:
        """The tables in force."""


@dataclass(frozen=True, slots=True)
class FixedTables:
    """Tables that never change: to try a catalogue before it is put in force."""

    current: RoutingTables


class CatalogueHolder:
    """Holds the tables in force. The first load raises ``CityConfigError``; later ones keep the old tables instead.

    Who decides takes ``current`` once for a decision: it is replaced as a whole, so no decision sees half of a change.
    """

    def __init__(self, city: City) -> None:
        self._city = city
        self._seen: _Fingerprint | None = self._fingerprint()
        self._settling: _Fingerprint | None = None
        self._refusal: CityConfigError | None = None
        self._files = self._tables = load_tables(city)
        self._published: tuple[Published, ...] = ()
        self._compiled: dict[int, Catalogue] = {}
        self._years: tuple[YearArrangement, ...] = ()
        self._changing = Lock()

    @property
    def current(self) -> RoutingTables:
        """The tables in force."""
        return self._tables

    @property
    def refusal(self) -> CityConfigError | None:
        """What is wrong with the files as they are now; None when they are what is in force."""
        return self._refusal

    def prepare(self, published: Published) -> CityConfigError | None:
        """Compile a version without putting it in force; return what is wrong if it cannot be used."""
        with self._changing:
            return self._compile((published,), self._files, is_only_added=True).get(published.sequence)

    def publish(self, published: Sequence[Published]) -> None:
        """Put versions that people published in force beside those of the files, instead of those given before.

        Those that cannot be used are left out, the others hold; ask ``prepare`` first.
        """
        with self._changing:
            wrong = self._compile(published, self._files)
            self._published = tuple(each for each in published if each.sequence not in wrong)
            self._put_in_force(self._files)

    def arrange(self, years: Sequence[YearArrangement]) -> None:
        """Let imported years of the calendar hold instead of the files'; limits that are on orders already stay."""
        with self._changing:
            self._years = tuple(years)
            self._put_in_force(self._files)

    def _compile(
        self, published: Sequence[Published], files: RoutingTables, *, is_only_added: bool = False
    ) -> dict[int, CityConfigError]:
        names, wrong = files.limit_names, dict[int, CityConfigError]()
        if names != self._files.limit_names:
            self._compiled = {}
        if not is_only_added:
            wanted = {each.sequence for each in published}
            self._compiled = {key: each for key, each in self._compiled.items() if key in wanted}
        for each in published:
            if each.sequence not in self._compiled:
                try:
                    self._compiled[each.sequence] = compiled(each.text, self._city, names)
                except CityConfigError as error:
                    wrong[each.sequence] = error
        return wrong

    def _put_in_force(self, files: RoutingTables) -> None:
        """Replace the tables as a whole. Of versions of one day the one published last holds, one of the files never."""
        ranked = [(each.valid_from, 0, each) for each in files.catalogues]
        for published in self._published:
            catalogue = self._compiled[published.sequence]
            ranked.append((catalogue.valid_from, published.sequence, catalogue))
        ranked.sort(key=lambda each: each[:2], reverse=True)
        calendar = with_years(files.limits.calendar, self._years)
        limits = replace(files.limits, calendar=calendar) if self._years else files.limits
        tables = RoutingTables(tuple(each for _, _, each in ranked), limits)
        gone = _row_ids(self._tables) - _row_ids(tables)
        self._files, self._tables = files, tables
        _log.info(
            "catalogue.in_force",
            versions=[each.version for each in tables.catalogues],
            rows_gone=sorted(gone),
        )

    def reload(self) -> CityConfigError | None:
        """Read the files again and put them in force at once; return what is wrong if they cannot be used."""
        with self._changing:
            return self._reload()

    def _reload(self) -> CityConfigError | None:
        self._seen = self._fingerprint()
        try:
            tables = load_tables(self._city)
        except CityConfigError as error:
            return self._refuse(error)
        except OSError as error:
            return self._refuse(
                CityConfigError(file=str(error.filename), reason=f"读不出来：{error.strerror}")
            )
        if self._fingerprint() != self._seen:
            self._seen = None  # so that the next look reads them again
            return self._refuse(CityConfigError(file=str(self._city.folder), reason="读取时文件又有改动"))
        wrong = next(iter(self._compile(self._published, tables).values()), None)
        if wrong is not None:  # the limits were changed, and one that a published row names is gone
            self._compile(self._published, self._files)
            return self._refuse(wrong)
        self._put_in_force(tables)
        self._refusal = None
        return None

    def reload_if_changed(self) -> CityConfigError | None:
        """Reload when any file was changed, added or removed since it was last read; cheap enough to call often."""
        return self.reload() if self._fingerprint() != self._seen else None

    def reload_when_settled(self) -> CityConfigError | None:
        """Reload when files were changed and have stayed as they are since the last call: nobody is writing them."""
        found = self._fingerprint()
        has_settled, self._settling = found == self._settling, found
        return self.reload() if found != self._seen and has_settled else None

    def _refuse(self, error: CityConfigError) -> CityConfigError:
        self._refusal = error
        _log.error("catalogue.refused", file=error.file, row=error.row, reason=error.reason)
        return error

    def _fingerprint(self) -> _Fingerprint:
        folder = self._city.folder
        files = [folder / "time_limits.yaml"]
        for part in ("routing", "calendar"):
            files.extend((folder / part).rglob("*.yaml"))
        found = set()
        for file in files:
            with suppress(FileNotFoundError):  # gone since it was listed
                stat = file.stat()
                found.add((file, stat.st_mtime_ns, stat.st_size))
        return frozenset(found)


def _row_ids(tables: RoutingTables) -> set[str]:
    return {row.id for catalogue in tables.catalogues for row in catalogue.rows}
