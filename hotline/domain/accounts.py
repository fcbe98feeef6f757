"""Accounts of staff and units (账号): roles, which of them exclude one another, and the rules for passwords and sessions.

The three administrators (三员) are three people: one keeps the system, one grants roles, one reads the audit
(GB/T 22239—2019 8.1.5 安全管理中心; 涉密信息系统的三员分立为同一思路). What is refused raises and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hotline.domain.article_life import WHO as WHO_KEEPS_ARTICLES
from hotline.domain.article_life import ArticleStep
from hotline.domain.errors import HotlineError
from hotline.domain.life_cycle import WHO, Step
from hotline.domain.people import Actor, Role


class StaffRole(StrEnum):
    """What somebody who signs in may do (岗位). ``Role`` is the capacity in which they then act on an order."""

    AGENT = "agent"  # 话务员
    TEAM_LEADER = "team_leader"  # 班长
    REVIEWER = "reviewer"  # 热线审核
    SUPERVISOR = "supervisor"  # 督办
    KNOWLEDGE_EDITOR = "knowledge_editor"  # 知识编辑
    KNOWLEDGE_REVIEWER = "knowledge_reviewer"  # 知识审核
    RULES_EDITOR = "rules_editor"  # 派单规则
    RULES_REVIEWER = "rules_reviewer"  # 派单规则审核
    UNIT_HANDLER = "unit_handler"  # 承办单位经办
    UNIT_LEAD = "unit_lead"  # 承办单位审核人
    COUNTY = "county"  # 县区热线办
    DUTY_OFFICER = "duty_officer"  # 值班
    SYSTEM_ADMIN = "system_admin"  # 系统管理员
    SECURITY_ADMIN = "security_admin"  # 安全管理员
    AUDIT_ADMIN = "audit_admin"  # 审计管理员


ADMINISTRATORS: Final = frozenset({StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN, StaffRole.AUDIT_ADMIN})
OF_UNITS: Final = frozenset({StaffRole.UNIT_HANDLER, StaffRole.UNIT_LEAD})
ABROAD: Final = OF_UNITS | {StaffRole.COUNTY}
"""Roles of people who are not the hotline's: they see their own orders only."""

CAPACITIES: Final[dict[StaffRole, Role]] = {
    StaffRole.AGENT: Role.AGENT,
    StaffRole.TEAM_LEADER: Role.AGENT,
    StaffRole.REVIEWER: Role.REVIEWER,
    StaffRole.SUPERVISOR: Role.SUPERVISOR,
    StaffRole.KNOWLEDGE_EDITOR: Role.EDITOR,
    StaffRole.UNIT_HANDLER: Role.UNIT,
    StaffRole.UNIT_LEAD: Role.UNIT,
    StaffRole.DUTY_OFFICER: Role.DUTY_OFFICER,
}
"""In which capacity a role acts on orders; a role that is missing here acts on none."""

KEEPERS: Final[dict[StaffRole, Role]] = {
    StaffRole.KNOWLEDGE_EDITOR: Role.EDITOR,
    StaffRole.KNOWLEDGE_REVIEWER: Role.REVIEWER,
}
"""In which capacity a role acts on articles of the knowledge base. Reviewing articles is no reviewing of orders."""


class RolesConflictError(HotlineError):
    """One person must not hold these roles together, or a role lacks the unit, the county or the number it needs."""

    code = "account.roles_conflict"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class NotAllowedError(HotlineError):
    """Who asks may not do this (to themselves, or at all)."""

    code = "account.not_allowed"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class WeakPasswordError(HotlineError):
    """The password does not meet the rules; ``reason`` is which: short, plain, names, common, same."""

    code = "account.weak_password"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class AccountNotFoundError(HotlineError):
    """There is no such account."""

    code = "account.not_found"


class LoginTakenError(HotlineError):
    """Another account has this name for signing in, or this agent's number (工号)."""

    code = "account.login_taken"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. ``login`` is their staff id in orders and audit; ``number`` is an agent's 工号.

    ``unit`` binds a unit's people to it, ``county`` a county's. Whoever ``must_change_password`` can do nothing else.
    ``locked_until``: after too many failures; ``is_locked``: by an administrator. ``version`` counts changes.
    """

    id: str
    login: str
    name: str
    made_at: datetime
    roles: frozenset[StaffRole] = frozenset()
    unit: str | None = None
    county: str | None = None
    number: str | None = None
    is_locked: bool = False
    has_password: bool = False
    must_change_password: bool = False
    has_totp: bool = False
    failures: int = 0
    locked_until: datetime | None = None
    last_in_at: datetime | None = None
    password_set_at: datetime | None = None
    version: int = 0

    @property
    def needs_totp(self) -> bool:
        """Whether a password alone does not let them in (动态口令)."""
        return bool(self.roles & ADMINISTRATORS)

    def may_sign_in(self, at: datetime) -> bool:
        """Tell whether the account is open at ``at``."""
        return not self.is_locked and (self.locked_until is None or self.locked_until <= at)

    def has_any(self, roles: Iterable[StaffRole]) -> bool:
        """Tell whether they hold one of ``roles``."""
        return not self.roles.isdisjoint(roles)

    def acts_as(self, capacity: Role) -> Actor:
        """Return the account acting in ``capacity``. Raises ``NotAllowedError`` when none of its roles gives that."""
        if all(CAPACITIES.get(role) is not capacity for role in self.roles):
            raise NotAllowedError("capacity")
        return Actor(capacity, self.login, self.unit if capacity is Role.UNIT else None)

    def acting_for(self, step: Step) -> Actor:
        """Return the account in the capacity that may take ``step``. Raises ``NotAllowedError`` when it has none."""
        for capacity in Role:
            mine = any(CAPACITIES.get(role) is capacity for role in self.roles)
            if mine and capacity in WHO[step]:
                return self.acts_as(capacity)
        raise NotAllowedError("capacity")

    def keeping(self, step: ArticleStep) -> Actor:
        """Return the account in the capacity that may take ``step`` on an article. Raises ``NotAllowedError``."""
        for role, capacity in KEEPERS.items():
            if role in self.roles and capacity in WHO_KEEPS_ARTICLES[step]:
                return Actor(capacity, self.login)
        raise NotAllowedError("capacity")

    def with_roles(
        self, roles: frozenset[StaffRole], *, unit: str | None, county: str | None, number: str | None
    ) -> Account:
        """Return the account with these roles. Raises ``RolesConflictError``."""
        check_roles(roles, unit=unit, county=county, number=number)
        return replace(self, roles=roles, unit=unit, county=county, number=number)


def check_roles(
    roles: frozenset[StaffRole], *, unit: str | None, county: str | None, number: str | None
) -> None:
    """Raise ``RolesConflictError`` when one person must not have these roles together."""
    administrates = roles & ADMINISTRATORS
    if len(administrates) > 1:
        raise RolesConflictError("administrators")
    if administrates and roles - administrates:
        raise RolesConflictError("administrator_works")
    if roles & ABROAD and roles - ABROAD:
        raise RolesConflictError("two_houses")
    if roles & OF_UNITS and StaffRole.COUNTY in roles:
        raise RolesConflictError("two_houses")
    if bool(roles & OF_UNITS) != (unit is not None):
        raise RolesConflictError("unit")
    if (StaffRole.COUNTY in roles) != (county is not None):
        raise RolesConflictError("county")
    if StaffRole.AGENT in roles and number is None:
        raise RolesConflictError("number")


def check_grant(by: Account, to: Account) -> None:
    """Raise ``NotAllowedError`` unless ``by`` may change the roles of ``to``: the security administrator, never their own."""
    if StaffRole.SECURITY_ADMIN not in by.roles:
        raise NotAllowedError("grant")
    if by.id == to.id:
        raise NotAllowedError("self")


def check_care(by: Account, of: Account) -> None:
    """Raise ``NotAllowedError`` unless ``by`` may make, lock, unlock or reset ``of``.

    The system administrator may, but not their own account, and no administrator's password: that would make one person two.
    """
    if StaffRole.SYSTEM_ADMIN not in by.roles:
        raise NotAllowedError("care")
    if by.id == of.id:
        raise NotAllowedError("self")


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Passwords, lock-out and sessions; all of it is settings (GB/T 22239—2019 8.1.4.1 身份鉴别; 具体数值待核).

    ``idle`` and ``longest`` bound a session; ``sessions`` is how many one person may have at once, the oldest ends.
    """

    least_length: int = 10
    password_days: int = 90
    failures: int = 5
    lock: timedelta = timedelta(minutes=15)
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    sessions: int = 3

    def check_password(self, password: str, account: Account) -> None:
        """Raise ``WeakPasswordError`` when ``password`` must not be the account's."""
        if len(password) < self.least_length:
            raise WeakPasswordError("short")
        kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
        if sum(any(map(kind, password)) for kind in kinds) < 3:
            raise WeakPasswordError("plain")
        folded = password.casefold()
        names = (account.login, account.name, account.number or "")
        if any(len(name.encode()) > 2 and name.casefold() in folded for name in names):
            raise WeakPasswordError("names")
        if any(common in folded for common in _COMMON) or len(set(password)) < 5:
            raise WeakPasswordError("common")

    def is_stale(self, account: Account, at: datetime) -> bool:
        """Tell whether the password is so old that it has to be changed."""
        if not account.has_password or account.password_set_at is None or self.password_days == 0:
            return False
        return at - account.password_set_at > timedelta(days=self.password_days)


_COMMON: Final = ("12345", "password", "passw0rd", "qwerty", "admin", "hotline", "abcd", "1qaz", "linyi")


@dataclass(frozen=True, slots=True)
class StaffSession:
    """One signed-in browser. ``id`` is a digest of its token; ``seen_at`` the last request that a person made."""

    id: str
    account: str
    how: str
    made_at: datetime
    seen_at: datetime
    ends_at: datetime
    place: str = ""
    browser: str = ""

    def is_over(self, at: datetime, rules: AccessRules) -> bool:
        """Tell whether it has ended: too long idle, or too long at all."""
        return at >= self.ends_at or at - self.seen_at >= rules.idle
