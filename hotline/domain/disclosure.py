"""Disclosure (公开): the figures that the public may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hotline.domain.category import at_level
from hotline.domain.life_cycle import CLOSED
from hotline.domain.order_facts import OrderFacts

SMALLEST_CELL: Final = 5
"""Counts below this are not published: one could guess who is behind them."""


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """A month's figures for the public: None stands for a count too small to publish."""

    registered: int
    closed: int
    answered_at_once: int
    by_category: dict[str, int | None]
    by_county: dict[str, int | None]


def public_figures(facts: Sequence[OrderFacts]) -> PublicFigures:
    """Return the figures; what is confidential is in the totals only, never in a breakdown."""
    open_to_all = [each for each in facts if each.may_be_disclosed]
    return PublicFigures(
        registered=len(facts),
        closed=sum(each.status in CLOSED for each in facts),
        answered_at_once=sum(each.was_answered_at_once for each in facts),
        by_category=_suppressed(at_level(each.category) for each in open_to_all),
        by_county=_suppressed(each.county for each in open_to_all),
    )


def _suppressed(keys: Iterable[str | None]) -> dict[str, int | None]:
    counts = Counter(key for key in keys if key is not None)
    return {key: count if count >= SMALLEST_CELL else None for key, count in sorted(counts.items())}
