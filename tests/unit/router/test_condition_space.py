"""Laws of the catalogue's check: what it says of reachability is what trying everything says."""

from __future__ import annotations

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from router.condition_space import can_both_hold, holds, reaching
from router.row import Row

TOPICS = "abcd"
SOME = st.lists(st.sampled_from(TOPICS), max_size=2, unique=True).map(tuple)
EVERY_SET = [
    frozenset(each)
    for each in chain.from_iterable(combinations(TOPICS, size) for size in range(len(TOPICS) + 1))
]


@st.composite
def rows(draw: st.DrawFn) -> Row:
    return Row(
        file="", id="", categories=(), lead="", because="", basis="",
        mentions=draw(SOME), also=draw(SOME), without=draw(SOME),
    )  # fmt: skip


@given(row=rows(), earlier=st.lists(rows(), max_size=5))
def test_a_row_is_reached_exactly_when_some_set_of_topics_reaches_it(row: Row, earlier: list[Row]) -> None:
    ways = [
        topics
        for topics in EVERY_SET
        if holds(row, topics) and not any(holds(each, topics) for each in earlier)
    ]
    found = reaching(row, earlier)
    assert (found is not None) == bool(ways)
    assert found is None or found in ways


@given(row=rows(), other=rows())
def test_two_rows_can_both_hold_exactly_when_some_set_of_topics_satisfies_both(row: Row, other: Row) -> None:
    assert can_both_hold(row, other) == any(
        holds(row, topics) and holds(other, topics) for topics in EVERY_SET
    )
