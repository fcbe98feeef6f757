"""The trained linear model as plain arrays: asked without the library that trained it, whose import takes seconds.

A *head* is one linear classifier over the features of the text. Of each feature a head keeps only the labels it says
something about, so that thousands of features and hundreds of labels fit into some megabytes. Stored as arrays and text
only, so that nothing is ever unpickled.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nlu.calibration import Calibration, Curve
from nlu.engines.features import Analyzer, teach_words

Floats = NDArray[np.float64]

_ARRAYS: Final = ("starts", "places", "values", "intercept")
_CURVES: Final = ("curve_third", "curve_second")
_SMALLEST: Final = 0.01
"""Weights below this share of the largest are left out; what that changes is measured in training."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of features: the column of each term, its weight by rarity (idf), and how much the kind counts."""

    columns: Mapping[str, int]
    idf: NDArray[np.float32]
    weight: float


@dataclass(frozen=True, slots=True)
class Head:
    """A linear classifier: of column ``c`` the entries ``starts[c]`` to ``starts[c + 1]`` say label and weight.

    ``steepness`` makes its scores probabilities: the softmax of ``steepness`` times the score.
    """

    labels: tuple[str, ...]
    starts: NDArray[np.int32]
    places: NDArray[np.uint16]
    values: NDArray[np.float16]
    intercept: NDArray[np.float32]
    steepness: float = 1.0

    def scores(self, columns: NDArray[np.intp], values: Floats) -> Floats:
        """Return each label's margin for a text with these features."""
        total = self.intercept.astype(np.float64)
        begins, ends = self.starts[columns], self.starts[columns + 1]
        lengths = ends - begins
        if lengths.sum():
            entries = np.repeat(begins - np.concatenate(([0], lengths.cumsum()[:-1])), lengths)
            entries += np.arange(len(entries))
            weighed = self.values[entries] * np.repeat(values, lengths)
            total += np.bincount(self.places[entries], weights=weighed, minlength=len(self.labels))
        return total

    def said_by(self, column: int, label: int) -> float:
        """Return what one feature says for or against a label."""
        entries = slice(int(self.starts[column]), int(self.starts[column + 1]))
        found = np.flatnonzero(self.places[entries] == label)
        return float(self.values[entries][found[0]]) if len(found) else 0.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Three classifiers over the same TF-IDF features: of the first level, of the second within it, of the finest in that.

    ``over`` is the place of each second-level label's first-level label, ``above`` that of each finest label's
    second-level label; both rise. ``about`` tells where the model comes from.
    """

    parts: Mapping[str, Part]
    finest: Head
    second: Head
    first: Head
    above: NDArray[np.uint16]
    over: NDArray[np.uint16]
    calibration: Calibration = field(default_factory=Calibration)
    about: Mapping[str, Any] = field(default_factory=dict)

    def starts(self) -> Iterator[tuple[int, Part]]:
        """Yield the parts with the column that each begins at."""
        start = 0
        for part in self.parts.values():
            yield start, part
            start += len(part.columns)

    def features(self, text: str, analyzers: Mapping[str, Analyzer]) -> tuple[NDArray[np.intp], Floats]:
        """Return the columns of what stands in ``text``, and its TF-IDF values."""
        columns: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
        values: list[Floats] = [np.empty(0)]
        start = 0
        for name, part in self.parts.items():
            counts = Counter(part.columns[term] for term in analyzers[name](text) if term in part.columns)
            if counts:
                own = np.fromiter(counts, dtype=np.intp, count=len(counts))
                weighed = np.array([1.0 + math.log(count) for count in counts.values()]) * part.idf[own]
                columns.append(own + start)
                values.append(weighed * (part.weight / np.linalg.norm(weighed)))
            start += len(part.columns)
        return np.concatenate(columns), np.concatenate(values)

    def chances(self, passages: Iterable[tuple[str, float]], analyzers: Mapping[str, Analyzer]) -> Floats:
        """Return the probability of each of the finest labels, from passages of a text and how much each counts."""
        total = np.zeros(len(self.finest.labels))
        for text, share in passages:
            total += share * self._chances(text, analyzers)
        return total

    def _chances(self, text: str, analyzers: Mapping[str, Analyzer]) -> Floats:
        columns, values = self.features(text, analyzers)
        first, second, finest = (
            head.scores(columns, values) * head.steepness for head in (self.first, self.second, self.finest)
        )
        return np.asarray(np.exp(log_chances(first, second, finest, self.over, self.above)))

    def said_by(self, column: int, label: int) -> float:
        """Return what one feature says for or against a finest label, on all levels."""
        second = int(self.above[label])
        return (
            self.first.said_by(column, int(self.over[second]))
            + self.second.said_by(column, second)
            + self.finest.said_by(column, label)
        )

    def stored(self) -> bytes:
        """Return the weights as bytes that ``weights_from`` reads."""
        heads = {"finest": self.finest, "second": self.second, "first": self.first}
        about = {
            "parts": {name: [part.weight, list(part.columns)] for name, part in self.parts.items()},
            "heads": {name: [head.steepness, head.labels] for name, head in heads.items()},
            "calibration": asdict(self.calibration),
            "about": dict(self.about),
        }
        arrays: dict[str, Any] = {f"idf_{name}": part.idf for name, part in self.parts.items()}
        for name, head in heads.items():
            arrays |= {f"{name}_{each}": getattr(head, each) for each in _ARRAYS}
        content = io.BytesIO()
        encoded = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), dtype=np.uint8)
        np.savez_compressed(content, about=encoded, above=self.above, over=self.over, **arrays)
        return content.getvalue()


def weights_from(stored: bytes) -> Weights:
    """Read what ``Weights.stored`` gave, and let jieba know the words the model was trained with."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        parts = {
            name: Part({term: column for column, term in enumerate(terms)}, arrays[f"idf_{name}"], weight)
            for name, (weight, terms) in about["parts"].items()
        }
        heads = {
            name: Head(
                tuple(labels),
                arrays[f"{name}_starts"],
                arrays[f"{name}_places"],
                arrays[f"{name}_values"],
                arrays[f"{name}_intercept"],
                steepness,
            )
            for name, (steepness, labels) in about["heads"].items()
        }
        known: dict[str, Any] = about["calibration"]
        for name in _CURVES:
            known[name] = Curve(**{key: tuple(row) for key, row in known[name].items()})
        teach_words(about["about"].get("words", ()))
        return Weights(
            parts,
            heads["finest"],
            heads["second"],
            heads["first"],
            arrays["above"],
            arrays["over"],
            Calibration(**known),
            about["about"],
        )


def within(scores: Floats, above: NDArray[np.integer[Any]]) -> Floats:
    """Return the logarithms of each label's probability among those of its group (softmax).

    ``scores``: rows of labels, or one row. ``above``: each label's group, rising from 0 without a gap.
    """
    starts = np.flatnonzero(np.diff(above.astype(np.int64), prepend=-1))
    return np.asarray(scores - np.logaddexp.reduceat(scores, starts, axis=-1)[..., above])


def log_chances(
    first: Floats, second: Floats, finest: Floats, over: NDArray[Any], above: NDArray[Any]
) -> Floats:
    """Return the logarithm of the probability of each of the finest labels, from the scaled scores of the three levels."""
    whole = np.zeros(first.shape[-1], dtype=np.int64)
    return np.asarray(
        (within(first, whole)[..., over] + within(second, over))[..., above] + within(finest, above)
    )


def head_of(labels: Sequence[str], coefficients: Any, intercept: NDArray[Any], steepness: float) -> Head:
    """Return the head of a classifier (labels × features, dense or sparse); weights that hardly matter are left out."""
    from scipy.sparse import csc_matrix  # noqa: PLC0415 -- only training needs it

    by_column = csc_matrix(coefficients, dtype=np.float32, copy=True)
    sizes = np.abs(by_column.data)
    by_column.data[sizes < _SMALLEST * float(sizes.max(initial=0.0))] = 0.0
    by_column.eliminate_zeros()
    return Head(
        tuple(map(str, labels)),
        by_column.indptr.astype(np.int32),
        by_column.indices.astype(np.uint16),
        by_column.data.astype(np.float16),
        np.asarray(intercept, dtype=np.float32),
        steepness,
    )
