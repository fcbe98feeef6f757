"""The interface for recordings (录音): metadata, sound and transcript; every look is written down. For staff only."""

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

from app.relay_models import UnmaskIn
from app.unit_interface import READING, STEPPING, Number
from app.web_parts import KeptRecordings, WebParts
from desk.ranges import ranged
from desk.views import of_order
from hotline.domain.appeal import Secrecy
from hotline.domain.errors import HotlineError
from hotline.domain.people import Actor, Role
from hotline.service.confidential import Unmasking
from hotline.service.talk_lines import line_of
from hotline.store.recordings import Recording
from ivr.recording import Recorded, read_recording

PREFIX: Final = "/api/staff/v1/recordings"

ConversationId = Annotated[str, InPath(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$")]


class RecordingLockedError(HotlineError):
    """The recording belongs to a confidential order: hearing it needs a reason and a second person."""

    code = "recording.locked"


class RecordingMissingError(HotlineError):
    """There is no such recording, or its file is gone."""

    code = "recording.missing"


class RecordingOut(BaseModel):
    """A recording. ``seconds`` is null while the call lasts or when its process was killed; ``is_locked``: confidential."""

    conversation: str
    started_at: datetime
    seconds: float | None
    is_complete: bool
    is_locked: bool
    orders: list[str]


class LineOut(BaseModel):
    """What was said, ``at_seconds`` into the recording; ``who`` is ``citizen``, ``hotline`` or ``agent`` (and whoever is with them)."""

    at_seconds: float
    who: str
    text: str


class RecordingInterface:
    """The routes below ``/api/staff/v1/recordings``; also reached by the page of an order, with its cookie."""

    def __init__(self, parts: WebParts, kept: KeptRecordings) -> None:
        """Take the recordings."""
        self._parts = parts
        self._rows, self._folder, self._unseal = kept.rows, kept.folder, kept.unseal

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        scheme = HTTPBearer(auto_error=False, scheme_name="staff token")
        router = APIRouter(
            prefix=PREFIX,
            tags=["recordings"],
            responses=READING,
            dependencies=[Security(scheme), Depends(self._let_in)],
        )
        wav: dict[str, Any] = {"response_class": Response}
        router.get("/of-order/{number}")(self.of_order)
        router.get("/{conversation}")(self.about)
        router.get("/{conversation}/sound", **wav, responses={403: {}, 206: {}, 416: {}})(self.sound)
        router.post("/{conversation}/sound", **wav, responses=STEPPING)(self.unlocked_sound)
        router.get("/{conversation}/transcript", responses={403: {}})(self.transcript)
        app.include_router(router)

    async def of_order(self, number: Number) -> list[RecordingOut]:
        """Return the recordings of an order, those of calls that were merged into it too."""
        return [await self._shown(one) for one in await self._rows.of_order(number)]

    async def about(self, conversation: ConversationId) -> RecordingOut:
        """Return what is known of a recording."""
        return await self._shown(await self._found(conversation))

    async def sound(self, conversation: ConversationId, request: Request) -> Response:
        """Return the sound as WAV, or a range of it; the left side is the citizen."""
        found = await self._found(conversation)
        if await self._is_locked(found):
            raise RecordingLockedError(conversation)
        await self._note(conversation, "staff", "recording")
        return ranged((await self._read(found)).wav(), request.headers.get("range", ""))

    async def unlocked_sound(self, conversation: ConversationId, given: UnmaskIn) -> Response:
        """Return the sound of a locked recording, for a reason that a second person approved; all of it is written down."""
        found = await self._found(conversation)
        unmasking = Unmasking(
            given.reason, by=Actor(Role.AGENT, given.by), approver=Actor(Role.REVIEWER, given.approver)
        )
        why = f"recording unlocked: {unmasking.reason} (approved by {unmasking.approver})"
        await self._note(conversation, str(unmasking.by), why)
        return Response((await self._read(found)).wav(), media_type="audio/wav")

    async def transcript(self, conversation: ConversationId) -> list[LineOut]:
        """Return what was said, with its place in the sound."""
        found = await self._found(conversation)
        if await self._is_locked(found):
            raise RecordingLockedError(conversation)
        await self._note(conversation, "staff", "recording transcript")
        lines = lines_of(await self._parts.records.read(conversation), found.started_at)
        for number in await self._rows.orders_of(conversation):
            order = await self._parts.records.get(number)
            for line in lines:
                line.text = of_order(line.text, order, keep=[number])
        return lines

    async def _found(self, conversation: str) -> Recording:
        if (found := await self._rows.get(conversation)) is None:
            raise RecordingMissingError(conversation)
        return found

    async def _read(self, recording: Recording) -> Recorded:
        path = self._folder / recording.path
        try:
            return await asyncio.to_thread(read_recording, path, recording.conversation, self._unseal)
        except OSError:
            raise RecordingMissingError(recording.conversation) from None

    async def _is_locked(self, recording: Recording) -> bool:
        orders = [
            await self._parts.records.get(number)
            for number in await self._rows.orders_of(recording.conversation)
        ]
        return any(order.appeal.secrecy is Secrecy.CONFIDENTIAL for order in orders)

    async def _note(self, conversation: str, by: str, why: str) -> None:
        await self._parts.records.note_look(subject=conversation, by=by, why=why, at=self._parts.clock())

    async def _shown(self, recording: Recording) -> RecordingOut:
        return RecordingOut(
            conversation=recording.conversation,
            started_at=recording.started_at.astimezone(self._parts.city.timezone),
            seconds=recording.seconds,
            is_complete=recording.is_complete,
            is_locked=await self._is_locked(recording),
            orders=list(await self._rows.orders_of(recording.conversation)),
        )

    async def _let_in(self, request: Request) -> None:
        if not self._parts.is_staff(request):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})


_HEARD: Final = frozenset({"Said", "Say", "TalkSaid"})


def lines_of(rows: Sequence[Any], started_at: datetime) -> list[LineOut]:
    """Return what was said aloud, of a conversation's journal, also between people after the hand-over."""
    lines = []
    for row in rows:
        line = line_of(row) if row["name"] in _HEARD else None
        if line is not None and line.text:
            since = row["body"].get("since_seconds", 0.0)
            at = (datetime.fromisoformat(line.at) - started_at).total_seconds() - since
            lines.append(LineOut(at_seconds=round(max(0.0, at), 1), who=line.who, text=line.text))
    return lines
