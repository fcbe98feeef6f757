"""The agent desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import Permission, only
from hotline.domain.accounts import StaffRole

_AGENT: Final = only(StaffRole.AGENT)
_BOARD: Final = only(StaffRole.AGENT, StaffRole.TEAM_LEADER, StaffRole.DUTY_OFFICER)

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/agent": _AGENT,
    "GET /desk/agent/live": only(StaffRole.AGENT, is_quiet=True),
    "POST /desk/agent/sign-in": _AGENT,
    "POST /desk/agent/presence": _AGENT,
    "POST /desk/agent/refuse": _AGENT,
    "POST /desk/agent/call/{wanted}": _AGENT,
    "POST /desk/agent/forms/{conversation}/fields/{name}": _AGENT,
    "POST /desk/agent/forms/{conversation}/accept": _AGENT,
    "POST /desk/agent/forms/{conversation}/answered": _AGENT,
    "POST /desk/agent/forms/{conversation}/note": _AGENT,
    "POST /desk/agent/forms/{conversation}/phone": _AGENT,
    "GET /desk/agent/forms/{conversation}/finish": _AGENT,
    "POST /desk/agent/forms/{conversation}/again": _AGENT,
    "POST /desk/agent/forms/{conversation}/finish": _AGENT,
    "GET /desk/agent/articles": _AGENT,
    "POST /desk/agent/chats/{chat}/take": _AGENT,
    "POST /desk/agent/chats/{chat}/show": _AGENT,
    "POST /desk/agent/chats/{chat}/write": _AGENT,
    "GET /desk/agent/chats/{chat}/evidence/{item}": _AGENT,
    "POST /desk/agent/chats/{chat}/typing": _AGENT,
    "POST /desk/agent/chats/{chat}/pass-on": _AGENT,
    "POST /desk/agent/chats/{chat}/unit": _AGENT,
    "POST /desk/agent/chats/{chat}/{end}": _AGENT,
    "GET /desk/agent/takeovers": _AGENT,
    "GET /desk/agent/takeovers/{conversation}": _AGENT,
    "POST /desk/agent/takeovers/{conversation}": _AGENT,
    "GET /desk/callbacks": only(StaffRole.AGENT, StaffRole.TEAM_LEADER),
    "POST /desk/callbacks/{task}/release": only(StaffRole.TEAM_LEADER),
    "POST /desk/callbacks/{task}/{step}": _AGENT,
    "GET /desk/queue": _BOARD,
    "GET /desk/queue/live": Permission(_BOARD.roles, is_quiet=True),
}
