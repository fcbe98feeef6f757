"""Training the in-process model: on the utterances, on the same misheard, and on what the taxonomy says of itself.

The classes' names, keywords and what they cover stand beside the utterances as short texts of their own: people write in
more ways than anybody can write down for training, but of the same matters. (Without them macro-F1 on real messages of
another city was 0.65, with them 0.80, at four utterances a class.)

Each label is one linear support vector machine against all others; the labels are shared out over the processors.
Held-out utterances say how sure the model may be of itself (``nlu.calibration``).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from hotline.city import City
from hotline.domain.category import SECOND, Category
from hotline.phonetics import syllables
from nlu.calibration import Calibration, calibration_error, fitted, threshold
from nlu.engines.features import ANALYZERS, WEIGHTS, cleaned, teach_words
from nlu.engines.linear_weights import Part, Weights, head_of
from nlu.lexicon import city_words
from nlu.training_data import Example, category_of, label_at

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NOISE: Final = 0.2
_SEED: Final = 12345
_LEAST_FREQUENCY: Final = 2
_COST: Final = 0.5
_SHARE: Final = 0.5
_HELD_OUT: Final = 5
_STEEP: Final = tuple(2.0 + 0.5 * step for step in range(30))
_WANTED_THIRD: Final = 0.85
_WANTED_SECOND: Final = 0.85
_FIELDS: Final = "、，；"

_Answers = tuple[list[float], list[bool]]
"""How sure the model is of its answers, and whether they are right."""


@dataclass(frozen=True, slots=True)
class _Fitted:
    """One classifier: labels in the order of the rows of ``coefficients``."""

    labels: tuple[str, ...]
    coefficients: NDArray[np.float32]
    intercept: NDArray[np.float64]

    def scores(self, features: csr_matrix) -> NDArray[np.float64]:
        return np.asarray(features @ self.coefficients.T + self.intercept)


def train(city: City, examples: Sequence[Example]) -> Weights:
    """Return the model of these utterances, calibrated on a fifth of them that a first model did not see."""
    teach_words(words := city_words(city))
    kept, held = _split(examples)
    first = _fit(city, kept)
    calibration, steepness, measured = _calibrated(first, held)
    parts, finest, second, _ = _fit(city, examples)
    above = {label: place for place, label in enumerate(second.labels)}
    return Weights(
        parts,
        head_of(finest.labels, finest.coefficients, finest.intercept, steepness[0]),
        head_of(second.labels, second.coefficients, second.intercept, steepness[1]),
        np.array([above[label_at(label, SECOND)] for label in finest.labels], dtype=np.uint16),
        _SHARE,
        calibration,
        {"utterances": len(examples), "words": words, **measured},
    )


def described(categories: Mapping[str, Category]) -> Iterator[Example]:
    """Yield what the taxonomy says of each third-level class, as short texts and as one."""
    for code, category in categories.items():
        if category.level <= SECOND:
            continue
        covers = category.covers
        for sign in _FIELDS:
            covers = covers.replace(sign, "、")
        texts = (category.name, category.spoken, *category.keywords, *covers.split("、"))
        for text in dict.fromkeys((*texts, "".join((category.name, category.covers, *category.keywords)))):
            if text:
                yield Example(text, f"c{code}")


def misheard(examples: Sequence[Example], chance: random.Random) -> list[Example]:
    """Return the utterances with a fifth of their characters replaced by others that sound alike."""
    alike: dict[str, list[str]] = {}
    for example in examples:
        for character in example.text:
            if "\u4e00" <= character <= "\u9fff":
                alike.setdefault(syllables(character)[0], []).append(character)
    choices = {sound: sorted(set(characters)) for sound, characters in alike.items()}
    return [
        Example(
            "".join(
                chance.choice(choices[sound]) if sound in choices and chance.random() < _NOISE else character
                for character, sound in zip(example.text, syllables(example.text), strict=True)
            ),
            example.label,
        )
        for example in examples
    ]


def _split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Hold every fifth utterance of each label out, the order shuffled."""
    shuffled = random.Random(_SEED).sample(list(examples), len(examples))  # noqa: S311 -- a split, not a secret
    seen: dict[str, int] = {}
    kept: list[Example] = []
    held: list[Example] = []
    for example in shuffled:
        seen[example.label] = seen.get(example.label, 0) + 1
        (held if seen[example.label] % _HELD_OUT == 0 else kept).append(example)
    return kept, held


def _fit(
    city: City, examples: Sequence[Example]
) -> tuple[dict[str, Part], _Fitted, _Fitted, Callable[[Sequence[str]], csr_matrix]]:
    from scipy.sparse import hstack  # noqa: PLC0415 -- seconds that asking need not wait
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 -- the same

    noise = misheard(examples, random.Random(_SEED))  # noqa: S311 -- noise, not a secret
    whole = [*examples, *noise, *described(city.categories)]
    texts = [cleaned(one.text) for one in whole]
    vectorizers = {
        name: TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=_LEAST_FREQUENCY, dtype=np.float32)
        for name, analyzer in ANALYZERS.items()
    }
    rows = hstack(
        [vectorizer.fit_transform(texts) * WEIGHTS[name] for name, vectorizer in vectorizers.items()]
    ).tocsr()
    finest = _classifier(rows, [one.label for one in whole])
    second = _classifier(rows, [label_at(one.label, SECOND) for one in whole])
    parts = {
        name: Part(
            {term: column for column, term in enumerate(vectorizer.get_feature_names_out())},
            np.asarray(vectorizer.idf_, dtype=np.float32),
            WEIGHTS[name],
        )
        for name, vectorizer in vectorizers.items()
    }

    def features(given: Sequence[str]) -> csr_matrix:
        clean = [cleaned(text) for text in given]
        return hstack(
            [vectorizer.transform(clean) * WEIGHTS[name] for name, vectorizer in vectorizers.items()]
        ).tocsr()

    return parts, finest, second, features


def _classifier(rows: csr_matrix, labels: Sequence[str]) -> _Fitted:
    """Fit one machine for each label against all others, the labels shared out over the processors."""
    names = sorted(set(labels))
    workers = max(1, min(4, os.cpu_count() or 1, len(names) // 8))
    shares = [names[start::workers] for start in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(lambda share: _machines(rows, labels, share), shares))
    order = {name: place for place, name in enumerate(name for share in shares for name in share)}
    places = [order[name] for name in names]
    return _Fitted(
        tuple(names),
        np.concatenate([coefficients for coefficients, _ in found])[places],
        np.concatenate([intercept for _, intercept in found])[places],
    )


def _machines(
    rows: csr_matrix, labels: Sequence[str], share: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Fit the machines of some labels; what has another label is against all of them."""
    from sklearn.svm import LinearSVC  # noqa: PLC0415 -- seconds that asking need not wait

    others = "\uffff"  # after every label
    mine = set(share)
    machine: Any = LinearSVC(C=_COST, random_state=_SEED)
    machine.fit(rows, [label if label in mine else others for label in labels])
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:  # then there is one machine, for the second of the two
        coefficients, intercept = (
            np.vstack([-coefficients, coefficients]),
            np.array([-intercept[0], intercept[0]]),
        )
    places = [list(machine.classes_).index(name) for name in share]
    return coefficients[places].astype(np.float32), intercept[places]


def _calibrated(
    model: tuple[Any, _Fitted, _Fitted, Callable[[Sequence[str]], csr_matrix]], held: Sequence[Example]
) -> tuple[Calibration, tuple[float, float], dict[str, Any]]:
    """Return curves, thresholds and steepnesses fitted on the first half of what was held out, measured on the second."""
    _, finest, second, features = model
    noise = misheard(held, random.Random(_SEED + 1))  # noqa: S311 -- noise, not a secret
    half = len(held) // 2
    fit = [*held[:half], *noise[:half]]
    test = [*held[half:], *noise[half:]]
    steepness: list[float] = []
    for machine, level in ((finest, 3), (second, SECOND)):
        scores = machine.scores(features([one.text for one in fit]))
        steepness.append(_steepness(scores, machine.labels, [label_at(one.label, level) for one in fit]))
    pair = (steepness[0], steepness[1])
    fit_third, fit_second, _ = _answers(finest, second, pair, features, fit)
    test_third, test_second, pairs = _answers(finest, second, pair, features, test)
    calibration = Calibration(fitted(*fit_third), fitted(*fit_second))
    sure_third = [calibration.curve_third(one) for one in test_third[0]]
    sure_second = [calibration.curve_second(one) for one in test_second[0]]
    calibration = replace(
        calibration,
        third=threshold([calibration.curve_third(one) for one in fit_third[0]], fit_third[1], _WANTED_THIRD),
        second=threshold(
            [calibration.curve_second(one) for one in fit_second[0]], fit_second[1], _WANTED_SECOND
        ),
        ece_third=round(calibration_error(sure_third, test_third[1]), 4),
        ece_second=round(calibration_error(sure_second, test_second[1]), 4),
    )
    measured = {
        "held_out": len(held),
        "right_third": round(float(np.mean(test_third[1])), 4),
        "right_second": round(float(np.mean(test_second[1])), 4),
        "confusion": [[right, guessed, count] for (right, guessed), count in sorted(pairs.items())],
    }
    return calibration, pair, measured


def _answers(
    finest: _Fitted,
    second: _Fitted,
    steepness: tuple[float, float],
    features: Callable[[Sequence[str]], csr_matrix],
    examples: Sequence[Example],
) -> tuple[_Answers, _Answers, dict[tuple[str, str], int]]:
    """Return, for matters, how sure the model is of its best class of the third and second level, and whether it is right.

    The last is how often each class of the second level was taken for which.
    """
    matters = [one for one in examples if category_of(one.label) is not None]
    rows = features([one.text for one in matters])
    places = {label: place for place, label in enumerate(second.labels)}
    above = np.array([places[label_at(label, SECOND)] for label in finest.labels])
    chances = _log_chances(finest.scores(rows), steepness[0])
    chances += _SHARE * _log_chances(second.scores(rows), steepness[1])[:, above]
    chances = np.exp(chances / (1.0 + _SHARE))
    is_matter = np.array([category_of(label) is not None for label in finest.labels])
    chances[:, ~is_matter] = 0.0
    chances /= chances.sum(axis=1, keepdims=True)
    sums = np.zeros((len(matters), len(second.labels)))
    for place, over in enumerate(above):
        sums[:, over] += chances[:, place]
    third = (
        chances.max(axis=1).tolist(),
        [finest.labels[best] == one.label for best, one in zip(chances.argmax(axis=1), matters, strict=True)],
    )
    upper = (
        sums.max(axis=1).tolist(),
        [
            second.labels[best] == label_at(one.label, SECOND)
            for best, one in zip(sums.argmax(axis=1), matters, strict=True)
        ],
    )
    guessed = [second.labels[best] for best in sums.argmax(axis=1)]
    pairs = Counter(
        (label_at(one.label, SECOND)[1:], other[1:]) for one, other in zip(matters, guessed, strict=True)
    )
    return third, upper, dict(pairs)


def _log_chances(scores: NDArray[np.float64], steepness: float) -> NDArray[np.float64]:
    scaled = scores * steepness
    scaled -= scaled.max(axis=1, keepdims=True)
    return np.asarray(scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True)))


def _steepness(scores: NDArray[np.float64], labels: Sequence[str], right: Sequence[str]) -> float:
    """Return the steepness with the least log loss."""
    places = {label: place for place, label in enumerate(labels)}
    rows = [row for row, label in enumerate(right) if label in places]
    columns = [places[right[row]] for row in rows]
    return min(
        _STEEP, key=lambda steep: -float(_log_chances(scores[rows], steep)[range(len(rows)), columns].mean())
    )
