"""A unit's reply (反馈): two versions, proof that the citizen was heard, and what was done; written on a page of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import File, Form, Request, UploadFile
from fastapi.responses import Response

from desk.files import FileRefusedError, keep_files, placeholders
from desk.guard import desk_router, front_of
from desk.pages.orders import Number, order_values
from desk.pages.unit.order import Revision, When, local, parts_of
from desk.seat import Seat
from desk.steps import seen, stale, take, told_of, worded
from hotline.domain.appeal import AppealKind
from hotline.domain.deeds import Adoption, Contact, ContactExemption, Evidence, Reply
from hotline.domain.life_cycle import Step, after_step
from hotline.domain.people import Role
from hotline.domain.refusals import refusal
from hotline.domain.work_order import WorkOrder

router = desk_router()

Long = Annotated[str, Form(max_length=4000)]
RELAY: Final = "relay"
"""The way of contact that the hotline itself has on record: its own messages are the proof."""


@router.get("/desk/unit/{number}/reply")
async def write(request: Request, seat: Seat, number: Number) -> Response:
    """Show the form, with the sentences that the city has prepared."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    found: WorkOrder = values["found"]
    by = seat.account.acts_as(Role.UNIT)
    is_open = by.unit == found.lead_unit and after_step(found.status, Step.REPLY) is not None
    if not is_open:
        return front.fault(request, 409, "这张工单现在不能反馈。")
    messages = await front.parts.confidential.thread(number, reader=by, at=front.parts.clock())
    return front.page(
        request, "unit/reply.html", title=f"反馈 {number}", **values,
        templates=front.parts.words["reply_templates"],
        ways=[(key, text) for key, text in front.words["contact_ways"].items() if key != RELAY or messages],
        exemptions=[(one.value, front.words["contact_exemptions"][one.value]) for one in ContactExemption],
        adoptions=[(one.value, front.words["adoptions"][one.value]) for one in Adoption],
        is_suggestion=found.appeal.kind is AppealKind.SUGGESTION,
        parts=parts_of(front, found),
        may_attach=front.parts.keeping is not None,
    )  # fmt: skip


@router.post("/desk/unit/{number}/reply")
async def reply(
    request: Request, seat: Seat, number: Number, revision: Revision,
    to_citizen: Long = "", public: Long = "", is_resolved: Annotated[bool, Form()] = True,
    unresolved_reason: Annotated[str, Form(max_length=2000)] = "", how: Annotated[str, Form(max_length=32)] = "",
    contacted_at: When = None, exemption: Annotated[ContactExemption | None, Form()] = None,
    adoption: Annotated[Adoption | None, Form()] = None,
    contact_files: Annotated[list[UploadFile] | None, File()] = None,
    handling_files: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:  # fmt: skip
    """Send the reply; its files are kept only when the rules take it."""
    front = front_of(request)
    found = await seen(request, seat, number)
    by, at = seat.account.acting_for(Step.REPLY), front.parts.clock()
    is_relayed = how == RELAY and bool(await front.parts.confidential.thread(number, reader=by, at=at))

    def deed(contact: list[Evidence], handling: list[Evidence]) -> Reply:
        proof = [*contact, *([Evidence(f"relay:{number}", "contact")] if is_relayed else [])]
        way = front.words["contact_ways"].get(how, "")
        talked = None
        if exemption is None and way:
            talked = Contact(local(front, contacted_at, "联系时间"), way, tuple(proof))
        return Reply(
            to_citizen.strip(), public.strip(), contact=talked, exemption=exemption, is_resolved=is_resolved,
            unresolved_reason=unresolved_reason.strip(), adoption=adoption, evidence=tuple(handling),
        )  # fmt: skip

    planned = deed(_placeholders(contact_files, "contact"), _placeholders(handling_files, "handling"))
    if after_step(found.status, Step.REPLY) is not None and (reason := refusal(found, planned, by, at)):
        return front.fault(request, 409, worded(reason))
    # Before any file is kept: it would count among those that an order may have.
    if revision != found.revision:
        return await stale(request, number)
    proofs = [file for file in contact_files or [] if file.size]
    try:
        kept = await keep_files(front, found, [*proofs, *(handling_files or [])])
    except FileRefusedError as refused:
        return front.fault(request, 422, refused.text)
    contact = [Evidence(id_, "contact") for id_ in kept[: len(proofs)]]
    handling = [Evidence(id_) for id_ in kept[len(proofs) :]]
    return await take(
        request, seat, number, deed(contact, handling), expected=revision, to=f"/desk/unit/{number}",
        told=told_of(Step.REPLY),
    )  # fmt: skip


def _placeholders(files: list[UploadFile] | None, what: str) -> list[Evidence]:
    return [replace(each, what=what) for each in placeholders(files or [])]
