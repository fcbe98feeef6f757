"""What a catalogue would have changed over past orders (试算): flows between units, what becomes manual, examples.

Counts only are kept, and a few examples by where they stand in their file: memory does not grow with the orders, and no
citizen's words are in the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from hotline.city import City
from hotline.domain.appeal import AppealKind
from hotline.domain.category import nearest
from router.past_orders import PastOrder, PastOrderError
from router.router import Router

MANUAL: Final = "manual"
OTHERS: Final = "others"
_EXAMPLES: Final = 3
_FLOWS: Final = 2_000
_ERRORS: Final = 100
_VANISHED: Final = 200
_EVERY: Final = 500
_NOT_DISPATCHED: Final = (AppealKind.WITHDRAWAL, AppealKind.NUISANCE, AppealKind.INVALID)

Flow = tuple[str, str, str, str]
"""Category, unit before, unit after, and the row that decides now."""


@dataclass(slots=True)
class Simulation:
    """Sums over past orders; ``add`` them one by one."""

    orders: int = 0
    skipped: int = 0
    errors: int = 0
    first_errors: list[PastOrderError] = field(default_factory=list)
    same: int = 0
    newly_manual: int = 0
    no_longer_manual: int = 0
    flows: Counter[Flow] = field(default_factory=Counter)
    flows_left_out: int = 0
    examples: dict[Flow, list[dict[str, Any]]] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    vanished: Counter[str] = field(default_factory=Counter)

    def add(self, given: PastOrder | PastOrderError, router: Router, city: City) -> None:
        """Route one past order anew and count what is different."""
        if isinstance(given, PastOrderError):
            self.errors += 1
            if len(self.first_errors) < _ERRORS:
                self.first_errors.append(given)
            return
        if given.appeal.kind in _NOT_DISPATCHED:
            self.skipped += 1
            return
        self.orders += 1
        if given.lead_unit is not None and given.lead_unit not in city.units:
            is_known = given.lead_unit in self.vanished or len(self.vanished) < _VANISHED
            self.vanished[given.lead_unit if is_known else OTHERS] += 1
        decision = router.route(given.appeal, at=given.at)
        self.versions[decision.catalogue_version] += 1
        before, after = given.lead_unit or MANUAL, decision.lead_unit or MANUAL
        if before == after:
            self.same += 1
            return
        self.newly_manual += after == MANUAL
        self.no_longer_manual += before == MANUAL
        flow = (given.appeal.category or "", before, after, decision.rule)
        if flow not in self.flows and len(self.flows) >= _FLOWS:
            self.flows_left_out += 1
            return
        self.flows[flow] += 1
        examples = self.examples.setdefault(flow, [])
        if len(examples) < _EXAMPLES:
            examples.append(
                {"file": given.file, "line": given.line, "number": given.number, "because": decision.because}
            )


def simulate(
    orders: Iterable[PastOrder | PastOrderError],
    router: Router,
    city: City,
    progress: Callable[[int], None] = lambda _: None,
) -> Simulation:
    """Route all ``orders`` with ``router``; ``progress`` is told how many were read."""
    found = Simulation()
    for number, order in enumerate(orders, 1):
        found.add(order, router, city)
        if number % _EVERY == 0:
            progress(number)
    return found


def simulation_data(found: Simulation, city: City) -> dict[str, Any]:
    """Return the sums as plain data (docs/routing.md)."""

    def named(code: str) -> str:
        return city.units[code].name if code in city.units else code

    by_category: Counter[str] = Counter()
    by_unit: dict[str, dict[str, int]] = {}
    for (category, before, after, _), count in found.flows.items():
        by_category[category] += count
        by_unit.setdefault(before, {"from": 0, "to": 0})["from"] += count
        by_unit.setdefault(after, {"from": 0, "to": 0})["to"] += count
    return {
        "orders": found.orders,
        "same": found.same,
        "changed": found.orders - found.same,
        "newly_manual": found.newly_manual,
        "no_longer_manual": found.no_longer_manual,
        "skipped": found.skipped,
        "versions": dict(found.versions),
        "by_category": [
            {
                "category": code,
                "name": known.name if (known := nearest(code, city.categories)) is not None else "",
                "changed": count,
            }
            for code, count in by_category.most_common()
        ],
        "by_unit": [
            {"unit": code, "name": named(code), **counts}
            for code, counts in sorted(by_unit.items(), key=lambda pair: -sum(pair[1].values()))
        ],
        "flows": [
            {
                "category": category,
                "from": before,
                "from_name": named(before),
                "to": after,
                "to_name": named(after),
                "rule": rule,
                "count": count,
                "examples": found.examples[category, before, after, rule],
            }
            for (category, before, after, rule), count in found.flows.most_common()
        ],
        "flows_left_out": found.flows_left_out,
        "vanished_units": dict(found.vanished),
        "errors": found.errors,
        "first_errors": [
            {"file": each.file, "line": each.line, "reason": each.reason} for each in found.first_errors
        ],
    }
