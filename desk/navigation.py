"""Which pages the side navigation offers; whoever may not open one does not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from desk.permissions import may_get
from hotline.domain.accounts import ADMINISTRATORS, OF_UNITS, StaffRole


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
        "通话",
        (
            NavItem("/desk/agent", "坐席", "phone", "g d", frozenset({_R.AGENT})),
            NavItem("/desk/callbacks", "回电", "clock", "g b"),
            NavItem("/desk/queue", "坐席与排队", "people", "g q", frozenset({_R.TEAM_LEADER})),
        ),
    ),
    (
        "承办",
        (
            NavItem("/desk/unit", "收件箱", "inbox", "g i", OF_UNITS),
            NavItem("/desk/unit/assessment", "考核", "board", "g z"),
            NavItem("/desk/unit/tasks", "知识复核", "book", "g y"),
        ),
    ),
    (
        "知识",
        (
            NavItem(
                "/desk/knowledge",
                "知识库",
                "book",
                "g k",
                frozenset({_R.KNOWLEDGE_EDITOR, _R.KNOWLEDGE_REVIEWER}),
            ),
        ),
    ),
    (
        "规则",
        (
            NavItem(
                "/desk/rules", "派单规则", "rules", "g f", frozenset({_R.RULES_EDITOR, _R.RULES_REVIEWER})
            ),
        ),
    ),
    (
        "工单",
        (
            NavItem("/desk/review", "审核", "review", "g r", frozenset({_R.REVIEWER})),
            NavItem("/desk/supervision", "督办看板", "board", "g w", frozenset({_R.SUPERVISOR})),
            NavItem(
                "/desk/orders",
                "全部工单",
                "list",
                "g o",
                frozenset(StaffRole) - ADMINISTRATORS - OF_UNITS,
            ),
        ),
    ),
    (
        "管理",
        (
            NavItem(
                "/desk/admin/accounts",
                "账号",
                "people",
                "g u",
                frozenset({_R.SYSTEM_ADMIN, _R.SECURITY_ADMIN}),
            ),
            NavItem("/desk/admin/sessions", "登录会话", "clock", "g s"),
            NavItem("/desk/admin/permissions", "权限表", "shield", "g p"),
            NavItem("/desk/admin/settings", "设置", "gear", "g t"),
            NavItem("/desk/admin/models", "模型与版本", "model", "g v"),
            NavItem("/desk/admin/channels", "渠道与中继", "trunk", "g h"),
            NavItem("/desk/admin/calendar", "工作日历", "calendar", "g c"),
            NavItem("/desk/admin/retention", "保存期限", "trash", "g r"),
            NavItem("/desk/admin/audit", "审计", "audit", "g a", frozenset({_R.AUDIT_ADMIN})),
            NavItem("/desk/exports", "数据导出", "export", "g e"),
        ),
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


def here(path: str) -> str:
    """Return the page of the navigation in which ``path`` lies: the longest one that it begins with; nothing for none."""
    pages = (item.path for _, items in SECTIONS for item in items)
    return max((each for each in pages if path == each or path.startswith(f"{each}/")), key=len, default="")
