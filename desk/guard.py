"""The guard before every route of the consoles: who asks, whether they may, and whether a form is the page's own (CSRF)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile

from desk.front import Front, is_htmx
from desk.permissions import permission
from desk.permissions.rules import Permission
from desk.seat import token_of
from hotline.service.accounts import SignedIn

SIGN_IN: Final = "/desk/sign-in"
_PASSWORD, _TOTP, _LEAVE = "/desk/me/password", "/desk/me/totp", "/desk/sign-out"
_SAFE: Final = frozenset({"GET", "HEAD"})
_FORM_BYTES: Final = 1_000_000
UPLOAD_BYTES: Final = 40_000_000
"""The most that one form with files may weigh."""
_FIELDS: Final = 500
_FILES: Final = 10


class FormRefusedError(Exception):
    """A form is too large, not the page's own, or was sent by another site."""

    def __init__(self, status: int, code: str) -> None:
        self.status = status
        self.code = code
        super().__init__(code)


def front_of(request: Request) -> Front:
    """Return the front of the application that is asked."""
    front = request.app.state.front
    assert isinstance(front, Front)
    return front


class DeskRoute(APIRoute):
    """A route of the consoles. One that the table of permissions does not list cannot even be made."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        """Look the route up in the table."""
        super().__init__(path, endpoint, **{"include_in_schema": False, "response_model": None, **settings})
        self.permissions = {method: permission(method, path) for method in (self.methods or set()) - {"HEAD"}}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route behind its guard."""
        behind = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            refused = await _refused(request, self.permissions[method])
            return refused if refused is not None else await behind(request)

        return guarded


def desk_router() -> APIRouter:
    """Return a router whose routes are guarded."""
    return APIRouter(route_class=DeskRoute)


async def _refused(request: Request, needed: Permission) -> Response | None:
    """Return the answer to somebody who may not, None to who may; their account is with the request then."""
    front = front_of(request)
    signed_in = await front.parts.accounts.who(token_of(request))
    request.state.signed_in = signed_in
    if request.method not in _SAFE:
        _check_origin(request)
        _check_size(request)
    if needed.is_public:
        return None
    if signed_in is None:
        return _to_sign_in(request)
    wanted = _first_of_all(front, signed_in)
    if wanted and request.url.path not in (_PASSWORD, _TOTP, _LEAVE):
        return _sent(request, wanted)
    if not needed.allows(signed_in.account.roles):
        raise HTTPException(403)
    if request.method not in _SAFE:
        await _check_form(request, front.parts.accounts.form_token(signed_in.session.id))
    if not needed.is_quiet:
        await front.parts.accounts.saw(signed_in)
    return None


def _first_of_all(front: Front, signed_in: SignedIn) -> str:
    """Return the page that somebody has to see before any other, if there is one."""
    account = signed_in.account
    is_local = signed_in.session.how == "password"
    if is_local and account.must_change_password:
        return _PASSWORD
    if account.needs_totp and not account.has_totp:
        return _TOTP
    if is_local and front.parts.accounts.rules.is_stale(account, front.parts.clock()):
        return _PASSWORD
    return ""


def _to_sign_in(request: Request) -> Response:
    if request.method != "GET" or is_htmx(request):
        return _sent(request, SIGN_IN, status=401)
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response(status_code=401)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{SIGN_IN}?back={quote(back, safe='')}", status_code=303)


def _sent(request: Request, to: str, *, status: int = 403) -> Response:
    if is_htmx(request):
        return Response(status_code=status, headers={"HX-Redirect": to})
    return RedirectResponse(to, status_code=303)


def _check_origin(request: Request) -> None:
    """Refuse what another site has the browser send: browsers say so themselves, old ones by the origin alone."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin")
        is_own = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    if not is_own:
        raise FormRefusedError(403, "form.expired")


def _check_size(request: Request) -> None:
    length = request.headers.get("content-length", "0")
    has_files = request.headers.get("content-type", "").startswith("multipart/form-data")
    most = UPLOAD_BYTES if has_files else _FORM_BYTES
    if "transfer-encoding" in request.headers or not length.isdecimal() or int(length[:20]) > most:
        raise FormRefusedError(413, "form.too_large")


async def _check_form(request: Request, token: str) -> None:
    given = request.headers.get("x-csrf", "")
    if not given:
        found = (await request.form(max_files=_FILES, max_fields=_FIELDS)).get("csrf", "")
        given = "" if isinstance(found, UploadFile) else str(found)
    if not secrets.compare_digest(given.encode(), token.encode()):
        raise FormRefusedError(403, "form.expired")
