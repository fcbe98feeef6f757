"""Looks at bodies before anything reads them: too large, too slow, or of the wrong type is refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES: Final = 256 * 1024
SECONDS: Final = 10.0
_WITH_BODY: Final = ("POST", "PUT", "PATCH")
UPLOADS: Final = frozenset({"/api/staff/v1/knowledge/files"})
"""Take files: their routes read the body themselves (``read_upload``), after they have asked who sends it."""
UPLOAD_TYPE: Final = "application/octet-stream"
_TYPES: Final = {"/api/": "application/json", "/open311/": "application/x-www-form-urlencoded"}


class BodyGuard:
    """Reads the bodies of requests from programs, which are small; ``refuse`` makes the answer to a request and a status."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, int], Response]) -> None:
        """Take what comes behind it."""
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body read, or refuse it."""
        wanted = _wanted(scope)
        if wanted is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        status, body = await _body(request, receive, wanted)
        if status is not None:
            await self._refuse(request, status)(scope, receive, send)
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, again, send)


def _wanted(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] not in _WITH_BODY or scope["path"] in UPLOADS:
        return None
    return next((type_ for prefix, type_ in _TYPES.items() if scope["path"].startswith(prefix)), None)


async def read_upload(request: Request, *, most: int, seconds: float) -> bytes:
    """Return the body of a route in ``UPLOADS``; raise ``HTTPException`` when it is too large, too slow or of another type."""
    status, body = await _body(request, request.receive, UPLOAD_TYPE, most=most, seconds=seconds)
    if status is not None:
        raise HTTPException(status)
    return body


async def _body(
    request: Request, receive: Receive, wanted: str, *, most: int = MOST_BYTES, seconds: float = SECONDS
) -> tuple[int | None, bytes]:
    """Return the status of the refusal or None, and the body."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        return 413, b""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if len(body) > most:
                    return 413, b""
                if message["type"] != "http.request" or not message.get("more_body", False):
                    break
    except TimeoutError:
        return 408, b""
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return (415 if body and type_ != wanted else None), bytes(body)
