"""The review desk (热线审核): returns, extensions, ends, replies and dispatch by hand, each decided with a reason."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Form, Query, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import Number, order_values, row_of
from desk.seat import Seat
from desk.steps import seen, taken, told_of
from desk.views import masked
from hotline.domain.deeds import (
    AcceptReturn,
    ApproveEnd,
    AskEnd,
    Conclude,
    PassReview,
    RefuseExtension,
    RejectEnd,
    RejectReturn,
    SendBack,
)
from hotline.domain.disclosure import disclosed, is_public
from hotline.domain.errors import DeedRefusedError
from hotline.domain.life_cycle import Status, Step, after_step
from hotline.domain.people import Actor
from hotline.domain.work_order import WorkOrder
from hotline.masking import masked as without_people
from hotline.store.inbox import InboxFilter, Place

router = desk_router()

_A_PAGE: Final = 50
_STEPS: Final = (
    Step.DISPATCH, Step.DESIGNATE, Step.ACCEPT_RETURN, Step.REJECT_RETURN, Step.APPROVE_END, Step.REJECT_END,
    Step.PASS_REVIEW, Step.REDO, Step.CONCLUDE, Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION, Step.DISCLOSE,
)  # fmt: skip
_OF_EXTENSIONS: Final = frozenset({Step.GRANT_EXTENSION, Step.REFUSE_EXTENSION})


@dataclass(frozen=True, slots=True)
class Tab:
    """One kind of decision that waits."""

    label: str
    wanted: InboxFilter


TABS: Final[dict[str, Tab]] = {
    "returns": Tab("退回申请", InboxFilter(frozenset({Status.RETURN_ASKED}))),
    "extensions": Tab("延期申请", InboxFilter(frozenset({Status.HANDLING}), asks_extension=True)),
    "ends": Tab("终止申请", InboxFilter(frozenset({Status.END_ASKED}))),
    "replies": Tab("待审核反馈", InboxFilter(frozenset({Status.REPLIED}))),
    "dispatch": Tab("待派单", InboxFilter(frozenset({Status.TO_DISPATCH}))),
    "revisits": Tab("待回访", InboxFilter(frozenset({Status.TO_REVISIT}))),
}


@router.get("/desk/review")
async def waiting(
    request: Request, seat: Seat, tab: str = "", after: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show what waits for a decision, the most pressing first; without a tab the first kind of which there is any."""
    front = front_of(request)
    counts = {
        key: sum((await front.parts.inbox.counts(one.wanted)).values()) for key, one in TABS.items()
    }  # fmt: skip
    name = tab if tab in TABS else next((key for key, count in counts.items() if count), "returns")
    page = await front.parts.inbox.page(TABS[name].wanted, after=Place.read(after), limit=_A_PAGE)
    numbers = " ".join(order.number for order in page.orders)
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", why=f"review: {numbers}", at=front.parts.clock()
    )
    return front.page(
        request, "review/list.html", title="审核", tab=name,
        tabs=[(key, one.label, counts[key]) for key, one in TABS.items()],
        orders=[row_of(front, order) for order in page.orders],
        following=str(page.following) if page.following else "",
    )  # fmt: skip


@router.get("/desk/review/{number}")
async def order(request: Request, seat: Seat, number: Number) -> Response:
    """Show an order with what was asked and what may be decided."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    found: WorkOrder = values["found"]
    steps = {step.value for step in _STEPS if after_step(found.status, step) is not None}
    if found.asked_extension is None:
        steps -= {step.value for step in _OF_EXTENSIONS}
    if found.status not in (Status.TO_DISPATCH, Status.RETURN_ASKED):
        steps.discard(Step.DESIGNATE.value)  # a unit that has it keeps it
    if not is_public(found):
        steps.discard(Step.DISCLOSE.value)
    asked = found.last(SendBack) if found.status is Status.RETURN_ASKED else None
    return front.page(
        request, "review/order.html", title=f"审核 {number}", **values, steps=steps,
        asked_return=asked, asked_extension=found.asked_extension,
        asked_end=found.last(AskEnd) if found.status is Status.END_ASKED else None,
        disclosed=disclosed(found), to_disclose=_to_disclose(found), returns=found.count(Step.SEND_BACK), reply=_reply(front, found),
        units=[(unit.code, unit.name) for unit in front.parts.city.units.values()],
        suggested=asked.suggested_unit if asked is not None else _proposed(found),
    )  # fmt: skip


@router.post("/desk/review/{number}/{step}")
async def decide(
    request: Request, seat: Seat, number: Number, step: Step, revision: Annotated[int, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "", unit: Annotated[str, Form(max_length=64)] = "",
    told: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """Take one of the steps of a reviewer."""
    front = front_of(request)
    await seen(request, seat, number)
    if step not in _STEPS:
        return front.fault(request, 404, front.parts.words["faults"]["not_found"])
    decision = _decision(
        front, number, step, reason.strip(), unit, told.strip(), by=seat.account.acting_for(step), expected=revision
    )  # fmt: skip
    return await taken(request, decision, to=f"/desk/review/{number}", told=told_of(step))


def _decision(
    front: Front, number: str, step: Step, reason: str, unit: str, told: str, *, by: Actor, expected: int
) -> Awaitable[object]:
    work = front.parts.casework
    given: dict[str, Any] = {"by": by, "at": front.parts.clock(), "expected": expected}
    if step in (Step.DISPATCH, Step.DESIGNATE):
        if not reason:
            raise DeedRefusedError(missing="派单理由")
        return (work.dispatch if step is Step.DISPATCH else work.designate)(
            number, unit, reason=reason, **given
        )
    if step is Step.GRANT_EXTENSION:
        return work.grant_extension(number, reason=reason, **given)
    if step is Step.DISCLOSE:
        return work.disclose(number, reason, **given)
    if step is Step.REDO:
        return work.redo(number, reason, **given)
    deeds: dict[Step, Any] = {
        Step.ACCEPT_RETURN: lambda: AcceptReturn(reason),
        Step.REJECT_RETURN: lambda: RejectReturn(reason),
        Step.APPROVE_END: lambda: ApproveEnd(reason, told),
        Step.REJECT_END: lambda: RejectEnd(reason),
        Step.PASS_REVIEW: lambda: PassReview(reason),
        Step.REFUSE_EXTENSION: lambda: RefuseExtension(reason),
        Step.CONCLUDE: lambda: Conclude(reason),
    }
    return work.do(number, deeds[step](), **given)


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
        "to_citizen": masked(found.to_citizen, order.appeal),
        "public": found.public,
        "contact": f"{contact.how}，{front.local(contact.at)}" if contact is not None else "",
        "exemption": front.words["contact_exemptions"].get(found.exemption or "", ""),
        "is_resolved": found.is_resolved,
        "unresolved_reason": masked(found.unresolved_reason, order.appeal),
        "adoption": front.words["adoptions"].get(found.adoption or "", ""),
        "files": len(found.evidence) + (len(contact.evidence) if contact is not None else 0),
    }
