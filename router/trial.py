"""A draft of the catalogue tried before it is published (试算): checks, golden matters, and past orders routed anew. Pure.

Both texts decide on the same orders at the same moments, so what differs comes of the changes alone. No citizen's words
are in the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from hotline.city import City
from hotline.domain.appeal import Appeal, AppealKind
from hotline.domain.category import within
from hotline.domain.errors import CityConfigError
from hotline.domain.golden_gate import GateReport, compare
from hotline.domain.rule_text import CatalogueText, differences
from router.catalogue import Catalogue, compiled, read_text
from router.checking import Finding, Level, check_codes
from router.matters import MANUAL, Matter, judged
from router.rule_router import RuleRouter
from router.tables import FixedTables, RoutingTables
from router.time_tables import load_time_limits

_NUMBERS: Final = 100
_NOT_DISPATCHED: Final = (AppealKind.WITHDRAWAL, AppealKind.NUISANCE, AppealKind.INVALID)


@dataclass(frozen=True, slots=True)
class PastAppeal:
    """An order as it came in."""

    number: str
    appeal: Appeal
    at: datetime


@dataclass(frozen=True, slots=True)
class TrialWork:
    """What a trial needs, to be sent to another process; ``city`` is the city's folder."""

    city: Path
    old: CatalogueText
    new: CatalogueText
    orders: tuple[PastAppeal, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """Orders that go from one unit (or ``manual``) to another, by the row that decides now; of ``count`` the newest ``numbers``."""

    old: str
    new: str
    rule: str
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. ``mistakes`` keep the draft from being published, as a ``gate`` that drops does; ``warnings`` are new ones."""

    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    gate: GateReport | None = None
    orders: int = 0
    shifts: tuple[Shift, ...] = ()
    since: datetime | None = None

    @property
    def moved(self) -> int:
        """How many orders would go elsewhere."""
        return sum(shift.count for shift in self.shifts)


def tried(
    old: CatalogueText,
    new: CatalogueText,
    city: City,
    matters: Sequence[Matter],
    orders: Iterable[PastAppeal],
    *,
    at: datetime,
) -> Trial:
    """Try ``new``, which is to follow ``old``. ``orders``: the newest first. Raises ``CityConfigError`` when ``old`` is no catalogue."""
    limits = load_time_limits(city)
    names = frozenset(each.limit.name for each in limits.statutory)
    before = compiled(old, city, names)
    after, mistakes = read_text(new, city, names)
    if after is None:
        return Trial(tuple(map(_told, mistakes)))
    findings = _new_findings(before, after, _touched(old, new, after), city)
    errors = tuple(f"{each.row}：{each.text}" for each in findings if each.level is Level.ERROR)
    warnings = tuple(f"{each.row}：{each.text}" for each in findings if each.level is Level.WARNING)
    routers = [RuleRouter(city, FixedTables(RoutingTables((each,), limits))) for each in (before, after)]
    gate = compare(*(judged(matters, router, at=at, expected=new.expectations) for router in routers))
    counted = _Counted()
    for order in orders:
        if order.appeal.kind not in _NOT_DISPATCHED:
            counted.add(order, *routers)
    return Trial(errors, warnings, gate, counted.orders, counted.shifts(), counted.since)


def _told(mistake: CityConfigError) -> str:
    return f"{mistake.row}：{mistake.reason}" if mistake.row else mistake.reason


def _touched(old: CatalogueText, new: CatalogueText, after: Catalogue) -> frozenset[str]:
    """Return the categories in which a change may count: those of the rows that differ, as they were and as they are."""
    rows = {row.id: row for row in old.rows}, {row.id: row for row in new.rows}
    wanted: set[str] = set()
    for each in differences(old.rows, new.rows):
        for side in rows:
            found = side.get(each.row)
            category = found.data.get("category", ()) if found is not None else ()
            if isinstance(category, str):
                return frozenset(after.tables)
            wanted.update(category)
    return frozenset(code for code in after.tables if within(code, tuple(wanted)))


def _new_findings(before: Catalogue, after: Catalogue, codes: frozenset[str], city: City) -> list[Finding]:
    known = {(each.code, each.row, each.text) for each in check_codes(before, city, codes)}
    return [each for each in check_codes(after, city, codes) if (each.code, each.row, each.text) not in known]


@dataclass(slots=True)
class _Counted:
    orders: int = 0
    since: datetime | None = None
    counts: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    def add(self, order: PastAppeal, before: RuleRouter, after: RuleRouter) -> None:
        self.orders += 1
        self.since = order.at if self.since is None else min(self.since, order.at)
        old = before.route(order.appeal, at=order.at)
        new = after.route(order.appeal, at=order.at)
        if old.lead_unit != new.lead_unit:
            key = (old.lead_unit or MANUAL, new.lead_unit or MANUAL, new.rule)
            self.counts.setdefault(key, []).append(order.number)

    def shifts(self) -> tuple[Shift, ...]:
        found = [Shift(*key, len(numbers), tuple(numbers[:_NUMBERS])) for key, numbers in self.counts.items()]
        return tuple(sorted(found, key=lambda shift: -shift.count))
