"""Hearings (不合理诉求听证): asked for by a unit or the hotline, both sides heard; a reviewer decides on the review desk."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from desk.files import evidence_of, placeholders
from desk.forms import Filled, Given, WrongFieldsError
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import Number, order_values
from desk.seat import Seat
from desk.steps import seen, take, told_of, why_not, worded
from desk.views import of_order, unit_text
from hotline.domain.deeds import AskHearing, Evidence, GiveOpinion, HearingSide
from hotline.domain.diversion import UnreasonableGround
from hotline.domain.hearings import Hearing, Opinion, hearings, open_hearing
from hotline.domain.life_cycle import Step, after_step
from hotline.domain.people import Actor, Role
from hotline.domain.refusals import refusal
from hotline.domain.secrecy import without_identity
from hotline.domain.work_order import WorkOrder

router = desk_router()

_PROBE = AskHearing(UnreasonableGround.FOUND_BY_HEARING, "-", (Evidence("-"),))


@router.get("/desk/orders/{number}/hearing")
async def hearing(request: Request, seat: Seat, number: Number) -> Response:
    """Show the hearings of an order, with the forms to ask for one and to write down what a side says."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    found: WorkOrder = values["found"]
    by = seat.account.acting_for(Step.ASK_HEARING)
    is_open = open_hearing(found) is not None
    may_ask = after_step(found.status, Step.ASK_HEARING) is not None
    return front.page(
        request, "hearing.html", title=f"不合理认定 {number}", **values,
        hearing=hearing_values(front, found, is_ours=values["is_ours"]),
        why_not="" if is_open else why_not(found, _PROBE, by, request) if may_ask else "工单现在的状态不能申请。",
        grounds=[(each.value, front.words["unreasonable"][each.value]) for each in UnreasonableGround if each.needs_evidence],
        side=HearingSide.UNIT.value if by.role is Role.UNIT else "",
        sides=list(front.words["hearing_sides"].items()), may_attach=front.parts.keeping is not None,
    )  # fmt: skip


@router.post("/desk/orders/{number}/hearing")
async def ask(request: Request, seat: Seat, number: Number, given: Filled) -> Response:
    """Ask that the appeal be judged unreasonable, with evidence (申请不合理认定)."""
    found = await seen(request, seat, number)
    ground = given.choice("ground", UnreasonableGround, "请选择情形。")
    reason = given.text("reason", "请写明申请理由。")
    if not ground.needs_evidence:
        given.wrong["ground"] = "请选择情形。"
    files = given.files("files")
    if seat.account.unit is not None and not files:
        given.wrong["files"] = "承办单位申请须附证据材料。"
    given.check()
    return await _take(
        request, seat, found, given, lambda evidence: AskHearing(ground, reason, evidence), files
    )


@router.post("/desk/orders/{number}/hearing/opinion")
async def opinion(request: Request, seat: Seat, number: Number, given: Filled) -> Response:
    """Write down what a side says, or that it was asked in vain (听证陈述)."""
    found = await seen(request, seat, number)
    is_unit = seat.account.unit is not None
    side = HearingSide.UNIT if is_unit else given.choice("side", HearingSide, "请选择是哪一方的意见。")
    text = given.text("text", "请写明陈述内容。")
    given.check()
    is_silent = given.yes("is_silent") and not is_unit
    return await _take(
        request, seat, found, given, lambda evidence: GiveOpinion(side, text, evidence, is_silent), given.files("files")
    )  # fmt: skip


async def _take(
    request: Request, seat: Seat, found: WorkOrder, given: Given, deed: Any, files: list[Any]
) -> Response:
    """Take the step; its files are kept only when the rules take it."""
    front, step = front_of(request), deed(placeholders(files)).step
    by = seat.account.acting_for(step)
    revision = given.number("revision")
    if revision is None:
        raise WrongFieldsError({"revision": "请刷新页面。"})
    if after_step(found.status, step) is not None and (
        reason := refusal(found, deed(placeholders(files)), by, front.parts.clock())
    ):
        return front.fault(request, 409, worded(reason))
    evidence = await evidence_of(front, found, files, "files") if revision == found.revision else ()
    return await take(
        request, seat, found.number, deed(evidence), expected=revision, to=f"/desk/orders/{found.number}/hearing",
        told=told_of(step),
    )  # fmt: skip


def hearing_values(front: Front, order: WorkOrder, *, is_ours: bool) -> dict[str, Any]:
    """Return the hearings of an order as pages show them: the open one, or None, and those that were decided."""
    shown = [_shown(front, each, order, is_ours=is_ours) for each in hearings(order)]
    is_open = open_hearing(order) is not None
    return {"open": shown[-1] if is_open else None, "past": shown[:-1] if is_open else shown}


def _shown(front: Front, one: Hearing, order: WorkOrder, *, is_ours: bool) -> dict[str, Any]:
    def safe(text: str, *, is_own: bool = False) -> str:
        if is_ours:
            return of_order(text, order)
        return without_identity(text, order) if is_own else unit_text(text, order)

    def said(opinion: Opinion) -> dict[str, Any]:
        return {
            "side": front.words["hearing_sides"][opinion.given.side.value],
            "by": _who(front, opinion.by),
            "at": opinion.at,
            "text": safe(opinion.given.text, is_own=opinion.given.side is HearingSide.CITIZEN),
            "is_silent": opinion.given.is_silent,
            "evidence": [each.id for each in opinion.given.evidence],
        }

    return {
        "ground": front.words["unreasonable"][one.asked.ground.value],
        "ground_code": one.asked.ground.value,
        "reason": safe(one.asked.reason),
        "by": _who(front, one.by),
        "at": one.at,
        "evidence": [each.id for each in one.asked.evidence],
        "opinions": [said(each) for each in one.opinions],
        "unheard": [front.words["hearing_sides"][side.value] for side in one.unheard],
        "outcome": front.parts.words["steps"][one.step.value] if one.step is not None else "",
        "outcome_reason": safe(one.reason),
        "decided_by": _who(front, one.decided_by) if one.decided_by is not None else "",
        "decided_at": one.decided_at,
    }


def _who(front: Front, by: Actor) -> str:
    return front.unit(by.unit) or f"{front.parts.words['actors'][by.role.value]} {by.id}"
