"""Contests of how orders count in the assessment (考核异议): those that wait longest first, decided by whoever did not count them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from desk.forms import Filled
from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import Number, row_of
from desk.pages.supervision.shown import note
from desk.seat import Seat
from desk.steps import seen, taken
from desk.views import unit_text
from hotline.domain.accounts import Account
from hotline.domain.contests import counted_by, open_contest
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.life_cycle import Step
from hotline.domain.order_facts import OrderFacts, facts_of
from hotline.domain.people import Role
from hotline.domain.unit_rates import Quarter
from hotline.domain.waiting import Waiting
from hotline.domain.work_order import WorkOrder
from hotline.store.inbox import Place
from hotline.store.order_facts import AGAINST, Which

router = desk_router()

_A_PAGE: Final = 50


@router.get("/desk/supervision/contests")
async def contests(
    request: Request, seat: Seat, after: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show what units contest, with what counts against them and their evidence."""
    front = front_of(request)
    page = await front.parts.inbox.waiting(Waiting.CONTEST, after=Place.read(after), limit=_A_PAGE)
    await note(front, seat, "contests", [order.number for order in page.orders])
    return front.page(
        request, "supervision/contests.html", title="考核异议",
        orders=[_row(front, order, seat.account) for order in page.orders],
        following=str(page.following) if page.following is not None else "",
    )  # fmt: skip


@router.post("/desk/supervision/contests/{number}/{decision}")
async def decide(
    request: Request, seat: Seat, number: Number, decision: Literal["exclude", "keep"], given: Filled
) -> Response:
    """Let an order count no longer, or let it go on counting, with a reason that the unit is told."""
    front = front_of(request)
    found = await seen(request, seat, number)
    reason = given.text("reason", "请写明理由。")
    revision = given.number("revision")
    if revision is None:
        given.wrong["revision"] = "请刷新页面。"
    given.check()
    step = Step.EXCLUDE if decision == "exclude" else Step.REJECT_CONTEST
    who: dict[str, Any] = {
        "by": seat.account.acts_as(Role.SUPERVISOR), "at": front.parts.clock(), "expected": revision
    }  # fmt: skip
    work = front.parts.contests
    done = work.uphold(number, reason, order=found, **who) if step is Step.EXCLUDE else work.reject(number, reason, **who)  # fmt: skip
    told = front.words["told"]["uphold" if step is Step.EXCLUDE else step.value]
    return await taken(request, done, to="/desk/supervision/contests", told=told)


def _row(front: Front, order: WorkOrder, account: Account) -> dict[str, Any]:
    contest = open_contest(order)
    assert contest is not None
    day = order.registered_at.astimezone(front.parts.city.timezone).date()
    facts = facts_of(order, {})
    return row_of(front, order) | {
        "why": [which for which in AGAINST if _counts_as(facts, which)],
        "quarter": Quarter.of(day),
        "ground": front.parts.contests.rules.grounds.get(contest.asked.ground, contest.asked.ground),
        "reason": unit_text(contest.asked.reason, order),
        "evidence": [each.id for each in contest.asked.evidence],
        "asked_at": contest.at,
        "is_own": account.login in counted_by(order),
    }


def _counts_as(facts: OrderFacts, which: Which) -> bool:
    match which:
        case Which.NOT_CONTACTED:
            return facts.was_contacted is False
        case Which.UNRESOLVED:
            return facts.resolution is Resolution.UNRESOLVED
        case Which.DISSATISFIED:
            return facts.result is Satisfaction.DISSATISFIED
        case _:
            return facts.was_in_time is False
