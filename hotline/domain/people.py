"""People who act on work orders (经办人), and the machine beside them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """In which capacity somebody acts; ``hotline.domain.life_cycle`` says who may do what."""

    MACHINE = "machine"  # 系统
    AGENT = "agent"  # 话务员
    REVIEWER = "reviewer"  # 热线机构审核人员
    DUTY_OFFICER = "duty_officer"  # 值班员
    UNIT = "unit"  # 承办单位
    SUPERVISOR = "supervisor"  # 督办人员
    EDITOR = "editor"  # 知识与公开编辑
    CITIZEN = "citizen"  # 诉求人


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the capacity, a staff id (never a citizen's name or number), and the unit for a unit's people."""

    role: Role
    id: str
    unit: str | None = None

    def __str__(self) -> str:
        """Return what the audit chain writes down: capacity and id."""
        return self.id if self.role is Role.MACHINE else f"{self.role.value}:{self.id}"

    @property
    def is_person(self) -> bool:
        """Whether a person acts, not the machine."""
        return self.role is not Role.MACHINE


MACHINE: Final = Actor(Role.MACHINE, "machine")
CITIZEN: Final = Actor(Role.CITIZEN, "citizen")


def unit_actor(unit: str, staff: str = "") -> Actor:
    """Return somebody of a handling unit; its interface when no ``staff`` id is given."""
    return Actor(Role.UNIT, staff or unit, unit)
