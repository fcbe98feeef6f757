"""Checking the training utterances: how many there are of each class, what is said twice, and what leaked from the tests."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hotline.domain.category import Category
from nlu.training_data import ENTITIES, INTENTS, Example, category_of, entities_of

LEAST: Final = 27
"""Utterances that a class should have; below that its boundaries are guesswork."""
MUCH_ALIKE: Final = 0.8
_LEAKED_ALIKE: Final = 0.85
_SHORTEST, _LONGEST = 2, 400
_LONG: Final = 40
_KEPT: Final = re.compile(r"[\u4e00-\u9fff]|[A-Za-z0-9]+")
_LEFT_OVER: Final = re.compile(r"[\[\]{}]|\]\(")


class Trouble(StrEnum):
    """What is wrong with an utterance or a class. Errors keep a model from being trained; the rest is for writers."""

    UNKNOWN_LABEL = "unknown_label"
    TWO_LABELS = "two_labels"
    LEAKED = "leaked"  # stands in the golden set, or nearly
    UNKNOWN_ENTITY = "unknown_entity"
    MARKUP = "markup"
    DUPLICATE = "duplicate"
    LENGTH = "length"
    NEARLY_THE_SAME = "nearly_the_same"
    TOO_FEW = "too_few"
    COARSE = "coarse"  # labelled with a class that has finer ones


ERRORS: Final = frozenset(
    {Trouble.UNKNOWN_LABEL, Trouble.TWO_LABELS, Trouble.LEAKED, Trouble.UNKNOWN_ENTITY, Trouble.MARKUP}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: in which file, at which utterance or class, and the other side of it (a label, a text)."""

    trouble: Trouble
    file: str
    row: str
    other: str = ""

    @property
    def is_error(self) -> bool:
        """Whether it must be put right."""
        return self.trouble in ERRORS


@dataclass(frozen=True, slots=True)
class DataReport:
    """What the training utterances are like: counts by label, shares of short and long ones, and the findings."""

    utterances: int
    counts: Mapping[str, int]
    long_share: float
    findings: tuple[Finding, ...]


def check_examples(
    examples: Sequence[Example],
    categories: Mapping[str, Category],
    golden: Sequence[str] = (),
    least: int = LEAST,
) -> DataReport:
    """Check utterances as ``read_examples`` yields them against the categories and the golden utterances."""
    finest = [
        code
        for code in categories
        if not any(other.startswith(code) and other != code for other in categories)
    ]
    counts = Counter(example.label for example in examples)
    findings = [
        *_labels(examples, categories, finest),
        *_forms(examples),
        *_twice(examples),
        *_leaked(examples, golden),
        *(
            Finding(Trouble.TOO_FEW, "", f"c{code}", str(counts[f"c{code}"]))
            for code in finest
            if counts[f"c{code}"] < least
        ),
    ]
    long = sum(len(example.text) >= _LONG for example in examples if category_of(example.label))
    matters = sum(1 for example in examples if category_of(example.label))
    return DataReport(len(examples), counts, round(long / matters, 3) if matters else 0.0, tuple(findings))


def _labels(
    examples: Sequence[Example], categories: Mapping[str, Category], finest: Sequence[str]
) -> Iterator[Finding]:
    told: set[str] = set()
    for example in examples:
        code = category_of(example.label)
        if example.label in told or example.label in INTENTS or code in finest:
            continue
        told.add(example.label)
        trouble = Trouble.COARSE if code in categories else Trouble.UNKNOWN_LABEL
        yield Finding(trouble, example.file, example.label)


def _forms(examples: Sequence[Example]) -> Iterator[Finding]:
    for example in examples:
        for words, entity in entities_of(example.marked):
            if entity not in ENTITIES:
                yield Finding(Trouble.UNKNOWN_ENTITY, example.file, example.text, f"{words}：{entity}")
        if _LEFT_OVER.search(example.text):
            yield Finding(Trouble.MARKUP, example.file, example.text)
        if category_of(example.label) and not _SHORTEST <= len(example.text) <= _LONGEST:
            yield Finding(Trouble.LENGTH, example.file, example.text, str(len(example.text)))


def _twice(examples: Sequence[Example]) -> Iterator[Finding]:
    first: dict[str, Example] = {}
    unique: list[Example] = []
    for example in examples:
        same = first.setdefault(_core(example.text) or example.text, example)
        if same is example:
            unique.append(example)
        elif same.label != example.label:
            yield Finding(Trouble.TWO_LABELS, example.file, example.text, f"{same.label}／{example.label}")
        else:
            yield Finding(Trouble.DUPLICATE, example.file, example.text, same.file)
    matters = [example for example in unique if category_of(example.label)]
    for number, other in alike_pairs([example.text for example in matters], MUCH_ALIKE):
        yield Finding(Trouble.NEARLY_THE_SAME, matters[other].file, matters[other].text, matters[number].text)


def _leaked(examples: Sequence[Example], golden: Sequence[str]) -> Iterator[Finding]:
    texts = [example.text for example in examples]
    kept_apart = {_core(text): text for text in golden}
    for example in examples:
        if _core(example.text) in kept_apart:
            yield Finding(Trouble.LEAKED, example.file, example.text, kept_apart[_core(example.text)])
    for other, place in alike_pairs([*golden, *texts], _LEAKED_ALIKE, first=len(golden)):
        number = place - len(golden)
        if number >= 0 and _core(texts[number]) not in kept_apart:
            yield Finding(Trouble.LEAKED, examples[number].file, texts[number], golden[other])


def alike_pairs(texts: Sequence[str], least: float, first: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield pairs of places whose texts share at least ``least`` of their character pairs (Jaccard), each pair once.

    Only texts that share one of their rarest pairs are compared (prefix filtering), so that thousands take a second.
    ``first``: only pairs with one of so many at the beginning.
    """
    sets = [_pairs(_core(text)) for text in texts]
    frequency = Counter(pair for pairs in sets for pair in pairs)
    by_pair: defaultdict[str, list[int]] = defaultdict(list)
    for number, pairs in enumerate(sets):
        rarest = sorted(pairs, key=lambda pair: (frequency[pair], pair))
        prefix = rarest[: len(rarest) - math.ceil(least * len(rarest)) + 1]
        candidates = {other for pair in prefix for other in by_pair[pair]}
        for other in sorted(candidates):
            shared = len(pairs & sets[other])
            if shared >= least * len(pairs | sets[other]):
                yield other, number
        for pair in prefix if first is None or number < first else ():
            by_pair[pair].append(number)


def _core(text: str) -> str:
    return "".join(_KEPT.findall(text))


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text) - 1)) or frozenset({text})


def golden_texts(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the texts of a golden set's rows."""
    return [str(row["text"]) for row in rows]
