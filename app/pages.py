"""The pages: chat for citizens, work orders for staff."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from pydantic import AwareDatetime

from app.recording_interface import lines_of
from app.reports import conversation_report
from app.views import masked, order_on_page, talk_on_page
from app.web_parts import COOKIE, ORDER_NUMBER, ORDERS_A_PAGE, WebParts
from hotline.domain.appeal import Secrecy
from hotline.domain.work_order import WorkOrder

_LOGIN_BYTES: Final = 4_000
_LOGIN_SECONDS: Final = 8 * 3600


class Pages:
    """Renders the templates; every sentence comes from ``prompts/web.yaml`` of the city."""

    def __init__(self, parts: WebParts) -> None:
        """Take the words and the records."""
        self._parts = parts
        self._templates = Jinja2Templates(directory=Path(__file__).parent / "templates")

    def fault(self, request: Request, status: int, reason: str) -> HTMLResponse:
        """Return the page that says why there is no page; ``reason`` is a key of the words' ``faults``."""
        words = self._parts.words["faults"]
        return self._page(
            request, "fault.html", status, words=words, title=words["title"], reason=words[reason]
        )

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        shown: dict[str, Any] = {"response_class": HTMLResponse, "include_in_schema": False}
        app.get("/", **shown)(self.chat)
        app.get("/login", **shown)(self.login)
        app.post("/login", **shown)(self.enter)
        app.get("/orders", **shown)(self.orders)
        app.get("/orders/{number}", **shown)(self.order)

    async def chat(self, request: Request) -> Response:
        """The chat page."""
        words = self._parts.words["chat"]
        return self._page(request, "chat.html", title=words["title"], words=words)

    async def login(self, request: Request, back: str = "/orders") -> Response:
        """Ask staff for the token."""
        return self._login(request, 200, _local(back))

    async def enter(self, request: Request) -> Response:
        """Let staff in, and back to where they wanted to go."""
        form = await _form(request)
        back = _local(form.get("back", ""))
        if not self._parts.is_token(form.get("token", "")):
            return self._login(request, 403, back)
        response = RedirectResponse(back, status_code=303)
        response.set_cookie(
            COOKIE, self._parts.staff_token, httponly=True, samesite="strict", max_age=_LOGIN_SECONDS,
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    async def orders(self, request: Request, before: AwareDatetime | None = None) -> Response:
        """The newest work orders."""
        parts, words = self._parts, self._parts.words
        if not parts.is_staff(request):
            return RedirectResponse("/login?back=/orders", status_code=303)
        found = await parts.records.recent(limit=ORDERS_A_PAGE, before=before)
        return self._page(
            request,
            "orders.html",
            title=words["orders"]["title"],
            words=words["orders"],
            orders=[order_on_page(order, parts.city, words) for order in found],
            is_first=before is None,
            older=found[-1].registered_at.isoformat() if len(found) == ORDERS_A_PAGE else None,
        )

    async def order(self, request: Request, number: Annotated[str, InPath(pattern=ORDER_NUMBER)]) -> Response:
        """One work order with its talk, its reasons and its history; the look is noted before anything is shown."""
        parts, words = self._parts, self._parts.words
        if not parts.is_staff(request):
            return RedirectResponse(f"/login?back=/orders/{number}", status_code=303)
        found = await parts.records.get(number)
        await parts.records.note_look(subject=number, by="staff", why="order page", at=parts.clock())
        rows = await parts.records.read(found.conversation)
        talk = conversation_report("", rows, outcome="", article=None, work_order=None)
        return self._page(
            request,
            "order.html",
            title=f"{words['order']['title']} {number}",
            words=words["order"],
            list_words=words["orders"],
            chat_words=words["chat"],
            order=order_on_page(found, parts.city, words),
            turns=talk_on_page(talk["turns"], found),
            recordings=await self._recordings(found),
        )

    async def _recordings(self, order: WorkOrder) -> list[dict[str, Any]]:
        """Return the order's recordings with what was said in them; of a locked one only that there is one."""
        if self._parts.recordings is None:
            return []
        is_locked = order.appeal.secrecy is Secrecy.CONFIDENTIAL
        shown = []
        for recording in await self._parts.recordings.rows.of_order(order.number):
            rows = [] if is_locked else await self._parts.records.read(recording.conversation)
            lines = [
                {**line.model_dump(), "text": masked(line.text, order.appeal, keep=[order.number]),
                 "clock": f"{int(line.at_seconds) // 60}:{int(line.at_seconds) % 60:02}"}
                for line in lines_of(rows, recording.started_at)
            ]  # fmt: skip
            shown.append(
                {
                    "conversation": recording.conversation,
                    "started_at": f"{recording.started_at.astimezone(self._parts.city.timezone):%Y-%m-%d %H:%M}",
                    "is_complete": recording.is_complete,
                    "is_locked": is_locked,
                    "lines": lines,
                }
            )
        return shown

    def _login(self, request: Request, status: int, back: str) -> HTMLResponse:
        words = self._parts.words["login"]
        return self._page(
            request,
            "login.html",
            status,
            title=words["title"],
            words=words,
            back=back,
            is_wrong=status == 403,
        )

    def _page(self, request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return self._templates.TemplateResponse(
            request, name, {"city": self._parts.city, **values}, status_code=status
        )


def _local(back: str) -> str:
    """Only addresses of this site: nobody is sent elsewhere after the login."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/orders"


async def _form(request: Request) -> dict[str, str]:
    """Read a small form; what is too long for one is cut off unread."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LOGIN_BYTES:
            break
    fields = parse_qs(body[:_LOGIN_BYTES].decode(errors="replace"))
    return {name: values[0] for name, values in fields.items()}
