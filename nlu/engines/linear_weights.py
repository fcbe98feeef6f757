"""The trained linear model as plain arrays: asked without the library that trained it, whose import takes seconds.

Stored as arrays and text only, so that nothing is ever unpickled.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Analyzer = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of features: the column of each term, its weight by rarity (idf), and how much the kind counts."""

    columns: Mapping[str, int]
    idf: Floats
    weight: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear classifier over TF-IDF features: parts in the order of their columns, and a row for each label."""

    parts: Mapping[str, Part]
    labels: tuple[str, ...]
    coefficients: NDArray[np.float32]
    intercept: Floats

    def scores(self, text: str, analyzers: Mapping[str, Analyzer]) -> Floats:
        """Return each label's margin for ``text``, in the order of ``labels``."""
        total = self.intercept.copy()
        start = 0
        for name, part in self.parts.items():
            counts = Counter(part.columns[term] for term in analyzers[name](text) if term in part.columns)
            if counts:
                columns = np.fromiter(counts, dtype=np.intp, count=len(counts))
                values = np.array([1.0 + math.log(count) for count in counts.values()]) * part.idf[columns]
                values *= part.weight / np.linalg.norm(values)
                total += self.coefficients[:, start + columns] @ values
            start += len(part.columns)
        return total

    def stored(self) -> bytes:
        """Return the weights as bytes that ``weights_from`` reads."""
        about = {
            "labels": self.labels,
            "parts": {name: [part.weight, list(part.columns)] for name, part in self.parts.items()},
        }
        arrays: dict[str, Any] = {f"idf_{name}": part.idf for name, part in self.parts.items()}
        content = io.BytesIO()
        np.savez_compressed(
            content,
            about=np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), dtype=np.uint8),
            coefficients=self.coefficients,
            intercept=self.intercept,
            **arrays,
        )
        return content.getvalue()


def weights_from(stored: bytes) -> Weights:
    """Read what ``Weights.stored`` gave."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        parts = {
            name: Part({term: column for column, term in enumerate(terms)}, arrays[f"idf_{name}"], weight)
            for name, (weight, terms) in about["parts"].items()
        }
        return Weights(parts, tuple(about["labels"]), arrays["coefficients"], arrays["intercept"])


def weights_of(features: Any, classifier: Any) -> Weights:
    """Return the weights of a trained scikit-learn ``FeatureUnion`` of TF-IDF vectorizers and a linear classifier."""
    parts = {
        name: Part(
            {term: column for column, term in enumerate(vectorizer.get_feature_names_out())},
            np.asarray(vectorizer.idf_, dtype=np.float64),
            float(features.transformer_weights[name]),
        )
        for name, vectorizer in features.transformer_list
    }
    return Weights(
        parts,
        tuple(map(str, classifier.classes_)),
        np.asarray(classifier.coef_, dtype=np.float32),
        np.asarray(classifier.intercept_, dtype=np.float64),
    )
