"""What the machine does about orders as time passes: cards, resuming, the first tier (自动提醒与一级督办).

Pure: an order and a time in, the next deed out. Everything rests on limits that are kept with the order, so a day of
downtime is caught up in order and a clock that is wrong for a while shows no card twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hotline.domain.co_handling import co_handling
from hotline.domain.deeds import Card, ProposeTier, RejectTier, Remind, Resume, Supervise, Tier
from hotline.domain.life_cycle import WITH_UNIT, Status, Step, after_step
from hotline.domain.time_limits import LimitPurpose, SetLimit, TimeLimits
from hotline.domain.work_order import WorkOrder

REDOS_FOR_THE_FIRST_TIER: Final = 1
REDOS_FOR_THE_MEDIA: Final = 2


@dataclass(frozen=True, slots=True)
class _Duty:
    """A deed of the machine and the moment from which it is due."""

    at: datetime
    deed: Remind | Resume | Supervise | ProposeTier


def next_duty_at(order: WorkOrder, limits: TimeLimits) -> datetime | None:
    """Return when the machine has to look at ``order`` again, or None while only people can move it."""
    return min((duty.at for duty in _duties(order, limits)), default=None)


def due_deed(
    order: WorkOrder, limits: TimeLimits, now: datetime
) -> Remind | Resume | Supervise | ProposeTier | None:
    """Return the earliest deed that is due by ``now`` and not done, or None."""
    due = [duty for duty in _duties(order, limits) if duty.at <= now]
    return min(due, key=lambda duty: duty.at).deed if due else None


def _duties(order: WorkOrder, limits: TimeLimits) -> Iterator[_Duty]:
    if order.suspended_until is not None:
        yield _Duty(order.suspended_until, _resumption(order, limits, order.suspended_until))
    yield from _cards(order, limits)
    yield from _cards_of_parts(order, limits)
    yield from _tiers(order, limits)


def _resumption(order: WorkOrder, limits: TimeLimits, at: datetime) -> Resume:
    appeal = order.appeal
    anew = limits.handling_anew(
        appeal.category, appeal.kind, start=at, like=order.first_limit, imposed=appeal.imposed_due
    )
    return Resume(anew, reason="suspension is over")


def _cards(order: WorkOrder, limits: TimeLimits) -> Iterator[_Duty]:
    wanted: list[tuple[Card, datetime | None, datetime | None]] = []  # the card, when, and for which moment
    if order.status is Status.TO_SIGN:
        sign_by = order.end_of(LimitPurpose.SIGNING)
        wanted.append((Card.UNSIGNED, sign_by, sign_by))
    if order.status in WITH_UNIT:
        due = order.due_at
        wanted.append((Card.YELLOW, order.end_of(LimitPurpose.YELLOW_CARD), due))
        if not _awaits_extension(order):
            wanted.append((Card.RED, order.end_of(LimitPurpose.RED_CARD), due))
        notice = order.limit(LimitPurpose.INTERIM_NOTICE)
        if notice is not None and not _gave_notice_since(order, notice):
            wanted.append((Card.NOTICE_MISSING, notice.end, notice.end))
    if order.status is Status.NEEDS_SUPPLEMENT:
        asked = order.when(Step.ASK_SUPPLEMENT)
        late = limits.expiry(limits.handling, start=asked).at if asked is not None else None
        wanted.append((Card.SUPPLEMENT_LATE, late, late))
    if order.status is Status.TO_REVISIT:
        passed = order.when(Step.PASS_REVIEW)
        wanted.append((Card.REVISIT_DUE, passed, passed))
    for card, at, about in wanted:
        if at is not None and about is not None:
            remind = Remind(card, about)
            if not order.was_reminded(remind):
                yield _Duty(at, remind)


def _cards_of_parts(order: WorkOrder, limits: TimeLimits) -> Iterator[_Duty]:
    """Yield the cards of supporting units that owe the lead an answer (rule 12: 协办结果限期交主办), counted as the lead's are."""
    if order.status not in WITH_UNIT or after_step(order.status, Step.CO_REPLY) is None:
        return
    for part in co_handling(order):
        due = part.due_at(order)
        if not part.is_missing or due is None:
            continue
        ends = {each.purpose: each.end for each in limits.cards_between(part.asked_at, due)}
        for card, purpose in (
            (Card.CO_SOON, LimitPurpose.YELLOW_CARD),
            (Card.CO_LATE, LimitPurpose.RED_CARD),
        ):
            remind = Remind(card, due, part.unit)
            if purpose in ends and not order.was_reminded(remind):
                yield _Duty(ends[purpose], remind)


def _awaits_extension(order: WorkOrder) -> bool:
    """Whether the unit asked in time for longer than the limit in force, and the hotline has not decided.

    Rule 23 has the unit ask before the due time, not the hotline decide by then: until it has, the order is not late.
    """
    handling, asked_at = order.limit(LimitPurpose.HANDLING), order.when(Step.ASK_EXTENSION)
    if order.asked_extension is None or asked_at is None:
        return False
    return handling is None or asked_at >= handling.start


def _gave_notice_since(order: WorkOrder, notice: SetLimit) -> bool:
    given = order.when(Step.GIVE_NOTICE)
    return given is not None and given >= notice.start


def _tiers(order: WorkOrder, limits: TimeLimits) -> Iterator[_Duty]:
    """Yield the first tier, which the machine starts, and the tiers that it proposes (rule 35; 触发条件待核)."""
    if order.status not in WITH_UNIT or order.due_at is None:
        return
    red = _red_card_at(order)
    redone = order.when(Step.REDO)
    if order.tier is None and order.status is not Status.SUPERVISED:
        start = red or redone
        if (
            start is not None
            and order.status is not Status.RETURN_ASKED
            and order.status is not Status.END_ASKED
        ):
            yield _Duty(start, Supervise(Tier.HOTLINE, "overdue" if red is not None else "redone"))
    if redone is not None and order.count(Step.REDO) >= REDOS_FOR_THE_MEDIA and order.may_be_disclosed:
        yield from _proposal(order, Tier.MEDIA, "redone twice", redone, since=redone)
    if red is not None:
        later = limits.expiry(limits.handling, start=red).at
        yield from _proposal(order, Tier.GOVERNMENT, "overdue since the red card", later, since=red)


def _proposal(order: WorkOrder, tier: Tier, ground: str, at: datetime, *, since: datetime) -> Iterator[_Duty]:
    """Propose a tier once; where a person turned it down, again only for a cause that began (``since``) after that."""
    last = next(
        (
            entry
            for entry in reversed(order.history)
            if isinstance(entry.deed, ProposeTier | RejectTier) and entry.deed.tier is tier
        ),
        None,
    )
    is_open = last is None or (isinstance(last.deed, RejectTier) and since > last.at)
    if is_open and (order.tier is None or order.tier < tier):
        yield _Duty(at, ProposeTier(tier, ground))


def _red_card_at(order: WorkOrder) -> datetime | None:
    """Return when the red card for the present due time was shown, or None."""
    if order.due_at is None:
        return None
    card = Remind(Card.RED, order.due_at)
    return next((entry.at for entry in order.history if entry.deed == card), None)
