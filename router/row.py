"""One row of the dispatch catalogue, and the situation it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hotline.domain.appeal import AppealKind, EmergencyService, Urgency
from hotline.domain.category import within

PLACE: Final = "place"
"""Stands for the government of the place (属地) among a row's units."""


class Area(StrEnum):
    """Whose ground it is (属地层级)."""

    COUNTY = "county"
    ZONE = "zone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Situation:
    """What rows look at: the appeal reduced to the facts that routing may depend on."""

    kind: AppealKind
    area: Area
    county_code: str | None
    street_code: str | None
    emergency: EmergencyService | None
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the catalogue. Conditions that are empty hold for everything; those given must all hold.

    ``categories`` may be of any level. ``mentions`` and ``also``: at least one topic of each; ``without``: none. ``lead`` and ``supporting`` are unit codes or
    ``PLACE``; ``otherwise`` leads inquiries, suggestions and praise whose place is not known. ``limit`` names a statutory
    limit. ``avoids_named``: a unit that the citizen names is the one complained of and must not handle it (回避).
    """

    file: str
    id: str
    categories: tuple[str, ...]
    lead: str
    because: str
    basis: str
    supporting: tuple[str, ...] = ()
    otherwise: str = ""
    kinds: tuple[AppealKind, ...] = ()
    areas: tuple[Area, ...] = ()
    counties: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    emergencies: tuple[EmergencyService, ...] = ()
    mentions: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    urgency: Urgency | None = None
    limit: str = ""
    is_manual: bool = False
    avoids_named: bool = False
    is_confirmed: bool = False

    def is_for(self, category: str) -> bool:
        """Tell whether the row is one of ``category``'s: it names the category, one above it, or none at all."""
        return not self.categories or within(category, self.categories)

    @property
    def is_unconditional(self) -> bool:
        """True when the row holds for every appeal of its categories."""
        return not (
            self.kinds
            or self.areas
            or self.counties
            or self.streets
            or self.emergencies
            or self.mentions
            or self.also
            or self.without
        )
