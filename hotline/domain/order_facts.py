"""What assessment and analysis see of an order (考核要素): facts without anything personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hotline.domain.appeal import AppealKind
from hotline.domain.deeds import (
    Adoption,
    Confer,
    ConferenceKind,
    Exclude,
    Reply,
    Resolution,
    Revisit,
    Satisfaction,
    Tier,
)
from hotline.domain.handling_unit import HandlingUnit, UnitGroup
from hotline.domain.life_cycle import Status, Step
from hotline.domain.time_limits import LimitPurpose
from hotline.domain.work_order import HistoryEntry, WorkOrder


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order as boards count it.

    ``signed_at`` and ``replied_at`` are the first times of the unit that leads now, ``sign_by`` and ``due_at`` the limits in
    force then: what is set afterwards (重办) makes nothing late come in time. ``was_contacted``: whether this unit got in
    touch (响应); ``resolution``, ``result`` and ``attitude`` are of its reply, None where the citizen could not be reached.
    ``exclusion`` says why it does not count (不计考核). ``tier`` is the highest so far,
    ``standing_tier`` the one at which it is now, ``proposed_tier`` a higher one that waits for a person to decide.
    """

    number: str
    kind: AppealKind
    category: str | None
    lead_unit: str | None
    group: UnitGroup | None
    status: Status
    registered_at: datetime
    dispatched_at: datetime | None
    signed_at: datetime | None
    sign_by: datetime | None
    replied_at: datetime | None
    due_at: datetime | None
    dispatches: int
    returns: int
    redos: int
    extensions: int
    was_contacted: bool | None
    resolution: Resolution | None
    result: Satisfaction | None
    attitude: Satisfaction | None
    is_unreachable: bool
    exclusion: Exclude | None
    adoption: Adoption | None
    tier: Tier | None
    joint_meetings: int
    was_answered_at_once: bool
    county: str | None
    street: str | None
    standing_tier: Tier | None
    proposed_tier: Tier | None
    may_be_disclosed: bool

    @property
    def counts(self) -> bool:
        """Whether it counts in the assessment: dispatched to a unit and not excluded or declined."""
        return (
            self.dispatched_at is not None and self.exclusion is None and self.status is not Status.DECLINED
        )

    @property
    def was_in_time(self) -> bool | None:
        """Whether the unit's first reply came within the limit; None before it, and where no unit had it."""
        if self.dispatched_at is None or self.replied_at is None:
            return None
        return self.due_at is None or self.replied_at <= self.due_at


def facts_of(order: WorkOrder, units: Mapping[str, HandlingUnit]) -> OrderFacts:
    """Return the facts of ``order``."""
    led = order.under_lead
    signed, replied = _first(led, Step.SIGN_FOR), _first(led, Step.REPLY)
    reply, revisits = (order.reply, order.revisits) if replied is not None else (None, ())
    reached = next((each for each in reversed(revisits) if each.is_reached), None)
    unit = units.get(order.lead_unit) if order.lead_unit and order.is_dispatched else None
    first_dispatch = next(
        (entry.at for entry in order.history if entry.step in (Step.DISPATCH, Step.DESIGNATE)), None
    )
    return OrderFacts(
        number=order.number,
        kind=order.appeal.kind,
        category=order.appeal.category,
        lead_unit=order.lead_unit if order.is_dispatched else None,
        group=unit.group if unit is not None else None,
        status=order.status,
        registered_at=order.registered_at,
        dispatched_at=first_dispatch,
        signed_at=led[signed].at if signed is not None else None,
        sign_by=_end(led[:signed], LimitPurpose.SIGNING),
        replied_at=led[replied].at if replied is not None else None,
        due_at=_end(led[:replied], LimitPurpose.HANDLING) or order.due_at,
        dispatches=order.count(Step.DISPATCH) + order.count(Step.DESIGNATE),
        returns=order.count(Step.SEND_BACK),
        redos=order.count(Step.REDO),
        extensions=order.count(Step.GRANT_EXTENSION),
        was_contacted=_contacted(reached, reply),
        resolution=reached.resolution if reached is not None else None,
        result=reached.result if reached is not None else None,
        attitude=reached.attitude if reached is not None else None,
        is_unreachable=bool(revisits) and reached is None,
        exclusion=order.exclusion,
        adoption=reply.adoption if reply is not None else None,
        tier=order.tier,
        joint_meetings=sum(each.kind is ConferenceKind.JOINT_MEETING for each in order.deeds(Confer)),
        was_answered_at_once=any(entry.step is Step.ANSWER for entry in order.history),
        county=order.appeal.place.county_code if order.appeal.place is not None else None,
        street=order.appeal.place.street_code if order.appeal.place is not None else None,
        standing_tier=order.tier if order.status is Status.SUPERVISED else None,
        proposed_tier=order.proposed_tier.tier if order.proposed_tier is not None else None,
        may_be_disclosed=order.may_be_disclosed,
    )


def _first(entries: Sequence[HistoryEntry], step: Step) -> int | None:
    return next((index for index, entry in enumerate(entries) if entry.step is step), None)


def _end(entries: Sequence[HistoryEntry], purpose: LimitPurpose) -> datetime | None:
    """Return when the last limit ends that these steps set for ``purpose``."""
    limits = [limit for entry in entries for limit in entry.limits if limit.purpose is purpose]
    return limits[-1].end if limits else None


def _contacted(reached: Revisit | None, reply: Reply | None) -> bool | None:
    """Return what the citizen says of being contacted; else what the unit's reply proves; None before any reply."""
    if reached is not None and reached.was_contacted is not None:
        return reached.was_contacted
    return None if reply is None else reply.contact is not None or reply.exemption is not None
