"""Calibration (置信度校准): from what a model says of itself to how often it is right, measured on what it was not trained on.

A curve maps the model's figure to the share that was right, rising with it (isotonic regression, pool adjacent
violators); thresholds are read off the same curve, so that they mean the same after every training.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

_LEAST_IN_POOL = 40
_BINS = 15


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a rising curve: what the model says, and how often it is then right. Between them it is straight."""

    said: tuple[float, ...] = (0.0, 1.0)
    right: tuple[float, ...] = (0.0, 1.0)

    def __call__(self, said: float) -> float:
        """Return how often the model is right when it says ``said``."""
        at = bisect_left(self.said, said)
        if at == 0:
            return self.right[0]
        if at == len(self.said):
            return self.right[-1]
        left, until = self.said[at - 1], self.said[at]
        share = (said - left) / (until - left) if until > left else 1.0
        return self.right[at - 1] + share * (self.right[at] - self.right[at - 1])


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of a model's confidence: a curve for each level, and from where on an answer is taken.

    ``third`` and ``second`` are the least confidences with which a class of that level is named. ``ece_third`` and
    ``ece_second`` are the expected calibration errors on utterances used neither for training nor for the curves.
    The defaults stand for a model that knows no classes (Rasa without the hotline's component); every trained one brings
    its own, read off its curves (28 November 2026: 0.56 and 0.54).
    """

    curve_third: Curve = Curve()
    curve_second: Curve = Curve()
    third: float = 0.5
    second: float = 0.35
    ece_third: float = 0.0
    ece_second: float = 0.0


def fitted(said: Sequence[float], is_right: Sequence[bool], least: int = _LEAST_IN_POOL) -> Curve:
    """Return the rising curve nearest to what was observed; pools are of ``least`` observations and more."""
    pairs = sorted(zip(said, is_right, strict=True))
    pools: list[tuple[float, float, int]] = []  # mean said, share right, size
    for start in range(0, len(pairs), least):
        part = pairs[start : start + least]
        if len(part) < least and pools:
            break
        pools.append(
            (
                sum(one for one, _ in part) / len(part),
                sum(right for _, right in part) / len(part),
                len(part),
            )
        )
        while len(pools) > 1 and pools[-2][1] >= pools[-1][1]:
            (x, y, n), (x2, y2, n2) = pools[-2:]
            pools[-2:] = [((x * n + x2 * n2) / (n + n2), (y * n + y2 * n2) / (n + n2), n + n2)]
    if not pools:
        return Curve()
    points = {round(x, 5): round(y, 5) for x, y, _ in pools}
    points.setdefault(0.0, 0.0)
    last, top = max(points.items())
    points.setdefault(1.0, round(min(1.0, top + 1.0 - last), 5))
    said = sorted(points)
    return Curve(tuple(said), tuple(points[one] for one in said))


def threshold(confidence: Sequence[float], is_right: Sequence[bool], wanted: float) -> float:
    """Return the least confidence from which on answers are right in at least ``wanted`` of the cases; 1 if none is."""
    pairs = sorted(zip(confidence, is_right, strict=True), reverse=True)
    best, right = 1.0, 0
    for count, (value, correct) in enumerate(pairs, 1):
        right += correct
        if right >= wanted * count:
            best = value
    return round(best, 4)


def calibration_error(confidence: Sequence[float], is_right: Sequence[bool], bins: int = _BINS) -> float:
    """Return the expected calibration error (ECE): the mean distance of confidence and share right, over equal bins."""
    sums = [[0.0, 0, 0] for _ in range(bins)]
    for value, correct in zip(confidence, is_right, strict=True):
        place = sums[min(bins - 1, int(value * bins))]
        place[0] += value
        place[1] += correct
        place[2] += 1
    total = len(confidence)
    return sum(abs(said - right) for said, right, _ in sums) / total if total else 0.0
