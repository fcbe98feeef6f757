"""The schematic map: every county has its tile, and a map that is wrong is refused with the county."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desk.tiles import check_map, tiles_of
from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from tests.builders import LINYI

CITY = load_city(LINYI)


def test_every_county_has_a_tile_of_its_own() -> None:
    check_map(CITY)
    tiles = tiles_of(CITY)
    assert {tile.code for tile in tiles} == set(CITY.counties)
    assert len({(tile.x, tile.y) for tile in tiles}) == len(tiles)
    assert next(tile.name for tile in tiles if tile.code == "371373") == "临港区"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("371302,0,0\n379999,1,0", "没有这个县区"),
        ("371302,0,0\n371311,0,0", "已经有别的县区"),
        ("371302,-1,0", "格子不对"),
        ("371302,a,0", "整数"),
        ("371302,1", "整数"),
    ],
)
def test_a_map_that_is_wrong_is_refused(tmp_path: Path, rows: str, reason: str) -> None:
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / "map.csv").write_text(f"code,column,row\n{rows}\n", encoding="utf-8")
    with pytest.raises(CityConfigError, match=reason):
        check_map(replace(CITY, folder=tmp_path))


def test_a_city_may_do_without_a_map(tmp_path: Path) -> None:
    bare = replace(CITY, folder=tmp_path)
    check_map(bare)
    assert tiles_of(bare) == []
