"""The interface for agents' desks (坐席): signing in, presence, the call that is offered, and the wallboard. For staff only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Security
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.programs import bearer
from app.unit_interface import READING, STEPPING
from app.web_parts import WebParts
from hotline.domain.agents import (
    Desk,
    DeskRules,
    Handover,
    HandoverState,
    Medium,
    NoSuchAgentError,
    Presence,
    Skill,
)
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.talks import PartyState, PassState
from hotline.service.agent_desk import AgentDesk

PREFIX: Final = "/api/staff/v1/agents"
_WATCH_SECONDS: Final = 0.25
_SIGN_OF_LIFE_ROUNDS: Final = 40
_MOST_ROUNDS: Final = 4 * 3_600

AgentNumber = Annotated[str, Path(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z-]+$")]


class SignInIn(BaseModel):
    """Who signs in, and what they are good at. The telephone's address follows from the number (工号) and the settings."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=32)
    skills: frozenset[Skill] = frozenset({Skill.ORDINARY})


class PresenceIn(BaseModel):
    """What the agent wants to be; a call makes them busy and wrapped up by itself."""

    model_config = ConfigDict(extra="forbid")

    presence: Literal["ready", "paused", "offline"]


class TalkPartyOut(BaseModel):
    """A third party in the talk, or why one is not."""

    code: str
    state: PartyState
    since: datetime


class HandoverOut(BaseModel):
    """The call that an agent is offered or talks to. ``phone`` is masked; ``passing``: how passing it on stands or ended.

    ``malicious_before``: so many calls of the number were judged malicious by people.
    """

    id: str
    conversation: str
    state: HandoverState
    skill: Skill
    reason: str
    briefing: str
    phone: str
    requested_at: datetime
    is_urgent: bool
    is_held: bool
    parties: list[TalkPartyOut]
    passing: PassState | None
    malicious_before: int


class AgentOut(BaseModel):
    """One agent."""

    id: str
    name: str
    skills: list[Skill]
    presence: Presence
    since: datetime
    chats: int = 0


class WaitingOut(BaseModel):
    """One call or chat that waits, without its words; ``position`` is among its like."""

    medium: Medium = Medium.CALL
    position: int
    skill: Skill
    is_urgent: bool
    waited_seconds: float
    estimated_wait_seconds: float | None


class BoardOut(BaseModel):
    """The wallboard."""

    agents: list[AgentOut]
    waiting: list[WaitingOut]
    talking: int
    chats: int = 0
    mean_talk_seconds: float | None


class AgentInterface:
    """The routes below ``/api/staff/v1/agents``."""

    def __init__(self, parts: WebParts, desk: AgentDesk) -> None:
        """Take the desk."""
        self._parts = parts
        self._desk = desk
        self._looks: dict[str, str] = {}  # the call that was last shown to each agent

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["agents"],
            responses={**READING, 503: {}},
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("")(self.board)
        router.put("/{agent}", status_code=204)(self.sign_in)
        router.post("/{agent}/presence", status_code=204, responses=STEPPING)(self.turn)
        router.get("/{agent}/handover")(self.handover)
        router.post("/{agent}/refuse", status_code=204, responses=STEPPING)(self.refuse)
        router.get("/{agent}/events", response_class=StreamingResponse)(self.events)
        app.include_router(router)

    async def board(self) -> BoardOut:
        """Return who is there, who waits and how long."""
        desk, rules, now = await self._desk.board()
        return _board(desk, rules, now)

    async def sign_in(self, agent: AgentNumber, given: SignInIn) -> None:
        """Begin to take calls, or change the skills. The desk must be heard from every 45 s: by ``handover`` or ``events``."""
        await self._desk.sign_in(agent, given.name, given.skills)

    async def turn(self, agent: AgentNumber, given: PresenceIn) -> None:
        """Pause, be ready again, or sign out."""
        await self._desk.turn(agent, Presence(given.presence))

    async def handover(self, agent: AgentNumber) -> HandoverOut | None:
        """Return the call that the agent is offered or talks to, null when there is none; a sign of life."""
        return await self._shown(agent, await self._desk.saw(agent))

    async def refuse(self, agent: AgentNumber) -> None:
        """Refuse the call that is offered; the next agent gets it."""
        await self._desk.refuse_as(agent)

    async def events(self, agent: AgentNumber) -> StreamingResponse:
        """Stream the agent's call whenever it changes, as server-sent events ``handover`` (JSON, null for none), for an hour."""
        first = await self._desk.saw(agent)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._follow(agent, first), media_type="text/event-stream", headers=headers)

    async def _follow(self, agent: str, first: Handover | None) -> AsyncIterator[str]:
        shown: Mapping[str, Any] | str | None = ""
        call, quiet = first, 0
        for _ in range(_MOST_ROUNDS):
            found = await self._shown(agent, call)
            row = found.model_dump(mode="json") if found is not None else None
            if row != shown:
                shown, quiet = row, 0
                yield f"event: handover\ndata: {json.dumps(row, ensure_ascii=False)}\n\n"
            quiet += 1
            if quiet % _SIGN_OF_LIFE_ROUNDS == 0:
                yield ": \n\n"
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                call = await self._desk.saw(agent)
            except NoSuchAgentError:
                return
            except EngineUnavailableError:
                continue

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    async def _malicious_before(self, phone: str) -> int:
        """Return what is known of the number; 0 too while the database is away: nobody waits for that."""
        if self._parts.nuisances is None or not phone.isdigit():
            return 0
        try:
            return await self._parts.nuisances.malicious_before(PhoneNumber(phone))
        except StoreUnavailableError:
            return 0

    async def _shown(self, agent: str, call: Handover | None) -> HandoverOut | None:
        """Return the call as the agent sees it, after it was written down that they do."""
        if call is None:
            return None
        if self._looks.get(agent) != call.id:
            at = self._parts.clock()
            await self._parts.records.note_look(subject=call.conversation, by=agent, why="briefing", at=at)
            self._looks[agent] = call.id
        return HandoverOut(
            id=call.id,
            conversation=call.conversation,
            state=call.state,
            skill=call.skill,
            reason=call.reason,
            briefing=call.briefing,
            phone=str(PhoneNumber(call.phone)) if call.phone.isdigit() else "",
            requested_at=call.requested_at,
            is_urgent=call.is_urgent,
            is_held=call.talk.is_held,
            parties=[
                TalkPartyOut(code=party.code, state=party.state, since=party.since)
                for party in call.talk.parties
            ],
            passing=call.talk.passing,
            malicious_before=await self._malicious_before(call.phone),
        )


def _board(desk: Desk, rules: DeskRules, now: datetime) -> BoardOut:
    waiting = [
        WaitingOut(
            position=position,
            skill=call.skill,
            is_urgent=call.is_urgent,
            waited_seconds=round((now - call.requested_at).total_seconds(), 1),
            estimated_wait_seconds=desk.estimated_wait(position, rules, call.medium),
            medium=call.medium,
        )
        for call in desk.waiting(now, rules)
        for position in (desk.position(call.id, now, rules),)
    ]
    agents = [
        AgentOut(
            id=agent.id,
            name=agent.name,
            skills=sorted(agent.skills),
            presence=agent.presence,
            since=agent.since,
            chats=len(desk.chats_of(agent.id)),
        )
        for agent in sorted(desk.agents.values(), key=lambda one: one.id)
    ]
    bridged = [each.medium for each in desk.handovers.values() if each.state is HandoverState.BRIDGED]
    mean = round(sum(desk.handled) / len(desk.handled), 1) if desk.handled else None
    return BoardOut(
        agents=agents,
        waiting=waiting,
        talking=bridged.count(Medium.CALL),
        chats=bridged.count(Medium.CHAT),
        mean_talk_seconds=mean,
    )
