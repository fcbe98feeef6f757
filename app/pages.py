"""The pages of citizens: the chat, and why there is no page. Staff and units have the consoles (``desk``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from app.web_parts import WebParts

REPORTED: Final = frozenset({"inquiry", "help", "complaint", "tip_off", "suggestion", "praise"})
"""Kinds of appeals that a form may be of (``chat.web_chat.protocol.Report``)."""


class Pages:
    """Renders the templates; every sentence comes from ``prompts/web.yaml`` of the city."""

    def __init__(self, parts: WebParts) -> None:
        """Take the words and the records."""
        self._parts = parts
        self._templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
        # As the city's file orders them: 满意 before 不满意.
        self._templates.env.policies["json.dumps_kwargs"] = {"sort_keys": False}

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
        app.get("/orders", **shown)(self.orders)
        app.get("/orders/{number:path}", **shown)(self.orders)

    async def chat(self, request: Request) -> Response:
        """The chat page."""
        words = self._parts.words["chat"]
        kinds = {kind: name for kind, name in self._parts.words["kinds"].items() if kind in REPORTED}
        return self._page(
            request, "chat.html", title=words["title"], words=words, kinds=kinds,
            is_public=self._parts.public is not None,
        )  # fmt: skip

    async def orders(self, number: str = "") -> Response:
        """Where the work orders were before the consoles: whoever kept the address is led on."""
        return RedirectResponse(f"/desk/orders/{number}" if number else "/desk/orders", status_code=308)

    def _page(self, request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return self._templates.TemplateResponse(
            request, name, {"city": self._parts.city, **values}, status_code=status
        )
