"""However a table is split, it says what holding every row against the situation says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.domain.appeal import AppealKind, EmergencyService
from router import decision_table
from router.condition_space import holds
from router.decision_table import DecisionTable
from router.row import Area, Row, Situation

COUNTIES = ("371302", "371311")
STREETS = ("371302001", "371311001")
TOPICS = ("noise", "dog", "smoking")


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


ROWS = st.lists(
    st.builds(
        Row,
        file=st.just(""), id=st.just("r"), categories=st.just(()), lead=st.just(""), because=st.just(""),
        basis=st.just(""), kinds=some(tuple(AppealKind)), areas=some(tuple(Area)), counties=some(COUNTIES),
        streets=some(STREETS), emergencies=some(tuple(EmergencyService)), mentions=some(TOPICS), also=some(TOPICS),
        without=some(TOPICS),
    ),
    min_size=1, max_size=12,
)  # fmt: skip
SITUATIONS = st.builds(
    Situation,
    kind=st.sampled_from(AppealKind),
    area=st.sampled_from(Area),
    county_code=st.sampled_from((None, *COUNTIES)),
    street_code=st.sampled_from((None, *STREETS)),
    emergency=st.sampled_from((None, *EmergencyService)),
    topics=st.frozensets(st.sampled_from(TOPICS)),
)


def applies(row: Row, to: Situation) -> bool:
    given = (
        (row.kinds, to.kind), (row.areas, to.area), (row.counties, to.county_code),
        (row.streets, to.street_code), (row.emergencies, to.emergency),
    )  # fmt: skip
    return holds(row, to.topics) and all(not wanted or value in wanted for wanted, value in given)


@settings(deadline=None)
@given(rows=ROWS, situation=SITUATIONS, splits=st.booleans())
def test_a_table_finds_the_rows_that_apply_in_their_order(
    rows: list[Row], situation: Situation, splits: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decision_table, "_SPLIT_FROM", 0 if splits else 1_000)
        found = DecisionTable(rows).applying(situation)
    assert found == tuple(row for row in rows if applies(row, situation))
