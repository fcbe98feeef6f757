"""A unit contests how one of its orders counts in the assessment (考核异议): ground, reason and evidence, on a page of its own."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from desk.files import evidence_of, placeholders
from desk.forms import Filled, WrongFieldsError
from desk.guard import desk_router, front_of
from desk.pages.orders import Number, order_values
from desk.pages.unit.assessment import contest_of
from desk.seat import Seat
from desk.steps import seen, take, told_of, why_not, worded
from hotline.domain.deeds import Evidence
from hotline.domain.life_cycle import Step, after_step
from hotline.domain.people import Role
from hotline.domain.refusals import refusal
from hotline.domain.unit_rates import Quarter
from hotline.domain.work_order import WorkOrder

router = desk_router()

_PROBE = (Evidence("-"),)


@router.get("/desk/unit/{number}/contest")
async def write(request: Request, seat: Seat, number: Number) -> Response:
    """Show the form, or what was decided, or why the order cannot be contested."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    found: WorkOrder = values["found"]
    contests, by = front.parts.contests, seat.account.acts_as(Role.UNIT)
    stands = contest_of(front, found)
    refused = "没有办结的工单还不能提考核异议。"
    if after_step(found.status, Step.CONTEST) is not None:
        probe = contests.deed(found, next(iter(contests.rules.grounds)), "-", _PROBE)
        refused = why_not(found, probe, by, request)
    day = found.registered_at.astimezone(front.parts.city.timezone).date()
    return front.page(
        request, "unit/contest.html", title=f"考核异议 {number}", **values, **stands, why_not=refused,
        grounds=contests.rules.grounds, limit=contests.rules.limit, quarter=Quarter.of(day),
        may_attach=front.parts.keeping is not None,
    )  # fmt: skip


@router.post("/desk/unit/{number}/contest")
async def contest(request: Request, seat: Seat, number: Number, given: Filled) -> Response:
    """Contest it; the files are kept only when the rules take it."""
    front = front_of(request)
    found = await seen(request, seat, number)
    contests, by = front.parts.contests, seat.account.acting_for(Step.CONTEST)
    ground = given.one_of("ground", contests.rules.grounds, "请选择情形。")
    reason = given.text("reason", "请写明异议理由。")
    files = given.files("files")
    if not files:
        given.wrong["files"] = "请附证据材料。"
    revision = given.number("revision")
    if revision is None:
        given.wrong["revision"] = "请刷新页面。"
    given.check()
    planned = contests.deed(found, ground, reason, placeholders(files))
    if after_step(found.status, Step.CONTEST) is not None and (
        why := refusal(found, planned, by, front.parts.clock())
    ):
        return front.fault(request, 409, worded(why))
    if revision != found.revision or revision is None:
        raise WrongFieldsError({"reason": "工单刚有变化，请刷新页面核对后再提。"})
    evidence = await evidence_of(front, found, files, "files")
    return await take(
        request, seat, number, contests.deed(found, ground, reason, evidence), expected=revision,
        to=f"/desk/unit/{number}/contest", told=told_of(Step.CONTEST),
    )  # fmt: skip
