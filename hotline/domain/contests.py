"""Contests (考核异议): a unit objects to an order's counting against it in the assessment, and supervision decides.

Upheld, the order does not count (``Exclude``); else it goes on counting (``RejectContest``), each with a reason, and never
by somebody from whose own steps the figures follow. One contest until the order is opened again, and within a time limit:
excluding is no way to put a quarter right for ever (规则44: 每次剔除有审批人与理由，可反查).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hotline.domain.deeds import Contest, Exclude
from hotline.domain.life_cycle import Step
from hotline.domain.people import Actor, Role
from hotline.domain.time_limits import TimeLimit

if TYPE_CHECKING:
    from hotline.domain.work_order import HistoryEntry, WorkOrder

_COUNTING: Final = frozenset(
    {
        Step.DISPATCH, Step.DESIGNATE, Step.REJECT_RETURN, Step.PASS_REVIEW, Step.REDO, Step.REVISIT, Step.CONCLUDE,
        Step.APPROVE_END, Step.EXCLUDE, Step.REJECT_CONTEST,
    }
)  # fmt: skip
"""Steps from which figures follow: whose the order is, how it was handled, what the citizen said of it, whether it counts."""
_ABROAD: Final = (Role.UNIT, Role.CITIZEN, Role.MACHINE)


@dataclass(frozen=True, slots=True)
class ContestRules:
    """``limit``: how long an order may be contested; ``grounds``: code → 中文 (``config/<city>/assessment.yaml``)."""

    limit: TimeLimit
    grounds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Contested:
    """One contest of an order; ``is_upheld`` is None while it waits for a decision."""

    asked: Contest
    by: Actor
    at: datetime
    is_upheld: bool | None = None
    reason: str = ""
    decided_by: Actor | None = None
    decided_at: datetime | None = None


def last_contest(order: WorkOrder) -> Contested | None:
    """Return the contest since the order was last opened, None when there is none."""
    decision: HistoryEntry | None = None
    for entry in reversed(order.history):
        if entry.step is Step.REOPEN:
            return None
        if entry.step in (Step.EXCLUDE, Step.REJECT_CONTEST):
            decision = entry
        if isinstance(entry.deed, Contest):
            if decision is None:
                return Contested(entry.deed, entry.by, entry.at)
            is_upheld = isinstance(decision.deed, Exclude)
            return Contested(
                entry.deed, entry.by, entry.at, is_upheld, decision.note, decision.by, decision.at
            )
    return None


def open_contest(order: WorkOrder) -> Contested | None:
    """Return the contest that waits for a decision, or None."""
    found = last_contest(order)
    return found if found is not None and found.is_upheld is None else None


def counted_by(order: WorkOrder) -> frozenset[str]:
    """Return the ids of the hotline's people from whose steps it follows how the order counts."""
    return frozenset(
        entry.by.id for entry in order.history if entry.step in _COUNTING and entry.by.role not in _ABROAD
    )
