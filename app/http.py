"""The web application: chat page, work orders, health, figures, and the interface for programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from app.interface import Interface
from app.pages import Pages
from app.web_parts import Records, WebParts
from hotline.domain.errors import HotlineError, WorkOrderNotFoundError

__all__ = ["Records", "WebParts", "create_app"]

_CHECK_SECONDS: Final = 2.0
_FOR_PROGRAMS: Final = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/static/")
_REASONS: Final = {
    401: "not_allowed",
    404: "not_found",
    405: "bad_address",
    422: "bad_address",
    503: "unavailable",
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(parts: WebParts) -> FastAPI:
    """Return the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await parts.chat.close()

    app = FastAPI(title="12345 hotline", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.include_router(parts.chat.router())
    app.middleware("http")(_guard)
    pages = Pages(parts)
    _add_faults(app, parts, pages)
    _add_operations(app, parts)
    pages.add_to(app)
    Interface(parts).add_to(app)
    return app


async def _guard(request: Request, go_on: RequestResponseEndpoint) -> Response:
    response = await go_on(request)
    response.headers.update(_HEADERS)
    if not request.url.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")  # pages of staff hold what citizens said
    return response


def _add_faults(app: FastAPI, parts: WebParts, pages: Pages) -> None:
    """Say what went wrong: to programs by code and text, to people by a page."""

    def answer(request: Request, status: int, code: str, *, retryable: bool = False, **more: Any) -> Response:
        reason = _REASONS.get(status, "bad_address")
        if not request.url.path.startswith(_FOR_PROGRAMS):
            return pages.fault(request, status, reason)
        text = parts.words["faults"][reason]
        return JSONResponse({"code": code, "text": text, "retryable": retryable, **more}, status_code=status)

    @app.exception_handler(HotlineError)
    async def known(request: Request, error: HotlineError) -> Response:
        status = 404 if isinstance(error, WorkOrderNotFoundError) else 503 if error.retryable else 409
        return answer(request, status, error.code, retryable=error.retryable)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        response = answer(request, error.status_code, f"http.{error.status_code}")
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        detail = [{key: one[key] for key in ("loc", "msg", "type")} for one in error.errors()]
        return answer(request, 422, "http.422", detail=detail)


def _add_operations(app: FastAPI, parts: WebParts) -> None:
    @app.get("/healthz", tags=["operations"])
    async def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"], responses={503: {"description": "Something it needs is down."}})
    async def readyz() -> JSONResponse:
        """What it needs is up; what is down is named."""
        names = list(parts.checks)
        up = dict(
            zip(names, await asyncio.gather(*(_is_up(parts.checks[name]) for name in names)), strict=True)
        )
        is_ready = all(up[name] for name in names if name in parts.required)
        return JSONResponse({"ready": is_ready, "parts": up}, status_code=200 if is_ready else 503)

    @app.get("/metrics", tags=["operations"], response_class=Response)
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(parts.registry()), media_type=CONTENT_TYPE_LATEST)


async def _is_up(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check()
    except Exception:  # noqa: BLE001 -- whatever it raises, it is not up
        return False
