"""The web application: chat page, work orders, health, figures, and the interface for programs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Protocol
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.middleware.base import RequestResponseEndpoint

from app.reports import conversation_report
from app.views import order_in_report, order_on_page
from chat.web_chat.routes import WebChat
from hotline.city import City
from hotline.domain.errors import HotlineError, StoreUnavailableError, WorkOrderNotFoundError
from hotline.domain.work_order import WorkOrder

_HERE: Final = Path(__file__).parent
_COOKIE: Final = "staff"
_PAGE: Final = 50
_CHECK_SECONDS: Final = 2.0
_NUMBER: Final = r"^\d{11}$"


class Records(Protocol):
    """What the pages read: orders, conversations and their journals; every look at a person's data is noted."""

    async def recent(self, *, limit: int = 50, before: datetime | None = None) -> Sequence[WorkOrder]:
        """Return the newest orders first."""

    async def get(self, number: str) -> WorkOrder:
        """Return one order or raise ``WorkOrderNotFoundError``."""

    async def conversation(self, conversation: str) -> Mapping[str, Any] | None:
        """Return one conversation's summary."""

    async def conversation_of_call(self, call_id: str) -> Mapping[str, Any] | None:
        """Return the summary of the conversation of a SIP call."""

    async def read(self, conversation: str) -> Sequence[Mapping[str, Any]]:
        """Return a conversation's journal in order."""

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""


@dataclass(frozen=True, slots=True)
class WebParts:
    """What the web application is made of. ``checks``: name → is it up? ``required`` of them make it not ready."""

    city: City
    records: Records
    chat: WebChat
    words: Mapping[str, Any]
    staff_token: str
    clock: Callable[[], datetime]
    registry: Callable[[], CollectorRegistry]
    checks: Mapping[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    sip_address: str = ""


def create_app(parts: WebParts) -> FastAPI:
    """Return the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await parts.chat.close()

    app = FastAPI(title="12345 hotline", version="1", lifespan=lifespan, redoc_url=None)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.include_router(parts.chat.router())
    app.middleware("http")(_guard_pages)
    _add_errors(app)
    _add_operations(app, parts)
    _add_pages(app, parts)
    _add_interface(app, parts)
    return app


async def _guard_pages(request: Request, go_on: RequestResponseEndpoint) -> Response:
    response = await go_on(request)
    if not request.url.path.startswith("/docs"):
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'self'; base-uri 'none'"
        )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HotlineError)
    async def known(_: Request, error: HotlineError) -> JSONResponse:
        status = 404 if isinstance(error, WorkOrderNotFoundError) else 503 if error.retryable else 409
        return JSONResponse({"code": error.code, "retryable": error.retryable}, status_code=status)


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


def _is_staff(parts: WebParts, request: Request) -> bool:
    given = request.cookies.get(_COOKIE, "")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        given = bearer
    return secrets.compare_digest(given.encode(), parts.staff_token.encode())


def _add_pages(app: FastAPI, parts: WebParts) -> None:
    pages = Jinja2Templates(directory=_HERE / "templates")
    words = parts.words

    def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return pages.TemplateResponse(request, name, {"city": parts.city, **values}, status_code=status)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def chat(request: Request) -> HTMLResponse:
        return page(request, "chat.html", title=words["chat"]["title"], words=words["chat"])

    @app.get("/login", response_class=HTMLResponse, include_in_schema=False)
    async def login(request: Request, back: str = "/orders") -> HTMLResponse:
        return page(
            request, "login.html", title=words["login"]["title"], words=words["login"], back=_local(back)
        )

    @app.post("/login", response_class=HTMLResponse, include_in_schema=False)
    async def enter(request: Request) -> Response:
        form = {
            name: values[0]
            for name, values in parse_qs((await request.body())[:4_000].decode(errors="replace")).items()
        }
        back = _local(form.get("back", ""))
        if not secrets.compare_digest(form.get("token", "").encode(), parts.staff_token.encode()):
            text = words["login"]
            return page(request, "login.html", 403, title=text["title"], words=text, back=back, is_wrong=True)
        response = RedirectResponse(back, status_code=303)
        response.set_cookie(_COOKIE, parts.staff_token, httponly=True, samesite="strict", max_age=8 * 3600)
        return response

    @app.get("/orders", response_class=HTMLResponse, include_in_schema=False)
    async def orders(request: Request, before: datetime | None = None) -> Response:
        if not _is_staff(parts, request):
            return RedirectResponse("/login?back=/orders", status_code=303)
        found = await parts.records.recent(limit=_PAGE, before=before)
        return page(
            request,
            "orders.html",
            title=words["orders"]["title"],
            words=words["orders"],
            orders=[order_on_page(order, parts.city, words) for order in found],
            older=found[-1].registered_at.isoformat() if len(found) == _PAGE else None,
        )

    @app.get("/orders/{number}", response_class=HTMLResponse, include_in_schema=False)
    async def order(request: Request, number: str) -> Response:
        if not _is_staff(parts, request):
            return RedirectResponse(f"/login?back=/orders/{number}", status_code=303)
        found = await parts.records.get(number)
        await parts.records.note_look(subject=number, by="staff", why="order page", at=parts.clock())
        rows = await parts.records.read(found.conversation)
        talk = conversation_report("", rows, outcome="", article=None, work_order=None)
        return page(
            request,
            "order.html",
            title=f"{words['order']['title']} {number}",
            words=words["order"],
            list_words=words["orders"],
            chat_words=words["chat"],
            order=order_on_page(found, parts.city, words),
            turns=talk["turns"],
        )


def _local(back: str) -> str:
    """Only addresses of this site: nobody is sent elsewhere after the login."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/orders"


def _add_interface(app: FastAPI, parts: WebParts) -> None:
    async def staff_only(request: Request) -> None:
        if not _is_staff(parts, request):
            raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    guarded = [Depends(staff_only)]
    refusals: dict[int | str, dict[str, Any]] = {
        401: {"description": "The staff token is missing or wrong."},
        404: {"description": "Nothing is known by this id."},
        503: {"description": "The database is away; try again."},
    }

    async def shown(summary: Mapping[str, Any] | None, why: str) -> dict[str, Any]:
        if summary is None:
            raise HTTPException(status_code=404)
        await parts.records.note_look(subject=summary["id"], by="staff", why=why, at=parts.clock())
        order = await _order_or_none(parts.records, summary["work_order"])
        return {
            **{key: _plain(value) for key, value in summary.items()},
            "work_order": order_in_report(order, parts.city) if order is not None else None,
            "rows": [dict(row) for row in await parts.records.read(summary["id"])],
        }

    @app.get("/api/conversations", tags=["conversations"], dependencies=guarded, responses=refusals)
    async def by_call(call_id: Annotated[str, Query(max_length=256)]) -> dict[str, Any]:
        """The conversation of a SIP call: summary, work order and journal."""
        return await shown(await parts.records.conversation_of_call(call_id), "interface")

    @app.get(
        "/api/conversations/{conversation}", tags=["conversations"], dependencies=guarded, responses=refusals
    )
    async def by_id(conversation: str) -> dict[str, Any]:
        """One conversation: summary, work order and journal."""
        return await shown(await parts.records.conversation(conversation), "interface")

    @app.get("/api/work-orders", tags=["work orders"], dependencies=guarded, responses=refusals)
    async def newest(
        limit: Annotated[int, Query(ge=1, le=200)] = _PAGE, before: datetime | None = None
    ) -> list[dict[str, Any]]:
        """The newest work orders, without personal data."""
        found = await parts.records.recent(limit=limit, before=before)
        return [order_in_report(order, parts.city) for order in found]

    @app.get("/api/about", tags=["operations"])
    async def about() -> dict[str, str]:
        """Which city's hotline this is, and where it takes calls."""
        return {"city": parts.city.name, "hotline": parts.city.hotline_name, "sip": parts.sip_address}


async def _order_or_none(records: Records, number: str | None) -> WorkOrder | None:
    if number is None:
        return None
    try:
        return await records.get(number)
    except (WorkOrderNotFoundError, StoreUnavailableError):
        return None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
