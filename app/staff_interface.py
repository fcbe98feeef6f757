"""The interface for the hotline's staff: orders to decide on, and the steps that only the hotline takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Security
from fastapi.responses import Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from app.faults import Faults
from app.programs import Once, Programs, bearer
from app.relay_models import RelayOut, StaffRelayIn, UnmaskedOut, UnmaskIn, shown, unmasked
from app.staff_steps import STAFF_STEPS, StaffStep
from app.step_models import UnitCode
from app.unit_interface import MOST_ORDERS, READING, STEPPING, IdempotencyKey, Number
from app.unit_views import LimitOut, StepOut, UnitOut, limits_in_force
from app.web_parts import WebParts
from desk.views import category_name, masked, note_of, unit_name
from hotline.domain.life_cycle import CLOSED, Status, Step
from hotline.domain.people import Actor, Role
from hotline.domain.work_order import WorkOrder
from hotline.service.confidential import Unmasking

PREFIX: Final = "/api/staff/v1"
_OPEN: Final = frozenset(Status) - CLOSED
_FOR_A_PERSON: Final = (
    Status.TO_DISPATCH, Status.RETURN_ASKED, Status.END_ASKED, Status.REPLIED, Status.TO_REVISIT,
    Status.NEEDS_SUPPLEMENT,
)  # fmt: skip


class ListedUnitOut(UnitOut):
    """A handling unit; not ``is_listed``: it is no longer in the city's list, and the order needs another."""

    is_listed: bool
    remark: str


class CandidateOut(BaseModel):
    """A unit that the dispatch catalogue would choose next, and why it did not."""

    unit: ListedUnitOut
    rule: str
    because: str


class ProposalOut(BaseModel):
    """A diversion that the machine proposes and a person decides on."""

    outcome: str
    reason: str
    told: str


class StaffOrderOut(BaseModel):
    """An order as staff see it, personal data masked."""

    number: str
    revision: int
    status: Status
    status_text: str
    kind: str
    category: str
    text: str
    place: str
    is_confidential: bool
    may_be_disclosed: bool
    lead_unit: ListedUnitOut | None
    supporting_units: list[ListedUnitOut]
    needs_unit: bool
    because: str
    runners_up: list[CandidateOut]
    proposal: ProposalOut | None
    due_at: str | None
    asked_extension_until: str | None
    returns: int
    tier: int | None
    citizens: int
    merged_into: str | None
    limits: list[LimitOut]
    history: list[StepOut]


class StaffListOut(BaseModel):
    """One page of orders; ``next`` is the ``after`` of the next page, null on the last."""

    orders: list[StaffOrderOut]
    next: str | None


class StaffInterface:
    """The routes below ``/api/staff/v1``."""

    def __init__(self, parts: WebParts, programs: Programs) -> None:
        """Take the records and the casework."""
        self._parts = parts
        self._programs = programs
        self._once = Once(programs.answers, Faults(programs.words, parts.words), parts.clock)

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["staff"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("/orders")(self.search)
        router.get("/orders/{number}")(self.one)
        router.get("/orders/{number}/relay")(self.talk)
        router.post("/orders/{number}/relay", responses=STEPPING)(self.relay)
        router.post("/orders/{number}/unmask", responses=STEPPING)(self.unmask)
        for name, model in STAFF_STEPS.items():
            router.post(
                f"/orders/{{number}}/{name}",
                summary=(model.__doc__ or name).splitlines()[0],
                response_model=StaffOrderOut,
                responses=STEPPING,
                operation_id=f"staff_{name.replace('-', '_')}",
            )(self.step(model))
        app.include_router(router)

    # --- routes ----------------------------------------------------------------------------------------------

    async def search(
        self,
        state: Annotated[list[Status] | None, Query(description="Only these states")] = None,
        unit: Annotated[
            UnitCode | None, Query(description="Only what this unit leads, listed or not")
        ] = None,
        after: Annotated[str, Query(pattern=r"^([0-9]{11,12})?$", description="Behind this number")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_ORDERS)] = 50,
    ) -> StaffListOut:
        """Orders by number: those that wait for a person, or those of ``unit`` that are open; ``state`` says otherwise."""
        statuses = state or (_FOR_A_PERSON if unit is None else _OPEN)
        found = await self._programs.search.find(unit=unit, statuses=statuses, after=after, limit=limit)
        numbers = " ".join(order.number for order in found)
        await self._note_look("orders", f"staff interface: {numbers}")
        last = found[-1].number if len(found) == limit else None
        return StaffListOut(orders=[self._shown(order) for order in found], next=last)

    async def one(self, number: Number) -> StaffOrderOut:
        """One order with limits and history."""
        order = await self._parts.records.get(number)
        await self._note_look(number, "staff interface")
        return self._shown(order)

    async def talk(self, number: Number) -> RelayOut:
        """The talk between unit and citizen through the hotline (热线保密联络)."""
        reader, now = Actor(Role.REVIEWER, "staff"), self._parts.clock()
        return shown(number, list(await self._programs.confidential.thread(number, reader=reader, at=now)))

    async def relay(
        self, request: Request, number: Number, body: StaffRelayIn, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Pass words on to the unit: the citizen's, or the hotline's own."""

        async def work() -> RelayOut:
            by = Actor(Role.CITIZEN if body.for_citizen else Role.AGENT, body.by)
            sent = await self._programs.confidential.send(number, body.text, by=by, at=self._parts.clock())
            return shown(number, [sent])

        return await self._once.answer(request, "staff", idempotency_key, work)

    async def unmask(self, number: Number, body: UnmaskIn) -> UnmaskedOut:
        """Say who the citizens are: with a reason, and somebody else's approval; the look is written down first (解密)."""
        unmasking = Unmasking(
            body.reason, by=Actor(Role.AGENT, body.by), approver=Actor(Role.REVIEWER, body.approver)
        )
        citizens = await self._programs.confidential.unmask(number, unmasking, at=self._parts.clock())
        return unmasked(number, citizens)

    def step(self, model: type[StaffStep]) -> Callable[..., Any]:
        """Return the route of one step."""

        async def step(
            request: Request, number: Number, body: StaffStep, idempotency_key: IdempotencyKey = None
        ) -> Response:
            async def work() -> StaffOrderOut:
                return self._shown(await body.take(self._programs.casework, number, self._parts.clock()))

            return await self._once.answer(request, "staff", idempotency_key, work)

        step.__annotations__["body"] = model
        step.__doc__ = model.__doc__
        return step

    # --- inside ----------------------------------------------------------------------------------------------

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    async def _note_look(self, subject: str, why: str) -> None:
        await self._parts.records.note_look(subject=subject, by="staff", why=why, at=self._parts.clock())

    def _unit(self, code: str) -> ListedUnitOut:
        is_listed = code in self._parts.city.units
        remark = "" if is_listed else self._programs.words["staff"]["not_listed"]
        return ListedUnitOut(
            code=code, name=unit_name(self._parts.city, code) or "", is_listed=is_listed, remark=remark
        )

    def _shown(self, order: WorkOrder) -> StaffOrderOut:
        appeal, routing, names = order.appeal, order.routing, self._parts.words
        lead = self._unit(order.lead_unit) if order.lead_unit and order.is_dispatched else None
        proposal, asked = order.proposal, order.asked_extension
        return StaffOrderOut(
            number=order.number,
            revision=order.revision,
            status=order.status,
            status_text=names["statuses"][order.status.value],
            kind=appeal.kind.value,
            category=category_name(self._parts.city, appeal.category),
            text=masked(appeal.text, appeal),
            place=masked(appeal.place.text, appeal) if appeal.place else "",
            is_confidential=appeal.secrecy.value != "none",
            may_be_disclosed=order.may_be_disclosed,
            lead_unit=lead,
            supporting_units=[self._unit(unit) for unit in order.supporting_units],
            needs_unit=order.status is Status.TO_DISPATCH
            or (lead is not None and not lead.is_listed and not order.is_closed),
            because=routing.because if routing is not None else "",
            runners_up=[
                CandidateOut(unit=self._unit(each.unit), rule=each.rule, because=each.because)
                for each in (routing.runners_up if routing is not None else ())
            ],
            proposal=ProposalOut(outcome=proposal.outcome, reason=proposal.reason, told=proposal.told)
            if proposal is not None
            else None,
            due_at=order.due_at.isoformat() if order.due_at else None,
            asked_extension_until=asked.until.isoformat() if asked is not None else None,
            returns=order.count(Step.SEND_BACK),
            tier=order.tier,
            citizens=len(order.citizens),
            merged_into=order.merged_into,
            limits=limits_in_force(order),
            history=[
                StepOut(
                    at=entry.at,
                    step=entry.step.value if entry.step else None,
                    text=names["steps"].get(entry.step.value, "") if entry.step else "",
                    status=entry.after,
                    by=str(entry.by),
                    note=names["notes"].get(entry.note, note_of(entry.note, order)),
                )
                for entry in order.history
            ],
        )
