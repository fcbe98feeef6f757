"""Why a deed is refused although the table of states may allow it (不予操作的理由), by the numbered rules."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from hotline.domain.appeal import AppealKind
from hotline.domain.contests import counted_by, last_contest, open_contest
from hotline.domain.deeds import (
    AddUnits,
    ApproveEnd,
    Archive,
    AskExtension,
    AskHearing,
    Conclude,
    Confer,
    ConferenceKind,
    Contest,
    CoReply,
    Decline,
    Deed,
    Designate,
    Disclose,
    Dispatch,
    Divert,
    Exclude,
    GiveOpinion,
    GrantExtension,
    HearingSide,
    Join,
    Redo,
    RejectContest,
    RejectHearing,
    RejectObjection,
    RejectReturn,
    RejectTier,
    Reply,
    Resume,
    Revisit,
    SendBack,
    SignFor,
    Split,
    Supervise,
    Suspend,
    Tier,
    Withdraw,
)
from hotline.domain.diversion import DiversionOutcome, UnreasonableGround
from hotline.domain.hearings import open_hearing
from hotline.domain.life_cycle import WHO, Status, Step
from hotline.domain.objections import open_objection
from hotline.domain.people import Actor, Role
from hotline.domain.time_limits import LimitPurpose

if TYPE_CHECKING:
    from hotline.domain.work_order import WorkOrder

RETURNS_BEFORE_DESIGNATION: Final = 3
"""With the third return the hotline designates (天津办法送审稿: 三次派单仍不能定的由热线指定；待核)."""
TRIES_BEFORE_UNREACHABLE: Final = 2
"""Nobody is called unreachable before two tries (泰安接口: 未接通1、未接通2)."""
MACHINE_DIVERSIONS: Final = (DiversionOutcome.EMERGENCY_LINE, DiversionOutcome.REPEAT_MERGED)
"""Diversions that are no decision against the citizen: a transfer that took place, a merge they agreed to."""
LADDER: Final = (
    ConferenceKind.HOTLINE, ConferenceKind.STAFFING_AND_JUSTICE, ConferenceKind.GOVERNMENT_OFFICE,
    ConferenceKind.EXECUTIVE_MEETING,
)  # fmt: skip
"""The ladder of a dispute about whose an order is (热线协商→编制、司法行政界定→市府办→常务会), each with its record."""
WITHOUT_MATTER: Final = (AppealKind.INVALID, AppealKind.WITHDRAWAL)
"""Kinds of records in which nobody asks for anything (any more)."""
_OF_THE_LEAD: Final = (
    Step.SIGN_FOR, Step.SEND_BACK, Step.ASK_EXTENSION, Step.SUSPEND, Step.RESUME, Step.ASK_END, Step.REPLY,
    Step.GIVE_NOTICE, Step.ADD_UNITS, Step.ASK_HEARING, Step.CONTEST,
)  # fmt: skip
_END_SUPERVISION: Final = (Role.REVIEWER, Role.SUPERVISOR)
_NOT_DURING_A_HEARING: Final = (
    Step.SEND_BACK, Step.ASK_END, Step.APPROVE_END, Step.REPLY, Step.CONCLUDE, Step.DIVERT, Step.ANSWER,
)  # fmt: skip
"""Whether there is a matter at all is settled first: until then nothing ends it but its citizen, who may take it back."""
_WITH_A_UNIT: Final = (Status.TO_SIGN, Status.HANDLING, Status.RETURN_ASKED)
_DECLINED_BY_HEARING_ONLY: Final = (Status.TO_SIGN, Status.HANDLING, Status.SUSPENDED, Status.SUPERVISED)
"""What a unit works on is not declined over its head: somebody asks for it, and both sides are heard."""


def refusal(order: WorkOrder, deed: Deed, by: Actor, at: datetime) -> str:
    """Return why ``deed`` is refused, or nothing; English, stable, worded for people in ``config/``."""
    if order.history and at < order.history[-1].at:
        return "earlier than the last change"
    if by.role not in WHO[deed.step]:
        return f"not for {by.role.value}"
    if by.role is Role.UNIT and deed.step in _OF_THE_LEAD and by.unit != order.lead_unit:
        return "only the lead unit may do this"
    if deed.step in _NOT_DURING_A_HEARING and open_hearing(order) is not None:
        return "a hearing is open: it is decided first"
    return _of_deed(order, deed, by, at)


def _of_deed(order: WorkOrder, deed: Deed, by: Actor, at: datetime) -> str:  # noqa: C901, PLR0911, PLR0912 -- one line a rule
    match deed:
        case Dispatch() if order.count(Step.SEND_BACK) >= RETURNS_BEFORE_DESIGNATION:
            return "sent back three times: the hotline designates"
        case SendBack():
            return _return_refusal(order, at)
        case RejectReturn() | SignFor() if order.lead_unit is None:
            return "no lead unit"
        case Designate(routing=routing) if routing.lead_unit in routing.supporting_units:
            return "the lead unit does not support itself"
        case AddUnits():
            return _more_units_refusal(order, deed, by, at)
        case CoReply() if by.unit not in order.supporting_units:
            return "only a supporting unit may do this"
        case AskExtension(until=until):
            return _extension_refusal(order, until, at)
        case GrantExtension(limits=limits):
            if order.asked_extension is None:
                return "no extension was asked for"
            new = next((each.end for each in limits if each.purpose is LimitPurpose.HANDLING), None)
            return _new_due_refusal(order, new)
        case Suspend(until=until) if until <= at:
            return "a suspension ends later than it begins"
        case Resume() if order.status is Status.SUPERVISED and by.role not in _END_SUPERVISION:
            return "supervision is ended by the hotline"
        case Resume() if order.status is not Status.SUPERVISED and by.role is Role.SUPERVISOR:
            return "a suspension is not ended by who supervises"
        case Resume() if by.role is Role.MACHINE and (
            order.suspended_until is None or at < order.suspended_until
        ):
            return "it goes on by itself only when the suspension ends"
        case Reply():
            return _reply_refusal(order, deed)
        case Redo() if by.role is Role.MACHINE and not _was_unhappy(order):
            return (
                "the machine asks for a redo only when the citizen is dissatisfied or the matter unresolved"
            )
        case Revisit(is_reached=False) if by.role is Role.CITIZEN:
            return "a citizen who rates was reached"
        case Conclude():
            return _conclusion_refusal(order, deed)
        case Divert(diversion=diversion, into=into):
            if by.role is Role.MACHINE and diversion.outcome not in MACHINE_DIVERSIONS:
                return "a person decides on this diversion"
            if (diversion.outcome is DiversionOutcome.REPEAT_MERGED) is not (into is not None):
                return "a merge names the order it goes into, and nothing else does"
            if order.status in _WITH_A_UNIT and (into is None or by.role is not Role.REVIEWER):
                return "an order that a unit has is only merged, and by a reviewer"
            return "an order is not merged into itself" if into == order.number else ""
        case Withdraw() if by.role is Role.MACHINE and order.appeal.kind not in WITHOUT_MATTER:
            return "only the citizen takes a matter back"
        case Withdraw() if order.is_shared:
            return "others are owed the reply as well: it goes on for them"
        case Join(number=number) if number in (party.number for party in order.citizens):
            return "this citizen has joined already"
        case Split(number=number) if number == order.number:
            return "a part of an order goes into another order"
        case RejectObjection():
            return _objection_refusal(order, by)
        case Archive() if open_contest(order) is not None:
            return "its counting is contested: supervision decides"
        case Contest() | RejectContest() | Exclude():
            return _contest_refusal(order, deed, by, at)
        case AskHearing() | GiveOpinion() | RejectHearing():
            return _hearing_refusal(order, deed, by)
        case Decline():
            return _decline_refusal(order, deed, by)
        case ApproveEnd() if _asked_by(order, Step.ASK_END) == str(by):
            return "nobody approves their own application"
        case Confer(kind=kind):
            return _conference_refusal(order, kind)
        case RejectTier(tier=tier) if order.proposed_tier is None or order.proposed_tier.tier is not tier:
            return "no such tier is proposed"
        case Supervise():
            return _tier_refusal(order, deed, by)
        case Disclose() if not order.may_be_disclosed:
            return "confidential orders, tip-offs and orders about minors are never disclosed"
        case _:
            return ""


def _return_refusal(order: WorkOrder, at: datetime) -> str:
    if order.is_designated:
        return "designated orders are not sent back"
    if any(entry.step is Step.REJECT_RETURN for entry in order.history if _since_dispatch(order, entry.at)):
        return "the return was rejected"
    until = order.end_of(LimitPurpose.SENDING_BACK)
    return "the time for sending back is over: it counts as yours" if until is not None and at > until else ""


def _since_dispatch(order: WorkOrder, at: datetime) -> bool:
    dispatched = order.when(Step.DISPATCH, Step.DESIGNATE)
    return dispatched is None or at >= dispatched


def _extension_refusal(order: WorkOrder, until: datetime, at: datetime) -> str:
    if order.due_at is not None and at >= order.due_at:
        return "overdue orders cannot be extended"
    return "an extension is asked for already" if order.asked_extension else _new_due_refusal(order, until)


def _new_due_refusal(order: WorkOrder, until: datetime | None) -> str:
    if until is None or (order.due_at is not None and until <= order.due_at):
        return "an extension ends later than the limit it extends"
    last = order.end_of(LimitPurpose.LAST_EXTENSION)
    return "longer than all extensions together may be" if last is not None and until > last else ""


def _reply_refusal(order: WorkOrder, deed: Reply) -> str:
    if order.appeal.kind is AppealKind.SUGGESTION and deed.adoption is None:
        return "a reply to a suggestion says whether it is adopted"
    return ""


def _was_unhappy(order: WorkOrder) -> bool:
    reached = [each for each in order.revisits if each.is_reached]
    return bool(reached) and is_unhappy(reached[-1])


def is_unhappy(revisit: Revisit) -> bool:
    """Whether what the citizen said calls for a redo: unresolved, dissatisfied with the result (regulations: rule 30), or asked for."""
    return (
        revisit.wants_redo
        or (revisit.resolution is not None and revisit.resolution.value == "unresolved")
        or (revisit.result is not None and revisit.result.value == "dissatisfied")
    )


def _conclusion_refusal(order: WorkOrder, deed: Conclude) -> str:
    if order.status is Status.NEEDS_SUPPLEMENT:
        return "" if deed.reason.strip() else "closed without a reply only with a reason"
    if not order.is_reviewed:
        return "its reply has not passed review"
    reached = [each for each in order.revisits if each.is_reached]
    if not reached and len(order.revisits) < TRIES_BEFORE_UNREACHABLE:
        return "the citizen was not revisited"
    if reached and is_unhappy(reached[-1]) and not deed.reason.strip():
        return "the citizen is not content: redo, supervise, or say why it is closed"
    return ""


def _more_units_refusal(order: WorkOrder, deed: AddUnits, by: Actor, at: datetime) -> str:
    if order.lead_unit in deed.units:
        return "the lead unit does not support itself"
    if by.role is Role.UNIT and not order.may_be_disclosed:
        return "only the hotline lets more units see confidential orders, tip-offs and orders about minors"
    if deed.until is not None and deed.until <= at:
        return "a supporting unit answers later than it is asked"
    if deed.until is not None and order.due_at is not None and at < order.due_at < deed.until:
        return "a supporting unit answers before the order is due"
    return ""


def _hearing_refusal(order: WorkOrder, deed: AskHearing | GiveOpinion | RejectHearing, by: Actor) -> str:
    hearing = open_hearing(order)
    if isinstance(deed, AskHearing):
        if hearing is not None:
            return "a hearing is open: it is decided first"
        is_bare = by.role is Role.UNIT and not deed.evidence
        return "a unit asks for a hearing with evidence" if is_bare else ""
    if hearing is None:
        return "no hearing is open"
    if isinstance(deed, RejectHearing):
        return "nobody approves their own application" if hearing.by.id == by.id else ""
    own = {Role.UNIT: HearingSide.UNIT, Role.CITIZEN: HearingSide.CITIZEN}.get(by.role, deed.side)
    if by.role is Role.UNIT and by.unit not in (order.lead_unit, *order.supporting_units):
        return "only the units of the order may do this"
    return "" if deed.side is own else "nobody speaks for the other side"


def _objection_refusal(order: WorkOrder, by: Actor) -> str:
    objection = open_objection(order)
    if objection is None:
        return "nobody has objected"
    return "nobody decides on an objection to their own decision" if objection.ended_by.id == by.id else ""


def _contest_refusal(
    order: WorkOrder, deed: Contest | RejectContest | Exclude, by: Actor, at: datetime
) -> str:
    is_open = open_contest(order) is not None
    if isinstance(deed, Contest):
        if not order.is_dispatched or order.exclusion is not None:
            return "it does not count in the assessment"
        if last_contest(order) is not None:
            return "its counting was contested already"
        return "the time for contesting its counting is over" if at > deed.until else ""
    if isinstance(deed, Exclude) and by.role is Role.REVIEWER:
        return "its counting is contested: supervision decides" if is_open else ""
    if not is_open:
        return "its counting is not contested"
    return "nobody decides on a contest of what they counted" if by.id in counted_by(order) else ""


def _decline_refusal(order: WorkOrder, deed: Decline, by: Actor) -> str:
    if deed.ground.needs_evidence and by.role is not Role.REVIEWER:
        return "only a reviewer establishes this ground"
    hearing = open_hearing(order)
    if hearing is None:
        needs_one = order.status in _DECLINED_BY_HEARING_ONLY
        return "no hearing is open" if needs_one or deed.ground is UnreasonableGround.FOUND_BY_HEARING else ""
    if by.role is not Role.REVIEWER:
        return "only a reviewer decides a hearing"
    if hearing.by.id == by.id:
        return "nobody approves their own application"
    return "both sides are heard before a hearing is decided" if hearing.unheard else ""


def _asked_by(order: WorkOrder, step: Step) -> str:
    return next((str(entry.by) for entry in reversed(order.history) if entry.step is step), "")


def _conference_refusal(order: WorkOrder, kind: ConferenceKind) -> str:
    """A dispute goes up the ladder rung by rung (rule 17); a joint meeting may be called at any time."""
    if kind not in LADDER:
        return ""
    rungs = [LADDER.index(each.kind) for each in order.deeds(Confer) if each.kind in LADDER]
    return "a rung of the ladder is skipped" if LADDER.index(kind) > max(rungs, default=-1) + 1 else ""


def _tier_refusal(order: WorkOrder, deed: Supervise, by: Actor) -> str:
    now = order.tier or 0
    if by.role is Role.MACHINE and deed.tier is not Tier.HOTLINE:
        return "the machine starts the first tier only"
    if deed.tier is Tier.MEDIA and not order.may_be_disclosed:
        return "confidential orders, tip-offs and orders about minors never reach the media"
    if deed.tier <= now:
        return "it is at this tier already"
    # The media tier is closed to confidential orders: for them the next tier after the first is the third.
    next_tier = now + 1 if order.may_be_disclosed or now + 1 != Tier.MEDIA else now + 2
    return "a skipped tier needs an approver" if deed.tier > next_tier and not deed.approver.strip() else ""
