"""From what a model says of itself to how often it is right."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.calibration import Curve, calibration_error, fitted, threshold


def test_between_its_points_a_curve_is_straight_and_beyond_them_level() -> None:
    curve = Curve((0.2, 0.6, 0.8), (0.1, 0.5, 0.9))
    assert [round(curve(said), 3) for said in (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 1.0)] == [
        0.1,
        0.1,
        0.3,
        0.5,
        0.7,
        0.9,
        0.9,
    ]


def test_a_boastful_model_is_brought_down_to_what_it_is() -> None:
    chance = random.Random(1)
    said = [chance.random() for _ in range(4_000)]
    is_right = [chance.random() < one**2 for one in said]
    curve = fitted(said, is_right)
    assert calibration_error(said, is_right) > 0.1
    assert calibration_error([curve(one) for one in said], is_right) < 0.03


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=300))
def test_a_fitted_curve_always_rises_and_stays_between_none_and_all(seen) -> None:
    curve = fitted([said for said, _ in seen], [right for _, right in seen], least=10)
    assert all(a < b for a, b in pairwise(curve.said))
    assert all(a <= b for a, b in pairwise(curve.right))
    assert all(0.0 <= one <= 1.0 for one in curve.right)
    assert 0.0 <= curve(0.5) <= 1.0


def test_nothing_seen_changes_nothing() -> None:
    assert fitted([], [])(0.37) == pytest.approx(0.37)


def test_the_threshold_is_the_least_confidence_from_which_on_enough_is_right() -> None:
    confidence = [0.9, 0.8, 0.7, 0.6, 0.5]
    assert threshold(confidence, [True, True, False, True, False], 0.75) == 0.6
    assert threshold(confidence, [True, True, True, True, True], 0.9) == 0.5
    assert threshold(confidence, [False, False, False, False, False], 0.5) == 1.0


def test_the_calibration_error_is_the_mean_distance_over_the_bins() -> None:
    assert calibration_error([], []) == 0.0
    assert calibration_error([1.0, 1.0], [True, True]) == 0.0
    assert calibration_error([0.9] * 4, [True, True, False, False]) == pytest.approx(0.4)
