"""Contests of how orders count in the assessment (考核异议): asked for by a unit within a time limit, decided by supervision."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.contests import ContestRules, last_contest, open_contest
from hotline.domain.deeds import Contest, Evidence, Exclude, RejectContest
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.life_cycle import CLOSED, Step, after_step
from hotline.domain.people import Actor
from hotline.domain.unit_rates import Quarter
from hotline.domain.work_order import WorkOrder, WorkOrderNumber
from hotline.service.casework import Casework

_INSTANT: Final = timedelta(seconds=1)


class Standing(StrEnum):
    """How it stands with the contest of one order."""

    NOT_CLOSED = "not_closed"  # 办结后可提
    NOT_COUNTED = "not_counted"  # 本来不计考核
    MAY = "may"  # 可以提
    LATE = "late"  # 已过期限，或者已归档
    OPEN = "open"  # 待决定
    UPHELD = "upheld"  # 成立，不计考核
    REJECTED = "rejected"  # 不成立，维持计入


class Contests:
    """Takes and decides contests."""

    def __init__(self, casework: Casework, rules: ContestRules) -> None:
        """Take what changes orders, and the city's rules."""
        self._casework = casework
        self.rules = rules

    def until(self, order: WorkOrder) -> datetime | None:
        """Return until when an order may be contested; None while it is not closed.

        The limit runs from the end of the quarter in which the order was registered, whose board counts it, or from when
        it was closed if that is later.
        """
        if not order.is_closed:
            return None
        limits = self._casework.limits
        closed = next(each.at for each in reversed(order.history) if each.after in CLOSED and each.before is not each.after)  # fmt: skip
        day = order.registered_at.astimezone(limits.timezone).date()
        following = datetime.combine(Quarter.of(day).days[1], time(), limits.timezone)
        return limits.expiry(self.rules.limit, start=max(following - _INSTANT, closed)).at

    def standing(self, order: WorkOrder, *, at: datetime) -> Standing:
        """Return whether an order may be contested, or what became of the contest."""
        contest, until = last_contest(order), self.until(order)
        if contest is not None:
            return {None: Standing.OPEN, True: Standing.UPHELD, False: Standing.REJECTED}[contest.is_upheld]
        if until is None:
            return Standing.NOT_CLOSED
        if not order.is_dispatched or order.exclusion is not None:
            return Standing.NOT_COUNTED
        is_over = at > until or after_step(order.status, Step.CONTEST) is None
        return Standing.LATE if is_over else Standing.MAY

    def deed(self, order: WorkOrder, ground: str, reason: str, evidence: tuple[Evidence, ...]) -> Contest:
        """Return what a unit does when it contests an order.

        Raises ``DeedRefusedError`` when something is missing, ``IllegalTransitionError`` while the order is not closed.
        """
        until = self.until(order)
        if until is None:
            raise IllegalTransitionError(
                number=order.number, status=order.status.value, step=Step.CONTEST.value
            )
        return Contest(ground if ground in self.rules.grounds else "", reason, evidence, until)

    async def uphold(
        self, number: WorkOrderNumber, reason: str, *, order: WorkOrder, by: Actor, at: datetime, expected: int
    ) -> WorkOrder:  # fmt: skip
        """Let the order count no longer, on the ground that the unit gave (剔除)."""
        contest = open_contest(order)
        ground = contest.asked.ground if contest is not None else "contest"
        return await self._casework.do(
            number, Exclude(ground, reason, by.id), by=by, at=at, expected=expected
        )

    async def reject(
        self, number: WorkOrderNumber, reason: str, *, by: Actor, at: datetime, expected: int
    ) -> WorkOrder:
        """Let the order go on counting (维持计入)."""
        return await self._casework.do(number, RejectContest(reason), by=by, at=at, expected=expected)
