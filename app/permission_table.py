"""The table of permissions as a document (docs/permissions.md), written from what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desk.front import WORDS
from desk.permissions import TABLE, Permission
from desk.permissions.rules import HOTLINE
from hotline.domain.accounts import ABROAD, StaffRole

_HEAD: Final = """# Permissions 权限表

Written by `hotline accounts permissions` from `desk/permissions`; a test keeps it true and asks every route as every role.
What is not listed is refused. Units and counties see their own orders only, whatever the route; confidential orders without the citizen.

| route | who |
|---|---|
"""


def table_in_words() -> str:
    """Return the whole document."""
    lines = [f"| `{route}` | {_who(permission)} |\n" for route, permission in TABLE.items()]
    return _HEAD + "".join(lines)


def _who(permission: Permission) -> str:
    if permission.is_public:
        return "公开"
    if permission.is_anybodys:
        return "所有登录的人"
    names: Mapping[str, str] = WORDS["roles"]
    roles, words = permission.roles, list[str]()
    for group, name in ((HOTLINE, "热线各岗位"), (ABROAD, "承办单位和县区")):
        if group <= roles:
            roles, words = roles - group, [*words, name]
    return "、".join([*words, *(names[role] for role in StaffRole if role in roles)])
