"""How the consoles answer: pages, fragments, notices, faults, and live streams."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from desk import navigation
from desk.parts import DeskParts
from desk.permissions import may_get
from desk.seat import FLASH, signed_in_of
from desk.views import category_name, unit_name
from hotline.city import read_yaml
from hotline.domain.accounts import Account
from hotline.service.accounts import SignedIn
from hotline.service.knowledge_files import links_of

HERE: Final = Path(__file__).parent
WORDS: Final = read_yaml(HERE / "words.yaml")
_FLASH_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Toast:
    """A short notice at the edge of the page. ``kind``: done, refused."""

    text: str
    kind: str = "done"


class Front:
    """Renders what the pages return. One for the whole application: ``request.app.state.front``."""

    def __init__(self, parts: DeskParts) -> None:
        """Read the templates and number the static files."""
        self.parts = parts
        self.words = WORDS
        self.version = _version(HERE / "static", parts.vendor)
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # else each word on a screen asks the disk whether its template is as it was
        )
        self._templates.globals.update(
            city=parts.city,
            words=parts.words,
            desk_words=WORDS,
            static=self.static,
            now=parts.clock,
            links_of=links_of,
        )
        self._templates.filters.update(
            local=self.local, day=self.day, due=self.due, unit=self.unit, category=self.category, ago=self.ago,
            roles=self.roles,
        )  # fmt: skip

    # --- answers ------------------------------------------------------------------------------------------

    def page(
        self, request: Request, template: str, *, title: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a whole page; ``template`` extends ``page.html`` (signed in) or ``bare.html``."""
        seat = signed_in_of(request)
        flash = _unpacked(request.cookies.get(FLASH, ""))
        common = self._common(request, seat) | {
            "title": title,
            "sections": navigation.sections(seat.account.roles) if seat is not None else [],
            "here": navigation.here(request.url.path),
            "flash": flash,
        }
        body = self._templates.get_template(template).render({**common, **values})
        response = HTMLResponse(body, status)
        if flash is not None:
            response.delete_cookie(FLASH, path="/desk")
        return response

    def fragment(
        self, request: Request, template: str, *, toast: Toast | str | None = None, **values: Any
    ) -> HTMLResponse:
        """Return a piece of a page for htmx to put in, with a notice if there is one."""
        response = HTMLResponse(self.piece(request, template, **values))
        if toast is not None:
            response.headers["HX-Trigger"] = _trigger(toast)
        return response

    def piece(self, request: Request, template: str, **values: Any) -> str:
        """Return a piece of a page as text: for live streams."""
        return self.text(template, **self._common(request, signed_in_of(request)), **values)

    def text(self, template: str, **values: Any) -> str:
        """Return a template rendered with ``values`` only."""
        return self._templates.get_template(template).render(values)

    def done(self, request: Request, *, to: str, toast: Toast | str | None = None) -> Response:
        """Send the browser to a page after a step was taken, which shows the notice."""
        response: Response
        if is_htmx(request):
            response = Response(status_code=204, headers={"HX-Redirect": to})
        else:
            response = RedirectResponse(to, status_code=303)
        if toast is not None:
            response.set_cookie(
                FLASH, _packed(toast), max_age=_FLASH_SECONDS, path="/desk", httponly=True, samesite="lax"
            )
        return response

    def told(self, toast: Toast | str) -> Response:
        """Change nothing on the page but show a notice."""
        return Response(status_code=204, headers={"HX-Trigger": _trigger(toast)})

    def fault(self, request: Request, status: int, text: str) -> Response:
        """Say why something was refused: a notice where htmx asked, a page otherwise."""
        if is_htmx(request):
            return Response(status_code=status, headers={"HX-Trigger": _trigger(Toast(text, "refused"))})
        return self.page(request, "fault.html", title="打不开", status=status, text=text)

    def misfilled(self, request: Request, wrong: Mapping[str, str]) -> Response:
        """Say of each field of a form what is wrong with it: beside the field where htmx asked, on a page otherwise."""
        if not is_htmx(request):
            return self.fault(request, 422, " ".join(wrong.values()))
        told = {"toast": {"text": WORDS["misfilled"], "kind": "refused"}, "wrong": {"fields": dict(wrong)}}
        return Response(status_code=422, headers={"HX-Trigger": json.dumps(told)})

    def static(self, name: str) -> str:
        """Return the address of a static file, which changes whenever any of them does."""
        return f"/desk/static/{self.version}/{name}"

    def refusal(self, code: str, reason: str = "") -> str:
        """Return the sentence for an error of the consoles."""
        reasons: Mapping[str, str] = WORDS["reasons"]
        if reason in reasons:
            return reasons[reason].format(least=self.parts.accounts.rules.least_length)
        refused: Mapping[str, str] = WORDS["refused"]
        return refused.get(code, refused["not_allowed"])

    # --- filters ------------------------------------------------------------------------------------------

    def local(self, at: datetime | None, *, seconds: bool = False) -> str:
        """Return a time by the city's clock; without the year in this year."""
        if at is None:
            return ""
        there, here = at.astimezone(self.parts.city.timezone), self.parts.clock()
        year = "" if there.year == here.astimezone(self.parts.city.timezone).year else "%Y-"
        return there.strftime(f"{year}%m-%d %H:%M{':%S' if seconds else ''}")

    def day(self, at: datetime | None) -> str:
        """Return a date by the city's clock."""
        return f"{at.astimezone(self.parts.city.timezone):%Y-%m-%d}" if at is not None else ""

    def due(self, at: datetime | None) -> dict[str, str]:
        """Return how long until ``at``, in words, and how pressing that is: ``late``, ``soon``, ``calm`` or ``none``."""
        if at is None:
            return {"text": "无期限", "class": "none"}
        left = at - self.parts.clock()
        span = _span(abs(left))
        if left < timedelta(0):
            return {"text": f"超 {span}", "class": "late"}
        return {"text": f"剩 {span}", "class": "soon" if left < timedelta(days=1) else "calm"}

    def ago(self, at: datetime | None) -> str:
        """Return how long ago something was."""
        if at is None:
            return "从未"
        since = self.parts.clock() - at
        return "刚才" if since < timedelta(minutes=1) else f"{_span(since)}前"

    def unit(self, code: str | None) -> str:
        """Return a unit's name."""
        return unit_name(self.parts.city, code) or ""

    def category(self, code: str | None) -> str:
        """Return a category's code and name."""
        return category_name(self.parts.city, code)

    def roles(self, account: Account) -> str:
        """Return somebody's roles in words."""
        names: Mapping[str, str] = WORDS["roles"]
        return "、".join(names[role] for role in names if role in account.roles) or "未授岗位"

    # --- inside -------------------------------------------------------------------------------------------

    def _common(self, request: Request, seat: SignedIn | None) -> dict[str, Any]:
        roles = seat.account.roles if seat is not None else frozenset()
        return {
            "seat": seat,
            "me": seat.account if seat is not None else None,
            "csrf": self.parts.accounts.form_token(seat.session.id) if seat is not None else "",
            "path": request.url.path,
            "may": lambda path: may_get(roles, path),
        }


def is_htmx(request: Request) -> bool:
    """Tell whether htmx asks, and not the browser itself."""
    return request.headers.get("hx-request") == "true"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event of a live stream: its name (``sse-swap`` of the page) and the HTML that is put there."""

    name: str
    html: str


def as_sse(event: LiveEvent) -> str:
    """Return an event as it goes over the line (HTML standard, section 9.2)."""
    lines = "".join(f"data: {line}\n" for line in event.html.splitlines() or [""])
    return f"event: {event.name}\n{lines}\n"


LiveSource = AsyncIterator[LiveEvent]


def _trigger(toast: Toast | str) -> str:
    shown = toast if isinstance(toast, Toast) else Toast(toast)
    return json.dumps({"toast": {"text": shown.text, "kind": shown.kind}})


def _packed(toast: Toast | str) -> str:
    return base64.urlsafe_b64encode(_trigger(toast).encode()).decode()


def _unpacked(cookie: str) -> Toast | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(cookie))["toast"]
        return Toast(str(found["text"])[:200], str(found["kind"])[:16])
    except (ValueError, KeyError, TypeError):
        return None


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} 分钟"
    if minutes < 48 * 60:
        return f"{minutes // 60} 小时"
    return f"{minutes // (24 * 60)} 天"


def _version(*folders: Path) -> str:
    """Return a digest of all static files: whoever has one address may keep what it gives for ever."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                digest.update(str(file.relative_to(folder)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
