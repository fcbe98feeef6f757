"""Administration: accounts, sessions, the machine, audit, retention, exports. Duties are separated (三员分立)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import Permission, only
from hotline.domain.accounts import StaffRole

_SYSTEM: Final = only(StaffRole.SYSTEM_ADMIN)
_SECURITY: Final = only(StaffRole.SECURITY_ADMIN)
_KEEPERS: Final = only(StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN)
_AUDIT: Final = only(StaffRole.AUDIT_ADMIN)
_EXPORTS: Final = only(StaffRole.REVIEWER, StaffRole.SUPERVISOR, StaffRole.TEAM_LEADER)

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/admin/accounts": _KEEPERS,
    "POST /desk/admin/accounts": _SYSTEM,
    "GET /desk/admin/accounts/{account}": _KEEPERS,
    "POST /desk/admin/accounts/{account}/lock": _SYSTEM,
    "POST /desk/admin/accounts/{account}/unlock": _SYSTEM,
    "POST /desk/admin/accounts/{account}/reset": _SYSTEM,
    "POST /desk/admin/accounts/{account}/totp": _SECURITY,
    "POST /desk/admin/accounts/{account}/roles": _SECURITY,
    "POST /desk/admin/accounts/{account}/sessions/{session}/end": _KEEPERS,
    "GET /desk/admin/sessions": _KEEPERS,
    "GET /desk/admin/permissions": only(StaffRole.SECURITY_ADMIN, StaffRole.AUDIT_ADMIN),
    "GET /desk/admin/settings": _SYSTEM,
    "GET /desk/admin/models": _SYSTEM,
    "POST /desk/admin/models/{model}/verify": _SYSTEM,
    "GET /desk/admin/channels": _SYSTEM,
    "GET /desk/admin/calendar": only(
        StaffRole.SYSTEM_ADMIN, StaffRole.RULES_EDITOR, StaffRole.RULES_REVIEWER, StaffRole.SUPERVISOR
    ),
    "POST /desk/admin/calendar/check": _SYSTEM,
    "POST /desk/admin/calendar": _SYSTEM,
    "POST /desk/admin/calendar/{sequence}/undo": _SYSTEM,
    "GET /desk/admin/retention": only(StaffRole.SYSTEM_ADMIN, StaffRole.AUDIT_ADMIN),
    "POST /desk/admin/retention": _SYSTEM,
    "GET /desk/admin/audit": _AUDIT,
    "GET /desk/admin/audit/rows.csv": _AUDIT,
    "POST /desk/admin/audit/check": _AUDIT,
    "GET /desk/exports": _EXPORTS,
    "POST /desk/exports": Permission(_EXPORTS.roles),
}
