"""Revisits by telephone (电话回访): which order is owed a call, and what came of it written on the order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hotline.dialogue.prompts import Prompts
from hotline.dialogue.survey_result import Subject, SurveyResult
from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.category import Category, nearest
from hotline.domain.deeds import Reply, Revisit
from hotline.domain.life_cycle import Status
from hotline.domain.outbound import CallPurpose, DueCall, OutboundOutcome
from hotline.domain.people import MACHINE
from hotline.domain.work_order import WorkOrder, WorkOrderNumber
from hotline.service.casework import Casework


def due_revisit(order: WorkOrder) -> DueCall | None:
    """Return the call that ``order`` is owed, None when it waits for no revisit or leaves no number."""
    phone = order.appeal.phone
    is_heard = any(revisit.is_reached for revisit in order.revisits)
    if order.status is not Status.TO_REVISIT or phone is None or is_heard:
        return None
    earlier, tried_at = _tried_at(order)
    return DueCall(order.number, CallPurpose.REVISIT, phone, _is_secret(order), tried_at, earlier)


def subject_of(order: WorkOrder, categories: Mapping[str, Category]) -> Subject:
    """Return what the call is about, the matter in the short words of its category; none of it for a secret order."""
    is_secret = _is_secret(order)
    category = nearest(order.appeal.category, categories)
    matter = category.spoken if category is not None and not is_secret else ""
    return Subject(order.number, matter, is_secret or not matter)


class RevisitCalls:
    """Writes down what came of revisit calls."""

    def __init__(self, casework: Casework, prompts: Prompts) -> None:
        """Take what changes orders, and the words for the record (``prompts/survey.yaml``)."""
        self._casework, self._prompts = casework, prompts

    async def keep(self, result: SurveyResult, *, at: datetime) -> WorkOrder:
        """Commit the try to its order and return it; raises as ``Casework.revisit`` does."""
        return await self._casework.revisit(result.number, result.revisit(self._prompts), by=MACHINE, at=at)

    async def keep_unreached(
        self, number: WorkOrderNumber, outcome: OutboundOutcome, *, at: datetime
    ) -> WorkOrder:
        """Commit a try at which nobody was spoken to; raises as ``Casework.revisit`` does."""
        remark = self._prompts.text(f"remark_{outcome.value}")
        tried = Revisit(is_reached=False, how=self._prompts.text("how"), remark=remark)
        return await self._casework.revisit(number, tried, by=MACHINE, at=at)


def _is_secret(order: WorkOrder) -> bool:
    return order.appeal.secrecy is not Secrecy.NONE or order.appeal.kind is AppealKind.TIP_OFF


def _tried_at(order: WorkOrder) -> tuple[int, tuple[datetime, ...]]:
    """Return how often the citizen was tried before the last reply, and when since, the first try first."""
    earlier, tried = 0, list[datetime]()
    for entry in order.history:
        if isinstance(entry.deed, Reply):
            earlier += len(tried)
            tried.clear()
        elif isinstance(entry.deed, Revisit):
            tried.append(entry.at)
    return earlier, tuple(tried)
