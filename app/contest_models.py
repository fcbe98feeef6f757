"""Contests (考核异议) in the units' interface: what is sent, and how each stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from app.step_models import Line, StaffId, Step, Text, compulsory
from app.unit_steps import Files
from desk.views import unit_text
from hotline.domain.contests import last_contest
from hotline.domain.deeds import Contest
from hotline.domain.people import Role
from hotline.domain.work_order import WorkOrder
from hotline.service.contests import Contests, Standing
from hotline.store.order_facts import Which


class ContestIn(Step):
    """Contest that the order counts in the assessment, once it is closed: ground, reason, evidence (考核异议)."""

    model_config = compulsory("ground", "reason", "evidence")

    by: StaffId | None = None
    ground: Line = ""
    reason: Text = ""
    evidence: Files = ()

    def deed(self, contests: Contests, order: WorkOrder) -> Contest:
        """Return the deed; ``DeedRefusedError`` and ``IllegalTransitionError`` as ``Contests.deed``."""
        return contests.deed(
            order, self.ground, self.reason, tuple(each.evidence() for each in self.evidence)
        )


class ContestOut(BaseModel):
    """How it stands with the contest of an order. ``until``: by when it may be contested, null while it is not closed.

    The rest is null until it was contested; ``decided_by`` is a capacity.
    """

    number: str
    revision: int
    state: Standing
    until: datetime | None
    ground: str | None = None
    ground_text: str | None = None
    reason: str | None = None
    evidence: list[str] | None = None
    contested_at: datetime | None = None
    decision: str | None = None
    decided_at: datetime | None = None
    decided_by: Role | None = None


class AssessedOut(ContestOut):
    """An order that counts against its unit, and why; nothing in ``against``: it does not count, for ``exclusion``."""

    against: list[Which]
    exclusion: str | None


class AssessmentOut(BaseModel):
    """A unit's orders of a quarter that count against it or not at all, the newest first; ``grounds`` on which it may contest."""

    quarter: str
    grounds: dict[str, str]
    orders: list[AssessedOut]


def standing_of(contests: Contests, order: WorkOrder, *, at: datetime) -> ContestOut:
    """Return how it stands with the contest of ``order``."""
    out = ContestOut(
        number=order.number,
        revision=order.revision,
        state=contests.standing(order, at=at),
        until=contests.until(order),
    )
    found = last_contest(order)
    if found is None:
        return out
    return out.model_copy(
        update={
            "ground": found.asked.ground,
            "ground_text": contests.rules.grounds.get(found.asked.ground, found.asked.ground),
            "reason": unit_text(found.asked.reason, order),
            "evidence": [each.id for each in found.asked.evidence],
            "contested_at": found.at,
            "decision": unit_text(found.reason, order) or None,
            "decided_at": found.decided_at,
            "decided_by": found.decided_by.role if found.decided_by is not None else None,
        }
    )


def assessed(
    contests: Contests, orders: Sequence[WorkOrder], against: Mapping[str, Sequence[Which]], *, at: datetime
) -> list[AssessedOut]:
    """Return orders with why they count against their unit, or why not at all."""
    return [
        AssessedOut(
            **standing_of(contests, order, at=at).model_dump(),
            against=list(against.get(order.number, ())),
            exclusion=unit_text(order.exclusion.reason, order) if order.exclusion is not None else None,
        )
        for order in orders
    ]
