"""The interface for outbound calls (外呼): which are owed and why one is not placed, and the stop list. For staff only."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.outlook import Outlook
from app.programs import bearer
from app.step_models import StaffId
from app.unit_interface import READING, STEPPING
from app.web_parts import WebParts
from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbound import CallPurpose, StopReason
from hotline.domain.people import Actor, Role

PREFIX: Final = "/api/staff/v1/outbound"
_MOST_LISTED: Final = 500


class OwedOut(BaseModel):
    """A call that is owed. ``attempt``: its next try; ``why_not``: code of why it is not placed now, null when it may be."""

    purpose: CallPurpose
    reference: str
    phone: str
    attempt: int
    why_not: str | None


class StoppedOut(BaseModel):
    """A number that the machine calls no more, masked."""

    phone: str
    since: str
    reason: StopReason
    by: str


class NumberIn(BaseModel):
    """A whole number, and who decides."""

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    phone: str = Field(pattern=r"^[0-9]{3,15}$")

    @property
    def actor(self) -> str:
        """Who acts, for the audit chain."""
        return str(Actor(Role.REVIEWER, self.by))


class OnListOut(BaseModel):
    """Whether the number is on the stop list now."""

    is_stopped: bool


class OutboundInterface:
    """The routes below ``/api/staff/v1/outbound``."""

    def __init__(self, parts: WebParts, outlook: Outlook) -> None:
        """Take the book."""
        self._parts = parts
        self._outlook = outlook

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["outbound"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("/owed")(self.owed)
        router.get("/stop-list")(self.stop_list)
        router.post("/stop-list", responses=STEPPING)(self.stop)
        router.post("/stop-list/resume", responses=STEPPING)(self.resume)
        app.include_router(router)

    async def owed(self) -> list[OwedOut]:
        """Return the calls that are owed, the oldest orders first."""
        return [
            OwedOut(
                purpose=due.purpose,
                reference=due.reference,
                phone=str(due.phone),
                attempt=len(due.tried_at) + 1,
                why_not=None if why is None else why.value,
            )
            for due, why in await self._outlook.owed(at=self._parts.clock(), limit=_MOST_LISTED)
        ]

    async def stop_list(self) -> list[StoppedOut]:
        """Return the numbers that the machine calls no more, the latest first."""
        zone = self._parts.city.timezone
        return [
            StoppedOut(
                phone=str(each.phone),
                since=each.since.astimezone(zone).isoformat(),
                reason=each.reason,
                by=each.by,
            )
            for each in await self._outlook.book.stop_list(limit=_MOST_LISTED)
        ]

    async def stop(self, given: NumberIn) -> OnListOut:
        """Put a number on the stop list; one that is there stays as it is."""
        phone = PhoneNumber(given.phone)
        await self._outlook.book.stop(phone, StopReason.STAFF, by=given.actor, at=self._parts.clock())
        return OnListOut(is_stopped=True)

    async def resume(self, given: NumberIn) -> OnListOut:
        """Take a number off the stop list: its owner wants to be called again, or it was put there by mistake."""
        await self._outlook.book.resume(PhoneNumber(given.phone), by=given.actor, at=self._parts.clock())
        return OnListOut(is_stopped=False)

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})
