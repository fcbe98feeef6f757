"""How sure the in-process model may be of itself: fitted on utterances that it did not see, asked as it is asked in service.

First each level's steepness (a temperature), then the curves of the third and second level, then from where on a class is
named; and how far off the curves of one half are on the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from hotline.domain.category import SECOND
from nlu.calibration import Calibration, calibration_error, fitted, threshold
from nlu.engines.linear_weights import log_chances, within
from nlu.training_data import category_of, label_at

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_STEEP: Final = tuple(2.0 + 0.5 * step for step in range(30))
_WANTED_THIRD: Final = 0.72
_WANTED_SECOND: Final = 0.72
"""Right answers among those named, of the held-out ones: so many that three in four matters are named to the third level."""

_Answers = tuple[list[float], list[bool]]
"""How sure the model is of its answers, and whether they are right."""

Steepness = tuple[float, float, float]
"""Of the first, second and third level."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Utterances to be asked about: the features of their passages, how much each counts for which, and their labels.

    ``pooling``: utterances × passages.
    """

    rows: csr_matrix
    pooling: csr_matrix
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Fitted:
    """One classifier: labels in the order of the rows of ``coefficients``."""

    labels: tuple[str, ...]
    coefficients: csr_matrix
    intercept: NDArray[np.float64]

    def scores(self, features: csr_matrix) -> NDArray[np.float64]:
        """Return each row's margin for each label."""
        return np.asarray((features @ self.coefficients.T).toarray() + self.intercept, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Model:
    """All levels."""

    first: Fitted
    second: Fitted
    finest: Fitted

    @property
    def over(self) -> NDArray[np.int64]:
        """The place of each second-level label's label of the first level."""
        return np.array([self.first.labels.index(label_at(label, 1)) for label in self.second.labels])

    @property
    def above(self) -> NDArray[np.int64]:
        """The place of each finest label's label of the second level."""
        return np.array([self.second.labels.index(label_at(label, SECOND)) for label in self.finest.labels])

    def chances(self, asked: Labelled, steepness: Steepness) -> NDArray[np.float64]:
        """Return each utterance's probabilities of the finest labels."""
        first, second, finest = (
            machine.scores(asked.rows) * steep
            for machine, steep in zip((self.first, self.second, self.finest), steepness, strict=True)
        )
        return np.asarray(
            asked.pooling @ np.exp(log_chances(first, second, finest, self.over, self.above)),
            dtype=np.float64,
        )


def calibrated(
    model: Model, halves: tuple[Labelled, Labelled]
) -> tuple[Calibration, Steepness, dict[str, Any]]:
    """Return curves, thresholds and steepnesses fitted on both ``halves``, and how far off those of one are on the other.

    One half alone, of 1,200 utterances as said and as misheard, leaves thresholds that differ by 0.08 with which utterances
    they are, and with them how many classes are named.
    """
    both = _joined(halves)
    steepness = _steepnesses(model, both)
    third, second, pairs = _answers(model, steepness, both)
    calibration = _curves(third, second)
    errors = [_errors(model, fit, test) for fit, test in (halves, halves[::-1])]
    calibration = replace(
        calibration,
        third=threshold([calibration.curve_third(one) for one in third[0]], third[1], _WANTED_THIRD),
        second=threshold([calibration.curve_second(one) for one in second[0]], second[1], _WANTED_SECOND),
        ece_third=round(float(np.mean([one for one, _ in errors])), 4),
        ece_second=round(float(np.mean([other for _, other in errors])), 4),
    )
    measured = {
        "right_third": round(float(np.mean(third[1])), 4),
        "right_second": round(float(np.mean(second[1])), 4),
        "confusion": [[right, guessed, count] for (right, guessed), count in sorted(pairs.items())],
    }
    return calibration, steepness, measured


def _joined(halves: tuple[Labelled, Labelled]) -> Labelled:
    from scipy.sparse import block_diag, vstack  # noqa: PLC0415 -- seconds that asking need not wait

    one, other = halves
    return Labelled(
        vstack([one.rows, other.rows]).tocsr(),
        block_diag([one.pooling, other.pooling]).tocsr(),
        [*one.labels, *other.labels],
    )


def _curves(third: _Answers, second: _Answers) -> Calibration:
    return Calibration(fitted(*third), fitted(*second))


def _errors(model: Model, fit: Labelled, test: Labelled) -> tuple[float, float]:
    """Return how far off the third and the second level's curve of ``fit`` are on ``test``."""
    steepness = _steepnesses(model, fit)
    curves = _curves(*_answers(model, steepness, fit)[:2])
    third, second, _ = _answers(model, steepness, test)
    return (
        calibration_error([curves.curve_third(one) for one in third[0]], third[1]),
        calibration_error([curves.curve_second(one) for one in second[0]], second[1]),
    )


def _answers(
    model: Model, steepness: Steepness, asked: Labelled
) -> tuple[_Answers, _Answers, dict[tuple[str, str], int]]:
    """Return, for matters, how sure the model is of its best class of the third and second level, and whether it is right.

    The last is how often each class of the second level was taken for which.
    """
    matters = [place for place, label in enumerate(asked.labels) if category_of(label) is not None]
    labels = [asked.labels[place] for place in matters]
    finest, second = model.finest, model.second
    chances = model.chances(asked, steepness)[matters]
    chances[:, [category_of(label) is None for label in finest.labels]] = 0.0
    chances /= chances.sum(axis=1, keepdims=True)
    sums = np.zeros((len(labels), len(second.labels)))
    for place, over in enumerate(model.above):
        sums[:, over] += chances[:, place]
    upper = [label_at(label, SECOND) for label in labels]
    guessed = [second.labels[best] for best in sums.argmax(axis=1)]
    third = (
        chances.max(axis=1).tolist(),
        [finest.labels[best] == label for best, label in zip(chances.argmax(axis=1), labels, strict=True)],
    )
    above = sums.max(axis=1).tolist(), [one == other for one, other in zip(guessed, upper, strict=True)]
    return (
        third,
        above,
        dict(Counter(zip([one[1:] for one in upper], [one[1:] for one in guessed], strict=True))),
    )


def _steepnesses(model: Model, asked: Labelled) -> Steepness:
    """Return the steepness of each level within the one above with the least log loss, over the passages that count most."""
    labels = asked.labels
    known = [place for place, label in enumerate(labels) if label in model.finest.labels]
    rows = asked.rows[np.asarray(asked.pooling.argmax(axis=1)).ravel()]
    finest = np.array([model.finest.labels.index(labels[place]) for place in known])
    second = model.above[finest]
    first = model.over[second]
    whole = np.zeros(len(model.first.labels), dtype=np.int64)

    def best(machine: Fitted, right: NDArray[np.int64], groups: NDArray[np.int64]) -> float:
        scores, each = machine.scores(rows[known]), range(len(known))
        return max(_STEEP, key=lambda steep: float(within(scores * steep, groups)[each, right].mean()))

    return (
        best(model.first, first, whole),
        best(model.second, second, model.over),
        best(model.finest, finest, model.above),
    )
