"""The interface for handling units (docs/units-interface.md): their orders, and the steps they take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Path, Query, Request, Security
from fastapi.responses import Response
from fastapi.security import HTTPBearer

from app.faults import Faults, step_fault
from app.programs import UNIT_HOLDER, Once, Programs, bearer
from app.relay_models import RelayIn, RelayOut, shown
from app.unit_steps import UNIT_STEPS, UnitStep
from app.unit_views import InboxOut, UnitOrderOut, UnitViews, WholeUnitOrderOut
from app.web_parts import ORDER_NUMBER, WebParts
from hotline.domain.errors import WorkOrderNotFoundError
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.people import Actor, Role
from hotline.domain.work_order import WorkOrder

PREFIX: Final = "/api/unit/v1"
MOST_ORDERS: Final = 200
_OPEN: Final = frozenset(Status) - CLOSED
_ONE_LOOK: Final = timedelta(minutes=10)


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

    def step(self, model: type[UnitStep]) -> Callable[..., Any]:
        """Return the route of one step."""

        async def step(
            request: Request, number: Number, body: UnitStep, idempotency_key: IdempotencyKey = None
        ) -> Response:
            unit: str = request.state.unit

            async def work() -> UnitOrderOut:
                await self._of(unit, number)
                by = Actor(Role.UNIT, f"{unit}/{body.by}" if body.by else unit, unit)
                order = await body.take(self._programs.casework, number, by, self._parts.clock())
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
