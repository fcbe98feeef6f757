"""The interface for corrections (纠正): what the machine understood wrongly, proposed and reviewed. For staff only."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.programs import bearer
from app.unit_interface import READING, STEPPING
from app.web_parts import WebParts
from hotline.domain.corrections import Correction, CorrectionOf, CorrectionState
from hotline.service.corrections import Corrections

PREFIX: Final = "/api/staff/v1/corrections"

CorrectionId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9a-zA-Z-]+$")]
Who = Annotated[str, Field(min_length=1, max_length=64)]


class CorrectionOut(BaseModel):
    """A correction. ``understood`` and ``right`` are codes, or the place in words; ``text`` is masked."""

    id: str
    order_number: str
    of: CorrectionOf
    text: str
    understood: str
    right: str
    engine: str
    confidence: float
    by: str
    at: str
    note: str
    state: CorrectionState
    reviewed_by: str
    reviewed_at: str | None


class CorrectionIn(BaseModel):
    """What is right of an order: the code of a category or unit, or the place in words."""

    model_config = ConfigDict(extra="forbid")

    order_number: str = Field(pattern=r"^[0-9]{11}$")
    of: CorrectionOf
    right: str = Field(min_length=1, max_length=200)
    by: Who
    note: str = Field(default="", max_length=500)


class ApproveIn(BaseModel):
    """Who reviewed it, and the words to learn from where the order's are not fit (personal, or two matters)."""

    model_config = ConfigDict(extra="forbid")

    by: Who
    text: str = Field(default="", max_length=400)


class RejectIn(BaseModel):
    """Who reviewed it, and why it is not learned from."""

    model_config = ConfigDict(extra="forbid")

    by: Who
    note: str = Field(default="", max_length=500)


class CorrectionInterface:
    """The routes below ``/api/staff/v1/corrections``."""

    def __init__(self, parts: WebParts, corrections: Corrections) -> None:
        """Take the corrections."""
        self._parts = parts
        self._corrections = corrections

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["corrections"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("")(self.listed)
        router.post("", status_code=201, responses=STEPPING)(self.propose)
        router.post("/{correction}/approve", responses=STEPPING)(self.approve)
        router.post("/{correction}/reject", responses=STEPPING)(self.reject)
        app.include_router(router)

    async def listed(
        self, state: Annotated[CorrectionState, Query()] = CorrectionState.PROPOSED
    ) -> list[CorrectionOut]:
        """Return corrections in a state, the oldest first; 500 at most."""
        return [self._shown(each) for each in await self._corrections.listed(state)]

    async def propose(self, given: CorrectionIn) -> CorrectionOut:
        """Note what is right of an order."""
        found = await self._corrections.propose(
            given.order_number, given.of, given.right, by=given.by, at=self._parts.clock(), note=given.note
        )
        return self._shown(found)

    async def approve(self, correction: CorrectionId, given: ApproveIn) -> CorrectionOut:
        """Let it be learned from; who corrected may not review."""
        found = await self._corrections.approve(
            correction, by=given.by, at=self._parts.clock(), text=given.text
        )
        return self._shown(found)

    async def reject(self, correction: CorrectionId, given: RejectIn) -> CorrectionOut:
        """Do not learn from it."""
        found = await self._corrections.reject(
            correction, by=given.by, at=self._parts.clock(), note=given.note
        )
        return self._shown(found)

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    def _shown(self, correction: Correction) -> CorrectionOut:
        zone = self._parts.city.timezone
        return CorrectionOut(
            id=correction.id,
            order_number=correction.order,
            of=correction.of,
            text=correction.text,
            understood=correction.understood,
            right=correction.right,
            engine=correction.engine,
            confidence=round(correction.confidence, 3),
            by=correction.by,
            at=correction.at.astimezone(zone).isoformat(),
            note=correction.note,
            state=correction.state,
            reviewed_by=correction.reviewed_by,
            reviewed_at=correction.reviewed_at.astimezone(zone).isoformat()
            if correction.reviewed_at is not None
            else None,
        )
