"""The desk of the handling units (承办单位)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import Permission
from hotline.domain.accounts import OF_UNITS

_UNIT: Final = Permission(OF_UNITS)
_QUIET: Final = Permission(OF_UNITS, is_quiet=True)

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/unit": _UNIT,
    "GET /desk/unit/rows": _QUIET,
    "GET /desk/unit/live": _QUIET,
    "POST /desk/unit/sign": _UNIT,
    "POST /desk/unit/extend": _UNIT,
    "POST /desk/unit/print": _UNIT,
    "GET /desk/unit/sheets.pdf": _UNIT,
    "GET /desk/unit/assessment": _UNIT,
    "GET /desk/unit/tasks": _UNIT,
    "POST /desk/unit/tasks/{task}/settle": _UNIT,
    "GET /desk/unit/{number}": _UNIT,
    "GET /desk/unit/{number}/contest": _UNIT,
    "POST /desk/unit/{number}/contest": _UNIT,
    "GET /desk/unit/{number}/reply": _UNIT,
    "POST /desk/unit/{number}/reply": _UNIT,
    "GET /desk/unit/{number}/article": _UNIT,
    "POST /desk/unit/{number}/article": _UNIT,
    "POST /desk/unit/{number}/evidence": _UNIT,
    "POST /desk/unit/{number}/relay": _UNIT,
    "GET /desk/unit/{number}/sheet": _UNIT,
    "GET /desk/unit/{number}/sheet.pdf": _UNIT,
    "POST /desk/unit/{number}/sign": _UNIT,
    "POST /desk/unit/{number}/return": _UNIT,
    "POST /desk/unit/{number}/extend": _UNIT,
    "POST /desk/unit/{number}/notice": _UNIT,
    "POST /desk/unit/{number}/helpers": _UNIT,
    "POST /desk/unit/{number}/co-reply": _UNIT,
    "POST /desk/unit/{number}/suspend": _UNIT,
    "POST /desk/unit/{number}/resume": _UNIT,
    "POST /desk/unit/{number}/end": _UNIT,
}
