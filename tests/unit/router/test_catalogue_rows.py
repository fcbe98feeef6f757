"""Linyi's catalogue against appeals whose handling is known: config/linyi/matters/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from hotline.city import City, load_city, read_yaml
from hotline.domain.appeal import Appeal, AppealKind, Place
from hotline.domain.category import SECOND, at_level
from router.rule_router import RuleRouter, build_router
from tests.builders import LINYI, NOW

FOLDER = LINYI / "matters"
ROWS = [(file.stem, row) for file in sorted(FOLDER.glob("*.yaml")) for row in read_yaml(file)]


@dataclass(frozen=True)
class Outcome:
    rule: str
    lead: str | None
    supporting: tuple[str, ...] | None
    urgency: str | None


@cache
def city() -> City:
    return load_city(LINYI)


@cache
def linyi() -> RuleRouter:
    return build_router(city())


def county_unit(row: dict[str, Any]) -> str:
    code = row.get("place", "371302")
    return f"{'zone' if code in ('371371', '371372', '371373', '371374') else 'county'}-{code}"


def appeal_of(row: dict[str, Any]) -> Appeal:
    place = None
    if row.get("street"):
        place = Place(row["text"], county_code=row["street"][:6], street_code=row["street"])
    elif row.get("place") != "none":
        place = Place(row["text"], county_code=row.get("place", "371302"))
    kind = AppealKind(row["kind"]) if "kind" in row else city().categories[row["category"]].default_kind
    return Appeal(kind=kind, category=row["category"], text=row["text"], place=place)


@pytest.mark.parametrize(("file", "row"), ROWS, ids=[f"{file}: {row['text']}" for file, row in ROWS])
def test_an_appeal_goes_where_the_catalogue_sends_it(file: str, row: dict[str, Any]) -> None:
    decision = linyi().route(appeal_of(row), at=NOW)
    here = county_unit(row)
    lead = {"place": here, "manual": None}.get(row["lead"], row["lead"])
    expected = Outcome(
        rule=row["rule"],
        lead=lead,
        supporting=tuple(here if each == "place" else each for each in row["supporting"])
        if "supporting" in row
        else None,
        urgency=row.get("urgency"),
    )
    assert expected == Outcome(
        rule=decision.rule,
        lead=decision.lead_unit,
        supporting=decision.supporting_units if "supporting" in row else None,
        urgency=decision.urgency.value if "urgency" in row else None,
    )
    assert decision.is_manual == (lead is None)


def test_every_second_level_category_of_the_city_has_an_appeal_here() -> None:
    seconds = {category.code for category in city().categories_at(SECOND)}
    assert seconds - {at_level(row["category"]) for _, row in ROWS} == set()


def test_one_unit_leads_and_never_supports_itself() -> None:
    decisions = [linyi().route(appeal_of(row), at=NOW) for _, row in ROWS]
    assert [each for each in decisions if each.lead_unit in each.supporting_units] == []


def test_an_appeal_without_a_certain_unit_still_names_somebody_to_ask() -> None:
    manual = [
        decision
        for _, row in ROWS
        if (decision := linyi().route(appeal_of(row), at=NOW)).is_manual
        and row["rule"] not in ("conduct-unknown", "conduct-police")
    ]
    assert [decision.rule for decision in manual if not decision.runners_up] == []
