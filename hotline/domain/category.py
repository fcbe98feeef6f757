"""Category (诉求分类): what an appeal is about. Codes belong to a city's ``categories.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field

from hotline.domain.appeal import AppealKind, Urgency


@dataclass(frozen=True, slots=True)
class Category:
    """One class of appeals. ``spoken`` is how the hotline names it aloud (“供暖不热”)."""

    code: str
    name: str
    spoken: str
    group: str
    needs_place: bool = True
    default_kind: AppealKind = AppealKind.HELP
    urgency: Urgency = Urgency.ORDINARY
    keywords: tuple[str, ...] = field(default=())
