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

from app.agent_interface import AgentInterface
from app.body_guard import BodyGuard
from app.callback_interface import CallbackInterface
from app.chat_interface import ChatInterface
from app.correction_interface import CorrectionInterface
from app.embedding import Hosts
from app.faults import Faults, describe_step_faults, status_of
from app.interface import Interface
from app.knowledge_interface import KnowledgeInterface
from app.linkage_steps import LinkageSteps
from app.nuisance_interface import NuisanceInterface
from app.open311 import PREFIX as OPEN311
from app.open311 import Open311
from app.outbound_interface import OutboundInterface
from app.pages import Pages
from app.rating_interface import RatingInterface
from app.recording_interface import RecordingInterface
from app.staff_interface import StaffInterface
from app.talk_interface import TalkInterface
from app.unit_interface import UnitInterface
from app.web_parts import Records, WebParts
from chat.web_chat.article_files import ArticleFiles
from desk.site import add_consoles, is_consoles, misfilled, said, turned_away
from hotline.domain.errors import HotlineError

__all__ = ["Records", "WebParts", "create_app"]

_CHECK_SECONDS: Final = 2.0
_FOR_PROGRAMS: Final = (
    "/api/",
    OPEN311,
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/static/",
    "/public/figures.json",
)
_REASONS: Final = {
    401: "not_allowed",
    404: "not_found",
    405: "bad_address",
    422: "bad_address",
    429: "unavailable",
    503: "unavailable",
}
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(parts: WebParts) -> FastAPI:
    """Return the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts.chat.open()
        yield
        await parts.chat.close()

    app = FastAPI(title="12345 hotline", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.include_router(parts.chat.router())
    pages = Pages(parts)
    open311 = Open311(parts, parts.programs) if parts.programs is not None else None
    refuse = _add_faults(app, parts, pages, open311)
    app.add_middleware(BodyGuard, refuse=refuse)
    app.middleware("http")(_guard(parts.hosts))
    _add_operations(app, parts)
    pages.add_to(app)
    _add_interfaces(app, parts)
    if open311 is not None:
        open311.add_to(app)
    if parts.consoles is not None:
        add_consoles(app, parts.consoles)
    describe_step_faults(app)
    return app


def _add_interfaces(app: FastAPI, parts: WebParts) -> None:  # noqa: C901 -- one line for each interface
    """Add what other programs ask."""
    Interface(parts).add_to(app)
    if parts.citizens is not None:
        parts.citizens.add_to(app)
    if parts.public is not None:
        parts.public.add_to(app)
    if parts.programs is not None:
        UnitInterface(parts, parts.programs).add_to(app)
        StaffInterface(parts, parts.programs).add_to(app)
    if parts.knowledge is not None:
        KnowledgeInterface(parts, parts.knowledge).add_to(app)
        files = ArticleFiles(
            parts.knowledge.files, parts.clock, parts.city.timezone, parts.chat.doors.buckets
        )
        app.include_router(files.router())
    RatingInterface(parts).add_to(app)
    if parts.recordings is not None:
        RecordingInterface(parts, parts.recordings).add_to(app)
    if parts.desk is not None:
        if parts.talks is not None:
            TalkInterface(parts, parts.desk, parts.talks).add_to(app)
        AgentInterface(parts, parts.desk).add_to(app)
    if parts.agent_chats is not None:
        ChatInterface(parts, parts.agent_chats).add_to(app)
    if parts.talks is not None:
        LinkageSteps(parts, parts.talks).add_to(app)
    if parts.corrections is not None:
        CorrectionInterface(parts, parts.corrections).add_to(app)
    if parts.callbacks is not None:
        CallbackInterface(parts, parts.callbacks).add_to(app)
    if parts.nuisances is not None:
        NuisanceInterface(parts, parts.nuisances).add_to(app)
    if parts.outlook is not None:
        OutboundInterface(parts, parts.outlook).add_to(app)


def _guard(hosts: Hosts) -> Callable[[Request, RequestResponseEndpoint], Awaitable[Response]]:
    """Return what says to browsers how every answer may be used."""

    async def guard(request: Request, go_on: RequestResponseEndpoint) -> Response:
        response = hosts.preflight(request) or await go_on(request)
        for name, value in {**_HEADERS, **hosts.headers(request)}.items():
            response.headers.setdefault(name, value)
        if not request.url.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")  # pages of staff hold what citizens said
        return response

    return guard


def _add_faults(  # noqa: C901 -- one handler for each kind of error
    app: FastAPI, parts: WebParts, pages: Pages, open311: Open311 | None
) -> Callable[[Request, int], Response]:
    """Say what went wrong: to programs by code and text, to people by a page. Return what refuses with a status."""
    programs = parts.programs
    faults = Faults(programs.words, parts.words) if programs is not None else None

    def answer(request: Request, status: int, code: str, *, retryable: bool = False, **more: Any) -> Response:
        if open311 is not None and request.url.path.startswith(OPEN311):
            return open311.fault_of(request, status)
        reason = _REASONS.get(status, "bad_address")
        if not request.url.path.startswith(_FOR_PROGRAMS):
            return pages.fault(request, status, reason)
        text = parts.words["faults"][reason] if faults is None else faults.text(code)
        return JSONResponse({"code": code, "text": text, "retryable": retryable, **more}, status_code=status)

    @app.exception_handler(HotlineError)
    async def known(request: Request, error: HotlineError) -> Response:
        status = status_of(error)
        if is_consoles(request):
            return said(request, error)
        if faults is not None and request.url.path.startswith("/api/"):
            return JSONResponse(faults.body(error), status_code=status)
        return answer(request, status, error.code, retryable=error.retryable)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if is_consoles(request):
            return turned_away(request, error.status_code)
        named = error.status_code == 403 and "." in error.detail
        code = error.detail if named else f"http.{error.status_code}"
        if open311 is not None and request.url.path.startswith(OPEN311):
            response = open311.fault_of(request, error.status_code, error.detail)
        else:
            response = answer(request, error.status_code, code)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        if is_consoles(request):
            return misfilled(request, error.errors())
        detail = [{key: _printable(one[key]) for key in ("loc", "msg", "type")} for one in error.errors()]
        return answer(request, 422, "http.422", detail=detail)

    return lambda request, status: answer(request, status, f"http.{status}", retryable=status == 408)


def _printable(value: Any) -> Any:
    """Return ``value`` as it can be sent: names of fields may hold what is no text."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return [_printable(each) for each in value] if isinstance(value, list | tuple) else value


def _add_operations(app: FastAPI, parts: WebParts) -> None:
    @app.get("/healthz", tags=["operations"])
    async def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"], responses={503: {"description": "Something it needs is down."}})
    async def readyz() -> JSONResponse:
        """What it needs is up; what is down is named. Degraded: it works, but not with all that it should have."""
        names = list(parts.checks)
        up = dict(
            zip(names, await asyncio.gather(*(_is_up(parts.checks[name]) for name in names)), strict=True)
        )
        is_ready = all(up[name] for name in names if name in parts.required)
        answer = {"ready": is_ready, "degraded": not all(up.values()), "parts": up}
        return JSONResponse(answer, status_code=200 if is_ready else 503)

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
