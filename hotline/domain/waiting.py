"""What an order waits for besides its state: lists of the hotline's people are made of it (待办事项)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from hotline.domain.co_handling import Part, co_handling
from hotline.domain.contests import open_contest
from hotline.domain.deeds import Card
from hotline.domain.disclosure import is_public
from hotline.domain.hearings import open_hearing
from hotline.domain.life_cycle import WITH_UNIT, Status, Step
from hotline.domain.objections import open_objection
from hotline.domain.work_order import WorkOrder


class Waiting(StrEnum):
    """A decision that a person owes, or a supporting unit's answer that is late."""

    HEARING = "hearing"  # 不合理认定
    DISCLOSURE = "disclosure"  # 是否公开
    OBJECTION = "objection"  # 异议
    CONTEST = "contest"  # 考核异议
    CO_REPLY = "co_reply"  # 协办超期未反馈


def waits_for(order: WorkOrder) -> frozenset[Waiting]:
    """Return what the order waits for."""
    found = set()
    if open_hearing(order) is not None:
        found.add(Waiting.HEARING)
    if _awaits_disclosure(order):
        found.add(Waiting.DISCLOSURE)
    if open_objection(order) is not None:
        found.add(Waiting.OBJECTION)
    if open_contest(order) is not None:
        found.add(Waiting.CONTEST)
    if late_parts(order):
        found.add(Waiting.CO_REPLY)
    return frozenset(found)


def waits_since(order: WorkOrder, what: Waiting) -> datetime:
    """Return since when the order waits for ``what``, which it does: by that the hotline's lists are sorted."""
    at: datetime | None
    match what:
        case Waiting.OBJECTION:
            objection = open_objection(order)
            at = objection.made_at if objection is not None else None
        case Waiting.HEARING:
            hearing = open_hearing(order)
            at = hearing.at if hearing is not None else None
        case Waiting.CONTEST:
            contest = open_contest(order)
            at = contest.at if contest is not None else None
        case Waiting.DISCLOSURE:
            at = order.when(Step.CONCLUDE)
        case _:  # a supporting unit's answer, of which it was reminded
            at = order.when(Step.REMIND)
    return at or order.history[-1].at


def late_parts(order: WorkOrder) -> tuple[Part, ...]:
    """Return the parts of supporting units that the lead still waits for after the reminder that they are late."""
    if order.status not in WITH_UNIT:
        return ()
    return tuple(
        part for part in co_handling(order) if part.is_missing and part.was_reminded(order, Card.CO_LATE)
    )


def _awaits_disclosure(order: WorkOrder) -> bool:
    """Whether it is closed with a reply that might be made public, and nobody has decided on that since."""
    if order.status is not Status.CONCLUDED or order.reply is None or not is_public(order):
        return False
    decisive = (Step.DISCLOSE, Step.WITHHOLD, Step.REOPEN)
    last = next((entry.step for entry in reversed(order.history) if entry.step in decisive), None)
    return last in (None, Step.REOPEN)
