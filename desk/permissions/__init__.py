"""Who may do what: every route of the consoles, and the roles that may use it (权限表). What is not listed is refused.

Each area has a module with its ``ROUTES``. ``docs/permissions.md`` shows the whole table; a test keeps it true and asks
every route as every role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from desk.permissions import (
    administration,
    agent,
    common,
    knowledge,
    review,
    rule_console,
    supervision,
    unit,
)
from desk.permissions.rules import ANYBODY, PUBLIC, Permission, only
from hotline.domain.accounts import StaffRole

__all__ = ["ANYBODY", "PUBLIC", "TABLE", "Permission", "UnlistedRouteError", "only", "permission"]


def _whole(*areas: Mapping[str, Permission]) -> Mapping[str, Permission]:
    whole: dict[str, Permission] = {}
    for area in areas:
        if twice := whole.keys() & area.keys():
            raise ValueError(f"listed twice: {sorted(twice)}")
        whole.update(area)
    return whole


TABLE: Final[Mapping[str, Permission]] = _whole(
    common.ROUTES,
    administration.ROUTES,
    agent.ROUTES,
    unit.ROUTES,
    review.ROUTES,
    supervision.ROUTES,
    knowledge.ROUTES,
    rule_console.ROUTES,
)


@dataclass
class UnlistedRouteError(Exception):
    """A route of the consoles is missing in the table: the program does not start with it."""

    route: str


def permission(method: str, path: str) -> Permission:
    """Return who may use a route, by its path as it is declared. Raises ``UnlistedRouteError``."""
    try:
        return TABLE[f"{method} {path}"]
    except KeyError:
        raise UnlistedRouteError(f"{method} {path}") from None


def may_get(roles: frozenset[StaffRole], path: str) -> bool:
    """Tell whether somebody with ``roles`` may open a page, for links and navigation."""
    found = TABLE.get(f"GET {path}")
    return found is not None and found.allows(roles)
