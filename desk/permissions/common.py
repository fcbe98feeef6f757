"""Signing in, one's own account, and the pages that several roles share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import ANYBODY, HOTLINE, PUBLIC, Permission
from hotline.domain.accounts import ABROAD, OF_UNITS, StaffRole

_ORDERS: Final = Permission(HOTLINE | ABROAD)
_BY_TELEPHONE: Final = Permission(
    frozenset({
        StaffRole.AGENT, StaffRole.TEAM_LEADER, StaffRole.REVIEWER, StaffRole.SUPERVISOR, StaffRole.DUTY_OFFICER
    })
)  # fmt: skip
_HEARING: Final = Permission(OF_UNITS | {StaffRole.AGENT, StaffRole.TEAM_LEADER, StaffRole.REVIEWER})

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/static/{version}/{name:path}": PUBLIC,
    "GET /desk/sign-in": PUBLIC,
    "POST /desk/sign-in": PUBLIC,
    "GET /desk/sign-on/{provider}": PUBLIC,
    "GET /desk/sign-on/{provider}/return": PUBLIC,
    "GET /desk": ANYBODY,
    "POST /desk/sign-out": ANYBODY,
    "POST /desk/alive": ANYBODY,
    "GET /desk/watch": Permission(is_anybodys=True, is_quiet=True),
    "GET /desk/me": ANYBODY,
    "GET /desk/me/password": ANYBODY,
    "POST /desk/me/password": ANYBODY,
    "GET /desk/me/totp": ANYBODY,
    "POST /desk/me/totp": ANYBODY,
    "POST /desk/me/sessions/{session}/end": ANYBODY,
    "GET /desk/orders": _ORDERS,
    "POST /desk/orders/find": _BY_TELEPHONE,
    "GET /desk/orders/{number}": _ORDERS,
    "POST /desk/orders/{number}/contact": _ORDERS,
    "POST /desk/orders/{number}/unmask": Permission(HOTLINE),
    "GET /desk/orders/{number}/recordings/{conversation}": Permission(HOTLINE),
    "GET /desk/orders/{number}/evidence/{item}": _ORDERS,
    "GET /desk/orders/{number}/hearing": _HEARING,
    "POST /desk/orders/{number}/hearing": _HEARING,
    "POST /desk/orders/{number}/hearing/opinion": _HEARING,
}
