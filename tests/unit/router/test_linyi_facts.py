"""Facts of Linyi that routing leans on: units and places."""

from __future__ import annotations

import csv
from collections import Counter

from hotline.city import load_city
from hotline.domain.handling_unit import UnitGroup
from tests.builders import LINYI

CITY = load_city(LINYI)


def rows_of(name: str) -> list[dict[str, str]]:
    with (LINYI / "places" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_county_and_zone_has_exactly_one_unit() -> None:
    units = Counter(unit.county_code for unit in CITY.units.values() if unit.county_code)
    assert units == Counter(CITY.counties.keys())


def test_zones_are_assessed_as_zones_and_counties_as_counties() -> None:
    groups = {unit.county_code: unit.group for unit in CITY.units.values() if unit.county_code is not None}
    assert groups == {
        code: UnitGroup.ZONE if county.is_zone else UnitGroup.COUNTY for code, county in CITY.counties.items()
    }


def test_no_name_or_alias_means_two_units() -> None:
    names = Counter(name for unit in CITY.units.values() for name in {unit.name, *unit.aliases})
    assert [name for name, count in names.items() if count > 1] == []


def test_no_alias_of_a_street_is_a_countys() -> None:
    counties = {name for county in CITY.counties.values() for name in (county.name, *county.aliases)}
    assert [
        street.code for street in CITY.streets.values() if counties & {street.name, *street.aliases}
    ] == []


def test_streets_whose_code_names_another_county_are_marked_to_be_confirmed() -> None:
    taken_over = [row for row in rows_of("streets.csv") if row["code"][:6] != row["county_code"]]
    assert {row["confirmed"] for row in taken_over} == {"0"}
    assert {row["county_code"] for row in taken_over} == {"371372", "371373", "371374"}


def test_internal_codes_of_zones_are_marked_to_be_confirmed() -> None:
    zones = [row for row in rows_of("counties.csv") if row["is_zone"] == "1"]
    assert {row["code"]: row["confirmed"] for row in zones} == dict.fromkeys(
        ("371371", "371372", "371373", "371374"), "0"
    )
