"""The catalogue of the city's files as text, for people who edit it: read again only when a file was changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from hotline.city import read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.rule_text import CatalogueRow, CatalogueText
from router.catalogue import version_folders

_Fingerprint = tuple[tuple[str, int, int], ...]


class CatalogueFiles:
    """The versions below ``folder``. Every method raises ``CityConfigError`` when they cannot be read."""

    def __init__(self, folder: Path) -> None:
        """Take ``config/<city>/routing``."""
        self._folder = folder
        self._read: tuple[_Fingerprint, tuple[CatalogueText, ...]] | None = None

    def newest(self) -> CatalogueText:
        """Return the version that begins last."""
        return self.texts()[0]

    def in_force(self, on: date) -> CatalogueText:
        """Return the version in force on a day; the oldest one before all of them."""
        texts = self.texts()
        return next((text for text in texts if text.valid_from <= on), texts[-1])

    def texts(self) -> tuple[CatalogueText, ...]:
        """Return all versions, the newest first."""
        found = self._fingerprint()
        if self._read is None or self._read[0] != found:
            texts = [text_of_files(folder) for folder in version_folders(self._folder)]
            self._read = found, tuple(sorted(texts, key=lambda text: text.valid_from, reverse=True))
        return self._read[1]

    def _fingerprint(self) -> _Fingerprint:
        files = sorted(self._folder.rglob("*.yaml"))
        stats = [(str(file), file.stat()) for file in files]
        return tuple((file, stat.st_mtime_ns, stat.st_size) for file, stat in stats)


def text_of_files(folder: Path) -> CatalogueText:
    """Return one version's files as a text. Raises ``CityConfigError``."""
    about = _mapping(folder / "catalogue.yaml")
    rows = []
    for file in sorted((folder / "rows").glob("*.yaml")):
        data = read_yaml(file)
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise CityConfigError(file=str(file), reason="应当是规则的列表")
        rows += [CatalogueRow(file.stem, row) for row in data]
    about["valid_from"] = str(about.get("valid_from"))
    return CatalogueText(about, _mapping(folder / "words.yaml"), tuple(rows))


def _mapping(file: Path) -> dict[str, Any]:
    data = read_yaml(file)
    if not isinstance(data, dict):
        raise CityConfigError(file=str(file), reason="应当是“字段: 值”的形式")
    return data
