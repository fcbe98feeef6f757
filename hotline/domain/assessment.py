"""Assessment (考核): quarterly boards of three groups by response, resolution and satisfaction, with exact fractions.

Every formula belongs to a version with its day of effect, so that an old quarter counts today as it did then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from hotline.domain.category import within
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.handling_unit import UnitGroup
from hotline.domain.order_facts import OrderFacts


class BoardGroup(StrEnum):
    """The three groups that are ranked apart (三组分别排)."""

    COUNTIES = "counties"  # 县区
    CITY_BODIES = "city_bodies"  # 市政府部门（含开发区）
    LINKED = "linked"  # 联动单位


GROUPS: Final = {
    UnitGroup.COUNTY: BoardGroup.COUNTIES,
    UnitGroup.ZONE: BoardGroup.CITY_BODIES,
    UnitGroup.CITY_BODY: BoardGroup.CITY_BODIES,
    UnitGroup.LINKED: BoardGroup.LINKED,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """One version of how orders are counted; see ``config/<city>/assessment.yaml`` for the fields' meaning."""

    version: str
    valid_from: date
    basis: str
    is_confirmed: bool
    response_weight: Fraction
    resolved_weight: Fraction
    satisfied_weight: Fraction
    mostly: Fraction
    tolerance: Fraction
    named_below: Fraction
    least_orders: int
    red: int
    yellow: int
    enforcement: frozenset[str]
    mediation: frozenset[str]


@dataclass(frozen=True, slots=True)
class Share:
    """A rate as a fraction of orders; ``rate`` is None where nothing was counted."""

    met: Fraction
    of: int

    @property
    def rate(self) -> Fraction | None:
        """The share from 0 to 1."""
        return self.met / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What one unit reached: the three rates (三率), satisfaction with the handling apart, and what did not count."""

    unit: str
    orders: int
    response: Share
    resolved: Share
    satisfied: Share
    satisfied_with_attitude: Share
    satisfied_enforcement: Share
    satisfied_mediation: Share
    excluded: tuple[str, ...]
    unreachable: int
    forgiven: int
    score: Fraction | None
    named: tuple[str, ...]

    @property
    def exclusion_rate(self) -> Fraction | None:
        """The share of the unit's orders that do not count: shown, so that excluding cannot hide anything."""
        total = self.orders + len(self.excluded)
        return Fraction(len(self.excluded), total) if total else None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit's place; equal scores share a rank. None: too few orders to be ranked."""

    rank: int | None
    result: UnitResult


@dataclass(frozen=True, slots=True)
class Board:
    """One group's board: all units by rank, who is on the red and on the yellow list (红榜、黄榜)."""

    group: BoardGroup
    formula: str
    ranked: tuple[Ranked, ...]
    red: tuple[str, ...]
    yellow: tuple[str, ...]


_RESOLVED: Final = {Resolution.RESOLVED: 1, Resolution.MOSTLY: None, Resolution.UNRESOLVED: 0}
_SATISFIED: Final = {Satisfaction.SATISFIED: 1, Satisfaction.MOSTLY: None, Satisfaction.DISSATISFIED: 0}


def formula_on(formulas: Sequence[Formula], day: date) -> Formula:
    """Return the version in force on ``day``; the oldest for days before all of them."""
    ordered = sorted(formulas, key=lambda each: each.valid_from)
    return next((each for each in reversed(ordered) if each.valid_from <= day), ordered[0])


def boards(facts: Iterable[OrderFacts], formula: Formula) -> tuple[Board, ...]:
    """Return the three boards over ``facts``; the order of ``facts`` does not matter, each number counts once."""
    by_unit: dict[BoardGroup, dict[str, dict[str, OrderFacts]]] = {group: {} for group in BoardGroup}
    for each in facts:
        if each.lead_unit is not None and each.group is not None and each.dispatched_at is not None:
            by_unit[GROUPS[each.group]].setdefault(each.lead_unit, {})[each.number] = each
    return tuple(
        _board(
            group,
            [result_of(unit, list(theirs.values()), formula) for unit, theirs in found.items()],
            formula,
        )
        for group, found in by_unit.items()
    )


def result_of(unit: str, orders: Sequence[OrderFacts], formula: Formula) -> UnitResult:
    """Return what ``unit`` reached with its orders."""
    counted = [each for each in orders if each.counts]
    ordinary = [
        each for each in counted if not within(each.category, formula.enforcement | formula.mediation)
    ]
    forgiven = int(formula.tolerance * len(counted))
    response = _share(counted, lambda each: _of_bool(each.was_contacted), forgiven)
    resolved = _share(counted, lambda each: _resolved(each.resolution, formula), forgiven)
    satisfied = _share(ordinary, lambda each: _satisfied(each.result, formula), forgiven)
    rates = {"response": response, "resolved": resolved, "satisfied": satisfied}
    return UnitResult(
        unit=unit,
        orders=len(counted),
        response=response,
        resolved=resolved,
        satisfied=satisfied,
        satisfied_with_attitude=_share(counted, lambda each: _satisfied(each.attitude, formula)),
        satisfied_enforcement=_share(
            [each for each in counted if within(each.category, formula.enforcement)],
            lambda each: _satisfied(each.result, formula),
        ),
        satisfied_mediation=_share(
            [each for each in counted if within(each.category, formula.mediation)],
            lambda each: _satisfied(each.result, formula),
        ),
        excluded=tuple(sorted(each.number for each in orders if not each.counts)),
        unreachable=sum(each.is_unreachable for each in counted),
        forgiven=forgiven,
        score=score_of(response, resolved, satisfied, formula),
        named=tuple(
            name
            for name, share in rates.items()
            if (rate := share.rate) is not None and rate < formula.named_below
        ),
    )


def _share(
    orders: Sequence[OrderFacts], value: Callable[[OrderFacts], Fraction | None], forgiven: int = 0
) -> Share:
    """Return the share over the orders that have a value; ``forgiven`` of those that fell short do not count (容错)."""
    values = sorted(found for each in orders if (found := value(each)) is not None)
    dropped = min(forgiven, sum(each < 1 for each in values))
    kept = values[dropped:]
    return Share(sum(kept, Fraction(0)), len(kept))


def _of_bool(given: bool | None) -> Fraction | None:
    return None if given is None else Fraction(int(given))


def _resolved(given: Resolution | None, formula: Formula) -> Fraction | None:
    """Return how much an order counts as resolved, from 0 to 1; None where nobody could be asked."""
    if given is None:
        return None
    found = _RESOLVED[given]
    return formula.mostly if found is None else Fraction(found)


def _satisfied(given: Satisfaction | None, formula: Formula) -> Fraction | None:
    """Return how much an order counts as satisfying, from 0 to 1; None where nobody could be asked."""
    if given is None:
        return None
    found = _SATISFIED[given]
    return formula.mostly if found is None else Fraction(found)


def score_of(response: Share, resolved: Share, satisfied: Share, formula: Formula) -> Fraction | None:
    """Return the weighted mean of the rates there are; None when there are none."""
    parts = (
        (response.rate, formula.response_weight),
        (resolved.rate, formula.resolved_weight),
        (satisfied.rate, formula.satisfied_weight),
    )
    known = [(rate, weight) for rate, weight in parts if rate is not None]
    weight = sum((weight for _, weight in known), Fraction(0))
    return sum((rate * each for rate, each in known), Fraction(0)) / weight if weight else None


@dataclass(frozen=True, slots=True)
class Place:
    """A unit's place in its group: equal scores share a rank, None without enough orders; on the red or the yellow list."""

    rank: int | None = None
    is_red: bool = False
    is_yellow: bool = False


def places(units: Iterable[tuple[str, Fraction | None, int]], formula: Formula) -> dict[str, Place]:
    """Return the place of each unit, of which name, score and orders are given."""
    given = list(units)
    scores = {unit: score for unit, score, orders in given if score is not None and orders >= formula.least_orders}  # fmt: skip
    found = {}
    for unit, _, _ in given:
        if (own := scores.get(unit)) is None:
            found[unit] = Place()
            continue
        rank = 1 + sum(each > own for each in scores.values())
        from_below = 1 + sum(each < own for each in scores.values())
        # Who shares a rank shares the list; and nobody is on both lists.
        is_red = rank <= formula.red
        found[unit] = Place(rank, is_red, not is_red and from_below <= formula.yellow)
    return found


def _board(group: BoardGroup, results: Sequence[UnitResult], formula: Formula) -> Board:
    found = places(((each.unit, each.score, each.orders) for each in results), formula)
    ranked = sorted(
        (Ranked(found[each.unit].rank, each) for each in results),
        key=lambda each: (each.rank is None, each.rank or 0, each.result.unit),
    )
    red = tuple(each.result.unit for each in ranked if found[each.result.unit].is_red)
    yellow = tuple(each.result.unit for each in ranked if found[each.result.unit].is_yellow)
    return Board(group, formula.version, tuple(ranked), red, yellow)


# --- indicators (指标) -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallFacts:
    """One call: was it put through, and after how many seconds (接通)."""

    was_answered: bool
    waited_seconds: float


def indicators(orders: Sequence[OrderFacts], calls: Sequence[CallFacts] = ()) -> dict[str, Share]:
    """Return the indicators of rule 45 by name; docs/assessment.md defines each of them."""
    dispatched = [each for each in orders if each.dispatched_at is not None]
    replied = [each for each in dispatched if each.replied_at is not None]

    def of(among: Sequence[OrderFacts], is_met: Callable[[OrderFacts], bool]) -> Share:
        return Share(Fraction(sum(map(is_met, among))), len(among))

    return {
        "answered_calls": Share(Fraction(sum(each.was_answered for each in calls)), len(calls)),
        "answered_in_15_seconds": Share(
            Fraction(sum(each.was_answered and each.waited_seconds <= 15 for each in calls)), len(calls)
        ),
        "answered_at_once": of(orders, lambda each: each.was_answered_at_once),
        "signed_in_time": of(
            [each for each in dispatched if each.signed_at is not None],
            lambda each: (
                each.sign_by is None or (each.signed_at is not None and each.signed_at <= each.sign_by)
            ),
        ),
        "handled_in_time": of(replied, lambda each: each.was_in_time is True),
        "sent_back": of(dispatched, lambda each: each.returns > 0),
        "dispatched_right_first": of(dispatched, lambda each: each.returns == 0 and each.dispatches == 1),
        "redone": of(replied, lambda each: each.redos > 0),
        "extended": of(dispatched, lambda each: each.extensions > 0),
    }


def redone_twice(orders: Iterable[OrderFacts], least: int = 2) -> tuple[OrderFacts, ...]:
    """Return the open and closed orders redone ``least`` times or more, worst first (河东区周清月结)."""
    found = [each for each in orders if each.redos >= least]
    return tuple(sorted(found, key=lambda each: (-each.redos, each.number)))
