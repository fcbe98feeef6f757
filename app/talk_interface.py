"""The interface for what an agent does with their call (通话控制): hold, third parties, passing on. For staff only.

A wish is accepted at once (202) and done by the process that has the call; ``GET …/handover`` and ``…/events`` show how the
talk stands then. Nobody is called but the parties of the city's table, and their numbers are shown to nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.agent_interface import PREFIX, AgentNumber
from app.programs import bearer
from app.unit_interface import READING, STEPPING
from app.web_parts import KeptTalks, WebParts
from hotline.domain.agents import Skill
from hotline.domain.talks import TalkWish, UnknownPartyError, Wanted
from hotline.service.agent_desk import AgentDesk

PartyCode = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
_PLAIN: Final = {
    "hold": (Wanted.HOLD, "Put the citizen on hold: they hear a tone and that they are to wait."),
    "retrieve": (Wanted.RETRIEVE, "Take up the talk with the citizen again."),
    "leave": (Wanted.LEAVE, "Leave the talk; the citizen and the third party go on."),
    "keep": (Wanted.KEEP, "Pass the call on to nobody after all."),
}


class PartyOut(BaseModel):
    """Somebody who can be let into a talk."""

    code: str
    name: str
    is_emergency: bool


class InviteIn(BaseModel):
    """Whom to let in: a code of ``GET …/parties``."""

    model_config = ConfigDict(extra="forbid")

    party: str = Field(pattern=r"^[a-z0-9-]{1,64}$")


class PassOnIn(BaseModel):
    """Who is to have the call: one agent, or any with a skill. ``note`` is shown above the briefing."""

    model_config = ConfigDict(extra="forbid")

    agent: str | None = Field(default=None, pattern=r"^[0-9A-Za-z-]{1,32}$")
    skill: Skill | None = None
    note: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def say_who(self) -> PassOnIn:
        """Refuse what names nobody, or an agent and a skill."""
        if (self.agent is None) == (self.skill is None):
            raise ValueError("agent or skill, one of them")
        return self


class TalkInterface:
    """The routes below ``/api/staff/v1/agents`` that are about the call an agent has."""

    def __init__(self, parts: WebParts, desk: AgentDesk, talks: KeptTalks) -> None:
        """Take the desk and the table of telephones."""
        self._parts = parts
        self._desk = desk
        self._talks = talks

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["agents"],
            responses={**STEPPING, 503: {}},
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("/parties", responses=READING)(self.parties)
        for name, (wanted, summary) in _PLAIN.items():
            router.post(
                f"/{{agent}}/call/{name}", status_code=202, summary=summary, operation_id=f"call_{name}"
            )(self._plain(wanted))
        router.post("/{agent}/call/parties", status_code=202)(self.invite)
        router.delete("/{agent}/call/parties/{party}", status_code=202)(self.release)
        router.post("/{agent}/call/pass-on", status_code=202)(self.pass_on)
        app.include_router(router)

    async def parties(self) -> list[PartyOut]:
        """Return whom agents can let into a talk, emergency lines first."""
        found = self._talks.telephones.values()
        return [
            PartyOut(code=one.code, name=one.name, is_emergency=one.is_emergency)
            for one in sorted(found, key=lambda one: (not one.is_emergency, one.code))
        ]

    async def invite(self, agent: AgentNumber, given: InviteIn) -> None:
        """Let a third party into the talk (三方通话): all three hear one another."""
        if given.party not in self._talks.telephones:
            raise UnknownPartyError(given.party)
        await self._desk.wish(agent, TalkWish(Wanted.INVITE, given.party))

    async def release(self, agent: AgentNumber, party: PartyCode) -> None:
        """Hang up on a third party, or stop ringing them."""
        await self._desk.wish(agent, TalkWish(Wanted.RELEASE, party))

    async def pass_on(self, agent: AgentNumber, given: PassOnIn) -> None:
        """Pass the call on (转接): the agent stays until the next one has answered, and may leave before."""
        target = given.agent if given.agent is not None else str(given.skill)
        await self._desk.wish(agent, TalkWish(Wanted.PASS_ON, target, given.note))

    def _plain(self, wanted: Wanted) -> Callable[[str], Awaitable[None]]:
        async def step(agent: AgentNumber) -> None:
            await self._desk.wish(agent, TalkWish(wanted))

        return step

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})
