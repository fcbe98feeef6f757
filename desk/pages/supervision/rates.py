"""The three rates of every unit by quarter (三率), with the orders behind each figure."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response
from starlette.background import BackgroundTask

from desk.guard import desk_router, front_of
from desk.pages.supervision.shown import A_PAGE, Start, note, orders_of
from desk.seat import Seat
from hotline.domain.unit_rates import Quarter, UnitRates
from hotline.store.order_facts import Which

router = desk_router()

_RATES: Final = (
    "response", "resolved", "satisfied", "satisfied_with_attitude", "satisfied_enforcement", "satisfied_mediation",
)  # fmt: skip


@router.get("/desk/supervision/rates")
async def rates(request: Request, seat: Seat, quarter: Annotated[str, Query(max_length=6)] = "") -> Response:  # noqa: ARG001 -- who may is decided by the table
    """Show the three rates of every unit, by group; those that are no longer fresh are counted anew behind the page's back."""
    front = front_of(request)
    board = front.parts.board
    quarters = board.quarters()
    found = await board.rates(Quarter.read(quarter) or quarters[0])
    is_old = board.is_old(found)
    page = front.page(
        request, "supervision/rates.html", title="三率", found=found, quarters=quarters, is_old=is_old,
        weights={name: f"{float(getattr(found.formula, f'{name}_weight')):.0%}" for name in _RATES[:3]},
        groups=[(group.value, [rates_row(each) for each in rows]) for group, rows in found.groups.items()],
    )  # fmt: skip
    if is_old:
        page.background = BackgroundTask(board.recount, found.quarter)
    return page


@router.get("/desk/supervision/orders")
async def behind(
    request: Request,
    seat: Seat,
    unit: Annotated[str, Query(max_length=64)],
    which: Which,
    quarter: Annotated[str, Query(pattern=r"^20\d\dQ[1-4]$")],
    start: Start = 0,
) -> Response:
    """Show the orders behind a figure, page by page; of those that do not count why, and who approved it."""
    front = front_of(request)
    wanted = Quarter.read(quarter) or front.parts.board.quarters()[0]
    many = await front.parts.board.count_behind(wanted, unit, which)
    numbers = await front.parts.board.behind(wanted, unit, which, start=start, limit=A_PAGE)
    await note(front, seat, f"{which} of {unit} in {wanted}", numbers)
    heading = f"{wanted.year} 年第 {wanted.number} 季度 · {front.words['which'][which]}"
    return front.page(
        request, "supervision/orders.html", title="工单明细", unit=unit, heading=heading,
        is_excluded=which is Which.EXCLUDED, back=f"/desk/supervision/rates?quarter={wanted}", back_to="三率",
        orders=await orders_of(front, numbers), many=many, start=start, a_page=A_PAGE,
        here=f"/desk/supervision/orders?{urlencode({'unit': unit, 'which': which.value, 'quarter': quarter})}",
    )  # fmt: skip


def rates_row(found: UnitRates) -> dict[str, Any]:
    """Return a unit's line as pages show it: rates in percent."""
    return {
        "unit": found.unit, "orders": found.orders, "excluded": found.excluded, "named": found.named,
        "exclusion_rate": _percent(found.exclusion_rate), "score": _percent(found.score).removesuffix("%"),
        "place": found.place,
        **{name: _percent(getattr(found, name).rate) for name in _RATES},
    }  # fmt: skip


def _percent(rate: Fraction | None) -> str:
    """Percent with two decimals, halves rounded up, as the assessment's report has it."""
    return "—" if rate is None else f"{float((rate * 10_000 + Fraction(1, 2)).__floor__()) / 100:.2f}%"
