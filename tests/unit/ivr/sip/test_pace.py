"""How fast one trunk address may ring, and how often one number may be on the line."""

from collections import Counter

import pytest

from ivr.sip.pace import Pace, PaceSettings


def test_rings_within_the_burst_are_taken_and_the_next_only_when_the_burst_has_passed():
    pace = Pace(PaceSettings(rings_per_second=1.0, burst_seconds=2.0))
    assert [pace.is_too_fast("10.0.0.1", at=at) for at in (0.0, 0.1, 0.2, 1.9, 2.0)] == [
        False, False, True, True, False,
    ]  # fmt: skip


def test_one_address_does_not_use_up_what_another_may():
    pace = Pace(PaceSettings(rings_per_second=1.0, burst_seconds=1.0))
    assert [pace.is_too_fast(address, at=0.0) for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2")] == [
        False, True, False,
    ]  # fmt: skip


def test_without_a_limit_nobody_is_too_fast():
    pace = Pace(PaceSettings(calls_per_number=None, rings_per_second=None))
    assert {pace.is_too_fast("10.0.0.1", at=0.0) for _ in range(1_000)} == {False}
    assert not pace.has_too_many("13905390000", Counter({"13905390000": 99}))


@pytest.mark.parametrize(
    ("number", "is_one_too_many"),
    [("13905390000", True), ("13905391111", False), ("", False), ("Anonymous", False)],
)
def test_a_number_may_be_on_the_line_so_often_but_hidden_numbers_are_not_one_caller(number, is_one_too_many):
    pace = Pace(PaceSettings(calls_per_number=2))
    assert (
        pace.has_too_many(number, Counter({"13905390000": 2, "13905391111": 1, "": 9, "Anonymous": 9}))
        is is_one_too_many
    )
