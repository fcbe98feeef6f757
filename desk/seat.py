"""Who is at the desk: cookies, and the account behind a request."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.responses import Response

from hotline.service.accounts import SignedIn, Whereabouts

COOKIE: Final = "desk"
SECURE_COOKIE: Final = "__Host-desk"
FLASH: Final = "desk_flash"
TRIP: Final = "desk_trip"


def token_of(request: Request) -> str:
    """Return the session's token, of the cookie that belongs to how the page was reached."""
    return request.cookies.get(SECURE_COOKIE if is_secure(request) else COOKIE, "")


def is_secure(request: Request) -> bool:
    """Tell whether the page was reached by HTTPS."""
    return request.url.scheme == "https"


def remember(request: Request, response: Response, token: str) -> None:
    """Give the browser the token of its session. It ends with the browser; the server knows its limits."""
    secure = is_secure(request)
    name = SECURE_COOKIE if secure else COOKIE
    response.set_cookie(name, token, httponly=True, samesite="lax", secure=secure, path="/")


def forget(request: Request, response: Response) -> None:
    """Take the token back."""
    secure = is_secure(request)
    response.delete_cookie(SECURE_COOKIE if secure else COOKIE, path="/", secure=secure)


def whereabouts(request: Request) -> Whereabouts:
    """Return where a request comes from."""
    address = request.client.host if request.client is not None else ""
    return Whereabouts(address, request.headers.get("user-agent", ""))


def signed_in_of(request: Request) -> SignedIn | None:
    """Return who is signed in, as the guard found; None on public pages."""
    found = getattr(request.state, "signed_in", None)
    return found if isinstance(found, SignedIn) else None


def seat(request: Request) -> SignedIn:
    """Return who is signed in, on a page that needs it."""
    found = signed_in_of(request)
    assert found is not None, "the guard lets nobody past without"
    return found


Seat = Annotated[SignedIn, Depends(seat)]
"""A parameter of a route: who asks."""
