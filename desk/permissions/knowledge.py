"""The console of the knowledge base (知识库工作台). Who wrote on a version never reviews it, whatever their roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.permissions.rules import Permission, only
from hotline.domain.accounts import StaffRole

_KEEPERS: Final = only(StaffRole.KNOWLEDGE_EDITOR, StaffRole.KNOWLEDGE_REVIEWER)
_REVIEWERS: Final = only(StaffRole.KNOWLEDGE_REVIEWER)
_QUIET: Final = only(StaffRole.KNOWLEDGE_EDITOR, StaffRole.KNOWLEDGE_REVIEWER, is_quiet=True)

ROUTES: Final[Mapping[str, Permission]] = {
    "GET /desk/knowledge": _KEEPERS,
    "GET /desk/knowledge/calendar": _KEEPERS,
    "GET /desk/knowledge/use": _KEEPERS,
    "GET /desk/knowledge/gaps": _KEEPERS,
    "GET /desk/knowledge/golden": _KEEPERS,
    "POST /desk/knowledge/golden": _KEEPERS,
    "GET /desk/knowledge/golden/check": _QUIET,
    "POST /desk/knowledge/golden/ask": _KEEPERS,
    "POST /desk/knowledge/golden/{step}": _REVIEWERS,
    "GET /desk/knowledge/transfer": _KEEPERS,
    "POST /desk/knowledge/transfer": _KEEPERS,
    "GET /desk/knowledge/export": _KEEPERS,
    "GET /desk/knowledge/tasks": _KEEPERS,
    "POST /desk/knowledge/tasks": _KEEPERS,
    "POST /desk/knowledge/tasks/{task}/settle": _KEEPERS,
    "POST /desk/knowledge/tasks/{task}/drop": _REVIEWERS,
    "POST /desk/knowledge/gaps/{candidate}/{step}": _KEEPERS,
    "GET /desk/knowledge/new": _KEEPERS,
    "POST /desk/knowledge/new": _KEEPERS,
    "POST /desk/knowledge/preview": _KEEPERS,
    "GET /desk/knowledge/articles/{article}": _KEEPERS,
    "GET /desk/knowledge/articles/{article}/edit": _KEEPERS,
    "POST /desk/knowledge/articles/{article}/edit": _KEEPERS,
    "GET /desk/knowledge/articles/{article}/diff": _KEEPERS,
    "GET /desk/knowledge/articles/{article}/warnings": _KEEPERS,
    "GET /desk/knowledge/articles/{article}/golden": _KEEPERS,
    "GET /desk/knowledge/articles/{article}/check": _QUIET,
    "GET /desk/knowledge/articles/{article}/spoken.wav": _KEEPERS,
    "GET /desk/knowledge/articles/{article}/files/{digest}": _KEEPERS,
    "POST /desk/knowledge/articles/{article}/{step}": _KEEPERS,
}
