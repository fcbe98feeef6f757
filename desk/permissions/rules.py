"""What a line of the table says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hotline.domain.accounts import ABROAD, ADMINISTRATORS, StaffRole


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may use a route. ``is_public``: without signing in; ``is_quiet``: it does not count as a person's doing (live feeds)."""

    roles: frozenset[StaffRole] = frozenset()
    is_public: bool = False
    is_anybodys: bool = False
    is_quiet: bool = False

    def allows(self, roles: frozenset[StaffRole]) -> bool:
        """Tell whether somebody signed in with ``roles`` may."""
        return self.is_public or self.is_anybodys or not self.roles.isdisjoint(roles)


PUBLIC: Final = Permission(is_public=True)
ANYBODY: Final = Permission(is_anybodys=True)
"""Whoever has signed in."""

HOTLINE: Final = frozenset(StaffRole) - ABROAD - ADMINISTRATORS
"""The hotline's own people, without administrators."""


def only(*roles: StaffRole, is_quiet: bool = False) -> Permission:
    """Return the permission of these roles."""
    return Permission(frozenset(roles), is_quiet=is_quiet)
