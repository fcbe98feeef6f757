"""The interface for evidence (证据材料): lists, pictures and documents of orders; every look is written down.

Staff see all; of a confidential order or a tip-off only for a reason that a second person approved. A unit sees what belongs
to its own orders, but never that of a hidden one: a picture may tell who took it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Security
from fastapi import Path as InPath
from fastapi.responses import Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from app.programs import UNIT_HOLDER, Programs, bearer
from app.relay_models import UnmaskIn
from app.unit_interface import READING, STEPPING, Number
from app.web_parts import WebParts
from hotline.domain.errors import WorkOrderNotFoundError
from hotline.domain.people import Actor, Role
from hotline.domain.secrecy import is_hidden
from hotline.domain.work_order import WorkOrder
from hotline.service.confidential import Unmasking
from hotline.store.evidence import EvidenceItem, EvidenceLockedError, NoSuchEvidenceError, SqlEvidence

STAFF: Final = "/api/staff/v1/evidence"
UNITS: Final = "/api/unit/v1/orders"
_SAFE: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}

EvidenceId = Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$")]


class EvidenceOut(BaseModel):
    """A picture or document: ``kind`` is its media type, ``is_locked``: not to be seen without an approved reason."""

    id: str
    kept_at: datetime
    kind: str
    size: int
    is_locked: bool


class EvidenceInterface:
    """The routes for staff below ``/api/staff/v1/evidence`` and for units below their orders."""

    def __init__(self, parts: WebParts, evidence: SqlEvidence, programs: Programs | None) -> None:
        """Take the evidence; without ``programs`` there are no routes for units."""
        self._parts = parts
        self._evidence = evidence
        self._programs = programs

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        file: dict[str, Any] = {"response_class": Response}
        staff = APIRouter(
            prefix=STAFF,
            tags=["evidence"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_staff_in)],
        )
        staff.get("/of-order/{number}")(self.of_order)
        staff.get("/{item}", **file)(self.one)
        staff.post("/{item}", **file, responses=STEPPING)(self.unlocked)
        app.include_router(staff)
        if self._programs is not None:
            unit_scheme = HTTPBearer(auto_error=False, scheme_name="unit key")
            units = APIRouter(
                prefix=UNITS,
                tags=["evidence"],
                responses=READING,
                dependencies=[Security(unit_scheme), Depends(self._let_unit_in)],
            )
            units.get("/{number}/evidence")(self.of_units_order)
            units.get("/{number}/evidence/{item}", **file)(self.one_of_units_order)
            app.include_router(units)

    # --- staff -----------------------------------------------------------------------------------------------

    async def of_order(self, number: Number) -> list[EvidenceOut]:
        """Return what belongs to an order."""
        order = await self._parts.records.get(number)
        return _shown(await self._evidence.of_order(number), order)

    async def one(self, item: EvidenceId) -> Response:
        """Return a picture or document."""
        found = await self._evidence.get(item)
        if any(is_hidden(order) for order in await self._orders(found)):
            raise EvidenceLockedError(item)
        await self._note(item, "staff", "evidence")
        return await self._file(found)

    async def unlocked(self, item: EvidenceId, given: UnmaskIn) -> Response:
        """Return a locked one, for a reason that a second person approved; all of it is written down."""
        found = await self._evidence.get(item)
        unmasking = Unmasking(
            given.reason, by=Actor(Role.AGENT, given.by), approver=Actor(Role.REVIEWER, given.approver)
        )
        why = f"evidence unlocked: {unmasking.reason} (approved by {unmasking.approver})"
        await self._note(item, str(unmasking.by), why)
        return await self._file(found)

    # --- units -----------------------------------------------------------------------------------------------

    async def of_units_order(self, request: Request, number: Number) -> list[EvidenceOut]:
        """Return what belongs to one of the unit's orders."""
        order = await self._of_unit(request.state.unit, number)
        return _shown(await self._evidence.of_order(number), order)

    async def one_of_units_order(self, request: Request, number: Number, item: EvidenceId) -> Response:
        """Return a picture or document of one of the unit's orders."""
        order = await self._of_unit(request.state.unit, number)
        found = await self._evidence.get(item)
        if number not in await self._evidence.orders_of(found):
            raise NoSuchEvidenceError(item)
        if is_hidden(order):
            raise EvidenceLockedError(item)
        await self._note(item, UNIT_HOLDER + request.state.unit, "evidence")
        return await self._file(found)

    # --- inside ----------------------------------------------------------------------------------------------

    async def _orders(self, item: EvidenceItem) -> list[WorkOrder]:
        return [await self._parts.records.get(number) for number in await self._evidence.orders_of(item)]

    async def _of_unit(self, unit: str, number: str) -> WorkOrder:
        order = await self._parts.records.get(number)
        if not order.is_dispatched or unit not in (order.lead_unit, *order.supporting_units):
            raise WorkOrderNotFoundError(number)
        return order

    async def _file(self, item: EvidenceItem) -> Response:
        body = await asyncio.to_thread(self._evidence.read, item)
        name = f"{item.id[:8]}.{'pdf' if item.kind.endswith('pdf') else 'jpg'}"
        where = "inline" if item.kind.startswith("image/") else "attachment"
        headers = {**_SAFE, "Content-Disposition": f'{where}; filename="{name}"'}
        return Response(body, media_type=item.kind, headers=headers)

    async def _note(self, item: str, by: str, why: str) -> None:
        await self._parts.records.note_look(subject=item, by=by, why=why, at=self._parts.clock())

    async def _let_staff_in(self, request: Request) -> None:
        if not self._parts.is_staff(request):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    async def _let_unit_in(self, request: Request) -> None:
        assert self._programs is not None
        holder = await self._programs.keys.holder(bearer(request), at=self._parts.clock())
        if holder is None or not holder.startswith(UNIT_HOLDER):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        unit = holder.removeprefix(UNIT_HOLDER)
        if unit not in self._parts.city.units:
            raise HTTPException(status_code=403, detail="unit.not_listed")
        request.state.unit = unit


def _shown(items: Sequence[EvidenceItem], order: WorkOrder) -> list[EvidenceOut]:
    is_locked = is_hidden(order)
    return [
        EvidenceOut(id=item.id, kept_at=item.kept_at, kind=item.kind, size=item.size, is_locked=is_locked)
        for item in items
    ]
