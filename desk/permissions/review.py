"""The desk of those who review at the hotline (热线审核)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import Permission, only
from hotline.domain.accounts import StaffRole

_REVIEWER: Final = only(StaffRole.REVIEWER)

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/review": _REVIEWER,
    "GET /desk/review/secrecy": _REVIEWER,
    "POST /desk/review/secrecy/{unmask}/approve": _REVIEWER,
    "POST /desk/review/secrecy/{unmask}/refuse": _REVIEWER,
    "GET /desk/review/{number}": _REVIEWER,
    "POST /desk/review/{number}/{step}": _REVIEWER,
}
