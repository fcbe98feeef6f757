"""Routing decision (派单结论): who should handle an appeal, by when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hotline.domain.appeal import Urgency
from hotline.domain.time_limits import SetLimit

BY_HAND: Final = "by-hand"
"""Rule name of what a person dispatched (人工派单)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A runner-up for a person to choose from: unit, the rule that would choose it, and why it did not win."""

    unit: str
    rule: str
    because: str


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Lead unit, supporting units, limits and reason. ``is_manual`` means that a person must dispatch (人工派单).

    ``rule`` names the catalogue row, ``catalogue_version`` the version of the dispatch catalogue (派单目录) it is from.
    ``sign_by`` and ``due_at`` are the limits for signing and for handling; ``limit_basis`` where the limit comes from, ``basis`` the law that gives the matter to the unit;
    ``limits`` are all limits that run from dispatch.
    """

    lead_unit: str | None
    supporting_units: tuple[str, ...]
    urgency: Urgency
    sign_by: datetime
    due_at: datetime
    limit_basis: str
    rule: str
    because: str
    catalogue_version: str
    runners_up: tuple[Candidate, ...] = ()
    is_manual: bool = False
    basis: str = ""
    limits: tuple[SetLimit, ...] = ()
