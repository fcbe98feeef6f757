"""The work order (工单) and the table of its life.

A work order changes only through ``WorkOrder.after``: it looks the step up in ``TRANSITIONS`` and returns a new
order with one more line of history, or raises ``IllegalTransitionError`` and changes nothing. The table follows the
minimal set of states that Shandong's rules and Tai'an's published interface share (登记→派单→签收→办理→反馈→审核→
回访→结案, with 退回, 延期, 挂账, 终止, 督办); docs/work_order.md is drawn from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from hotline.domain.appeal import Appeal, AppealKind, Secrecy
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.routing import RoutingDecision

WorkOrderNumber = str
"""Work order number (工单编号): yymmdd and a running number of the day, digits only, so that it can be spoken."""


class Status(StrEnum):
    """State of a work order (工单状态)."""

    REGISTERED = "registered"  # 已登记
    NEEDS_SUPPLEMENT = "needs_supplement"  # 待补充
    ANSWERED = "answered"  # 当场答复（办结）
    DIVERTED = "diverted"  # 已分流（转专线、告知法定途径 …）
    TO_DISPATCH = "to_dispatch"  # 待派单（人工）
    TO_SIGN = "to_sign"  # 待签收
    HANDLING = "handling"  # 办理中
    RETURN_ASKED = "return_asked"  # 申请退回
    SUSPENDED = "suspended"  # 挂账待办
    END_ASKED = "end_asked"  # 申请终止
    ENDED = "ended"  # 已终止
    REPLIED = "replied"  # 已反馈，待审核
    TO_REVISIT = "to_revisit"  # 待回访
    SUPERVISED = "supervised"  # 督办中
    CONCLUDED = "concluded"  # 已结案
    ARCHIVED = "archived"  # 已归档


class Step(StrEnum):
    """What may be done to a work order (工单操作)."""

    ANSWER = "answer"
    DIVERT = "divert"
    ASK_SUPPLEMENT = "ask_supplement"
    SUPPLEMENT = "supplement"
    QUEUE_FOR_DISPATCH = "queue_for_dispatch"
    DISPATCH = "dispatch"
    SIGN_FOR = "sign_for"
    SEND_BACK = "send_back"
    REJECT_RETURN = "reject_return"
    ACCEPT_RETURN = "accept_return"
    DESIGNATE = "designate"
    EXTEND = "extend"
    SUSPEND = "suspend"
    RESUME = "resume"
    ASK_END = "ask_end"
    APPROVE_END = "approve_end"
    REJECT_END = "reject_end"
    REPLY = "reply"
    PASS_REVIEW = "pass_review"
    REDO = "redo"
    CONCLUDE = "conclude"
    SUPERVISE = "supervise"
    DISCLOSE = "disclose"  # 公开
    ARCHIVE = "archive"


TRANSITIONS: Final[dict[tuple[Status, Step], Status]] = {
    (Status.REGISTERED, Step.ANSWER): Status.ANSWERED,
    (Status.REGISTERED, Step.DIVERT): Status.DIVERTED,
    (Status.REGISTERED, Step.ASK_SUPPLEMENT): Status.NEEDS_SUPPLEMENT,
    (Status.REGISTERED, Step.QUEUE_FOR_DISPATCH): Status.TO_DISPATCH,
    (Status.REGISTERED, Step.DISPATCH): Status.TO_SIGN,
    (Status.NEEDS_SUPPLEMENT, Step.SUPPLEMENT): Status.TO_DISPATCH,
    (Status.NEEDS_SUPPLEMENT, Step.DISPATCH): Status.TO_SIGN,
    (Status.NEEDS_SUPPLEMENT, Step.CONCLUDE): Status.CONCLUDED,
    (Status.TO_DISPATCH, Step.DISPATCH): Status.TO_SIGN,
    (Status.TO_DISPATCH, Step.ASK_SUPPLEMENT): Status.NEEDS_SUPPLEMENT,
    (Status.TO_DISPATCH, Step.DIVERT): Status.DIVERTED,
    (Status.TO_SIGN, Step.SIGN_FOR): Status.HANDLING,
    (Status.TO_SIGN, Step.SEND_BACK): Status.RETURN_ASKED,
    (Status.RETURN_ASKED, Step.ACCEPT_RETURN): Status.TO_DISPATCH,
    (Status.RETURN_ASKED, Step.REJECT_RETURN): Status.HANDLING,
    (Status.RETURN_ASKED, Step.DESIGNATE): Status.HANDLING,
    (Status.HANDLING, Step.EXTEND): Status.HANDLING,
    (Status.HANDLING, Step.SUSPEND): Status.SUSPENDED,
    (Status.SUSPENDED, Step.RESUME): Status.HANDLING,
    (Status.HANDLING, Step.ASK_END): Status.END_ASKED,
    (Status.END_ASKED, Step.APPROVE_END): Status.ENDED,
    (Status.END_ASKED, Step.REJECT_END): Status.HANDLING,
    (Status.HANDLING, Step.REPLY): Status.REPLIED,
    (Status.REPLIED, Step.PASS_REVIEW): Status.TO_REVISIT,
    (Status.REPLIED, Step.REDO): Status.HANDLING,
    (Status.TO_REVISIT, Step.CONCLUDE): Status.CONCLUDED,
    (Status.TO_REVISIT, Step.REDO): Status.HANDLING,
    (Status.TO_REVISIT, Step.SUPERVISE): Status.SUPERVISED,
    (Status.HANDLING, Step.SUPERVISE): Status.SUPERVISED,
    (Status.SUPERVISED, Step.RESUME): Status.HANDLING,
    (Status.SUPERVISED, Step.REPLY): Status.REPLIED,
    (Status.SUPERVISED, Step.CONCLUDE): Status.CONCLUDED,
    (Status.CONCLUDED, Step.DISCLOSE): Status.CONCLUDED,
    (Status.CONCLUDED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.ENDED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.ANSWERED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.DIVERTED, Step.ARCHIVE): Status.ARCHIVED,
}


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of an order's history: who did what, when, from where to where, and why."""

    at: datetime
    step: Step | None  # None: registration itself
    before: Status | None
    after: Status
    by: str  # unit code, staff id, or "machine"
    note: str = ""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A work order (工单): an appeal with a number, a routing decision, a state and its whole history.

    ``conversation`` is the id of the call or chat it came from; ``revision`` counts changes for optimistic locking.
    """

    number: WorkOrderNumber
    appeal: Appeal
    status: Status
    registered_at: datetime
    conversation: str
    routing: RoutingDecision | None = None
    history: tuple[HistoryEntry, ...] = ()
    revision: int = 0
    article: str | None = None

    def after(
        self, step: Step, *, by: str, at: datetime, note: str = "", due_at: datetime | None = None
    ) -> WorkOrder:
        """Return the order after ``step``; raise ``IllegalTransitionError`` if it is not allowed now.

        Besides the table: history never runs backwards (``at`` before the last entry); an extension is asked for
        before the order is due and moves ``due_at`` later; what the citizen or the law keeps confidential is never
        disclosed; and supervision ends an order only if its reply had passed review.
        """
        status = TRANSITIONS.get((self.status, step))
        reason = self._refusal(step, at, due_at)
        if status is None or reason:
            raise IllegalTransitionError(number=self.number, status=self.status, step=step, reason=reason)
        entry = HistoryEntry(at=at, step=step, before=self.status, after=status, by=by, note=note)
        routing = self.routing
        if step is Step.EXTEND and routing is not None and due_at is not None:
            routing = replace(routing, due_at=due_at)
        return replace(
            self, status=status, routing=routing, history=(*self.history, entry), revision=self.revision + 1
        )

    def _refusal(self, step: Step, at: datetime, due_at: datetime | None) -> str:
        """Return why ``step`` is refused although the table may allow it, or nothing."""
        if self.history and at < self.history[-1].at:
            return "earlier than the last change"
        match step:
            case Step.EXTEND if self.routing is not None and at >= self.routing.due_at:
                return "overdue orders cannot be extended"
            case Step.EXTEND if (
                self.routing is not None and due_at is not None and due_at <= self.routing.due_at
            ):
                return "an extension ends later than the limit it extends"
            case Step.DISCLOSE if not self.may_be_disclosed:
                return "confidential orders and tip-offs are never disclosed"
            case Step.CONCLUDE if self.status is Status.SUPERVISED and not self._was_reviewed:
                return "its reply has not passed review"
            case _:
                return ""

    @property
    def may_be_disclosed(self) -> bool:
        """Whether the public may see it at all: never a confidential order (保密单) or a tip-off (举报单)."""
        return self.appeal.secrecy is Secrecy.NONE and self.appeal.kind is not AppealKind.TIP_OFF

    @property
    def _was_reviewed(self) -> bool:
        """Whether the last supervision began after the reply had passed review."""
        return bool(self.history) and self.history[-1].before is Status.TO_REVISIT
