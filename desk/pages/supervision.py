"""The supervision board (督办看板): what is overdue and how far up it went, appeals by day, the three rates with the orders behind."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.orders import row_of
from desk.seat import Seat
from hotline.domain.assessment import Share
from hotline.domain.deeds import ProposeTier, Remind, Tier
from hotline.domain.life_cycle import WITH_UNIT, Status
from hotline.domain.unit_rates import Quarter, UnitRates
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn
from hotline.service.supervision_board import SupervisionBoard
from hotline.store.inbox import InboxFilter, Place
from hotline.store.order_facts import Which

router = desk_router()

_A_PAGE: Final = 50
_MOST_SUPERVISED: Final = 500
_SUPERVISED: Final = InboxFilter(frozenset({Status.SUPERVISED}))
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@router.get("/desk/supervision")
async def board(request: Request, seat: Seat, after: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show what is under supervision by tier, what is overdue, the longest first, and how many appeals came in."""
    front = front_of(request)
    overdue = InboxFilter(WITH_UNIT, due=(_BEGINNING, front.parts.clock()))
    page = await front.parts.inbox.page(overdue, after=Place.read(after), limit=_A_PAGE)
    tiers, is_more = await _tiers(front)
    await _note(front, seat, "overdue", [order.number for order in page.orders])
    return front.page(
        request, "supervision/board.html", title="督办看板",
        tiers=[(tier, tiers[tier]) for tier in Tier], is_more=is_more,
        overdue=sum((await front.parts.inbox.counts(overdue)).values()),
        orders=[row_of(front, order) | _ladder(order) for order in page.orders],
        following=str(page.following) if page.following is not None else "", is_first=not after,
        days=await _board(front).by_day(),
    )  # fmt: skip


@router.get("/desk/supervision/rates")
async def rates(request: Request, seat: Seat, quarter: Annotated[str, Query(max_length=6)] = "") -> Response:  # noqa: ARG001 -- who may is decided by the table
    """Show the three rates of every unit, by group."""
    front = front_of(request)
    quarters = _board(front).quarters()
    found = await _board(front).rates(Quarter.read(quarter) or quarters[0])
    return front.page(
        request, "supervision/rates.html", title="三率", found=found, quarters=quarters,
        groups=[(group.value, [_row(each) for each in rows]) for group, rows in found.groups.items()],
    )  # fmt: skip


@router.get("/desk/supervision/orders")
async def behind(
    request: Request,
    seat: Seat,
    unit: Annotated[str, Query(max_length=64)],
    which: Which,
    quarter: Annotated[str, Query(pattern=r"^20\d\dQ[1-4]$")],
) -> Response:
    """Show the orders behind a figure; of those that do not count why, and who approved it."""
    front = front_of(request)
    wanted = Quarter.read(quarter) or _board(front).quarters()[0]
    numbers = await _board(front).behind(wanted, unit, which)
    await _note(front, seat, f"{which} of {unit} in {wanted}", numbers)
    orders = [await front.parts.records.get(number) for number in numbers]
    return front.page(
        request, "supervision/orders.html", title="工单明细", unit=unit, which=which, quarter=wanted,
        orders=[row_of(front, order) | {"exclusion": order.exclusion} for order in orders],
    )  # fmt: skip


async def _tiers(front: Front) -> tuple[Counter[Tier], bool]:
    """Count the orders under supervision by tier, and tell whether there are more than were counted."""
    page = await front.parts.inbox.page(_SUPERVISED, limit=_MOST_SUPERVISED)
    return Counter(order.tier for order in page.orders if order.tier is not None), page.following is not None


def _ladder(order: WorkOrder) -> dict[str, Any]:
    """Return what has been done so that an order moves: the cards that were shown, and a higher tier that is proposed."""
    proposed = order.last(ProposeTier)
    is_higher = proposed is not None and (order.tier is None or proposed.tier > order.tier)
    return {
        "cards": list(dict.fromkeys(each.card for each in order.deeds(Remind))),
        "proposed": proposed.tier if proposed is not None and is_higher else None,
    }


def _row(found: UnitRates) -> dict[str, Any]:
    return {
        "unit": found.unit, "orders": found.orders, "excluded": found.excluded, "named": found.named,
        **{name: _percent(getattr(found, name)) for name in ("response", "resolved", "satisfied")},
    }  # fmt: skip


def _percent(share: Share) -> str:
    """Percent with two decimals, halves rounded up, as the assessment's report has it."""
    return (
        "—"
        if share.rate is None
        else f"{float((share.rate * 10_000 + Fraction(1, 2)).__floor__()) / 100:.2f}%"
    )


async def _note(front: Front, seat: SignedIn, what: str, numbers: Any) -> None:
    why = f"supervision, {what}: {' '.join(numbers)}"
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", why=why, at=front.parts.clock()
    )


def _board(front: Front) -> SupervisionBoard:
    return front.parts.board
