"""Where other lines answer (docs/linkage.md): one signed route, for programs only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from app.deliveries import Endpoints
from hotline.domain.errors import HotlineError
from hotline.domain.linkage import Line, LinkageNotFoundError
from hotline.service.linkage import LinkageAnswer, Linkages
from hotline.service.webhooks import WebhookRefusedError, verify

_LONGEST: Final = 16 * 1024


def linkage_router(linkages: Linkages, endpoints: Endpoints, clock: Callable[[], datetime]) -> APIRouter:
    """Return ``POST /api/linkage/v1/{line}/answers``, signed with the secret of the endpoint ``linkage:<line>``.

    It answers 200 with the state, 401 unsigned, 404 unknown handover, 409 settled otherwise, 413 too long, 422 malformed,
    503 while the database is away (send it again).
    """
    router = APIRouter(prefix="/api/linkage/v1", tags=["linkage"])

    @router.post("/{line}/answers")
    async def answer(line: Line, request: Request) -> JSONResponse:
        """Take what another line decided about an appeal that was handed over to it."""
        body = await _short_body(request)
        if body is None:
            return _fault(413, "http.413", "内容过长")
        endpoint = endpoints.of(f"linkage:{line}")
        now = clock()
        try:
            verify([endpoint.secret] if endpoint else [], dict(request.headers), body, now=now)
            given = LinkageAnswer.model_validate_json(body)
            linkage = await linkages.answer(line, given, at=now)
        except ValidationError as error:
            fields = "、".join(
                sorted({".".join(map(str, one["loc"])) or one["msg"] for one in error.errors()})
            )
            return _fault(422, "http.422", f"格式不符：{fields}")
        except HotlineError as error:
            status = {WebhookRefusedError: 401, LinkageNotFoundError: 404}.get(
                type(error), 503 if error.retryable else 409
            )
            return _fault(status, error.code, str(error), retryable=error.retryable)
        return JSONResponse(
            {"handover": linkage.id, "state": linkage.state.value, "accepted_by": linkage.accepted_by}
        )

    return router


async def _short_body(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            return None
    return body


def _fault(status: int, code: str, text: str, *, retryable: bool = False) -> JSONResponse:
    return JSONResponse({"code": code, "text": text, "retryable": retryable}, status_code=status)
