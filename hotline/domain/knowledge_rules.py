"""The knowledge base's rules of a city (``knowledge.yaml``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hotline.domain.time_limits import TimeLimit


@dataclass(frozen=True, slots=True)
class KnowledgeRules:
    """``warn_within``: an article's unit is warned so long before it runs out; ``task`` is the limit of a unit's task.

    A question that was asked in vain ``asked_in_vain`` times within ``look_back`` becomes a candidate.
    """

    warn_within: timedelta
    task: TimeLimit
    asked_in_vain: int
    look_back: timedelta
