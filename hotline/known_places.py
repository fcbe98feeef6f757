"""Places below the street that a city is known to have (地名词库): roads, communities, villages, landmarks.

They are read from every ``lexicon/hearing/*.csv`` of the city, so that a city extends them by adding a file. Recognition
leans to their names; only a place whose county is ``confirmed`` tells the county of an appeal.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from hotline.city import City
from hotline.domain.errors import CityConfigError

_COLUMNS: Final = ("name", "kind", "county", "street", "aliases", "confirmed", "basis")
_SHORTEST: Final = 2


class PlaceKind(StrEnum):
    """What a known place is."""

    ROAD = "road"  # 道路
    COMMUNITY = "community"  # 小区、社区
    VILLAGE = "village"  # 村
    LANDMARK = "landmark"  # 医院、学校、市场、车站、景点等


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """One of them. ``county_code`` and ``street_code`` are None where it lies in several or nobody knows.

    ``basis`` says where it is known from; without ``is_confirmed`` that is to be confirmed (待核).
    """

    name: str
    kind: PlaceKind
    county_code: str | None
    street_code: str | None
    aliases: tuple[str, ...]
    is_confirmed: bool
    basis: str

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)


def load_known_places(city: City) -> tuple[KnownPlace, ...]:
    """Read all files in the order of their names; none at all is no mistake, any other is a ``CityConfigError``."""
    counties = {county.name: county.code for county in city.counties.values()}
    places: list[KnownPlace] = []
    taken: dict[tuple[str, str | None], str] = {}
    for file in sorted((city.folder / "lexicon" / "hearing").glob("*.csv")):
        for where, row in _rows(file):
            place = _place(row, city, counties, file, where)
            for name in place.names:
                before = taken.setdefault((name, place.county_code), where)
                if before != where:
                    raise CityConfigError(file=str(file), row=where, reason=f"“{name}”与{before}重复")
            places.append(place)
    return tuple(places)


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if missing := set(_COLUMNS) - set(reader.fieldnames or ()):
                raise CityConfigError(file=str(file), reason=f"缺少列：{'、'.join(sorted(missing))}")
            for number, row in enumerate(reader, 2):
                where = f"{file.name}第{number}行 {row['name']}"
                if None in row or None in row.values():
                    raise CityConfigError(file=str(file), row=where, reason="列数不对")
                yield where, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise CityConfigError(file=str(file), reason=f"不是UTF-8编码的CSV文件：{error}") from error


def _place(
    row: Mapping[str, str], city: City, counties: Mapping[str, str], file: Path, where: str
) -> KnownPlace:
    county = counties.get(row["county"])
    streets = [
        street.code
        for street in city.streets.values()
        if street.name == row["street"] and street.county_code == county
    ]
    aliases = tuple(alias for alias in row["aliases"].split("|") if alias)
    reasons = {
        f"名称至少{_SHORTEST}个字": min(map(len, (row["name"], *aliases))) < _SHORTEST,
        f"没有这个县区：{row['county']}": bool(row["county"]) and county is None,
        f"这个县区没有这个镇街：{row['street']}": bool(row["street"]) and not streets,
        f"kind 应为 {'、'.join(PlaceKind)}": row["kind"] not in tuple(PlaceKind),
        "confirmed 应为 0 或 1": row["confirmed"] not in ("0", "1"),
        "basis 应写明依据": not row["basis"].strip(),
    }
    for reason, is_so in reasons.items():
        if is_so:
            raise CityConfigError(file=str(file), row=where, reason=reason)
    return KnownPlace(
        name=row["name"],
        kind=PlaceKind(row["kind"]),
        county_code=county,
        street_code=streets[0] if streets else None,
        aliases=aliases,
        is_confirmed=row["confirmed"] == "1",
        basis=row["basis"],
    )
