"""How much each comparison counts (权重): for questions that were written, and for those that were heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of a search.

    ``fields``: boosts of the searched fields. ``rare``: the power of a term's rarity that comes on top of BM25, which counts
    it once.
    """

    fields: Mapping[str, float]
    rare: float


WRITTEN: Final = Weights(
    MappingProxyType({
        "asked_words": 2.0, "asked_characters": 2.0, "asked_sounds": 1.0,
        "body_words": 1.0, "body_characters": 1.0, "body_sounds": 0.5,
    }),
    rare=0.5,
)  # fmt: skip
"""Rare terms say more than BM25 gives them: +1 point of first hits on real questions and replies."""
HEARD: Final = Weights(
    MappingProxyType({
        "asked_words": 0.5, "asked_characters": 2.0, "asked_sounds": 2.0,
        "body_words": 0.25, "body_characters": 1.0, "body_sounds": 1.0,
    }),
    rare=-0.5,
)  # fmt: skip
"""A rare term is as likely misheard as said, and one wrong character cuts words elsewhere: +4 points on our own questions misheard."""
FIELDS: Final = tuple(WRITTEN.fields)
"""Searched fields, title and ways of asking in ``asked_…``, the answer in ``body_…``."""


def weights_for(*, is_heard: bool) -> Weights:
    """Return the weights for a question that was heard, or written."""
    return HEARD if is_heard else WRITTEN
