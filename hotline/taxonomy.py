"""A city's classes of appeals (诉求分类), read from ``config/<city>/categories``: a file for each first-level class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from hotline.domain.appeal import AppealKind, Urgency
from hotline.domain.category import DIGITS_A_LEVEL, Category
from hotline.domain.errors import CityConfigError
from hotline.yaml_files import read_yaml

_FIELDS: Final = frozenset(
    {
        "code", "name", "spoken", "kind", "urgency", "needs_place", "keywords", "unit", "basis", "covers", "not", "ask",
        "classes",
    }
)  # fmt: skip
_PLACE: Final = "place"


@dataclass(frozen=True, slots=True)
class _Reading:
    file: str
    units: frozenset[str]

    def classes(self, rows: Any, above: Category) -> Iterator[Category]:
        """Yield the classes of ``rows`` and those below them; what a row leaves out is as in the class above."""
        if not isinstance(rows, list):
            raise CityConfigError(file=self.file, row=above.code, reason="classes 应当是列表")
        for row in rows:
            category = self._category(row, above)
            yield category
            yield from self.classes(row.get("classes", []), category)

    def _category(self, row: Any, above: Category) -> Category:
        where = str(row.get("code", "")) if isinstance(row, dict) else str(row)
        if not isinstance(row, dict) or not row.keys() <= _FIELDS:
            raise CityConfigError(
                file=self.file, row=where, reason=f"只能有这些字段：{'、'.join(sorted(_FIELDS))}"
            )
        if (
            not (where.isdecimal() and where[:-DIGITS_A_LEVEL] == above.code)
            or len(where) > 3 * DIGITS_A_LEVEL
        ):
            raise CityConfigError(
                file=self.file, row=where, reason=f"编号应当是 {above.code} 加两位数字，至多六位"
            )
        try:
            found = replace(
                above,
                code=where,
                name=str(row["name"]),
                spoken=str(row.get("spoken", row["name"])),
                needs_place=row.get("needs_place", above.needs_place) is True,
                default_kind=AppealKind(row.get("kind", above.default_kind)),
                urgency=Urgency(row.get("urgency", above.urgency)),
                keywords=tuple(map(str, row.get("keywords", ()))),
                unit=str(row.get("unit", above.unit)),
                basis=str(row.get("basis", above.basis)),
                covers=str(row.get("covers", "")),
                excludes=str(row.get("not", "")),
                question=str(row.get("ask", "")),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise CityConfigError(file=self.file, row=where, reason=f"字段缺失或取值不对：{error}") from error
        if found.unit and found.unit not in self.units:
            raise CityConfigError(file=self.file, row=where, reason=f"没有这个单位：{found.unit}")
        return found


def read_categories(folder: Path, units: frozenset[str]) -> Mapping[str, Category]:
    """Return every class by its code, each after the one above it; a mistake is a ``CityConfigError``."""
    found: dict[str, Category] = {}
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise CityConfigError(file=str(folder), reason="没有诉求分类")
    for file in files:
        data = read_yaml(file)
        if not isinstance(data, dict) or not {"code", "name", "classes"} <= data.keys():
            raise CityConfigError(file=str(file), reason="应当有 code、name 和 classes")
        reading = _Reading(str(file), units | {_PLACE})
        name = str(data["name"])
        root = Category(code="", name=name, spoken=name, group=name)
        for category in reading.classes([data], root):
            if category.code in found:
                raise CityConfigError(file=str(file), row=category.code, reason="编号重复")
            found[category.code] = category
    return found
