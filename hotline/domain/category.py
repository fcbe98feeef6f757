"""Category (诉求分类): what an appeal is about, at three levels; codes belong to a city's ``categories`` folder.

A code of two digits names a class of the first level (大类), of four one below it, of six one of the third. A longer code
lies within each of its beginnings: what names ``0101`` (供暖) holds for ``010101`` (供热温度不达标) as well.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from hotline.domain.appeal import AppealKind, Urgency

T = TypeVar("T")

DIGITS_A_LEVEL: Final = 2
SECOND: Final = 2
"""The level at which appeals are compared and counted: every appeal whose matter is known has it."""
THIRD: Final = 3


@dataclass(frozen=True, slots=True)
class Category:
    """One class of appeals. ``spoken`` is how the hotline names it aloud (“供暖不热”), ``group`` the first level's name.

    ``unit`` is who usually handles it (a unit's code, or ``place`` for the government of the place) and ``basis`` the
    law; both inform people, dispatching goes by the catalogue. ``covers`` and ``excludes`` tell people what belongs.
    ``question`` is what a citizen is asked when it is not sure which of the finer classes is meant.
    """

    code: str
    name: str
    spoken: str
    group: str
    needs_place: bool = True
    default_kind: AppealKind = AppealKind.HELP
    urgency: Urgency = Urgency.ORDINARY
    keywords: tuple[str, ...] = field(default=())
    unit: str = ""
    basis: str = ""
    covers: str = ""
    excludes: str = ""
    question: str = ""

    @property
    def level(self) -> int:
        """1, 2 or 3."""
        return len(self.code) // DIGITS_A_LEVEL


def lineage(code: str) -> tuple[str, ...]:
    """Return ``code`` and the codes above it, the longest first."""
    return tuple(code[:length] for length in range(len(code), 0, -DIGITS_A_LEVEL))


def within(code: str | None, listed: Container[str]) -> bool:
    """Tell whether ``code`` or a class above it is ``listed``."""
    return code is not None and any(each in listed for each in lineage(code))


def nearest(code: str | None, of: Mapping[str, T]) -> T | None:
    """Return what ``of`` has for ``code`` or, failing that, for the nearest class above it."""
    return next((of[each] for each in lineage(code or "") if each in of), None)


def at_level(code: str | None, level: int = SECOND) -> str | None:
    """Return the class at ``level`` that ``code`` lies in; a code that is not so fine comes back as it is."""
    return code[: level * DIGITS_A_LEVEL] if code is not None else None
