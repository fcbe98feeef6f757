"""A city's facts, read from ``config/<city>/``: what differs between cities is data, never an ``if``.

Every mistake in a file is a ``CityConfigError`` that names the file and the row.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from hotline.domain.category import Category
from hotline.domain.errors import CityConfigError
from hotline.domain.handling_unit import HandlingUnit, UnitGroup
from hotline.taxonomy import read_categories
from hotline.yaml_files import read_lists as read_lists  # noqa: PLC0414 -- where the house looks for it
from hotline.yaml_files import read_yaml as read_yaml  # noqa: PLC0414 -- likewise

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class County:
    """A county, district or functional zone (县区、功能区). ``hosts`` are the counties whose streets a zone took over."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    is_zone: bool = False


@dataclass(frozen=True, slots=True)
class Street:
    """A street, town or township (街道、镇、乡). ``county_code`` is who governs it now."""

    code: str
    name: str
    county_code: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class City:
    """All facts of one city that more than one part of the hotline needs. ``asks_rating``: callers rate their call (服务评价).

    ``categories`` holds the classes of all three levels.
    """

    folder: Path
    name: str
    code: str
    hotline_name: str
    timezone: ZoneInfo
    categories: Mapping[str, Category]
    units: Mapping[str, HandlingUnit]
    counties: Mapping[str, County]
    streets: Mapping[str, Street]
    asks_rating: bool = False

    def categories_at(self, level: int) -> tuple[Category, ...]:
        """Return the classes of one level, in the order of their codes."""
        return tuple(category for _, category in sorted(self.categories.items()) if category.level == level)

    @property
    def place_names(self) -> frozenset[str]:
        """Names of counties and streets: in a sentence they say where, not who."""
        places: tuple[County | Street, ...] = (*self.counties.values(), *self.streets.values())
        return frozenset(name for place in places for name in (place.name, *place.aliases))


def load_city(folder: Path) -> City:
    """Read and check a city's folder."""
    about = read_yaml(folder / "city.yaml")
    try:
        counties, streets = _places(folder / "places")
        units = _units(folder / "units.yaml", counties)
        return City(
            folder=folder,
            name=about["name"],
            code=str(about["code"]),
            hotline_name=about["hotline_name"],
            timezone=ZoneInfo(about["timezone"]),
            categories=MappingProxyType(dict(read_categories(folder / "categories", frozenset(units)))),
            units=MappingProxyType(units),
            counties=MappingProxyType(counties),
            streets=MappingProxyType(streets),
            asks_rating=about.get("asks_rating", False) is True,
        )
    except KeyError as error:
        raise CityConfigError(file=str(folder / "city.yaml"), reason=f"缺少字段 {error}") from error


def _units(file: Path, counties: Mapping[str, County]) -> dict[str, HandlingUnit]:
    found: dict[str, HandlingUnit] = {}
    for index, row in enumerate(read_yaml(file)["units"], 1):
        where = f"第{index}条 {row.get('code', '')}"
        try:
            unit = HandlingUnit(
                code=str(row["code"]),
                name=row["name"],
                group=UnitGroup(row["group"]),
                county_code=str(row["county"]) if row.get("county") else None,
                aliases=tuple(row.get("aliases", ())),
                is_confirmed=row.get("confirmed", False),
            )
        except (KeyError, ValueError) as error:
            raise CityConfigError(file=str(file), row=where, reason=f"字段缺失或取值不对：{error}") from error
        if unit.code in found:
            raise CityConfigError(file=str(file), row=where, reason="单位代码重复")
        if unit.county_code is not None and unit.county_code not in counties:
            raise CityConfigError(file=str(file), row=where, reason=f"没有这个县区：{unit.county_code}")
        found[unit.code] = unit
    return found


def _places(folder: Path) -> tuple[dict[str, County], dict[str, Street]]:
    """Read counties.csv (code,name,aliases,is_zone) and streets.csv (code,name,county_code,aliases); aliases split by |."""
    counties = {
        row["code"]: County(
            code=row["code"],
            name=row["name"],
            aliases=_split(row["aliases"]),
            is_zone=row["is_zone"] == "1",
        )
        for row in _rows(folder / "counties.csv")
    }
    streets: dict[str, Street] = {}
    for number, row in enumerate(_rows(folder / "streets.csv"), 2):
        if row["county_code"] not in counties:
            raise CityConfigError(
                file=str(folder / "streets.csv"), row=f"第{number}行 {row['name']}", reason="没有这个县区"
            )
        streets[row["code"]] = Street(
            code=row["code"], name=row["name"], county_code=row["county_code"], aliases=_split(row["aliases"])
        )
    return counties, streets


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except FileNotFoundError:
        raise CityConfigError(file=str(file), reason="文件不存在") from None


def _split(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.split("|") if part)
