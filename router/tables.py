"""What a router decides on, and changing it while the hotline runs: a broken edit leaves the old tables in force."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from hotline.city import City
from hotline.domain.errors import CityConfigError
from hotline.domain.time_limits import TimeLimits
from router.catalogue import Catalogue, load_catalogues
from router.time_tables import load_time_limits

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RoutingTables:
    """The catalogue's versions, newest first, and the time limits."""

    catalogues: tuple[Catalogue, ...]
    limits: TimeLimits


def load_tables(city: City) -> RoutingTables:
    """Read everything that routing needs from the city's folder, or raise ``CityConfigError``."""
    limits = load_time_limits(city)
    names = frozenset(each.limit.name for each in limits.statutory)
    return RoutingTables(load_catalogues(city.folder / "routing", city, names), limits)


class CatalogueHolder:
    """Holds the tables in force. The first load raises ``CityConfigError``; later ones keep the old tables instead."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._seen = self._fingerprint()
        self._tables = load_tables(city)

    @property
    def current(self) -> RoutingTables:
        """The tables in force."""
        return self._tables

    def reload(self) -> CityConfigError | None:
        """Read the files again and put them in force at once; return what is wrong if they cannot be used."""
        self._seen = self._fingerprint()
        try:
            self._tables = load_tables(self._city)
        except CityConfigError as error:
            _log.error("catalogue.refused", file=error.file, row=error.row, reason=error.reason)
            return error
        _log.info("catalogue.in_force", versions=[each.version for each in self._tables.catalogues])
        return None

    def reload_if_changed(self) -> CityConfigError | None:
        """Reload when any file was changed, added or removed since it was last read; cheap enough to call often."""
        return self.reload() if self._fingerprint() != self._seen else None

    def _fingerprint(self) -> frozenset[tuple[Path, int, int]]:
        folder = self._city.folder
        files = [folder / "time_limits.yaml"]
        for part in ("routing", "calendar"):
            files.extend((folder / part).rglob("*.yaml"))
        return frozenset(
            (file, stat.st_mtime_ns, stat.st_size)
            for file in files
            if file.exists() and (stat := file.stat())
        )
