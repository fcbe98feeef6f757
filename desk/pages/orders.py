"""The list of orders and one order, as every role sees them: each sees its own, masked; every look is written down."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk.forms import WrongFieldsError
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.ranges import ranged
from desk.seat import Seat
from desk.sight import Sight, is_seen, sight_of
from desk.views import of_order, order_on_page, talk_of, unit_text
from hotline.domain.accounts import Account, StaffRole
from hotline.domain.appeal import Secrecy
from hotline.domain.errors import DeedRefusedError, WorkOrderNotFoundError
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.secrecy import is_hidden
from hotline.domain.unmasking import UnmaskRequest, UnmaskState
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn
from hotline.store.evidence import EvidenceLockedError
from hotline.store.inbox import OPEN, InboxFilter, Place, statuses

router = desk_router()

Number = Annotated[str, InPath(pattern=r"^[0-9]{11,12}$")]
_A_PAGE: Final = 50
_NUMBER: Final = re.compile(r"\d{11,12}")


@router.get("/desk/orders")
async def orders(
    request: Request,
    seat: Seat,
    state: Annotated[list[str] | None, Query(max_length=20)] = None,
    q: Annotated[str, Query(max_length=32)] = "",
    category: Annotated[str, Query(pattern=r"^([0-9]{2}){0,3}$")] = "",
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show orders by when they are due; a whole number goes straight to its order."""
    front = front_of(request)
    if _NUMBER.fullmatch(q.strip()):
        return front.done(request, to=f"/desk/orders/{q.strip()}")
    chosen = statuses(state or ())
    wanted = scope_of(seat.account, InboxFilter(chosen or OPEN, categories=(category,) if category else ()))
    place = Place.read(after)
    page = await front.parts.inbox.page(wanted, after=place, limit=_A_PAGE)
    listed = [order for order in page.orders if is_seen(order, seat.account)]
    at, numbers = front.parts.clock(), " ".join(order.number for order in listed)
    await front.parts.records.note_look(subject="orders", by=_who(seat), why=f"list: {numbers}", at=at)
    counts = await front.parts.inbox.counts(scope_of(seat.account, InboxFilter(frozenset(Status))))
    values: dict[str, Any] = {
        "orders": [row_of(front, order) for order in listed],
        "following": str(page.following) if page.following else "",
        "counts": counts,
        "open": sum(counts.get(status, 0) for status in OPEN),
        "chosen": chosen,
        "shown_statuses": [status for status in Status if status not in CLOSED or status in counts],
        "category": category,
        "is_first": place is None,
    }
    if request.headers.get("hx-target") == "rows":
        return front.fragment(request, "orders/_rows.html", **values)
    return front.page(request, "orders/list.html", title="工单", **values)


@router.get("/desk/orders/{number}")
async def order(request: Request, seat: Seat, number: Number) -> Response:
    """Show one order: what was said, where it went and why, its limits and its history."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    return front.page(request, "orders/order.html", title=f"工单 {number}", **values)


@router.post("/desk/orders/{number}/contact")
async def contact(
    request: Request, seat: Seat, number: Number, reason: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Show the citizen's name and number, for a reason that is written down first; never of a confidential order."""
    front = front_of(request)
    found = await front.parts.records.get(number)
    sight_of(found, seat.account)
    if is_hidden(found):
        unmasked = await _approval(front, seat, found)
        if unmasked is None or front.parts.unmaskings is None:
            return front.fault(request, 403, "保密工单：联系诉求人请用热线转接；查看须另一人批准。")
        parties = await front.parts.unmaskings.look(number, by=seat.account.login, at=front.parts.clock())
        return front.fragment(request, "orders/_contact.html", parties=parties, number=number, secret=0)
    if len(reason.strip()) < 2:
        raise DeedRefusedError(missing="查看事由")
    await front.parts.records.note_look(
        subject=number, by=_who(seat), why=f"contact: {reason.strip()}", at=front.parts.clock()
    )
    shown = [party for party in found.citizens if party.secrecy is Secrecy.NONE]
    return front.fragment(
        request, "orders/_contact.html", parties=shown, number=number, secret=len(found.citizens) - len(shown)
    )


@router.post("/desk/orders/{number}/unmask")
async def ask_unmasking(
    request: Request, seat: Seat, number: Number, reason: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Ask to see who the citizen of a confidential order is; another person decides (查看保密信息申请)."""
    front = front_of(request)
    if front.parts.unmaskings is None:
        raise WorkOrderNotFoundError(number)
    sight_of(await front.parts.records.get(number), seat.account)
    if len(reason.strip()) < 2:
        raise WrongFieldsError({"reason": "请写明为什么须要知道诉求人是谁。"})
    await front.parts.unmaskings.ask(number, reason, by=seat.account.login, at=front.parts.clock())
    return front.done(request, to=f"/desk/orders/{number}", toast="已申请，等待另一人审批")


async def _approval(front: Front, seat: SignedIn, found: WorkOrder) -> UnmaskRequest | None:
    """Return the approval by which somebody of the hotline may see a confidential citizen now, or None."""
    if front.parts.unmaskings is None or sight_of(found, seat.account) is not Sight.OURS:
        return None
    return await front.parts.unmaskings.may_see(found.number, by=seat.account.login, at=front.parts.clock())


@router.get("/desk/orders/{number}/recordings/{conversation}")
async def recording(
    request: Request,
    seat: Seat,
    number: Number,
    conversation: Annotated[str, InPath(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")],
) -> Response:
    """Return the sound of an order's call; the look is written down. A confidential order's is locked."""
    front = front_of(request)
    found = await front.parts.records.get(number)
    sight_of(found, seat.account)
    kept = front.parts.recordings
    if kept is None or conversation not in {one.conversation for one in await kept.of_order(found)}:
        raise WorkOrderNotFoundError(number)
    await front.parts.records.note_look(
        subject=conversation, by=_who(seat), why=f"recording of {number}", at=front.parts.clock()
    )
    return ranged(await kept.sound(conversation), request.headers.get("range", ""))


@router.get("/desk/orders/{number}/evidence/{item}")
async def evidence(
    request: Request, seat: Seat, number: Number, item: Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$")]
) -> Response:
    """Return a picture or document of an order; the look is written down. A hidden order's are locked."""
    front = front_of(request)
    found = await front.parts.records.get(number)
    sight_of(found, seat.account)
    kept = front.parts.evidence
    if kept is None or item not in {one.id for one in await kept.of_order(number)}:
        raise WorkOrderNotFoundError(number)
    approval = await _approval(front, seat, found) if is_hidden(found) else None
    if is_hidden(found) and approval is None:
        raise EvidenceLockedError(item)
    one = await kept.get(item)
    body = await asyncio.to_thread(kept.read, one)
    await front.parts.records.note_look(
        subject=item, by=_who(seat), why=f"evidence of {number}{_by(approval)}", at=front.parts.clock()
    )
    where = "inline" if one.kind.startswith("image/") else "attachment"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'{where}; filename="{item[:8]}"'}
    return Response(body, media_type=one.kind, headers=headers)


def scope_of(account: Account, wanted: InboxFilter) -> InboxFilter:
    """Return ``wanted`` within what ``account`` may see: a unit's people their unit's, a county's their county's."""
    if account.unit is not None:
        return InboxFilter(
            wanted.statuses,
            unit=account.unit,
            categories=wanted.categories,
            kinds=wanted.kinds,
            due=wanted.due,
        )
    if StaffRole.COUNTY in account.roles:
        return InboxFilter(
            wanted.statuses,
            county=account.county,
            is_for_counties=True,
            categories=wanted.categories,
            kinds=wanted.kinds,
            due=wanted.due,
        )
    return wanted


def row_of(front: Front, order: WorkOrder) -> dict[str, Any]:
    """Return what a list shows of an order."""
    appeal = order.appeal
    text = appeal.summary or appeal.text
    return {
        "number": order.number,
        "status": order.status,
        "status_text": front.parts.words["statuses"][order.status.value],
        "kind": front.parts.words["kinds"][appeal.kind.value],
        "category": appeal.category,
        "text": unit_text(text, order),
        "place": unit_text(appeal.place.text, order) if appeal.place else "",
        "unit": order.lead_unit if order.is_dispatched else None,
        "due_at": None if order.is_closed else order.due_at,
        "registered_at": order.registered_at,
        "is_hidden": is_hidden(order),
        "tier": order.tier,
        "citizens": len(order.citizens),
        "revision": order.revision,
    }


async def order_values(front: Front, seat: SignedIn, number: str) -> dict[str, Any]:
    """Return what an order's page shows, after the look was written down. Raises ``WorkOrderNotFoundError``."""
    found = await front.parts.records.get(number)
    sight = sight_of(found, seat.account)
    await front.parts.records.note_look(
        subject=number, by=_who(seat), why="order page", at=front.parts.clock()
    )
    is_ours = sight is Sight.OURS
    return {
        "order": order_on_page(found, front.parts.city, front.parts.words, for_units=not is_ours),
        "found": found,
        "is_ours": is_ours,
        "is_hidden": is_hidden(found),
        "unmasking": await _unmasking(front, seat, found) if is_hidden(found) and is_ours else None,
        "turns": await _talk(front, found) if is_ours else [],
        "recordings": await _recordings(front, found) if is_ours else [],
        "evidence": await front.parts.evidence.of_order(number) if front.parts.evidence is not None else [],
    }


async def _unmasking(front: Front, seat: SignedIn, order: WorkOrder) -> dict[str, Any] | None:
    """Return how somebody's request to see the citizen stands; None where nobody can ask."""
    if front.parts.unmaskings is None:
        return None
    approval = await _approval(front, seat, order)
    latest = await front.parts.unmaskings.latest(order.number, by=seat.account.login)
    return {
        "until": approval.until if approval is not None else None,
        "is_asked": latest is not None and latest.state is UnmaskState.ASKED,
        "refused": latest.note if latest is not None and latest.state is UnmaskState.REFUSED else "",
    }


def _by(approval: UnmaskRequest | None) -> str:
    return f" (approved by {approval.decided_by}, request {approval.id})" if approval is not None else ""


async def _talk(front: Front, order: WorkOrder) -> Sequence[dict[str, str]]:
    return talk_of(await front.parts.records.read(order.conversation), order)


async def _recordings(front: Front, order: WorkOrder) -> list[dict[str, Any]]:
    if front.parts.recordings is None:
        return []
    is_locked = order.appeal.secrecy is Secrecy.CONFIDENTIAL
    return [
        {
            "conversation": one.conversation,
            "started_at": one.started_at,
            "is_complete": one.is_complete,
            "is_locked": one.is_locked or is_locked,
            "lines": [] if is_locked else [
                {
                    "who": line.who,
                    "at_seconds": line.at_seconds,
                    "clock": f"{int(line.at_seconds) // 60}:{int(line.at_seconds) % 60:02}",
                    "text": of_order(line.text, order, keep=[order.number]),
                }
                for line in one.lines
            ],
        }
        for one in await front.parts.recordings.of_order(order)
    ]  # fmt: skip


def _who(seat: SignedIn) -> str:
    return f"staff:{seat.account.login}"
