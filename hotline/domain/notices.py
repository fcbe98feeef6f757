"""Whom a step concerns, and what they are told (告知、推送): pure, from the order after the step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from hotline.domain.contests import last_contest
from hotline.domain.deeds import AddUnits, Card, Contest, Divert, Object, ProposeTier, Remind, Supervise, Tier
from hotline.domain.diversion import DiversionOutcome
from hotline.domain.life_cycle import Step
from hotline.domain.linkage import handover
from hotline.domain.outbox import Message
from hotline.domain.secrecy import note_for_units, unit_view
from hotline.domain.time_limits import LimitPurpose
from hotline.domain.work_order import HistoryEntry, WorkOrder

_TO_LEAD: Final = frozenset(
    {
        Step.DISPATCH, Step.DESIGNATE, Step.REJECT_RETURN, Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION, Step.RESUME,
        Step.REJECT_END, Step.APPROVE_END, Step.REDO, Step.REMIND, Step.SUPERVISE, Step.URGE, Step.ADD_FACTS, Step.JOIN,
        Step.WITHDRAW, Step.CO_REPLY, Step.CONCLUDE, Step.DECLINE, Step.DIVERT, Step.SPLIT, Step.ASK_HEARING, Step.GIVE_OPINION,
        Step.REJECT_HEARING, Step.REJECT_CONTEST,
    }
)  # fmt: skip
_TO_SUPPORTING: Final = frozenset({Step.DISPATCH, Step.DESIGNATE, Step.ADD_UNITS})
TO_CITIZENS: Final = frozenset(
    {
        Step.DISPATCH, Step.DESIGNATE, Step.GRANT_EXTENSION, Step.GIVE_NOTICE, Step.SUSPEND, Step.APPROVE_END,
        Step.PASS_REVIEW, Step.CONCLUDE, Step.DECLINE, Step.DIVERT, Step.ASK_SUPPLEMENT, Step.REOPEN, Step.SPLIT,
        Step.ASK_HEARING, Step.REJECT_HEARING, Step.REJECT_OBJECTION,
    }
)  # fmt: skip
_SUPERVISED_CARDS: Final = (Card.RED, Card.UNSIGNED, Card.NOTICE_MISSING, Card.CO_LATE)


def messages(before: WorkOrder | None, order: WorkOrder) -> Iterator[Message]:
    """Yield the messages that the last steps of ``order`` call for: those that ``before`` does not have yet."""
    for index in range(len(before.history) if before is not None else 0, len(order.history)):
        entry = order.history[index]
        if entry.step is not None:
            yield from _of_step(before, order, entry, index)


def _of_step(
    before: WorkOrder | None, order: WorkOrder, entry: HistoryEntry, index: int
) -> Iterator[Message]:
    step = entry.step
    kind = f"work_order.{step.value if step else 'registered'}"

    def to(destination: str, body: dict[str, Any], kind: str = kind) -> Message:
        return Message(destination, kind, order.number, body, f"{order.number}:{index}:{destination}")

    is_answer = step is Step.EXCLUDE and last_contest(order) is not None
    if (step in _TO_LEAD or is_answer) and order.is_dispatched and order.lead_unit is not None:
        yield to(f"unit:{order.lead_unit}", _for_units(order, entry) | _of_part(entry))
    if isinstance(entry.deed, Remind) and entry.deed.unit is not None:
        yield to(f"unit:{entry.deed.unit}", _for_units(order, entry) | _of_part(entry))
    if step in _TO_SUPPORTING:
        more = entry.deed if isinstance(entry.deed, AddUnits) else None
        until = {"until": _text(more.until)} if more is not None else {}
        for unit in dict.fromkeys(more.units if more is not None else order.supporting_units):
            yield to(f"unit:{unit}", _for_units(order, entry) | until)
    former = before.lead_unit if before is not None and before.is_dispatched else None
    if step in (Step.DISPATCH, Step.DESIGNATE) and former is not None and former != order.lead_unit:
        yield to(f"unit:{former}", {"number": order.number, "at": _text(entry.at)}, "work_order.taken_away")
    if step in TO_CITIZENS:
        for party in order.citizens:
            yield to(f"citizen:{party.number}", for_citizens(order, entry))
    yield from _to_supervisors(order, entry, to)
    if isinstance(entry.deed, Divert) and entry.deed.diversion.outcome is DiversionOutcome.EMERGENCY_LINE:
        line = order.appeal.emergency.value if order.appeal.emergency else "110"
        yield to(f"linkage:{line}", handover(order, line, at=entry.at, reason=entry.note))


def _of_part(entry: HistoryEntry) -> dict[str, Any]:
    """Which supporting unit a reminder is about, and by when it was to answer; nothing for any other step."""
    match entry.deed:
        case Remind(unit=str(unit), about=about):
            return {"supporting_unit": unit, "until": _text(about)}
        case _:
            return {}


def _to_supervisors(order: WorkOrder, entry: HistoryEntry, to: Any) -> Iterator[Message]:
    match entry.deed:
        case Remind(card=card) if card in _SUPERVISED_CARDS:
            body = {**_summary(order, entry), "card": card.value} | _of_part(entry)
            yield to(f"supervisor:{Tier.HOTLINE}", body)
        case Remind(card=Card.SUPPLEMENT_LATE | Card.REVISIT_DUE as card):
            yield to("duty", {**_summary(order, entry), "card": card.value})
        case Contest():
            yield to(f"supervisor:{Tier.HOTLINE}", _summary(order, entry))
        case Object():  # whether the order is opened again, a person decides
            yield to("duty", _summary(order, entry))
        case Supervise(tier=tier) | ProposeTier(tier=tier):
            yield to(f"supervisor:{tier.value}", {**_summary(order, entry), "tier": tier.value})
        case _:
            return


def _summary(order: WorkOrder, entry: HistoryEntry) -> dict[str, Any]:
    return {
        "number": order.number,
        "status": entry.after.value,
        "at": _text(entry.at),
        "lead_unit": order.lead_unit,
        "category": order.appeal.category,
        "due_at": _text(order.due_at),
        "reason": entry.note,
    }


def _for_units(order: WorkOrder, entry: HistoryEntry) -> dict[str, Any]:
    """What a unit is told: the order as it may see it, its limits, and the step."""
    limits = {
        purpose.value: {"end": _text(limit.end), "basis": limit.basis}
        for purpose in (LimitPurpose.SIGNING, LimitPurpose.SENDING_BACK, LimitPurpose.HANDLING)
        if (limit := order.limit(purpose)) is not None
    }
    return {
        **_summary(order, entry),
        "reason": note_for_units(entry, order),
        "order": asdict(unit_view(order)),
        "supporting_units": list(order.supporting_units),
        "limits": limits,
    }


def for_citizens(order: WorkOrder, entry: HistoryEntry) -> dict[str, Any]:
    """What a citizen is told: state, unit, time; the reply once it has passed review."""
    body = {key: value for key, value in _summary(order, entry).items() if key != "category"}
    if entry.step in (Step.PASS_REVIEW, Step.CONCLUDE) and order.reply is not None:
        body["reply"] = order.reply.to_citizen
    return body


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
