"""One order before who supervises: at which tier it stands and why, and raising it, talking it over, ending supervision (督办)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final, Literal

from fastapi import Request
from fastapi.responses import Response

from desk.conferences import conference
from desk.forms import Filled, Given
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import Number, order_values
from desk.pages.supervision.shown import shown
from desk.seat import Seat
from desk.steps import seen, taken
from hotline.domain.deeds import Confer, RejectTier, Supervise, Tier
from hotline.domain.life_cycle import Status, Step, after_step
from hotline.domain.people import Actor, Role
from hotline.domain.refusals import refusal
from hotline.domain.work_order import WorkOrder

router = desk_router()

_STEPS: Final = (Step.SUPERVISE, Step.REJECT_TIER, Step.CONFER, Step.RESUME)
_SKIPPED: Final = "a skipped tier needs an approver"


@router.get("/desk/supervision/{number}")
async def order(request: Request, seat: Seat, number: Number) -> Response:
    """Show an order with its cards, its tier, the one that is proposed, and what may be done."""
    front = front_of(request)
    values = await order_values(front, seat, number)
    found: WorkOrder = values["found"]
    tiers = _tiers(found)
    row = shown(front, found)
    return front.page(
        request, "supervision/order.html", title=f"督办 {number}", **values, row=row, tiers=tiers,
        suggested=row["proposed"] or (tiers[0] if tiers else None), steps=_open_steps(found, tiers),
        conferences=list(found.deeds(Confer)),
        turned_down=[entry for entry in found.history if isinstance(entry.deed, RejectTier)], choices={"conferences": list(front.words["conferences"].items())},
    )  # fmt: skip


@router.post("/desk/supervision/{number}/{step}")
async def take(
    request: Request, seat: Seat, number: Number, step: Literal["supervise", "reject_tier", "confer", "resume"],
    given: Filled,
) -> Response:  # fmt: skip
    """Take one of the steps of who supervises; the units are told."""
    front, chosen = front_of(request), Step(step)
    found = await seen(request, seat, number)
    by = seat.account.acts_as(Role.SUPERVISOR)
    done = _done(front, found, chosen, given, by)
    told = front.words["told"]["lift" if chosen is Step.RESUME else chosen.value]
    return await taken(request, done, to=f"/desk/supervision/{number}", told=told)


def _done(front: Front, found: WorkOrder, step: Step, given: Given, by: Actor) -> Awaitable[object]:
    revision = given.number("revision")
    if revision is None:
        given.wrong["revision"] = "请刷新页面。"
    who: dict[str, Any] = {"by": by, "at": front.parts.clock(), "expected": revision}
    work = front.parts.casework
    match step:
        case Step.SUPERVISE:
            return work.do(found.number, _supervision(found, given, by, who), **who)
        case Step.REJECT_TIER:
            tier = given.one_of("tier", [str(each.value) for each in Tier], "请刷新页面。")
            turned_down = RejectTier(
                Tier(int(tier)) if tier else Tier.MEDIA, given.text("reason", "请写明不予升级的理由。")
            )
            given.check()
            return work.do(found.number, turned_down, **who)
        case Step.CONFER:
            return work.do(found.number, conference(given), **who)
        case _:
            reason = given.text("reason", "请写明解除督办的理由。")
            given.check()
            return work.resume(found.number, reason, **who)


def _supervision(found: WorkOrder, given: Given, by: Actor, who: dict[str, Any]) -> Supervise:
    chosen = given.one_of("tier", [str(tier.value) for tier in Tier], "请选择督办级别。")
    reason = given.text("reason", "请写明督办理由。")
    approver = given.another("approver", by.id)
    given.check()
    deed = Supervise(Tier(int(chosen)), reason, approver)
    if (
        after_step(found.status, Step.SUPERVISE) is not None
        and refusal(found, deed, by, who["at"]) == _SKIPPED
    ):
        given.wrong["approver"] = "跳级督办须写明由谁批准。"
        given.check()
    return deed


def _tiers(found: WorkOrder) -> list[Tier]:
    """Return the tiers to which it may still be raised; what must stay hidden never reaches the media."""
    now = found.tier or 0
    return [tier for tier in Tier if tier > now and (tier is not Tier.MEDIA or found.may_be_disclosed)]


def _open_steps(found: WorkOrder, tiers: list[Tier]) -> frozenset[str]:
    """Return the steps that make sense now; the rules still have the last word."""
    steps = {step for step in _STEPS if after_step(found.status, step) is not None}
    if not tiers:
        steps.discard(Step.SUPERVISE)
    if found.proposed_tier is None:
        steps.discard(Step.REJECT_TIER)
    if found.status is not Status.SUPERVISED:
        steps.discard(Step.RESUME)
    return frozenset(step.value for step in steps)
