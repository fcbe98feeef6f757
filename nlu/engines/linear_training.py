"""Training the in-process model: on the utterances, on the same misheard, and on what the taxonomy says of itself.

The classes' names, keywords and what they cover stand beside the utterances as short texts of their own: people write in
more ways than anybody can write down for training, but of the same matters. (Without them macro-F1 on real messages of
another city was 0.65, with them 0.80, at four utterances a class.)

Each label of the first level is one linear support vector machine against all others, the labels shared out over the
processors; the second and third levels are told apart only within each class of the first. (All third-level labels
against all others took fifteen times as long and was right no more often: 57.5 % of 1,586 held-out utterances, so
57.6 %.) Held-out utterances say how sure the model may be of itself (``nlu.calibration``).
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from hotline.city import City
from hotline.domain.category import SECOND, Category
from hotline.phonetics import syllables
from nlu.engines.features import ANALYZERS, WEIGHTS, cleaned, passages, teach_words
from nlu.engines.linear_calibration import Fitted, Labelled, Model, calibrated
from nlu.engines.linear_weights import Part, Weights, head_of
from nlu.lexicon import city_words
from nlu.training_data import Example, category_of, label_at

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NOISE: Final = 0.2
_SEED: Final = 12345
_LEAST_FREQUENCY: Final = 2
_COST: Final = 0.25
_TOLERANCE: Final = 0.1
"""The solver's own default: closer, it takes many times as long and is right no more often."""
_HELD_OUT: Final = 5
_FIELDS: Final = "、，；"

_Machines = tuple["Sequence[str]", "csr_matrix", NDArray[np.float64]]
"""Labels, their coefficients and intercepts."""


def train(city: City, examples: Sequence[Example]) -> Weights:
    """Return the model of these utterances, calibrated on a fifth of them that a first model did not see."""
    teach_words(words := city_words(city))
    noise = misheard(examples)
    whole = [*examples, *noise, *described(city.categories)]
    labels = [one.label for one in whole]
    parts, rows, vectorize = _vectorized([cleaned(one.text) for one in whole])
    held = _held_out(examples)
    mirrored = [len(examples) + place for place in held]
    kept = sorted(set(range(len(whole))) - {*held, *mirrored})
    first = _fit(rows[kept], [labels[place] for place in kept])
    one, other = (
        _labelled([whole[place] for place in (*held[start::2], *mirrored[start::2])], vectorize)
        for start in (0, 1)
    )
    calibration, steepness, measured = calibrated(first, (one, other))
    last = _fit(rows, labels)
    first_head, second_head, finest_head = (
        head_of(machine.labels, machine.coefficients, machine.intercept, steep)
        for machine, steep in zip((last.first, last.second, last.finest), steepness, strict=True)
    )
    return Weights(
        parts,
        finest_head,
        second_head,
        first_head,
        last.above.astype(np.uint16),
        last.over.astype(np.uint16),
        calibration,
        {"utterances": len(examples), "held_out": len(held), "words": words, **measured},
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


def misheard(examples: Sequence[Example]) -> list[Example]:
    """Return the utterances with a fifth of their characters replaced by others that sound alike.

    Each is misheard in its own way whatever else there is, so that the model stays the same where its utterances do: with
    one stream of chances, seventy new ones changed a dozen of the golden set's 400 answers for no reason.
    """
    alike: dict[str, list[str]] = {}
    for example in examples:
        for character in example.text:
            if "\u4e00" <= character <= "\u9fff":
                alike.setdefault(syllables(character)[0], []).append(character)
    choices = {sound: sorted(set(characters)) for sound, characters in alike.items()}
    return [Example(_misheard(example.text, choices), example.label) for example in examples]


def _misheard(text: str, choices: Mapping[str, Sequence[str]]) -> str:
    """Return ``text`` with some characters replaced by those of ``choices`` that have the same sound."""
    heard = list(text)
    for place, sound in enumerate(syllables(text)):
        if sound in choices and _chance(text, place) < _NOISE:
            heard[place] = min(choices[sound], key=lambda character: _chance(text, place, character))
    return "".join(heard)


def _chance(*what: object) -> float:
    """Return a number from 0 to 1 that is always the same for the same things."""
    digest = hashlib.blake2b("|".join(map(str, (_SEED, *what))).encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def _held_out(examples: Sequence[Example]) -> list[int]:
    """Return the places of every fifth utterance of each label, in an order that depends on nothing but the text."""
    seen: Counter[str] = Counter()
    held: list[int] = []
    for place in sorted(range(len(examples)), key=lambda place: _chance(examples[place].text)):
        label = examples[place].label
        seen[label] += 1
        if seen[label] % _HELD_OUT == 0:
            held.append(place)
    return held


def _labelled(examples: Sequence[Example], vectorize: Callable[[Sequence[str]], csr_matrix]) -> Labelled:
    """Return utterances as they are asked about: letters also by sentence."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 -- seconds that asking need not wait

    asked = [passages(one.text) for one in examples]
    counts = [share for parts in asked for _, share in parts]
    places = [place for place, parts in enumerate(asked) for _ in parts]
    return Labelled(
        vectorize([text for parts in asked for text, _ in parts]),
        csr_matrix((counts, (places, range(len(counts)))), shape=(len(asked), len(counts))),
        [one.label for one in examples],
    )


def _vectorized(
    texts: Sequence[str],
) -> tuple[dict[str, Part], csr_matrix, Callable[[Sequence[str]], csr_matrix]]:
    """Return the features of ``texts``, their rows, and what makes such rows of other texts."""
    from scipy.sparse import hstack  # noqa: PLC0415 -- seconds that asking need not wait
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 -- the same

    parts: dict[str, Part] = {}
    rows: list[csr_matrix] = []
    vectorizers: dict[str, Any] = {}
    for name, analyzer in ANALYZERS.items():
        vectorizer = TfidfVectorizer(
            analyzer=analyzer, sublinear_tf=True, min_df=_LEAST_FREQUENCY, dtype=np.float32
        )
        rows.append(vectorizer.fit_transform(texts) * WEIGHTS[name])
        columns = {term: column for column, term in enumerate(vectorizer.get_feature_names_out())}
        parts[name] = Part(columns, np.asarray(vectorizer.idf_, dtype=np.float32), WEIGHTS[name])
        vectorizers[name] = vectorizer

    def vectorize(others: Sequence[str]) -> csr_matrix:
        return hstack([each.transform(others) * WEIGHTS[name] for name, each in vectorizers.items()]).tocsr()

    return parts, hstack(rows).tocsr(), vectorize


def _fit(rows: csr_matrix, labels: Sequence[str]) -> Model:
    """Fit the first level against all, its labels shared out, and the others within each class of the first level."""
    first, second = ([label_at(label, level) for label in labels] for level in (1, SECOND))
    groups: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if category_of(label) is not None:
            groups.setdefault(first[place], []).append(place)
    names = sorted(set(first))
    workers = max(1, min(4, os.cpu_count() or 1, len(names) // 8))
    shares = [names[start::workers] for start in range(workers)]
    width = rows.shape[1]
    with ThreadPoolExecutor(workers) as pool:
        upper = pool.map(lambda share: _machines(rows, first, share), shares)
        middle = pool.map(lambda group: _machines_of(rows, second, group), groups.values())
        lower = pool.map(lambda group: _machines_of(rows, labels, group), groups.values())
        return Model(
            _together(names, upper, width),
            _together(sorted(set(second)), middle, width),
            _together(sorted(set(labels)), lower, width),
        )


def _together(labels: Sequence[str], fitted_parts: Iterable[_Machines], width: int) -> Fitted:
    """Put machines together in the order of ``labels``; a label without one scores nothing."""
    from scipy.sparse import csr_matrix, vstack  # noqa: PLC0415 -- seconds that asking need not wait

    names: list[str] = []
    blocks: list[csr_matrix] = []
    intercepts: list[float] = []
    for own, coefficients, intercept in fitted_parts:
        names.extend(own)
        blocks.append(coefficients)
        intercepts.extend(intercept)
    without = sorted(set(labels) - set(names))
    blocks.append(csr_matrix((len(without), width), dtype=np.float32))
    order = {name: place for place, name in enumerate([*names, *without])}
    places = [order[name] for name in labels]
    return Fitted(
        tuple(labels), vstack(blocks).tocsr()[places], np.array([*intercepts, *[0.0] * len(without)])[places]
    )


def _machines_of(rows: csr_matrix, labels: Sequence[str], places: Sequence[int]) -> _Machines:
    """Fit the machines that tell the labels of some rows apart, over the features that these rows have."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 -- seconds that asking need not wait

    own = rows[places]
    names = sorted({labels[place] for place in places})
    if len(names) == 1:
        return names, csr_matrix((1, rows.shape[1]), dtype=np.float32), np.zeros(1)
    columns = np.unique(own.indices)
    _, found, intercept = _machines(own[:, columns], [labels[place] for place in places], names)
    return (
        names,
        csr_matrix((found.data, columns[found.indices], found.indptr), shape=(len(names), rows.shape[1])),
        intercept,
    )


def _machines(rows: csr_matrix, labels: Sequence[str], share: Sequence[str]) -> _Machines:
    """Fit the machines of some labels; what has another label is against all of them."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 -- seconds that asking need not wait
    from sklearn.svm import LinearSVC  # noqa: PLC0415 -- the same

    others = "\uffff"  # after every label
    mine = set(share)
    machine: Any = LinearSVC(C=_COST, tol=_TOLERANCE, random_state=_SEED)
    machine.fit(rows, [label if label in mine else others for label in labels])
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:  # then there is one machine, for the second of the two
        coefficients, intercept = (
            np.vstack([-coefficients, coefficients]),
            np.array([-intercept[0], intercept[0]]),
        )
    places = [list(machine.classes_).index(name) for name in share]
    return share, csr_matrix(coefficients[places].astype(np.float32)), intercept[places]
