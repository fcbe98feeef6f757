"""The interface for handling units (docs/units-interface.md): their orders, and the steps they take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Path, Query, Request, Security
from fastapi.responses import Response
from fastapi.security import HTTPBearer

from app.contest_models import AssessmentOut, ContestIn, ContestOut, assessed, standing_of
from app.faults import Faults, step_fault
from app.programs import UNIT_HOLDER, Once, Programs, bearer
from app.relay_models import RelayIn, RelayOut, shown
from app.unit_steps import UNIT_STEPS, UnitStep
from app.unit_views import InboxOut, UnitOrderOut, UnitViews, WholeUnitOrderOut
from app.web_parts import ORDER_NUMBER, WebParts
from hotline.domain.errors import WorkOrderNotFoundError
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.people import Actor, Role
from hotline.domain.unit_rates import Quarter
from hotline.domain.work_order import WorkOrder
from hotline.store.order_facts import AGAINST, Which

PREFIX: Final = "/api/unit/v1"
MOST_ORDERS: Final = 200
_OPEN: Final = frozenset(Status) - CLOSED
_ONE_LOOK: Final = timedelta(minutes=10)
_MOST_ASSESSED: Final = 200


Number = Annotated[str, Path(pattern=ORDER_NUMBER, description="Work order number")]
IdempotencyKey = Annotated[
    str | None,
    Header(pattern=r"^[!-~]{1,64}$", description="The same key gets the first answer, for a day"),
]


READING: Final[dict[int | str, dict[str, Any]]] = {
    400: step_fault("The body is no JSON in UTF-8."),
    401: step_fault("The key is missing, wrong or revoked."),
    403: step_fault("The holder of the key may not do this."),
    404: step_fault("No such order, or not one of this unit."),
    422: step_fault("Something is missing or malformed; ``missing`` or ``detail`` names it."),
    503: step_fault("The database is away; nothing was recorded; try again."),
}
STEPPING: Final[dict[int | str, dict[str, Any]]] = {
    **READING,
    409: step_fault("Not in this state, against a rule (``reason``), or the order was changed meanwhile."),
    413: step_fault("The body is too large."),
    415: step_fault("The body is not JSON."),
}


class UnitInterface:
    """The routes below ``/api/unit/v1``. To a unit, other units' orders do not exist."""

    def __init__(self, parts: WebParts, programs: Programs) -> None:
        """Take the records and the casework."""
        self._parts = parts
        self._programs = programs
        self._views = UnitViews(parts.city, parts.words)
        self._once = Once(programs.answers, Faults(programs.words, parts.words), parts.clock)
        self._looks: dict[tuple[str, str], datetime] = {}

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="unit key", description="hotline keys add UNIT")
        router = APIRouter(
            prefix=PREFIX,
            tags=["units"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("/orders")(self.inbox)
        router.get("/orders/{number}")(self.one)
        router.get("/orders/{number}/relay")(self.talk)
        router.post("/orders/{number}/relay", responses=STEPPING)(self.relay)
        router.get("/assessment")(self.assessment)
        router.get("/orders/{number}/contest")(self.contest_of)
        router.post(
            "/orders/{number}/contest",
            summary=(ContestIn.__doc__ or "").splitlines()[0],
            response_model=UnitOrderOut,
            responses=STEPPING,
            operation_id="unit_contest",
        )(self.contest)
        for name, model in UNIT_STEPS.items():
            summary = (model.__doc__ or name).splitlines()[0]
            router.post(
                f"/orders/{{number}}/{name}",
                summary=summary,
                response_model=UnitOrderOut,
                responses=STEPPING,
                operation_id=f"unit_{name.replace('-', '_')}",
            )(self.step(model))
        app.include_router(router)

    # --- routes ----------------------------------------------------------------------------------------------

    async def inbox(
        self,
        request: Request,
        state: Annotated[list[Status] | None, Query(description="Only these states")] = None,
        after: Annotated[str, Query(pattern=r"^([0-9]{11,12})?$", description="Behind this number")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_ORDERS)] = 50,
        role: Annotated[
            Literal["lead", "supporting"], Query(description="What it leads or supports")
        ] = "lead",
    ) -> InboxOut:
        """The orders that the unit leads or supports, by number; the open ones unless ``state`` says otherwise."""
        unit: str = request.state.unit
        lead, supporter = (unit, None) if role == "lead" else (None, unit)
        found = await self._programs.search.find(
            unit=lead, supporter=supporter, statuses=state or _OPEN, after=after, limit=limit
        )
        await self._note_looks(unit, [order.number for order in found])
        last = found[-1].number if len(found) == limit else None
        return InboxOut(orders=[self._views.order(order) for order in found], next=last)

    async def one(self, request: Request, number: Number) -> WholeUnitOrderOut:
        """One order that the unit leads or supports, with limits and history."""
        order = await self._of(request.state.unit, number)
        await self._note_looks(request.state.unit, [number])
        return self._views.whole(order)

    async def talk(self, request: Request, number: Number) -> RelayOut:
        """The talk with the citizen through the hotline; no number and no name is in it (热线保密联络)."""
        unit: str = request.state.unit
        reader = Actor(Role.UNIT, unit, unit)
        confidential, now = self._programs.confidential, self._parts.clock()
        return shown(number, list(await confidential.thread(number, reader=reader, at=now)))

    async def relay(
        self, request: Request, number: Number, body: RelayIn, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Say something to the citizen through the hotline, or ask to be connected."""
        unit: str = request.state.unit

        async def work() -> RelayOut:
            await self._of(unit, number)
            by, now = Actor(Role.UNIT, unit, unit), self._parts.clock()
            sent = await self._programs.confidential.send(
                number, body.text, by=by, at=now, wants_call=body.wants_call
            )
            return shown(number, [sent])

        return await self._once.answer(request, UNIT_HOLDER + unit, idempotency_key, work)

    async def assessment(
        self,
        request: Request,
        quarter: Annotated[
            str, Query(pattern=r"^(20[0-9]{2}Q[1-4])?$", description="As 2026Q4; this one unless given")
        ] = "",
    ) -> AssessmentOut:
        """The unit's orders of a quarter that count against it, or do not count, and their contests; 200 of each kind at most."""
        unit, at = request.state.unit, self._parts.clock()
        timezone, programs = self._parts.city.timezone, self._programs
        wanted = Quarter.read(quarter) or Quarter.of(at.astimezone(timezone).date())
        start, end = (datetime.combine(day, time(), timezone) for day in wanted.days)
        found: dict[str, list[Which]] = {}
        for which in (*AGAINST, Which.EXCLUDED):
            for number in await programs.facts.numbers(start, end, unit, which):
                found.setdefault(number, []).append(which)
        against = {number: why for number, why in found.items() if Which.EXCLUDED not in why}
        shown = [
            *sorted(against, reverse=True)[:_MOST_ASSESSED],
            *sorted(found.keys() - against.keys(), reverse=True),
        ]
        orders = {each.number: each for each in await programs.search.find(numbers=shown, limit=len(shown))}
        await self._note_looks(unit, shown)
        return AssessmentOut(
            quarter=str(wanted),
            grounds=dict(programs.contests.rules.grounds),
            orders=assessed(
                programs.contests, [orders[each] for each in shown if each in orders], against, at=at
            ),
        )

    async def contest_of(self, request: Request, number: Number) -> ContestOut:
        """Whether and until when the order's counting may be contested, or what became of the contest (考核异议)."""
        order = await self._of(request.state.unit, number)
        await self._note_looks(request.state.unit, [number])
        return standing_of(self._programs.contests, order, at=self._parts.clock())

    async def contest(
        self, request: Request, number: Number, body: ContestIn, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Contest that the order counts in the assessment; another supervisor than who counted it decides."""
        unit: str = request.state.unit

        async def work() -> UnitOrderOut:
            found = await self._of(unit, number)
            deed = body.deed(self._programs.contests, found)
            order = await self._programs.casework.do(
                number, deed, by=_actor(unit, body.by), at=self._parts.clock(), expected=body.revision
            )
            return self._views.order(order)

        return await self._once.answer(request, UNIT_HOLDER + unit, idempotency_key, work)

    def step(self, model: type[UnitStep]) -> Callable[..., Any]:
        """Return the route of one step."""

        async def step(
            request: Request, number: Number, body: UnitStep, idempotency_key: IdempotencyKey = None
        ) -> Response:
            unit: str = request.state.unit

            async def work() -> UnitOrderOut:
                await self._of(unit, number)
                by, now = _actor(unit, body.by), self._parts.clock()
                order = await body.take(self._programs.casework, number, by, now)
                return self._views.order(order)

            return await self._once.answer(request, UNIT_HOLDER + unit, idempotency_key, work)

        step.__annotations__["body"] = model
        step.__doc__ = model.__doc__
        return step

    # --- inside ----------------------------------------------------------------------------------------------

    async def _let_in(self, request: Request) -> None:
        """Note whose key came along, or refuse."""
        holder = await self._programs.keys.holder(bearer(request), at=self._parts.clock())
        if holder is None or not holder.startswith(UNIT_HOLDER):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        unit = holder.removeprefix(UNIT_HOLDER)
        if unit not in self._parts.city.units:
            raise HTTPException(status_code=403, detail="unit.not_listed")
        request.state.unit = unit

    async def _of(self, unit: str, number: str) -> WorkOrder:
        order = await self._parts.records.get(number)
        if not order.is_dispatched or unit not in (order.lead_unit, *order.supporting_units):
            raise WorkOrderNotFoundError(number)
        return order

    async def _note_looks(self, unit: str, numbers: list[str]) -> None:
        """Note which orders were looked at, before they are shown; again and again within minutes is one look."""
        now = self._parts.clock()
        self._looks = {one: at for one, at in self._looks.items() if now - at < _ONE_LOOK}
        fresh = [number for number in numbers if (unit, number) not in self._looks]
        if fresh:
            subject = fresh[0] if len(fresh) == 1 else f"inbox:{unit}"
            why = "unit interface" if len(fresh) == 1 else "unit interface: " + " ".join(fresh)
            await self._parts.records.note_look(subject=subject[:64], by=UNIT_HOLDER + unit, why=why, at=now)
            self._looks.update(((unit, number), now) for number in fresh)


def _actor(unit: str, by: str | None) -> Actor:
    """Return who of a unit does something; ``by`` is an employee's id, None where the program does not say."""
    return Actor(Role.UNIT, f"{unit}/{by}" if by else unit, unit)
