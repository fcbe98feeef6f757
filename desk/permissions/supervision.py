"""The board of those who supervise (督办)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import Permission, only
from hotline.domain.accounts import StaffRole

_SUPERVISOR: Final = only(StaffRole.SUPERVISOR)

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/supervision": _SUPERVISOR,
    "GET /desk/supervision/cards": _SUPERVISOR,
    "GET /desk/supervision/ladder": _SUPERVISOR,
    "GET /desk/supervision/map": _SUPERVISOR,
    "GET /desk/supervision/issues": _SUPERVISOR,
    "GET /desk/supervision/brief": _SUPERVISOR,
    "POST /desk/supervision/brief": _SUPERVISOR,
    "GET /desk/supervision/rates": _SUPERVISOR,
    "GET /desk/supervision/orders": _SUPERVISOR,
    "GET /desk/supervision/contests": _SUPERVISOR,
    "POST /desk/supervision/contests/{number}/{decision}": _SUPERVISOR,
    "GET /desk/supervision/{number}": _SUPERVISOR,
    "POST /desk/supervision/{number}/{step}": _SUPERVISOR,
}
