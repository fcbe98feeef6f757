"""The interface for handing orders over to other lines (联动) and for the record of three-party calls. For staff only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.programs import bearer
from app.step_models import StaffId
from app.unit_interface import READING, STEPPING, Number
from app.web_parts import KeptTalks, WebParts
from hotline.domain.errors import DeedRefusedError
from hotline.domain.linkage import CallRecord, Line, Linkage, LinkageState
from hotline.domain.people import Actor, Role
from hotline.domain.talks import PartyCall, PartyState

PREFIX: Final = "/api/staff/v1/orders"


class PartyCallOut(BaseModel):
    """A third party's part in a call of the order (三方通话记录)."""

    id: str
    conversation: str
    party: str
    agent: str
    state: PartyState
    invited_at: datetime
    joined_at: datetime | None
    ended_at: datetime | None
    citizen_took_part: bool


class LinkageOut(BaseModel):
    """One hand-over of the order to another line."""

    handover: str
    line: Line
    state: LinkageState
    accepted_by: str | None
    proposed_at: datetime
    settled_at: datetime | None
    reason: str
    note: str
    reference: str
    calls: int


class ProposeIn(BaseModel):
    """Which line the order is handed over to, why, and by whom."""

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    line: Line
    reason: str = Field(min_length=1, max_length=500)


class CallIn(BaseModel):
    """What a three-party call came to. ``party_call``: which one; times and agent are those the hotline has recorded.

    ``agreed_on`` null: no agreement, so the platform that received it first accepts (国办发〔2022〕12号).
    """

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    party_call: str = Field(pattern=r"^[0-9a-zA-Z-]{1,64}$")
    their_operator: str = Field(min_length=1, max_length=64)
    agreed_on: Literal["12345", "110", "119", "120", "122", "12368", "12309"] | None


class LinkageSteps:
    """The routes below ``/api/staff/v1/orders/{number}`` about other lines."""

    def __init__(self, parts: WebParts, talks: KeptTalks) -> None:
        """Take the records of calls and the hand-overs."""
        self._parts = parts
        self._talks = talks

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["linkage"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("/{number}/party-calls")(self.party_calls)
        router.get("/{number}/linkages")(self.linkages)
        router.post("/{number}/linkages", responses=STEPPING)(self.propose)
        router.post("/{number}/linkages/{line}/calls", responses=STEPPING)(self.talked)
        app.include_router(router)

    async def party_calls(self, number: Number) -> list[PartyCallOut]:
        """Return who was let into the calls of an order, and what came of it."""
        await self._parts.records.get(number)
        return [_call(each) for each in await self._talks.calls.of_order(number)]

    async def linkages(self, number: Number) -> list[LinkageOut]:
        """Return the hand-overs of an order."""
        await self._parts.records.get(number)
        return [_shown(each) for each in await self._talks.linkages.of_order(number)]

    async def propose(self, number: Number, given: ProposeIn) -> LinkageOut:
        """Hand an order over to another line."""
        by, at = Actor(Role.REVIEWER, given.by), self._parts.clock()
        return _shown(
            await self._talks.linkages.propose(number, given.line, reason=given.reason, by=by, at=at)
        )

    async def talked(self, number: Number, line: Annotated[Line, Path()], given: CallIn) -> LinkageOut:
        """Keep what a three-party call with a line came to, and settle the hand-over by it."""
        calls = {each.id: each for each in await self._talks.calls.of_order(number)}
        call = calls.get(given.party_call)
        if call is None or call.party != line.value or call.joined_at is None or call.ended_at is None:
            raise DeedRefusedError(missing=f"与{line.value}已经结束的三方通话")
        record = CallRecord(
            started_at=call.joined_at,
            ended_at=call.ended_at,
            agent=call.agent,
            their_operator=given.their_operator,
            agreed_on=given.agreed_on,
            citizen_took_part=call.citizen_took_part,
        )
        by = Actor(Role.REVIEWER, given.by)
        return _shown(await self._talks.linkages.talked(number, line, record, by=by, at=self._parts.clock()))

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})


def _call(call: PartyCall) -> PartyCallOut:
    return PartyCallOut(
        id=call.id,
        conversation=call.conversation,
        party=call.party,
        agent=call.agent,
        state=call.state,
        invited_at=call.invited_at,
        joined_at=call.joined_at,
        ended_at=call.ended_at,
        citizen_took_part=call.citizen_took_part,
    )


def _shown(linkage: Linkage) -> LinkageOut:
    return LinkageOut(
        handover=linkage.id,
        line=linkage.line,
        state=linkage.state,
        accepted_by=linkage.accepted_by,
        proposed_at=linkage.proposed_at,
        settled_at=linkage.settled_at,
        reason=linkage.reason,
        note=linkage.note,
        reference=linkage.reference,
        calls=len(linkage.calls),
    )
