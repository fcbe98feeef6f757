"""What an order waits for besides its state: lists of the hotline's people are made of it (待办事项)."""

from __future__ import annotations

from enum import StrEnum

from hotline.domain.disclosure import is_public
from hotline.domain.hearings import open_hearing
from hotline.domain.life_cycle import Status, Step
from hotline.domain.work_order import WorkOrder


class Waiting(StrEnum):
    """A decision that a person owes."""

    HEARING = "hearing"  # 不合理认定
    DISCLOSURE = "disclosure"  # 是否公开


def waits_for(order: WorkOrder) -> frozenset[Waiting]:
    """Return the decisions that the order waits for."""
    found = set()
    if open_hearing(order) is not None:
        found.add(Waiting.HEARING)
    if _awaits_disclosure(order):
        found.add(Waiting.DISCLOSURE)
    return frozenset(found)


def _awaits_disclosure(order: WorkOrder) -> bool:
    """Whether it is closed with a reply that might be made public, and nobody has decided on that since."""
    if order.status is not Status.CONCLUDED or order.reply is None or not is_public(order):
        return False
    decisive = (Step.DISCLOSE, Step.WITHHOLD, Step.REOPEN)
    last = next((entry.step for entry in reversed(order.history) if entry.step in decisive), None)
    return last in (None, Step.REOPEN)
