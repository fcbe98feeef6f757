"""The interface for programs: conversations, to read or to follow live, and work orders."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel

from app.web_parts import ORDERS_A_PAGE, Records, WebParts
from desk.views import order_in_report
from hotline.domain.errors import StoreUnavailableError, WorkOrderNotFoundError

_ONE_LOOK: Final = timedelta(minutes=10)
_FOLLOW_SECONDS: Final = 0.3
_SIGN_OF_LIFE_ROUNDS: Final = 50
_LONGEST_ROUNDS: Final = 12_000  # an hour

ConversationId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:@-]{1,64}$")]


class OrderOut(BaseModel):
    """A work order without personal data (docs/report.md)."""

    number: str
    category: str
    lead_unit: str | None
    supporting_units: list[str]
    due_at: str | None
    place: str
    kind: str
    is_confidential: bool


class RowOut(BaseModel):
    """One row of a journal: an event or an action of the conversation by its class name, and its fields."""

    sequence: int
    at: str
    name: str
    body: dict[str, Any]


class ConversationOut(BaseModel):
    """A conversation: ``outcome`` and ``ended_at`` are null while it lasts."""

    id: str
    channel: str
    call_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    article: str | None
    work_order: OrderOut | None
    rating: str | None
    rows: list[RowOut]


class AboutOut(BaseModel):
    """Which city's hotline this is."""

    city: str
    hotline: str
    sip: str


class FaultOut(BaseModel):
    """Why there is no answer: ``code`` for programs, ``text`` for people."""

    code: str
    text: str
    retryable: bool


class Interface:
    """The routes below ``/api``."""

    def __init__(self, parts: WebParts) -> None:
        """Take the records and the token."""
        self._parts = parts
        self._looks: dict[str, datetime] = {}

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""

        def fault(text: str) -> dict[str, Any]:
            return {"description": text, "model": FaultOut}

        staff: dict[str, Any] = {
            "dependencies": [Depends(self._staff_only)],
            "responses": {
                401: fault("The staff token is missing or wrong."),
                404: fault("Nothing is known by this id."),
                503: fault("The database is away; try again."),
            },
        }
        talks: list[str | Enum] = ["conversations"]
        app.get("/api/conversations", tags=talks, **staff)(self.by_call)
        app.get("/api/conversations/{conversation}", tags=talks, **staff)(self.by_id)
        app.get("/api/conversations/{conversation}/events", tags=talks, **staff)(self.events)
        app.get("/api/work-orders", tags=["work orders"], **staff)(self.newest)
        app.get("/api/about", tags=["operations"])(self.about)

    async def by_call(self, call_id: Annotated[str, Query(min_length=1, max_length=256)]) -> ConversationOut:
        """The conversation of a SIP call, by the call's Call-ID."""
        return await self._shown(await self._parts.records.conversation_of_call(call_id))

    async def by_id(self, conversation: ConversationId) -> ConversationOut:
        """One conversation."""
        return await self._shown(await self._parts.records.conversation(conversation))

    async def events(
        self, conversation: ConversationId, last_event_id: Annotated[int, Header(ge=0, le=2**31 - 1)] = 0
    ) -> StreamingResponse:
        """Follow a conversation while it lasts (text/event-stream): ``row`` for each row, ``ended`` at the end."""
        if await self._parts.records.conversation(conversation) is None:
            raise HTTPException(status_code=404)
        await self._note_look(conversation)
        rows = followed(self._parts.records, conversation, after=last_event_id)
        return StreamingResponse(rows, media_type="text/event-stream")

    async def newest(
        self,
        limit: Annotated[int, Query(ge=1, le=200)] = ORDERS_A_PAGE,
        before: AwareDatetime | None = None,
    ) -> list[OrderOut]:
        """The newest work orders, without personal data."""
        found = await self._parts.records.recent(limit=limit, before=before)
        return [OrderOut.model_validate(order_in_report(order, self._parts.city)) for order in found]

    async def about(self) -> AboutOut:
        """Which city's hotline this is, and where it takes calls."""
        city = self._parts.city
        return AboutOut(city=city.name, hotline=city.hotline_name, sip=self._parts.sip_address)

    async def _staff_only(self, request: Request) -> None:
        if not self._parts.is_staff(request):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    async def _shown(self, summary: Mapping[str, Any] | None) -> ConversationOut:
        if summary is None:
            raise HTTPException(status_code=404)
        await self._note_look(summary["id"])
        order = await self._order(summary["work_order"])
        rows = [dict(row) for row in await self._parts.records.read(summary["id"])]
        return ConversationOut.model_validate({**summary, "work_order": order, "rows": rows})

    async def _order(self, number: str | None) -> dict[str, Any] | None:
        if number is None:
            return None
        try:
            return order_in_report(await self._parts.records.get(number), self._parts.city)
        except WorkOrderNotFoundError:
            return None

    async def _note_look(self, conversation: str) -> None:
        """Note that a program looked; one that reads a conversation again and again while it lasts has looked once."""
        now = self._parts.clock()
        self._looks = {one: at for one, at in self._looks.items() if now - at < _ONE_LOOK}
        if conversation not in self._looks:
            await self._parts.records.note_look(subject=conversation, by="staff", why="interface", at=now)
            self._looks[conversation] = now


async def followed(records: Records, conversation: str, *, after: int = 0) -> AsyncIterator[str]:
    """Yield a conversation's rows behind ``after`` as server-sent events until it has ended.

    The stream also ends when the database is away and after an hour; the page comes back with ``Last-Event-ID``.
    """
    with suppress(StoreUnavailableError):
        for turn in range(_LONGEST_ROUNDS):
            summary = await records.conversation(
                conversation
            )  # before the rows: when it has ended, they are all there
            for row in await records.read(conversation, after=after):
                after = row["sequence"]
                yield f"id: {after}\nevent: row\ndata: {json.dumps(dict(row), ensure_ascii=False)}\n\n"
            if summary is None or summary["ended_at"] is not None:
                outcome = summary["outcome"] if summary is not None else None
                yield f"event: ended\ndata: {json.dumps({'outcome': outcome})}\n\n"
                return
            if turn % _SIGN_OF_LIFE_ROUNDS == 0:
                yield ": \n\n"
            await asyncio.sleep(_FOLLOW_SECONDS)
