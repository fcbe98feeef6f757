"""The city as a schematic map (示意图): a tile for each county, from ``places/map.csv``; shapes and sizes mean nothing."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from hotline.city import City
from hotline.domain.errors import CityConfigError

WIDTH: Final = 74
HEIGHT: Final = 40
_GAP: Final = 4
_NAME: Final = 5


@dataclass(frozen=True, slots=True)
class Tile:
    """A county's place on the map, in units of the drawing; ``name`` is short enough for it."""

    code: str
    name: str
    x: int
    y: int
    is_zone: bool
    width: int = WIDTH
    height: int = HEIGHT


def tiles_of(city: City) -> list[Tile]:
    """Return the tiles of all counties that the map has; none where the city has no map."""
    found = []
    for code, column, row in _grid(city.folder / "places" / "map.csv"):
        county = city.counties.get(code)
        if county is not None:
            is_short = len(county.name) <= _NAME or not county.aliases
            name = county.name if is_short else county.aliases[0]
            x, y = column * (WIDTH + _GAP), row * (HEIGHT + _GAP)
            found.append(Tile(code, name[:_NAME], x, y, county.is_zone))
    return found


def check_map(city: City) -> None:
    """Raise ``CityConfigError`` when the map names what is no county, no place, or a place twice; a city may do without."""
    file, taken = city.folder / "places" / "map.csv", set()
    try:
        for code, *place in _grid(file):
            if code not in city.counties:
                raise CityConfigError(file=str(file), row=code, reason="没有这个县区")
            if min(place) < 0 or tuple(place) in taken:
                raise CityConfigError(file=str(file), row=code, reason="格子不对，或者已经有别的县区")
            taken.add(tuple(place))
    except (KeyError, ValueError, TypeError) as error:
        raise CityConfigError(
            file=str(file), reason=f"应有 code,column,row 三列，后两列是整数：{error}"
        ) from error


@cache
def _grid(file: Path) -> tuple[tuple[str, int, int], ...]:
    if not file.exists():
        return ()
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple((row["code"], int(row["column"]), int(row["row"])) for row in csv.DictReader(lines))
