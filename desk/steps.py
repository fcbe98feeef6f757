"""One step on an order, taken from a page: the order is looked at first, the page's revision counts, and a refusal says why."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from desk.front import WORDS, Front
from desk.guard import front_of
from desk.sight import sight_of
from hotline.domain.deeds import Deed
from hotline.domain.errors import HotlineError, IllegalTransitionError, StaleWorkOrderError
from hotline.domain.life_cycle import Step
from hotline.domain.people import Actor
from hotline.domain.refusals import refusal
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn

_REFUSALS: Final[Mapping[str, str]] = WORDS["refusals"]


async def seen(request: Request, seat: SignedIn, number: str) -> WorkOrder:
    """Return an order that somebody may see. Raises ``WorkOrderNotFoundError``."""
    found = await front_of(request).parts.records.get(number)
    sight_of(found, seat.account)
    return found


async def take(
    request: Request, seat: SignedIn, number: str, deed: Deed, *, expected: int, to: str, told: str
) -> Response:
    """Do ``deed`` as who is signed in; then show ``to`` with the notice ``told``."""
    front = front_of(request)
    await seen(request, seat, number)
    by, at = seat.account.acting_for(deed.step), front.parts.clock()
    step = front.parts.casework.do(number, deed, by=by, at=at, expected=expected)
    return await taken(request, step, to=to, told=told)


async def taken(request: Request, step: Awaitable[object], *, to: str, told: str) -> Response:
    """Wait for a step; then show ``to``, or say why it was refused."""
    front = front_of(request)
    try:
        await step
    except IllegalTransitionError as error:
        if (why := _REFUSALS.get(error.reason)) is None:
            raise
        return front.fault(request, 409, why)
    except StaleWorkOrderError as error:
        return await stale(request, error.number)
    return front.done(request, to=to, toast=told)


async def stale(request: Request, number: str) -> Response:
    """Say that the order was changed since the page was shown, and by whom."""
    front = front_of(request)
    return front.fault(request, 409, await _meanwhile(front, number))


def refused_because(front: Front, error: HotlineError) -> str:
    """Return why a step was refused, in words for people."""
    if isinstance(error, IllegalTransitionError) and (why := _REFUSALS.get(error.reason)) is not None:
        return why
    return front.parts.worded(error)[1]


async def _meanwhile(front: Front, number: str) -> str:
    """Return who changed the order last, and how: nothing that was typed is lost, and nobody is overwritten."""
    last = (await front.parts.records.get(number)).history[-1]
    by = front.unit(last.by.unit) or front.parts.words["actors"][last.by.role.value]
    step = front.parts.words["steps"][last.step.value] if last.step is not None else ""
    return str(WORDS["stale"]).format(at=front.local(last.at), by=by, step=step)


def why_not(order: WorkOrder, deed: Deed, by: Actor, request: Request) -> str:
    """Return in words why ``deed`` would be refused now, nothing when it would not."""
    return worded(refusal(order, deed, by, front_of(request).parts.clock()))


def worded(reason: str) -> str:
    """Return a reason of the rules in words for people."""
    return _REFUSALS.get(reason, reason)


def told_of(step: Step) -> str:
    """Return what is said once a step was taken."""
    said: Mapping[str, str] = WORDS["told"]
    return said[step.value]
