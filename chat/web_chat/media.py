"""Voice messages and pictures of web chats: heard and shown before they are sent, kept with the conversation.

A voice comes back as words, for the page to put where the citizen writes: they correct and send them like any others. A
picture is kept as evidence of the order that the conversation leads to; the place it tells is offered, and is nowhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Protocol

import structlog
from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import JSONResponse, Response

from chat.web_chat.routes import CHANNELS
from hotline.dialogue.prompts import Prompts
from hotline.domain.errors import StoreUnavailableError
from hotline.service.letter_parts import Heard, KeepingEvidence, Kept, UnderstandingVoice
from hotline.store.evidence import NoSuchEvidenceError, SqlEvidence

log: Final = structlog.get_logger("web_chat")

_MOST_VOICE: Final = 4 * 1024 * 1024
_MOST_PICTURE: Final = 12 * 1024 * 1024
_SECONDS: Final = 30.0
_PROMPTS: Final = {Heard.NOTHING: "voice_not_heard", Heard.TOO_LONG: "voice_long", Heard.DOWN: "voice_down"}

Session = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
EvidenceId = Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$")]
_SAFE: Final = {
    "Cache-Control": "private, max-age=600",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


class Records(Protocol):
    """Knows conversations."""

    async def conversation(self, conversation: str) -> Mapping[str, Any] | None:
        """Return one conversation's summary, None when there is none."""


@dataclass(frozen=True, slots=True)
class ChatMedia:
    """The routes ``/chat/{session}/voice`` and ``/chat/{session}/picture``; whoever knows the session's id is its citizen.

    ``allows`` counts a try of a session; without ``voices`` nobody listens, without ``kept``
    nothing is shown again.
    """

    records: Records
    words: Prompts
    clock: Callable[[], datetime]
    allows: Callable[[str], bool]
    evidence: KeepingEvidence
    voices: UnderstandingVoice | None = None
    kept: SqlEvidence | None = None

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(prefix="/chat", tags=["chat"])
        routes.post("/{session}/voice", openapi_extra=_BODY)(self.voice)
        routes.post("/{session}/picture", openapi_extra=_BODY)(self.picture)
        routes.get("/{session}/picture/{evidence}", response_class=Response)(self.shown)
        return routes

    async def voice(self, session: Session, request: Request) -> JSONResponse:
        """Return what was said, for the citizen to correct and send. AMR, Opus in Ogg or WebM, AAC in MP4, MP3, WAV."""
        body, refused = await self._let_in(session, request, _MOST_VOICE, "voice_long")
        if refused is not None:
            return refused
        heard = await self.voices.words(body) if self.voices is not None else Heard.DOWN
        if isinstance(heard, Heard):
            status = 503 if heard is Heard.DOWN else 422
            return self._refusal(status, f"voice.{heard.value}", _PROMPTS[heard])
        return JSONResponse({"text": heard})

    async def picture(self, session: Session, request: Request) -> JSONResponse:
        """Keep a picture or a PDF with the conversation; ``place`` is where the photo says that it was taken, to be offered."""
        body, refused = await self._let_in(session, request, _MOST_PICTURE, "picture_large")
        if refused is not None:
            return refused
        name = hashlib.sha256(session.encode() + body).hexdigest()[:32]
        try:
            kept = await self.evidence.keep(
                body, name=name, conversation=session, order=None, at=self.clock()
            )
        except (StoreUnavailableError, OSError) as error:
            log.error("chat.picture_not_kept", error=type(error).__name__)
            return self._refusal(503, "picture.down", "picture_down")
        if not isinstance(kept, Kept):
            return self._refusal(422, f"picture.{kept.value}", f"picture_{kept.value}")
        place = kept.position
        return JSONResponse(
            {
                "evidence": kept.id,
                "count": kept.count,
                "place": None
                if place is None
                else {"latitude": place.latitude, "longitude": place.longitude, "datum": place.datum.value},
            }
        )

    async def shown(self, session: Session, evidence: EvidenceId) -> Response:
        """Show a picture or document again to the conversation that it was sent in."""
        if self.kept is None or not self.allows(session):
            return self._refusal(404, "picture.unknown", "failed")
        try:
            item = await self.kept.get(evidence)
            if item.conversation != session:
                return self._refusal(404, "picture.unknown", "failed")
            body = await asyncio.to_thread(self.kept.read, item)
        except NoSuchEvidenceError:
            return self._refusal(404, "picture.unknown", "failed")
        except (StoreUnavailableError, OSError):
            return self._refusal(503, "picture.down", "picture_down")
        return Response(body, media_type=item.kind, headers=_SAFE)

    async def _let_in(
        self, session: str, request: Request, most: int, too_large: str
    ) -> tuple[bytes, JSONResponse | None]:
        """Return the body of somebody who may send one, or the refusal."""
        if not self.allows(session):
            return b"", self._refusal(429, "too_fast", "too_fast")
        try:
            known = await self.records.conversation(session)
        except StoreUnavailableError:
            return b"", self._refusal(503, "store.unavailable", "failed")
        if known is None or known["ended_at"] is not None or known["channel"] not in CHANNELS:
            return b"", self._refusal(404, "session.unknown", "failed")
        body = b""
        try:
            async with asyncio.timeout(_SECONDS):
                async for part in request.stream():
                    body += part
                    if len(body) > most:
                        return b"", self._refusal(413, "too_large", too_large)
        except TimeoutError:
            return b"", self._refusal(408, "slow", "failed")
        return body, None

    def _refusal(self, status: int, code: str, prompt: str) -> JSONResponse:
        return JSONResponse({"code": code, "text": self.words.text(prompt)}, status_code=status)


_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
