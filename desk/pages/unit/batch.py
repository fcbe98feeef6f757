"""Several orders at once (批量办理): each by itself, so that one that is refused holds up no other; what came of each is listed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Form, Request
from fastapi.responses import Response

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.unit.order import Text, When, local
from desk.pages.unit.sheet import MOST_SHEETS
from desk.seat import Seat
from desk.steps import refused_because, seen
from hotline.domain.deeds import AskExtension, Deed, SignFor
from hotline.domain.errors import DeedRefusedError, HotlineError
from hotline.service.accounts import SignedIn

router = desk_router()

_NOTHING_CHOSEN: Final = "请先选中工单。"
Chosen = Annotated[list[str] | None, Form(max_length=MOST_SHEETS)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one order; ``refused`` says why it was not done, empty when it was."""

    number: str
    refused: str = ""


@router.post("/desk/unit/sign")
async def sign_many(request: Request, seat: Seat, number: Chosen = None) -> Response:
    """Sign for all chosen orders."""
    return await _each_does(request, seat, number, SignFor(), "签收")


@router.post("/desk/unit/extend")
async def extend_many(
    request: Request, seat: Seat, number: Chosen = None, until: When = None, reason: Text = ""
) -> Response:
    """Ask for more time for all chosen orders, for one reason."""
    front = front_of(request)
    if not reason.strip():
        raise DeedRefusedError(missing="延期理由")
    deed = AskExtension(local(front, until, "延至何时"), reason.strip())
    return await _each_does(request, seat, number, deed, "申请延期")


@router.post("/desk/unit/print")
async def print_many(request: Request, seat: Seat, number: Chosen = None) -> Response:
    """Lead to one PDF of all chosen orders."""

    async def nothing(_: str) -> None:
        return

    front = front_of(request)
    outcomes = await _outcomes(request, seat, number, nothing)
    there = [one.number for one in outcomes if not one.refused]
    if there and len(there) == len(outcomes):
        return front.done(request, to=_sheets(there))
    return _listed(request, outcomes, "打印", to_print=there)


async def _each_does(
    request: Request, seat: SignedIn, numbers: Sequence[str] | None, deed: Deed, what: str
) -> Response:
    front = front_of(request)
    by = seat.account.acting_for(deed.step)

    async def do(number: str) -> None:
        await front.parts.casework.do(number, deed, by=by, at=front.parts.clock())

    outcomes = await _outcomes(request, seat, numbers, do)
    if outcomes and not any(one.refused for one in outcomes):
        return front.done(request, to="/desk/unit", toast=f"已{what} {len(outcomes)} 件")
    return _listed(request, outcomes, what)


async def _outcomes(
    request: Request,
    seat: SignedIn,
    numbers: Sequence[str] | None,
    do: Callable[[str], Awaitable[None]],
) -> list[Outcome]:
    outcomes = []
    for number in dict.fromkeys(numbers or ()):
        try:
            await seen(request, seat, number)
            await do(number)
            outcomes.append(Outcome(number))
        except HotlineError as error:
            outcomes.append(Outcome(number, refused_because(front_of(request), error)))
    return outcomes


def _listed(
    request: Request, outcomes: list[Outcome], what: str, *, to_print: Sequence[str] = ()
) -> Response:
    front: Front = front_of(request)
    if not outcomes:
        return front.fault(request, 422, _NOTHING_CHOSEN)
    return front.page(
        request, "unit/outcomes.html", title=f"批量{what}", outcomes=outcomes, what=what,
        done=sum(not one.refused for one in outcomes), sheets=_sheets(to_print) if to_print else "",
    )  # fmt: skip


def _sheets(numbers: Sequence[str]) -> str:
    return "/desk/unit/sheets.pdf?" + urlencode([("number", each) for each in numbers])
