"""The interface for calls that may be malicious (恶意来电认定): what was flagged, the evidence, a person's judgement. For staff only.

Nothing here keeps anybody from calling: a judgement is shown to agents and kept, and the machine blocks nobody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.programs import bearer
from app.step_models import StaffId
from app.unit_interface import READING, STEPPING
from app.web_parts import WebParts
from hotline.domain.nuisance import (
    Judgement,
    Measure,
    NoSuchNuisanceError,
    NuisanceFlag,
    Suspicion,
    Verdict,
)
from hotline.domain.people import Actor, Role
from hotline.service.nuisances import FlaggedCall, Nuisances

PREFIX: Final = "/api/staff/v1/nuisances"

FlagId = Annotated[str, Path(pattern=r"^[0-9a-zA-Z-]{1,64}$")]


class JudgementOut(BaseModel):
    """What a person made of it."""

    verdict: Verdict
    measure: Measure
    reason: str
    by: str
    at: datetime


class NuisanceOut(BaseModel):
    """A flagged call. ``words``: only when one is looked at, which is recorded; the recording is that of ``order_number``."""

    id: str
    conversation: str
    order_number: str | None
    phone: str
    suspicion: Suspicion
    words: list[str] | None
    calls_on_day: int
    malicious_before: int
    at: datetime
    flagged_by: str
    judgement: JudgementOut | None


class FlagIn(BaseModel):
    """An agent flags the call they have, or have had."""

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    conversation: str = Field(pattern=r"^[0-9a-zA-Z-]{1,64}$")
    words: str = Field(min_length=1, max_length=500)


class JudgeIn(BaseModel):
    """A judgement: who decides, what, and why."""

    model_config = ConfigDict(extra="forbid")

    by: StaffId
    verdict: Verdict
    measure: Measure = Measure.NONE
    reason: str = Field(min_length=1, max_length=500)


class NuisanceInterface:
    """The routes below ``/api/staff/v1/nuisances``."""

    def __init__(self, parts: WebParts, nuisances: Nuisances) -> None:
        """Take the flagged calls."""
        self._parts = parts
        self._nuisances = nuisances

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["nuisances"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("")(self.listed)
        router.post("", status_code=201, responses=STEPPING)(self.flag)
        router.get("/{flag}")(self.one)
        router.post("/{flag}/judge", responses=STEPPING)(self.judge)
        app.include_router(router)

    async def listed(self, judged: Annotated[bool, Query()] = False) -> list[NuisanceOut]:
        """Return the calls that wait for a judgement, the oldest first; or those that were judged."""
        found = await (self._nuisances.judged() if judged else self._nuisances.waiting())
        return [await self._shown(each, is_whole=False) for each in found]

    async def one(
        self, flag: FlagId, by: Annotated[str, Query(pattern=r"^[A-Za-z0-9_.-]{1,24}$")]
    ) -> NuisanceOut:
        """Return one call with what was said; that ``by`` looked is written down."""
        found = await self._known(flag)
        await self._parts.records.note_look(
            subject=f"nuisance:{flag}", by=by, why="nuisance", at=self._parts.clock()
        )
        return await self._shown(found, is_whole=True)

    async def flag(self, given: FlagIn) -> NuisanceOut:
        """Flag a call by hand."""
        record = await self._parts.records.conversation(given.conversation)
        if record is None:
            raise NoSuchNuisanceError(given.conversation)
        by = str(Actor(Role.AGENT, given.by))
        call = FlaggedCall(given.conversation, None, Suspicion.AGENT, (given.words,), by)
        return await self._shown(await self._nuisances.flag(call, self._parts.clock()), is_whole=False)

    async def judge(self, flag: FlagId, given: JudgeIn) -> NuisanceOut:
        """Judge a call, once and for good; it is in the audit chain with its reason."""
        by = str(Actor(Role.REVIEWER, given.by))
        judgement = Judgement(given.verdict, given.measure, given.reason, by, self._parts.clock())
        return await self._shown(await self._nuisances.judge(flag, judgement), is_whole=False)

    async def _known(self, flag: str) -> NuisanceFlag:
        if (found := await self._nuisances.get(flag)) is None:
            raise NoSuchNuisanceError(flag)
        return found

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    async def _shown(self, flag: NuisanceFlag, *, is_whole: bool) -> NuisanceOut:
        zone = self._parts.city.timezone
        record = await self._parts.records.conversation(flag.conversation)
        judged = flag.judgement
        return NuisanceOut(
            id=flag.id,
            conversation=flag.conversation,
            order_number=None if record is None else record.get("work_order"),
            phone="" if flag.phone is None else str(flag.phone),
            suspicion=flag.suspicion,
            words=list(flag.words) if is_whole else None,
            calls_on_day=flag.calls_on_day,
            malicious_before=0 if flag.phone is None else await self._nuisances.malicious_before(flag.phone),
            at=flag.at.astimezone(zone),
            flagged_by=flag.flagged_by,
            judgement=None
            if judged is None
            else JudgementOut(
                verdict=judged.verdict,
                measure=judged.measure,
                reason=judged.reason,
                by=judged.by,
                at=judged.at.astimezone(zone),
            ),
        )
