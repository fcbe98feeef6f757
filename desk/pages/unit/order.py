"""One order as its unit works on it: sign for it, send it back, ask for time, talk with the citizen, help the lead."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import File, Form, Request, UploadFile
from fastapi.responses import Response

from desk.files import FileRefusedError, keep_files
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import Number, order_values
from desk.seat import Seat
from desk.steps import seen, take, taken, told_of, why_not
from desk.views import unit_text
from hotline.domain.co_handling import CARDS_OF_PARTS, Part, co_handling
from hotline.domain.deeds import (
    AddUnits,
    AskEnd,
    AskExtension,
    CoReply,
    EndGround,
    GiveNotice,
    SendBack,
    SignFor,
    Suspend,
)
from hotline.domain.errors import DeedRefusedError
from hotline.domain.hearings import open_hearing
from hotline.domain.life_cycle import Step, after_step
from hotline.domain.people import Actor, Role
from hotline.domain.relay import RelayMessage
from hotline.domain.time_limits import LimitPurpose
from hotline.domain.work_order import WorkOrder
from hotline.service.knowledge_gaps import may_be_suggested

router = desk_router()

Revision = Annotated[int, Form()]
When = Annotated[datetime | None, Form()]
Text = Annotated[str, Form(max_length=2000)]
_STEPS: Final = (
    Step.SIGN_FOR, Step.SEND_BACK, Step.ASK_EXTENSION, Step.GIVE_NOTICE, Step.REPLY, Step.ADD_UNITS, Step.CO_REPLY,
    Step.SUSPEND, Step.RESUME, Step.ASK_END,
)  # fmt: skip
_MOST_HELPERS: Final = 20


@router.get("/desk/unit/{number}")
async def order(request: Request, seat: Seat, number: Number) -> Response:
    """Show an order with what the unit may do now."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    return front.page(
        request, "unit/order.html", title=f"工单 {number}", **values,
        **await actions(request, seat.account.acts_as(Role.UNIT), values["found"]),
    )  # fmt: skip


async def actions(request: Request, by: Actor, found: WorkOrder) -> dict[str, Any]:
    """Return what the page needs to offer the steps: which are open, what was said, and by when."""
    front = front_of(request)
    leads = by.unit == found.lead_unit
    open_steps = {
        step.value
        for step in _STEPS
        if after_step(found.status, step) is not None and (leads is not (step is Step.CO_REPLY))
    }
    back = SendBack("-", "-", found.lead_unit or "-")
    if Step.ADD_UNITS.value in open_steps and why_not(found, AddUnits(("-",), "-"), by, request):
        open_steps.discard(Step.ADD_UNITS.value)
    return {
        "number": found.number,
        "leads": leads,
        "steps": open_steps,
        "return_refused": why_not(found, back, by, request) if Step.SEND_BACK.value in open_steps else "",
        "return_by": found.end_of(LimitPurpose.SENDING_BACK),
        "extend_to": found.end_of(LimitPurpose.LAST_EXTENSION),
        "asked": found.asked_extension,
        "parts": parts_of(front, found),
        "mine": next((part for part in parts_of(front, found) if part["unit"] == by.unit), None),
        "units": [(unit.code, unit.name) for unit in front.parts.city.units.values() if unit.code != by.unit],
        "grounds": [(ground.value, front.words["end_grounds"][ground.value]) for ground in EndGround],
        "messages": [
            said_in_relay(front, one, found)
            for one in await front.parts.confidential.thread(found.number, reader=by, at=front.parts.clock())
        ],
        "suggested": await _suggested(front, found) if leads else None,
        "may_attach": front.parts.keeping is not None,
        "hearing": open_hearing(found) is not None,
        "may_contest": leads and after_step(found.status, Step.CONTEST) is not None,
        "may_ask_hearing": leads and after_step(found.status, Step.ASK_HEARING) is not None,
    }


@router.post("/desk/unit/{number}/sign")
async def sign(request: Request, seat: Seat, number: Number, revision: Revision) -> Response:
    """Sign for it (签收)."""
    return await _take(request, seat, number, SignFor(), revision)


@router.post("/desk/unit/{number}/return")
async def send_back(
    request: Request, seat: Seat, number: Number, revision: Revision,
    reason: Text = "", basis: Text = "", unit: Annotated[str, Form(max_length=64)] = "",
) -> Response:  # fmt: skip
    """Send it back: why, by which rule, and whose it is (申请退回)."""
    return await _take(request, seat, number, SendBack(reason.strip(), basis.strip(), unit), revision)


@router.post("/desk/unit/{number}/extend")
async def extend(
    request: Request, seat: Seat, number: Number, revision: Revision, until: When = None, reason: Text = ""
) -> Response:  # fmt: skip
    """Ask for more time (申请延期)."""
    deed = AskExtension(local(front_of(request), until, "延至何时"), reason.strip())
    return await _take(request, seat, number, deed, revision)


@router.post("/desk/unit/{number}/notice")
async def notice(
    request: Request, seat: Seat, number: Number, revision: Revision, text: Text = ""
) -> Response:
    """Tell the citizen how far it is (先行告知)."""
    return await _take(request, seat, number, GiveNotice(text.strip()), revision)


@router.post("/desk/unit/{number}/co-reply")
async def co_reply(
    request: Request, seat: Seat, number: Number, revision: Revision, text: Text = ""
) -> Response:
    """Tell the lead what the supporting unit found (协办反馈)."""
    return await _take(request, seat, number, CoReply(text.strip()), revision)


@router.post("/desk/unit/{number}/helpers")
async def add_units(
    request: Request, seat: Seat, number: Number, revision: Revision,
    unit: Annotated[list[str] | None, Form(max_length=_MOST_HELPERS)] = None, text: Text = "", until: When = None,
) -> Response:  # fmt: skip
    """Have other units help: what is asked of them, and by when (加派协办)."""
    if not text.strip():
        raise DeedRefusedError(missing="协办事项")
    deed = AddUnits(
        tuple(filter(None, unit or ())), text.strip(), local(front_of(request), until, "协办期限")
    )
    return await _take(request, seat, number, deed, revision)


@router.post("/desk/unit/{number}/suspend")
async def suspend(
    request: Request, seat: Seat, number: Number, revision: Revision, until: When = None, measures: Text = ""
) -> Response:  # fmt: skip
    """Say that it cannot be resolved now, what is done meanwhile, and until when (挂账)."""
    deed = Suspend(local(front_of(request), until, "挂账到何时"), measures.strip())
    return await _take(request, seat, number, deed, revision)


@router.post("/desk/unit/{number}/resume")
async def resume(
    request: Request, seat: Seat, number: Number, revision: Revision, reason: Text = ""
) -> Response:
    """Go on with it."""
    front = front_of(request)
    await seen(request, seat, number)
    by = seat.account.acting_for(Step.RESUME)
    step = front.parts.casework.resume(
        number, reason.strip(), by=by, at=front.parts.clock(), expected=revision
    )
    return await taken(request, step, to=f"/desk/unit/{number}", told=told_of(Step.RESUME))


@router.post("/desk/unit/{number}/end")
async def ask_end(
    request: Request, seat: Seat, number: Number, revision: Revision, ground: Annotated[EndGround, Form()], reason: Text = ""
) -> Response:  # fmt: skip
    """Ask that handling end (申请终止)."""
    return await _take(request, seat, number, AskEnd(ground, reason.strip()), revision)


@router.post("/desk/unit/{number}/relay")
async def relay(
    request: Request, seat: Seat, number: Number, text: Text = "", wants_call: Annotated[bool, Form()] = False
) -> Response:
    """Write to the citizen through the hotline, or ask to be connected: no number is shown (热线转接)."""
    front = front_of(request)
    found = await seen(request, seat, number)
    by, at = seat.account.acts_as(Role.UNIT), front.parts.clock()
    await front.parts.confidential.send(number, text.strip(), by=by, at=at, wants_call=wants_call)
    thread = await front.parts.confidential.thread(number, reader=by, at=at)
    return front.fragment(
        request, "unit/_relay.html", messages=[said_in_relay(front, one, found) for one in thread], number=number,
        toast="已请热线代为接通，话务员会拨打诉求人并接入您单位" if wants_call else "已转给诉求人",
    )  # fmt: skip


@router.post("/desk/unit/{number}/evidence")
async def attach(
    request: Request, seat: Seat, number: Number, files: Annotated[list[UploadFile] | None, File()] = None
) -> Response:
    """Keep pictures and documents with the order."""
    front = front_of(request)
    found = await seen(request, seat, number)
    try:
        kept = await keep_files(front, found, files or [])
    except FileRefusedError as refused:
        return front.fault(request, 422, refused.text)
    if not kept:
        raise DeedRefusedError(missing="文件")
    return front.done(request, to=f"/desk/unit/{number}", toast=f"已上传 {len(kept)} 份材料")


def local(front: Front, at: datetime | None, what: str) -> datetime:
    """Return a time that was typed, by the city's clock. Raises ``DeedRefusedError`` when it is missing."""
    if at is None:
        raise DeedRefusedError(missing=what)
    return at if at.tzinfo is not None else at.replace(tzinfo=front.parts.city.timezone)


async def _take(request: Request, seat: Seat, number: str, deed: Any, revision: int) -> Response:
    return await take(
        request, seat, number, deed, expected=revision, to=f"/desk/unit/{number}", told=told_of(deed.step)
    )


async def _suggested(front: Front, order: WorkOrder) -> str | None:
    """Return the article that was suggested of an order, nothing when one may be, None when none may."""
    if front.parts.knowledge is None or not may_be_suggested(order):
        return None
    return await front.parts.knowledge.drafting.suggested(order) or ""


def parts_of(front: Front, order: WorkOrder) -> list[dict[str, Any]]:
    """Return what the order's page shows of its supporting units: what each was asked for, by when, and what it said."""
    at = front.parts.clock()

    def row(part: Part) -> dict[str, Any]:
        return {
            "unit": part.unit,
            "what": unit_text(part.what, order),
            "due_at": part.due_at(order),
            "answer": unit_text(part.answer, order),
            "answered_at": part.answered_at,
            "is_missing": part.is_missing,
            "is_late": part.is_late(order, at=at),
            "is_reminded": part.is_missing and any(part.was_reminded(order, card) for card in CARDS_OF_PARTS),
        }

    return [row(part) for part in co_handling(order)]


def said_in_relay(front: Front, one: RelayMessage, order: WorkOrder) -> dict[str, Any]:
    """Return one message between unit and citizen as pages show it."""
    by = front.unit(one.by.unit) if one.by.unit else front.parts.words["actors"][one.by.role.value]
    return {
        "at": one.at,
        "by": by,
        "text": unit_text(one.text, order),
        "wants_call": one.wants_call,
        "is_unit": one.by.role is Role.UNIT,
    }
