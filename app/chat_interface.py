"""The interface for agents' chats (docs/agents.md): who waits, taking one, reading and writing, giving it back. For staff only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Security
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from app.programs import bearer
from app.unit_interface import READING, STEPPING
from app.web_parts import ORDER_NUMBER, WebParts
from hotline.dialogue.written_events import Parting
from hotline.domain.agents import HandoverState, NoSuchAgentError
from hotline.domain.errors import EngineUnavailableError
from hotline.service.agent_chats import MOST_CHARACTERS, AgentChats, ChatOnDesk, NoSuchChatError
from hotline.service.thread import Line, Party

PREFIX: Final = "/api/staff/v1/chats"
_MOST_ROUNDS: Final = 4 * 3_600
_SIGN_OF_LIFE_ROUNDS: Final = 10

ChatId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]
AgentId = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z-]+$")]
AgentQuery = Annotated[str, Query(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z-]+$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")

    agent: AgentId


class TakeIn(_In):
    """Which agent (工号) takes the chat."""


class WriteIn(_In):
    """What the agent writes; the same ``id`` again is the same message."""

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    text: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]


class TypingIn(_In):
    """Whether the agent is writing."""

    is_on: bool


class PassOnIn(_In):
    """To whom: another agent's number (工号) or a skill; empty for anybody."""

    to: Annotated[str, Field(max_length=32, pattern=r"^[0-9A-Za-z-]*$")] = ""


class UnitIn(_In):
    """The order whose unit takes part, or no more."""

    order: Annotated[str, Field(pattern=ORDER_NUMBER)]


class ChatOut(BaseModel):
    """A chat that waits or is with an agent. ``phone`` is masked."""

    id: str
    state: HandoverState
    agent: str | None
    skill: str
    reason: str
    briefing: str
    phone: str
    requested_at: datetime
    is_urgent: bool
    position: int | None

    @classmethod
    def of(cls, chat: ChatOnDesk) -> ChatOut:
        """Return it as the interface shows it."""
        return cls(
            id=chat.id, state=chat.state, agent=chat.agent, skill=chat.skill, reason=chat.reason,
            briefing=chat.briefing, phone=str(chat.phone or ""), requested_at=chat.requested_at,
            is_urgent=chat.is_urgent, position=chat.position,
        )  # fmt: skip


class ChatsOut(BaseModel):
    """Chats that wait, the next one first, and those of an agent."""

    waiting: list[ChatOut]
    mine: list[ChatOut]


class LineOut(BaseModel):
    """One message of a chat."""

    number: int
    at: datetime
    by: Party
    name: str
    text: str
    id: str

    @classmethod
    def of(cls, line: Line) -> LineOut:
        """Return it as the interface shows it."""
        return cls(
            number=line.number, at=line.at, by=line.by, name=line.name, text=line.text, id=line.message
        )


class MessagesOut(BaseModel):
    """Messages of a chat in order."""

    messages: list[LineOut]


class UnitOut(BaseModel):
    """The name of the unit that takes part now."""

    unit: str


class ChatInterface:
    """The routes below ``/api/staff/v1/chats``."""

    def __init__(self, parts: WebParts, chats: AgentChats) -> None:
        """Take what agents do."""
        self._parts = parts
        self._chats = chats

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["chats"],
            responses={**READING, 503: {}},
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        router.get("")(self.list)
        router.get("/events", response_class=StreamingResponse)(self.events)
        router.post("/{chat}/take", responses=STEPPING)(self.take)
        router.get("/{chat}/messages")(self.messages)
        router.post("/{chat}/messages", status_code=202, responses=STEPPING)(self.write)
        router.post("/{chat}/typing", status_code=204, responses=STEPPING)(self.typing)
        router.post("/{chat}/hand-back", status_code=204, responses=STEPPING)(self.hand_back)
        router.post("/{chat}/close", status_code=204, responses=STEPPING)(self.close)
        router.post("/{chat}/pass-on", status_code=204, responses=STEPPING)(self.pass_on)
        router.post("/{chat}/unit", responses=STEPPING)(self.invite)
        router.post("/{chat}/unit/dismiss", status_code=204, responses=STEPPING)(self.dismiss)
        app.include_router(router)

    async def list(self, agent: AgentQuery | None = None) -> ChatsOut:
        """Return the chats that wait and, for an agent, their own: then it is a sign of life of their desk."""
        mine = await self._chats.of_agent(agent) if agent is not None else ()
        waiting = await self._chats.waiting()
        return ChatsOut(
            waiting=[ChatOut.of(chat) for chat in waiting], mine=[ChatOut.of(chat) for chat in mine]
        )

    async def take(self, chat: ChatId, given: TakeIn) -> ChatOut:
        """Take a chat that waits, or the one that is offered."""
        return ChatOut.of(await self._chats.take(chat, given.agent))

    async def messages(
        self, chat: ChatId, agent: AgentQuery, after: Annotated[int, Query(ge=0)] = 0
    ) -> MessagesOut:
        """Return what was written, from the greeting on; the look is in the audit chain."""
        return _messages(await self._chats.thread(chat, agent, after=after))

    async def write(self, chat: ChatId, given: WriteIn) -> None:
        """Write to the citizen: it is taken, and shown in the thread when the chat's process has kept it."""
        await self._chats.write(chat, given.agent, given.text, message=given.id)

    async def typing(self, chat: ChatId, given: TypingIn) -> None:
        """Show the citizen that the agent is writing."""
        await self._chats.tell_typing(chat, given.agent, is_on=given.is_on)

    async def hand_back(self, chat: ChatId, given: TakeIn) -> None:
        """Give the chat back to the assistant."""
        await self._chats.part(chat, given.agent, Parting.BACK)

    async def close(self, chat: ChatId, given: TakeIn) -> None:
        """End the chat; the citizen is asked how it was."""
        await self._chats.part(chat, given.agent, Parting.CLOSED)

    async def pass_on(self, chat: ChatId, given: PassOnIn) -> None:
        """Let another agent have it."""
        await self._chats.pass_on(chat, given.agent, to=given.to)

    async def invite(self, chat: ChatId, given: UnitIn) -> UnitOut:
        """Have an order's lead unit take part through the relay (三方对话)."""
        return UnitOut(unit=await self._chats.invite_unit(chat, given.agent, given.order))

    async def dismiss(self, chat: ChatId, given: UnitIn) -> None:
        """Let the unit take part no more."""
        await self._chats.dismiss_unit(chat, given.agent, given.order)

    async def events(self, agent: AgentQuery) -> StreamingResponse:
        """Stream an agent's chats as server-sent events, for some hours; a sign of life of their desk.

        ``chats``: the lists, whenever they change. ``messages``: {"chat", "messages"} of the agent's own chats, from the
        greeting on. ``writing``: {"chat", "is_on"}, ``seen``: {"chat", "number"} of the citizen.
        """
        await self._chats.of_agent(agent)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._follow(agent), media_type="text/event-stream", headers=headers)

    async def _follow(self, agent: str) -> AsyncIterator[str]:
        shown: str = ""
        read: dict[str, int] = {}
        quiet = 0
        notices = self._chats.watch(agent)
        notice = None
        for _ in range(_MOST_ROUNDS):
            quiet += 1
            if notice is not None and notice.writing is not None:
                yield _event("writing", {"chat": notice.chat, "is_on": notice.writing})
            elif notice is not None and notice.seen is not None:
                yield _event("seen", {"chat": notice.chat, "number": notice.seen})
            else:
                try:
                    lists = await self.list(agent)
                    news = lists.model_dump_json()
                    if news != shown:
                        shown, quiet = news, 0
                        yield _event("chats", json.loads(news))
                    async for event in self._new_messages(agent, lists.mine, read):
                        quiet = 0
                        yield event
                except NoSuchAgentError:
                    return
                except EngineUnavailableError:
                    pass
            if quiet >= _SIGN_OF_LIFE_ROUNDS:
                quiet = 0
                yield ": \n\n"
            notice = await anext(notices)

    async def _new_messages(
        self, agent: str, mine: Sequence[ChatOut], read: dict[str, int]
    ) -> AsyncIterator[str]:
        for chat in mine:
            if chat.state is not HandoverState.BRIDGED:
                continue
            try:
                lines = await self._chats.thread(chat.id, agent, after=read.get(chat.id, 0))
            except NoSuchChatError:
                continue
            if lines:
                read[chat.id] = lines[-1].number
                yield _event("messages", {"chat": chat.id, **_messages(lines).model_dump(mode="json")})

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_token(bearer(request)):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})


def _messages(lines: Sequence[Line]) -> MessagesOut:
    return MessagesOut(messages=[LineOut.of(line) for line in lines])


def _event(name: Literal["chats", "messages", "writing", "seen"], body: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"
