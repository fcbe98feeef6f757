"""What a router decides on, and changing it while the hotline runs: a broken edit leaves the old tables in force."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from hotline.city import City
from hotline.domain.errors import CityConfigError
from hotline.domain.time_limits import TimeLimits
from router.catalogue import Catalogue, load_catalogues, load_version
from router.time_tables import load_time_limits

_log = structlog.get_logger()

_Fingerprint = frozenset[tuple[Path, int, int]]


@dataclass(frozen=True, slots=True)
class RoutingTables:
    """The catalogue's versions, newest first, and the time limits."""

    catalogues: tuple[Catalogue, ...]
    limits: TimeLimits


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
        self._tables = load_tables(city)

    @property
    def current(self) -> RoutingTables:
        """The tables in force."""
        return self._tables

    @property
    def refusal(self) -> CityConfigError | None:
        """What is wrong with the files as they are now; None when they are what is in force."""
        return self._refusal

    def reload(self) -> CityConfigError | None:
        """Read the files again and put them in force at once; return what is wrong if they cannot be used."""
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
        gone = _row_ids(self._tables) - _row_ids(tables)
        self._tables, self._refusal = tables, None
        _log.info(
            "catalogue.in_force",
            versions=[each.version for each in tables.catalogues],
            rows_gone=sorted(gone),
        )
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
