"""The table of telephones that agents may let in: the city's file, addresses of the settings, nobody else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.city import City, load_city
from hotline.domain.errors import CityConfigError
from hotline.domain.talks import PartyTelephone
from hotline.service.party_telephones import party_telephones, read_numbers
from tests.builders import LINYI

CITY = load_city(LINYI)
HOUSING = "body-housing"


def city_with(tmp_path: Path, table: str) -> City:
    shutil.copy(LINYI / "telephones.yaml", tmp_path)
    (tmp_path / "telephones.yaml").write_text(table, encoding="utf-8")
    return replace(CITY, folder=tmp_path)


def test_numbers_are_reached_by_the_setting_and_single_addresses_come_first(tmp_path: Path) -> None:
    table = 'emergency: [{line: "110", number: "110"}]\nunits: [{unit: body-housing, number: "05391234567"}]'
    city = city_with(tmp_path, table)
    found = party_telephones(
        city, address="sip:{number}@trunk", addresses={"110": "sip:police@pbx", "agent": "sip:a@pbx"}
    )
    assert found == {
        "110": PartyTelephone("110", "110", "sip:police@pbx", is_emergency=True),
        HOUSING: PartyTelephone(HOUSING, CITY.units[HOUSING].name, "sip:05391234567@trunk"),
    }


def test_without_a_setting_nobody_can_be_reached_but_those_with_an_address() -> None:
    assert party_telephones(CITY, address="", addresses={}) == {}
    assert set(party_telephones(CITY, address="", addresses={HOUSING: "sip:h@pbx"})) == {HOUSING}


def test_the_city_s_table_has_the_emergency_lines() -> None:
    assert {"110", "119", "120", "122"} <= set(read_numbers(CITY))


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('units: [{unit: nobody, number: "0539123"}]', "名录"),
        ('emergency: [{line: "911", number: "911"}]', "紧急热线"),
        ('units: [{unit: body-housing, number: "0539-123"}]', "数字"),
        ("units: [body-housing]", "名录"),
        ('emergency: [{line: "110", number: "110"}, {line: "110", number: "110"}]', "两次"),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path: Path, table: str, reason: str) -> None:
    with pytest.raises(CityConfigError) as error:
        read_numbers(city_with(tmp_path, table))
    assert reason in error.value.reason
    assert "telephones.yaml" in error.value.file
