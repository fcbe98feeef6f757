"""What an article has of a question's terms, for many articles in one go: terms stand as numbers, side by side.

Comparing strings article by article took most of a search among a hundred thousand.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

KINDS: Final = 3
"""Words, characters and sounds of a way of asking, in this order."""
_BYTES: Final = 4

Numbers = NDArray[np.uint32]


@lru_cache(maxsize=65_536)
def _number(kind: int, term: str) -> int:
    """Return a term's number, the same in every process. In one question of ten thousand two terms have the same: it is looked at in vain."""
    return int.from_bytes(blake2b(term.encode(), digest_size=_BYTES, salt=bytes([kind])).digest(), "little")


@dataclass(frozen=True, slots=True)
class Signs:
    """Numbers of an article's terms: ``sizes`` says how many each way of asking has of each kind and, last, the article of words."""

    sizes: NDArray[np.uint32]
    numbers: Numbers

    @property
    def ways(self) -> int:
        """How many ways of asking there are."""
        return len(self.sizes) // KINDS

    @classmethod
    def of(cls, ways: Iterable[Sequence[Sequence[str]]], words: Sequence[str]) -> Signs:
        """Take the terms of each way of asking by kind, each term once, and all words of the article."""
        groups = [(kind, terms) for way in ways for kind, terms in enumerate(way)]
        groups.append((0, words))
        return cls(
            np.array([len(terms) for _, terms in groups], np.uint32),
            np.array([_number(kind, term) for kind, terms in groups for term in terms], np.uint32),
        )

    def dumped(self) -> str:
        """Return them as one line."""
        sizes, numbers = (
            each.astype(each.dtype.newbyteorder("<")).tobytes() for each in (self.sizes, self.numbers)
        )
        return base64.b64encode(len(self.sizes).to_bytes(4, "little") + sizes + numbers).decode()

    @classmethod
    def loaded(cls, line: bytes) -> Signs:
        """Return what ``dumped`` made. Raises ``ValueError``."""
        held = base64.b64decode(line, validate=True)
        many = int.from_bytes(held[:4], "little")
        sizes = np.frombuffer(held, "<u4", many, 4)
        numbers = np.frombuffer(held, "<u4", offset=4 + 4 * many)
        if many % KINDS != 1 or int(sizes.sum()) != len(numbers):
            raise ValueError("not signs of an article")
        return cls(sizes, numbers)


@dataclass(frozen=True, slots=True)
class Shares:
    """What articles have of a question's terms. ``ways``: what the terms weigh that a way of asking has, a row for each way.

    ``others``: how many further terms the way has; ``words``: what the question's words weigh that the article has.
    """

    ways: NDArray[np.float64]
    others: NDArray[np.intp]
    words: NDArray[np.float64]


class Sought:
    """A question's terms with what each weighs, by kind, looked for in the signs of articles."""

    def __init__(self, weights: Sequence[Mapping[str, float]]) -> None:
        found = {
            _number(kind, term): value for kind, terms in enumerate(weights) for term, value in terms.items()
        }
        numbers = np.fromiter(found, np.uint32, len(found))
        order = numbers.argsort()
        self._numbers = numbers[order]
        self._values = np.fromiter(found.values(), np.float64, len(found))[order]

    def shares(self, signs: Sequence[Signs]) -> Shares:
        """Return what of the terms articles have, article by article."""
        sizes = np.concatenate([each.sizes for each in signs]) if signs else np.zeros(0, np.uint32)
        lasts = np.array([len(each.sizes) for each in signs], np.intp).cumsum() - 1
        sums, counts = np.zeros(len(sizes)), np.zeros(len(sizes), np.intp)
        if len(self._numbers) and len(sizes):
            numbers = np.concatenate([each.numbers for each in signs])
            at = self._numbers.searchsorted(numbers)
            at[at == len(self._numbers)] = 0
            there = np.flatnonzero(self._numbers[at] == numbers)
            groups = sizes.cumsum().searchsorted(there, side="right")
            sums[:] = np.bincount(groups, self._values[at[there]], len(sizes))
            counts[:] = np.bincount(groups, minlength=len(sizes))
        left = sizes - counts
        return Shares(
            np.delete(sums, lasts).reshape(-1, KINDS), np.delete(left, lasts).reshape(-1, KINDS), sums[lasts]
        )
