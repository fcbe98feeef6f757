"""The rules console (派单规则工作台): editors write drafts, reviewers publish and roll back, both read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import Permission, only
from hotline.domain.accounts import StaffRole

_BOTH: Final = only(StaffRole.RULES_EDITOR, StaffRole.RULES_REVIEWER)
_QUIET: Final = only(StaffRole.RULES_EDITOR, StaffRole.RULES_REVIEWER, is_quiet=True)
_EDITOR: Final = only(StaffRole.RULES_EDITOR)
_REVIEWER: Final = only(StaffRole.RULES_REVIEWER)

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/rules": _BOTH,
    "GET /desk/rules/drafts": _BOTH,
    "POST /desk/rules/drafts": _EDITOR,
    "GET /desk/rules/drafts/{draft}": _BOTH,
    "POST /desk/rules/drafts/{draft}/plan": _EDITOR,
    "GET /desk/rules/drafts/{draft}/new": _EDITOR,
    "GET /desk/rules/drafts/{draft}/rows/{row}": _EDITOR,
    "POST /desk/rules/drafts/{draft}/check": _EDITOR,
    "POST /desk/rules/drafts/{draft}/rows": _EDITOR,
    "POST /desk/rules/drafts/{draft}/remove": _EDITOR,
    "POST /desk/rules/drafts/{draft}/undo": _EDITOR,
    "GET /desk/rules/words": _BOTH,
    "GET /desk/rules/drafts/{draft}/words": _EDITOR,
    "POST /desk/rules/drafts/{draft}/words/check": _EDITOR,
    "POST /desk/rules/drafts/{draft}/words": _EDITOR,
    "POST /desk/rules/drafts/{draft}/words/{step}": _EDITOR,
    "POST /desk/rules/drafts/{draft}/expect": _EDITOR,
    "POST /desk/rules/drafts/{draft}/rebase": _EDITOR,
    "POST /desk/rules/drafts/{draft}/try": _BOTH,
    "GET /desk/rules/drafts/{draft}/trial": _QUIET,
    "GET /desk/rules/drafts/{draft}/orders": _BOTH,
    "POST /desk/rules/drafts/{draft}/submit": _EDITOR,
    "POST /desk/rules/drafts/{draft}/discard": _EDITOR,
    "POST /desk/rules/drafts/{draft}/send-back": _REVIEWER,
    "POST /desk/rules/drafts/{draft}/publish": _REVIEWER,
    "GET /desk/rules/versions": _BOTH,
    "GET /desk/rules/versions/{version}": _BOTH,
    "POST /desk/rules/versions/{version}/withdraw": _REVIEWER,
    "POST /desk/rules/versions/{version}/roll-back": _REVIEWER,
}
