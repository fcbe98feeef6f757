"""What citizens see of their order, and what they may do with it (诉求人查询与操作); pure.

Everything that was done for them is shown, the returns and redos too (规则32); nothing of how the hotline and its units talk
among themselves, and nothing of another citizen of the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.deeds import (
    AddFacts,
    ApproveEnd,
    AskSupplement,
    Decline,
    Deed,
    Designate,
    Dispatch,
    Divert,
    GiveNotice,
    GrantExtension,
    Join,
    Object,
    PassReview,
    RejectHearing,
    RejectObjection,
    Resolution,
    Revisit,
    Satisfaction,
    Split,
    Supplement,
    Suspend,
    Urge,
    Withdraw,
)
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.life_cycle import Status, Step
from hotline.domain.people import CITIZEN, Role
from hotline.domain.time_limits import LimitPurpose, SetLimit
from hotline.domain.work_order import HistoryEntry, Party, WorkOrder


class CitizenDeed(StrEnum):
    """What a citizen may do with their order."""

    ADD_FACTS = "add_facts"  # 补充情况
    SUPPLEMENT = "supplement"  # 补充所缺的内容
    WITHDRAW = "withdraw"  # 撤单
    URGE = "urge"  # 催办
    RATE = "rate"  # 评价
    OBJECT = "object"  # 异议
    WRITE = "write"  # 留言给承办单位（热线转达）


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One line of what was done. ``text`` is meant for the citizen; ``unit`` a unit's code; ``until`` a new time limit."""

    at: datetime
    step: Step | None
    text: str = ""
    unit: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order as one of its citizens sees it. ``number`` is their own record's, ``handled_as`` the order it was merged into."""

    number: str
    handled_as: str
    status: Status
    kind: str
    category: str | None
    text: str
    place: str
    registered_at: datetime
    due_at: datetime | None
    lead_unit: str | None
    supporting_units: tuple[str, ...]
    reply: str
    steps: tuple[StepSeen, ...]
    may: frozenset[CitizenDeed]
    is_confidential: bool


SHOWN: Final = frozenset(Step) - {
    Step.QUEUE_FOR_DISPATCH, Step.CO_REPLY, Step.ASK_EXTENSION, Step.REFUSE_EXTENSION, Step.ASK_END, Step.REJECT_END,
    Step.REPLY, Step.REMIND, Step.PROPOSE_TIER, Step.REJECT_TIER, Step.CONFER, Step.EXCLUDE, Step.DISCLOSE, Step.WITHHOLD,
    Step.JOIN, Step.GIVE_OPINION, Step.CONTEST, Step.REJECT_CONTEST,
}  # fmt: skip
"""Steps that a citizen sees; a reply when it has passed review."""


def own_order(order: WorkOrder, party: Party, at: datetime, *, urge_again: timedelta) -> OwnOrder:
    """Return the order as ``party`` sees it ``at``; ``urge_again``: so long after urging it is urged again."""
    is_first = party.number == order.number
    joined = next((each for each in order.deeds(Join) if each.number == party.number), None)
    appeal = order.appeal
    return OwnOrder(
        number=party.number,
        handled_as=order.number,
        status=order.status,
        kind=appeal.kind.value,
        category=appeal.category,
        text=appeal.text if joined is None else joined.text,
        place=appeal.place.text if appeal.place is not None and is_first else "",
        registered_at=_since(order, party),
        due_at=order.due_at,
        lead_unit=order.lead_unit if order.is_dispatched else None,
        supporting_units=order.supporting_units if order.is_dispatched else (),
        reply=order.reply.to_citizen if order.reply is not None and order.is_reviewed else "",
        steps=tuple(_steps(order, party)),
        may=frozenset(deed for deed in CitizenDeed if may(order, deed, at, urge_again=urge_again)),
        is_confidential=appeal.secrecy.value != "none",
    )


def may(order: WorkOrder, deed: CitizenDeed, at: datetime, *, urge_again: timedelta) -> bool:
    """Tell whether a citizen of the order may do it ``at``: the order itself is asked."""
    if deed is CitizenDeed.WRITE:
        return order.is_dispatched and not order.is_closed
    if deed is CitizenDeed.URGE and _was_urged(order, at - urge_again):
        return False
    if deed is CitizenDeed.RATE and any(each.is_reached for each in order.revisits):
        return False
    try:
        order.after(_PROBES[deed], by=CITIZEN, at=max(at, order.history[-1].at))
    except IllegalTransitionError:
        return False
    return True


_PROBES: Final[dict[CitizenDeed, Deed]] = {
    CitizenDeed.ADD_FACTS: AddFacts("…"),
    CitizenDeed.SUPPLEMENT: Supplement("…"),
    CitizenDeed.WITHDRAW: Withdraw("…"),
    CitizenDeed.URGE: Urge(),
    CitizenDeed.RATE: Revisit(
        is_reached=True,
        how="…",
        resolution=Resolution.RESOLVED,
        result=Satisfaction.SATISFIED,
        attitude=Satisfaction.SATISFIED,
    ),
    CitizenDeed.OBJECT: Object("…"),
}


def _was_urged(order: WorkOrder, since: datetime) -> bool:
    urged = order.when(Step.URGE)
    return urged is not None and urged > since


def _since(order: WorkOrder, party: Party) -> datetime:
    for entry in order.history:
        if isinstance(entry.deed, Join) and entry.deed.number == party.number:
            return entry.at
    return order.registered_at


def _steps(order: WorkOrder, party: Party) -> Iterator[StepSeen]:
    since, is_alone = _since(order, party), len(order.citizens) == 1
    for index, entry in enumerate(order.history):
        is_shown = entry.step is None or entry.step in SHOWN
        if is_shown and (entry.at >= since or entry.by.role is not Role.CITIZEN):
            text = _told(order, entry, index) or (_own_words(entry) if is_alone else "")
            routing = entry.deed.routing if isinstance(entry.deed, Dispatch | Designate) else None
            unit = routing.lead_unit if routing is not None else None
            yield StepSeen(entry.at, entry.step, text, unit, _until(entry.deed))


def _told(order: WorkOrder, entry: HistoryEntry, index: int) -> str:
    """Return what a step tells the citizens."""
    match entry.deed:
        case Divert(diversion=diversion):
            return diversion.told
        case (
            Decline(reason=reason)
            | RejectHearing(reason=reason)
            | RejectObjection(reason=reason)
            | Split(reason=reason)
        ):
            return reason
        case AskSupplement(what=what):
            return what
        case GiveNotice(text=told) | ApproveEnd(told=told):
            return told
        case Suspend(measures=measures):
            return measures
        case PassReview():
            return _reply_before(order, index)
        case _:
            return ""


def _own_words(entry: HistoryEntry) -> str:
    """Return what the citizen said with a step."""
    match entry.deed:
        case Withdraw(reason=reason) if entry.by.role is Role.CITIZEN:
            return reason
        case AddFacts(text=own) | Supplement(text=own) | Urge(text=own) | Object(text=own):
            return own
        case _:
            return ""


def _until(deed: Deed | None) -> datetime | None:
    """Return the new time limit that a step brings."""
    match deed:
        case Dispatch(routing=routing) | Designate(routing=routing):
            return _handling_end(routing.limits) or routing.due_at
        case GrantExtension(limits=limits):
            return _handling_end(limits)
        case Suspend(until=until):
            return until
        case _:
            return None


def _handling_end(limits: Iterable[SetLimit]) -> datetime | None:
    return next((each.end for each in limits if each.purpose is LimitPurpose.HANDLING), None)


def _reply_before(order: WorkOrder, index: int) -> str:
    """Return the reply that passed review with the ``index``-th step."""
    replies = [entry.deed for entry in order.history[:index] if entry.step is Step.REPLY]
    return str(getattr(replies[-1], "to_citizen", "")) if replies else ""
