"""One order before its reviewer: what was asked and on what ground, and every decision that is open now."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from desk.forms import Filled
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.hearing import hearing_values
from desk.pages.orders import Number, order_values
from desk.pages.review.asked import objection_of
from desk.pages.review.decisions import DECISIONS, GROUNDS_WITHOUT_HEARING, decided
from desk.pages.unit.order import said_in_relay
from desk.pages.unit.reply import RELAY
from desk.seat import Seat
from desk.steps import seen, taken, told_of
from desk.views import of_order
from hotline.domain.contests import open_contest
from hotline.domain.deeds import (
    AskEnd,
    BasisFinding,
    EndGround,
    Evidence,
    Resolution,
    Satisfaction,
    SendBack,
)
from hotline.domain.disclosure import disclosed, is_public
from hotline.domain.diversion import DiversionOutcome, UnreasonableGround
from hotline.domain.hearings import open_hearing
from hotline.domain.life_cycle import CLOSED, Status, Step, after_step
from hotline.domain.objections import open_objection
from hotline.domain.people import Role
from hotline.domain.secrecy import is_hidden, is_open_about
from hotline.domain.work_order import WorkOrder
from hotline.masking import masked as without_people
from hotline.service.accounts import SignedIn

router = desk_router()

_OF_EXTENSIONS: Final = frozenset({Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION})
_WITH_A_UNIT: Final = (Status.TO_SIGN, Status.HANDLING, Status.RETURN_ASKED)
_BEFORE_A_UNIT: Final = (Status.TO_DISPATCH, Status.RETURN_ASKED, Status.END_ASKED)


@router.get("/desk/review/{number}")
async def order(request: Request, seat: Seat, number: Number) -> Response:
    """Show an order with what was asked and what may be decided."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    found: WorkOrder = values["found"]
    asked = found.last(SendBack) if found.status is Status.RETURN_ASKED else None
    return front.page(
        request, "review/order.html", title=f"审核 {number}", **values, steps=_open_steps(front, found),
        objection=objection_of(front, found), asked_return=asked, asked_extension=found.asked_extension,
        asked_end=found.last(AskEnd) if found.status is Status.END_ASKED else None,
        disclosed=disclosed(found), to_disclose=_to_disclose(found), returns=found.count(Step.SEND_BACK),
        reply=_reply(front, found), hearing=hearing_values(front, found, is_ours=True),
        units=[(unit.code, unit.name) for unit in front.parts.city.units.values()],
        suggested=asked.suggested_unit if asked is not None else _proposed(found),
        proposal=found.proposal, choices=_choices(front, found), others=await _others(front, found),
        messages=await _relayed(front, seat, found),
    )  # fmt: skip


@router.post("/desk/review/{number}/{step}")
async def decide(request: Request, seat: Seat, number: Number, step: Step, given: Filled) -> Response:
    """Take one of the steps of a reviewer."""
    front = front_of(request)
    found = await seen(request, seat, number)
    if step not in DECISIONS:
        return front.fault(request, 404, front.parts.words["faults"]["not_found"])
    by = seat.account.acts_as(Role.REVIEWER)
    return await taken(
        request, decided(front, found, step, given, by=by), to=f"/desk/review/{number}", told=told_of(step)
    )


def _open_steps(front: Front, found: WorkOrder) -> frozenset[str]:
    """Return the decisions that make sense now; the rules still have the last word."""
    steps = {step for step in DECISIONS if after_step(found.status, step) is not None}
    steps -= set() if _counts(found) else {Step.EXCLUDE}
    steps -= {Step.REJECT_OBJECTION} if open_objection(found) is None else set()
    hearing = open_hearing(found)
    if found.asked_extension is None:
        steps -= _OF_EXTENSIONS
    if found.status not in (Status.TO_DISPATCH, Status.RETURN_ASKED):
        steps.discard(Step.DESIGNATE)  # a unit that has it keeps it
    if found.status in _WITH_A_UNIT:
        steps.discard(Step.DIVERT)
    if hearing is None:
        steps.discard(Step.REJECT_HEARING)
    elif found.status in (Status.TO_DISPATCH, *_WITH_A_UNIT):
        steps -= {Step.DIVERT, Step.JOIN, Step.CONCLUDE}
    if hearing is None and found.status not in _BEFORE_A_UNIT:
        steps.discard(Step.DECLINE)
    if Step.JOIN in steps and after_step(found.status, Step.DIVERT) is None:
        steps.discard(Step.JOIN)
    if not is_public(found):
        steps -= {Step.DISCLOSE, Step.WITHHOLD}
    if front.parts.agents is None:
        steps.discard(Step.SPLIT)
    return frozenset(step.value for step in steps)


def _counts(found: WorkOrder) -> bool:
    """Tell whether an order counts in the assessment, and nobody is deciding on that."""
    return found.is_dispatched and found.exclusion is None and open_contest(found) is None


def _choices(front: Front, found: WorkOrder) -> dict[str, list[tuple[str, str]]]:
    """Return what the fields of the decisions offer."""
    words = front.words
    grounds = GROUNDS_WITHOUT_HEARING if open_hearing(found) is None else tuple(UnreasonableGround)

    def named(name: str, kind: Any) -> list[tuple[str, str]]:
        return [(each.value, words[name][each.value]) for each in kind]

    return {
        "basis": named("basis_findings", BasisFinding),
        "outcomes": named("outcomes", (one for one in DiversionOutcome if one is not DiversionOutcome.REPEAT_MERGED)),
        "grounds": named("unreasonable", grounds),
        "ends": named("end_grounds", EndGround),
        "resolutions": named("resolutions", Resolution),
        "satisfactions": named("satisfactions", Satisfaction),
        "exclusions": list(front.parts.contests.rules.grounds.items()),
        "conferences": list(words["conferences"].items()),
        "ways": list(words["contact_ways"].items()),
        "categories": [(code, one.name) for code, one in front.parts.city.categories.items() if len(code) == 4],
    }  # fmt: skip


async def _others(front: Front, found: WorkOrder) -> list[tuple[str, str]]:
    """Return other open orders of the same citizen, into which this one might be merged; nothing tells whose a hidden one is."""
    phone, agents = found.appeal.phone, front.parts.agents
    if phone is None or agents is None or is_hidden(found):
        return []
    theirs = await agents.of_citizen(phone)
    return [
        (one.number, front.category(one.appeal.category))
        for one in theirs
        if one.number != found.number and one.status not in CLOSED and is_open_about(one, phone)
    ]


def _proposed(order: WorkOrder) -> str:
    return (order.lead_unit or "") if not order.is_dispatched else ""


def _to_disclose(order: WorkOrder) -> str:
    """Return what the machine proposes to make public: the unit's public version, masked."""
    names = [party.name for party in order.citizens]
    return without_people(order.reply.public, names) if order.reply is not None else ""


def _reply(front: Front, order: WorkOrder) -> dict[str, Any] | None:
    found = order.reply
    if found is None:
        return None
    contact = found.contact
    return {
        "to_citizen": of_order(found.to_citizen, order),
        "public": found.public,
        "contact": f"{contact.how}，{front.local(contact.at)}" if contact is not None else "",
        "exemption": front.words["contact_exemptions"].get(found.exemption or "", ""),
        "is_resolved": found.is_resolved,
        "unresolved_reason": of_order(found.unresolved_reason, order),
        "adoption": front.words["adoptions"].get(found.adoption or "", ""),
        "proof": [
            each.id for each in (contact.evidence if contact is not None else ()) if not _is_talk(each)
        ],
        "is_relayed": contact is not None and any(map(_is_talk, contact.evidence)),
        "files": [each.id for each in found.evidence],
    }


def _is_talk(evidence: Evidence) -> bool:
    """Whether the proof is the hotline's own record of what unit and citizen wrote to each other."""
    return evidence.id.startswith(f"{RELAY}:")


async def _relayed(front: Front, seat: SignedIn, order: WorkOrder) -> list[dict[str, Any]]:
    """Return what unit and citizen wrote to each other through the hotline."""
    by, at = seat.account.acts_as(Role.REVIEWER), front.parts.clock()
    thread = await front.parts.confidential.thread(order.number, reader=by, at=at)
    return [said_in_relay(front, one, order) for one in thread]
