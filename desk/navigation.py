"""Which pages the side navigation offers; whoever may not open one does not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from desk.permissions import may_get
from hotline.domain.accounts import ABROAD, ADMINISTRATORS, StaffRole


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry: page, label, icon of ``static/icons.svg``, and the keys that open it (g, then another)."""

    path: str
    label: str
    icon: str
    keys: str
    home_of: frozenset[StaffRole] = frozenset()


_R = StaffRole

SECTIONS: Final[Sequence[tuple[str, Sequence[NavItem]]]] = (
    (
        "工单",
        (NavItem("/desk/orders", "全部工单", "list", "g o", frozenset(StaffRole) - ADMINISTRATORS - ABROAD),),
    ),
    ("我的", (NavItem("/desk/me", "我的账号", "person", "g m", frozenset(StaffRole)),)),
)
"""In the order in which they are shown. The first page whose ``home_of`` has one of somebody's roles is where they begin."""


def sections(roles: frozenset[StaffRole]) -> list[tuple[str, list[NavItem]]]:
    """Return the navigation of somebody with ``roles``."""
    shown = ((title, [item for item in items if may_get(roles, item.path)]) for title, items in SECTIONS)
    return [(title, items) for title, items in shown if items]


def home(roles: frozenset[StaffRole]) -> str:
    """Return the page where somebody with ``roles`` begins."""
    for _, items in SECTIONS:
        for item in items:
            if item.home_of & roles and may_get(roles, item.path):
                return item.path
    return "/desk/me"
