"""Rates of units from counted groups: to the fraction what the assessment's boards say of the same orders, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.assessment import BoardGroup, Formula, Place, result_of
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.unit_rates import Quarter, rates_by_group, unit_rates
from tests.unit.hotline.domain.test_assessment import CITY, EXCLUDE, FORMULA, some_facts
from tests.unit.hotline.domain.test_disclosure import alike

UNIT = "county-371302"
TOLERANT = replace(FORMULA, tolerance=Fraction(1, 7), mostly=Fraction(1, 2))
SOME = some_facts(1)

alikes = st.lists(
    st.fixed_dictionaries(
        {
            "count": st.integers(1, 6),
            "category": st.sampled_from(["0101", "0701", None]),
            "counts": st.booleans(),
            "was_contacted": st.sampled_from([True, False, None]),
            "resolution": st.sampled_from([*Resolution, None]),
            "result": st.sampled_from([*Satisfaction, None]),
            "attitude": st.sampled_from([*Satisfaction, None]),
        }
    ),
    max_size=8,
)


@given(alikes, st.sampled_from([FORMULA, TOLERANT]))
def test_they_are_what_the_boards_count_order_by_order(
    orders: list[dict[str, Any]], formula: Formula
) -> None:
    facts = [
        replace(
            SOME, number=f"{index}-{copy}", exclusion=None if each["counts"] else EXCLUDE,
            **{name: value for name, value in each.items() if name not in ("count", "counts")},
        )
        for index, each in enumerate(orders)
        for copy in range(each["count"])
    ]  # fmt: skip
    expected = result_of(UNIT, facts, formula)
    found = unit_rates(UNIT, [alike(**each) for each in orders], formula)
    assert (found.orders, found.excluded) == (expected.orders, len(expected.excluded))
    assert (found.response, found.resolved) == (expected.response, expected.resolved)
    assert (found.satisfied, found.named) == (expected.satisfied, expected.named)
    assert (found.score, found.exclusion_rate) == (expected.score, expected.exclusion_rate)
    assert found.satisfied_with_attitude == expected.satisfied_with_attitude
    assert (found.satisfied_enforcement, found.satisfied_mediation) == (
        expected.satisfied_enforcement,
        expected.satisfied_mediation,
    )


def test_units_stand_in_their_group_the_least_resolved_first_and_those_that_are_none_nowhere() -> None:
    bad = alike(3, unit="county-371311", resolution=Resolution.UNRESOLVED)
    found = rates_by_group(
        [alike(3, unit=UNIT), bad, alike(1, unit="zone-371371"), alike(1, unit="gone"), alike(1)],
        CITY.units,
        FORMULA,
    )
    assert {group: [row.unit for row in rows] for group, rows in found.items()} == {
        BoardGroup.COUNTIES: ["county-371311", UNIT],
        BoardGroup.CITY_BODIES: ["zone-371371"],
        BoardGroup.LINKED: [],
    }


def test_units_are_ranked_in_their_group_and_on_the_red_or_the_yellow_list_as_on_the_board() -> None:
    formula = replace(FORMULA, least_orders=3, red=1, yellow=1)
    bad = {"resolution": Resolution.UNRESOLVED, "result": Satisfaction.DISSATISFIED}
    parts = [
        alike(3, unit=UNIT), alike(4, unit="county-371311"), alike(1, unit="county-371311", **bad),
        alike(3, unit="county-371312", **bad), alike(2, unit="county-371321"),
    ]  # fmt: skip
    (rows, _, _) = rates_by_group(parts, CITY.units, formula).values()
    assert {row.unit: row.place for row in rows} == {
        UNIT: Place(1, is_red=True),
        "county-371311": Place(2),
        "county-371312": Place(3, is_yellow=True),
        "county-371321": Place(),  # too few to be ranked
    }


@pytest.mark.parametrize(
    ("day", "text", "first", "end", "before"),
    [
        (date(2026, 11, 23), "2026Q4", date(2026, 10, 1), date(2027, 1, 1), "2026Q3"),
        (date(2026, 3, 31), "2026Q1", date(2026, 1, 1), date(2026, 4, 1), "2025Q4"),
    ],
)
def test_a_quarter_knows_its_days_and_the_one_before(
    day: date, text: str, first: date, end: date, before: str
) -> None:
    quarter = Quarter.of(day)
    assert (str(quarter), quarter.days, str(quarter.before)) == (text, (first, end), before)
    assert Quarter.read(text) == quarter
    assert [Quarter.read(other) for other in ("", "2026Q5", "2026-4", "x2026Q1")] == [None] * 4
