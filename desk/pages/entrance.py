"""Signing in and out, one's own account, and the static files."""

from __future__ import annotations

import io
from typing import Annotated, Final

import segno
from fastapi import Form, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from desk import navigation
from desk.front import HERE, Front, Toast
from desk.guard import desk_router, front_of
from desk.live import Live, nothing
from desk.permissions import permission
from desk.seat import TRIP, Seat, forget, is_secure, remember, signed_in_of, whereabouts
from desk.single_sign_on import Provider, SingleSignOn
from hotline.domain.accounts import WeakPasswordError
from hotline.service.accounts import SignInRefusedError
from hotline.service.passwords import totp_address

router = desk_router()

_Short = Annotated[str, Form(max_length=256)]
_KEPT: Final = "public, max-age=31536000, immutable"
_TRIP_SECONDS: Final = 600
_VENDOR: Final = "vendor/"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@router.get("/desk/static/{version}/{name:path}")
async def static(request: Request, version: str, name: str) -> Response:
    """Return a static file; by its present address it may be kept for ever."""
    front = front_of(request)
    root = front.parts.vendor if name.startswith(_VENDOR) else HERE / "static"
    file = (root / name.removeprefix(_VENDOR)).resolve()
    if not file.is_relative_to(root.resolve()) or file.suffix not in _TYPES or not file.is_file():
        raise HTTPException(404)
    kept = _KEPT if version == front.version else "no-store"
    return FileResponse(file, media_type=_TYPES[file.suffix], headers={"Cache-Control": kept})


@router.get("/desk/sign-in")
async def sign_in_page(request: Request, back: str = "") -> Response:
    """Ask who it is; whoever is signed in already goes on."""
    if signed_in_of(request) is not None:
        return RedirectResponse(_local(back), status_code=303)
    return _asked(request, back)


@router.post("/desk/sign-in")
async def sign_in(
    request: Request, login: _Short = "", password: _Short = "", code: _Short = "", back: _Short = ""
) -> Response:
    """Let somebody in with a new session, or say no without saying why."""
    front, where = front_of(request), whereabouts(request)
    if not front.parts.allows(where.place):
        return _asked(request, back, wrong=front.refusal("too_many"), status=429)
    try:
        token, account = await front.parts.accounts.sign_in(login.strip(), password, code.strip(), where)
    except SignInRefusedError as error:
        return _asked(request, back, wrong=front.refusal(error.code), status=403)
    response = RedirectResponse(_local(back) if back else navigation.home(account.roles), status_code=303)
    remember(request, response, token)
    return response


@router.get("/desk/sign-on/{provider}")
async def sign_on(request: Request, provider: str, back: str = "") -> Response:
    """Send somebody to their OpenID provider."""
    front = front_of(request)
    service, chosen = _provider(front, provider)
    to, trip = await service.begin(chosen, redirect=_return_address(request, provider), back=_local(back))
    response = RedirectResponse(to, status_code=303)
    response.set_cookie(
        TRIP, trip, max_age=_TRIP_SECONDS, path="/desk/sign-on", httponly=True, samesite="lax",
        secure=is_secure(request),
    )  # fmt: skip
    return response


@router.get("/desk/sign-on/{provider}/return")
async def come_back(request: Request, provider: str) -> Response:
    """Let in whom the provider vouches for."""
    front, where = front_of(request), whereabouts(request)
    service, chosen = _provider(front, provider)
    identity, back = await service.finish(
        chosen, request.cookies.get(TRIP, ""), dict(request.query_params),
        redirect=_return_address(request, provider),
    )  # fmt: skip
    token, account = await front.parts.accounts.sign_on(identity, where)
    to = back if back != "/desk" else navigation.home(account.roles)
    response = RedirectResponse(to, status_code=303)
    remember(request, response, token)
    response.delete_cookie(TRIP, path="/desk/sign-on")
    return response


def _provider(front: Front, name: str) -> tuple[SingleSignOn, Provider]:
    service = front.parts.sign_on
    if service is None or name not in service.providers:
        raise HTTPException(404)
    return service, service.providers[name]


def _return_address(request: Request, provider: str) -> str:
    base = front_of(request).parts.address or f"{request.url.scheme}://{request.headers.get('host', '')}"
    return f"{base.rstrip('/')}/desk/sign-on/{provider}/return"


@router.post("/desk/sign-out")
async def sign_out(request: Request, seat: Seat) -> Response:
    """End the session, here and on the server."""
    front = front_of(request)
    await front.parts.accounts.sign_out(seat)
    response = front.done(request, to="/desk/sign-in")
    forget(request, response)
    return response


@router.get("/desk")
async def home(seat: Seat) -> Response:
    """Go to where somebody of this role begins."""
    return RedirectResponse(navigation.home(seat.account.roles), status_code=303)


@router.post("/desk/alive")
async def alive() -> Response:
    """Somebody is there: the guard has noted it."""
    return Response(status_code=204)


@router.get("/desk/watch")
async def watch(request: Request, seat: Seat) -> Response:
    """Tell an open page when its session is over."""
    live: Live = request.app.state.live
    return live.stream(seat, permission("GET", "/desk/watch"), nothing())


@router.get("/desk/me")
async def me(request: Request, seat: Seat) -> Response:
    """Show one's own account and where one is signed in."""
    front = front_of(request)
    sessions = await front.parts.accounts.store.sessions_of(seat.account.id)
    return front.page(request, "me.html", title="我的账号", sessions=sessions)


@router.post("/desk/me/sessions/{session}/end")
async def end_session(request: Request, seat: Seat, session: str) -> Response:
    """End one of one's own sessions."""
    front = front_of(request)
    await front.parts.accounts.end_session(session, of=seat.account.id, by=seat.account)
    return front.done(request, to="/desk/me", toast="已结束")


@router.get("/desk/me/password")
async def password_page(request: Request, seat: Seat) -> Response:
    """Ask for a new password."""
    return _password(request, seat)


@router.post("/desk/me/password")
async def set_password(
    request: Request, seat: Seat, old: _Short = "", new: _Short = "", again: _Short = ""
) -> Response:
    """Set a new password; the session goes on under a new token."""
    front = front_of(request)
    if new != again:
        return _password(request, seat, wrong="两次输入的新密码不一样。")
    try:
        token, account = await front.parts.accounts.change_password(seat, old, new, whereabouts(request))
    except WeakPasswordError as error:
        return _password(request, seat, wrong=front.refusal(error.code, error.reason))
    except SignInRefusedError:
        return _password(request, seat, wrong="现在的密码不对。")
    response = front.done(request, to=navigation.home(account.roles), toast="密码已更改")
    remember(request, response, token)
    return response


@router.get("/desk/me/totp")
async def totp_page(request: Request, seat: Seat) -> Response:
    """Show the secret to be bound to an authenticator, once."""
    return await _totp(request, seat)


@router.post("/desk/me/totp")
async def bind_totp(request: Request, seat: Seat, code: _Short = "") -> Response:
    """Bind the authenticator that shows the right code."""
    front = front_of(request)
    try:
        token, account = await front.parts.accounts.confirm_totp(seat, code.strip(), whereabouts(request))
    except SignInRefusedError:
        return await _totp(request, seat, wrong="动态口令不对，请核对手机时间后再试。")
    response = front.done(request, to=navigation.home(account.roles), toast="动态口令已绑定")
    remember(request, response, token)
    return response


def _asked(request: Request, back: str, *, wrong: str = "", status: int = 200) -> Response:
    front = front_of(request)
    return front.page(
        request, "sign_in.html", title="登录", status=status, back=_local(back) if back else "", wrong=wrong,
        providers=list(front.parts.sign_on.providers.values()) if front.parts.sign_on is not None else [],
    )  # fmt: skip


def _password(request: Request, seat: Seat, *, wrong: str = "") -> Response:
    front = front_of(request)
    rules = front.parts.accounts.rules
    return front.page(
        request, "password.html", title="更改密码", status=422 if wrong else 200, wrong=wrong, rules=rules,
        is_stale=rules.is_stale(seat.account, front.parts.clock()),
    )  # fmt: skip


async def _totp(request: Request, seat: Seat, *, wrong: str = "") -> Response:
    front = front_of(request)
    if seat.account.has_totp:
        return front.done(
            request, to="/desk/me", toast=Toast("动态口令已绑定；更换须在服务器上重置。", "refused")
        )
    secret = await front.parts.accounts.offer_totp(seat.account)
    address = totp_address(secret, login=seat.account.login, issuer=front.parts.city.hotline_name)
    return front.page(
        request, "totp.html", title="绑定动态口令", status=422 if wrong else 200, wrong=wrong, secret=secret,
        picture=_qr(address),
    )  # fmt: skip


def _qr(text: str) -> str:
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        svgclass="qr",
        lineclass="qr-lines",
        omitsize=True,
        border=2,
    )
    return out.getvalue().decode()


def _local(back: str) -> str:
    """Only addresses of the consoles: nobody is sent elsewhere after signing in."""
    return back if back.startswith("/desk") and "\\" not in back else "/desk"
