"""The work order (工单): an appeal with a number, and everything that was done about it.

An order changes only through ``WorkOrder.after``: it looks the step up in the table of ``hotline.domain.life_cycle``,
holds the deed against the rules and returns a new order with one more line of history, or raises
``IllegalTransitionError`` and changes nothing. What is known of an order follows from its history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from hotline.domain.appeal import Appeal, PhoneNumber, Secrecy
from hotline.domain.deeds import (
    AddFacts,
    AddUnits,
    AskExtension,
    Complete,
    Deed,
    Designate,
    Dispatch,
    Divert,
    Exclude,
    GrantExtension,
    Join,
    ProposeTier,
    QueueForDispatch,
    Redo,
    RejectTier,
    Remind,
    Reply,
    Resume,
    Revisit,
    Split,
    Supervise,
    Supplement,
    Suspend,
    Tier,
)
from hotline.domain.diversion import Diversion
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.life_cycle import CLOSED, TRANSITIONS, Status, Step, after_step
from hotline.domain.people import Actor
from hotline.domain.refusals import refusal
from hotline.domain.routing import RoutingDecision
from hotline.domain.time_limits import LimitPurpose, SetLimit

__all__ = ["TRANSITIONS", "HistoryEntry", "Party", "Status", "Step", "WorkOrder", "WorkOrderNumber"]

WorkOrderNumber = str
"""Work order number (工单编号): yymmdd and a running number of the day, digits only, so that it can be spoken."""

_D = TypeVar("_D")
_ROUTED: Final = (Step.DISPATCH, Step.DESIGNATE)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of an order's history: who did what, when, from where to where; registration has no deed."""

    at: datetime
    before: Status | None
    after: Status
    by: Actor
    deed: Deed | None = None

    @property
    def step(self) -> Step | None:
        """The step, None for registration."""
        return self.deed.step if self.deed is not None else None

    @property
    def limits(self) -> tuple[SetLimit, ...]:
        """The limits that the step set."""
        match self.deed:
            case Dispatch(routing=routing) | Designate(routing=routing):
                return routing.limits
            case Redo(limits=limits) | Resume(limits=limits) | GrantExtension(limits=limits):
                return limits
            case _:
                return ()

    @property
    def note(self) -> str:
        """The reason or text that the deed gives, for lists."""
        match self.deed:
            case Dispatch(routing=routing):
                return routing.because
            case Divert(diversion=diversion):
                return diversion.reason
            case None:
                return ""
            case deed:
                names = (
                    "reason",
                    "what",
                    "to_citizen",
                    "text",
                    "ground",
                    "measures",
                    "conclusion",
                    "card",
                    "article",
                )
                return str(next((found for name in names if (found := getattr(deed, name, ""))), ""))


@dataclass(frozen=True, slots=True)
class Party:
    """A citizen of an order: the one who registered it, or one who joined (诉求人). ``number`` is their own record's."""

    number: WorkOrderNumber
    phone: PhoneNumber | None
    name: str
    secrecy: Secrecy


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A work order: an appeal with a number, a routing decision, a state, limits and the whole history.

    ``conversation`` is the id of the call or chat it came from; ``revision`` counts changes for optimistic locking.
    ``limits`` are all that were ever set, the one in force last. ``linked_to`` is an earlier order on the same matter.
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
    limits: tuple[SetLimit, ...] = ()
    linked_to: WorkOrderNumber | None = None

    def after(self, deed: Deed, *, by: Actor, at: datetime) -> WorkOrder:
        """Return the order after ``deed``; raise ``IllegalTransitionError`` if it is not allowed now or not to ``by``."""
        status = after_step(self.status, deed.step)
        reason = "" if status is None else refusal(self, deed, by, at)
        if status is None or reason:
            raise IllegalTransitionError(
                number=self.number, status=self.status, step=deed.step, reason=reason
            )
        entry = HistoryEntry(at=at, before=self.status, after=status, by=by, deed=deed)
        return replace(
            self._changed_by(deed), status=status, history=(*self.history, entry), revision=self.revision + 1
        )

    def _changed_by(self, deed: Deed) -> WorkOrder:
        match deed:
            case Dispatch(routing=routing) | Designate(routing=routing):
                # The limits are kept once with the order, not once more with its routing.
                kept = replace(routing, limits=())
                return replace(self, routing=kept, limits=(*self.limits, *routing.limits))
            case Redo(limits=limits) | Resume(limits=limits) | GrantExtension(limits=limits):
                return replace(self, limits=(*self.limits, *limits))
            case AddUnits(units=units) if self.routing is not None:
                more = dict.fromkeys((*self.routing.supporting_units, *units))
                return replace(self, routing=replace(self.routing, supporting_units=tuple(more)))
            case Complete(appeal=appeal):
                return replace(self, appeal=appeal)
            case AddFacts(wants_secrecy=True):
                return replace(self, appeal=replace(self.appeal, secrecy=Secrecy.CONFIDENTIAL))
            case Supplement(place=place) if place is not None:
                return replace(self, appeal=replace(self.appeal, place=place))
            case _:
                return self

    # --- what follows from the history ---------------------------------------------------------------------

    def deeds(self, kind: type[_D]) -> Iterator[_D]:
        """Yield the deeds of one kind, in order."""
        for entry in self.history:
            if isinstance(entry.deed, kind):
                yield entry.deed

    def last(self, kind: type[_D]) -> _D | None:
        """Return the last deed of one kind, or None."""
        return next((entry.deed for entry in reversed(self.history) if isinstance(entry.deed, kind)), None)

    def when(self, *steps: Step) -> datetime | None:
        """Return when one of ``steps`` was last taken, or None."""
        return next((entry.at for entry in reversed(self.history) if entry.step in steps), None)

    @property
    def concluded_at(self) -> datetime | None:
        """When it was last concluded, or None; what is done to a concluded order concludes it no second time."""
        done = Status.CONCLUDED
        ends = (one.at for one in reversed(self.history) if one.after is done and one.before is not done)
        return next(ends, None)

    def count(self, step: Step) -> int:
        """Return how often ``step`` was taken."""
        return sum(entry.step is step for entry in self.history)

    @property
    def under_lead(self) -> tuple[HistoryEntry, ...]:
        """What was done since the unit that leads now was given the order; all of it before dispatch."""
        start = 0
        lead: str | None = None
        for index, entry in enumerate(self.history):
            if isinstance(entry.deed, Dispatch | Designate) and entry.deed.routing.lead_unit != lead:
                start, lead = index, entry.deed.routing.lead_unit
        return self.history[start:]

    @property
    def is_dispatched(self) -> bool:
        """Whether a unit has it or had it, not only a proposal of the router."""
        return any(entry.step in _ROUTED for entry in self.history)

    @property
    def is_closed(self) -> bool:
        """Whether nobody owes the citizen anything any more."""
        return self.status in CLOSED

    @property
    def lead_unit(self) -> str | None:
        """The one lead unit (主办单位) since dispatch; the router's choice before it."""
        return self.routing.lead_unit if self.routing is not None else None

    @property
    def supporting_units(self) -> tuple[str, ...]:
        """Units that help (协办单位)."""
        return self.routing.supporting_units if self.routing is not None else ()

    def limit(self, purpose: LimitPurpose) -> SetLimit | None:
        """Return the limit in force for ``purpose``, or None."""
        return next((each for each in reversed(self.limits) if each.purpose is purpose), None)

    @property
    def first_limit(self) -> SetLimit | None:
        """The handling limit that was set at the last dispatch: extensions came after it."""
        dispatched = self.when(*_ROUTED)
        mine = (each for each in self.limits if each.purpose is LimitPurpose.HANDLING)
        return next((each for each in mine if dispatched is None or each.start >= dispatched), None)

    def end_of(self, purpose: LimitPurpose) -> datetime | None:
        """Return when the limit in force for ``purpose`` ends, or None."""
        limit = self.limit(purpose)
        return limit.end if limit is not None else None

    @property
    def due_at(self) -> datetime | None:
        """By when it is handled, as it stands now; None before a unit has it."""
        handling = self.end_of(LimitPurpose.HANDLING)
        return handling or (self.routing.due_at if self.routing is not None and self.is_dispatched else None)

    @property
    def is_designated(self) -> bool:
        """Whether the hotline has said whose it is since it was last opened (指定): then it is not sent back."""
        last = next((e.step for e in reversed(self.history) if e.step in (*_ROUTED, Step.REOPEN)), None)
        return last is Step.DESIGNATE

    @property
    def asked_extension(self) -> AskExtension | None:
        """The extension that waits for the hotline's decision, or None."""
        decided = (Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION, Step.REDO, *_ROUTED)
        for entry in reversed(self.history):
            if isinstance(entry.deed, AskExtension):
                return entry.deed
            if entry.step in decided:
                return None
        return None

    @property
    def suspended_until(self) -> datetime | None:
        """When a suspended order goes on by itself, or None."""
        suspension = self.last(Suspend) if self.status is Status.SUSPENDED else None
        return suspension.until if suspension is not None else None

    @property
    def reply(self) -> Reply | None:
        """The lead unit's last reply, or None."""
        return self.last(Reply)

    @property
    def is_reviewed(self) -> bool:
        """Whether the last reply has passed review and was not asked for again since."""
        decisive = (Step.REPLY, Step.PASS_REVIEW, Step.REDO, Step.RESUME, Step.REOPEN)
        last = next((entry.step for entry in reversed(self.history) if entry.step in decisive), None)
        return last is Step.PASS_REVIEW

    @property
    def revisits(self) -> tuple[Revisit, ...]:
        """Tries to hear the citizen since the last reply."""
        since: list[Revisit] = []
        for entry in reversed(self.history):
            if entry.step is Step.REPLY:
                break
            if isinstance(entry.deed, Revisit):
                since.append(entry.deed)
        return tuple(reversed(since))

    @property
    def tier(self) -> Tier | None:
        """The highest tier of supervision so far, or None."""
        return max((each.tier for each in self.deeds(Supervise)), default=None)

    @property
    def proposed_tier(self) -> ProposeTier | None:
        """The highest tier that the rules propose and nobody has decided on yet, or None (建议升级督办)."""
        waiting: dict[Tier, ProposeTier] = {}
        for entry in self.history:
            if isinstance(entry.deed, ProposeTier):
                waiting[entry.deed.tier] = entry.deed
            elif isinstance(entry.deed, RejectTier):
                waiting.pop(entry.deed.tier, None)
        tiers = [tier for tier in waiting if tier > (self.tier or 0)]
        return waiting[max(tiers)] if tiers and not self.is_closed else None

    @property
    def exclusion(self) -> Exclude | None:
        """Why it does not count in the assessment, or None."""
        return self.last(Exclude)

    @property
    def diversion(self) -> Diversion | None:
        """Where it was diverted to, or None."""
        divert = self.last(Divert)
        return divert.diversion if divert is not None else None

    @property
    def merged_into(self) -> WorkOrderNumber | None:
        """The order it was merged into, or None."""
        divert = self.last(Divert) if self.status in (Status.DIVERTED, Status.ARCHIVED) else None
        return divert.into if divert is not None else None

    @property
    def parts(self) -> tuple[WorkOrderNumber, ...]:
        """The orders into which parts of it were split off."""
        return tuple(split.number for split in self.deeds(Split))

    @property
    def proposal(self) -> Diversion | None:
        """The diversion that the machine proposed and no person has decided on yet, or None."""
        queued = self.last(QueueForDispatch) if self.status is Status.TO_DISPATCH else None
        return queued.proposal if queued is not None else None

    @property
    def citizens(self) -> tuple[Party, ...]:
        """Everybody who is owed the reply: who registered it first, then those who joined."""
        first = Party(self.number, self.appeal.phone, self.appeal.citizen_name, self.appeal.secrecy)
        joined = (Party(each.number, each.phone, each.name, each.secrecy) for each in self.deeds(Join))
        return (first, *joined)

    @property
    def is_shared(self) -> bool:
        """Whether more than one person is owed the reply; who came again by the same telephone is one."""
        return len({party.phone or party.number for party in self.citizens}) > 1

    def was_reminded(self, card: Remind) -> bool:
        """Whether exactly this card was shown already."""
        return card in self.deeds(Remind)

    @property
    def may_be_disclosed(self) -> bool:
        """Whether media and the public may see it: never a confidential order, a tip-off, or one about a minor."""
        return self.appeal.may_be_disclosed and all(party.secrecy is Secrecy.NONE for party in self.citizens)
