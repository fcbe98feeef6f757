"""The three rates of units from counted groups of orders (三率): the same figures as the boards of ``assessment``, without a list of orders."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Final

from hotline.domain.assessment import (
    GROUPS,
    BoardGroup,
    Formula,
    Place,
    Share,
    places,
    score_of,
)
from hotline.domain.category import within
from hotline.domain.disclosure import Tally, share_of
from hotline.domain.handling_unit import HandlingUnit


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year (季度), 1 to 4."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return it as 2026Q4."""
        return f"{self.year}Q{self.number}"

    @classmethod
    def of(cls, day: date) -> Quarter:
        """Return the quarter in which ``day`` lies."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def read(cls, text: str) -> Quarter | None:
        """Return what ``str`` wrote, or None."""
        found = re.fullmatch(r"(20\d\d)Q([1-4])", text)
        return cls(int(found[1]), int(found[2])) if found is not None else None

    @property
    def before(self) -> Quarter:
        """The quarter before."""
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    @property
    def days(self) -> tuple[date, date]:
        """Its first day, and the first day after it."""
        first, following = date(self.year, self.number * 3 - 2, 1), self.year + self.number // 4
        return first, date(following, self.number % 4 * 3 + 1, 1)


_NOWHERE: Final = Place()


@dataclass(frozen=True, slots=True)
class UnitRates:
    """What one unit reached. ``excluded`` orders do not count; ``named``: which rates are below what the formula names.

    How content citizens are with the handling (过程满意) is told beside, and does not count in the score; with enforcement and
    with mediation it stands apart (国办发〔2020〕53号); ``place`` is that in its group.
    """

    unit: str
    orders: int
    excluded: int
    response: Share
    resolved: Share
    satisfied: Share
    satisfied_with_attitude: Share
    satisfied_enforcement: Share
    satisfied_mediation: Share
    score: Fraction | None
    named: tuple[str, ...]
    place: Place = _NOWHERE

    @property
    def exclusion_rate(self) -> Fraction | None:
        """The share of its orders that do not count (剔除率): excluding hides nothing."""
        total = self.orders + self.excluded
        return Fraction(self.excluded, total) if total else None


def rates_by_group(
    tallies: Iterable[Tally], units: Mapping[str, HandlingUnit], formula: Formula
) -> dict[BoardGroup, tuple[UnitRates, ...]]:
    """Return the units of the three groups, those with the lowest share of resolved orders first."""
    parts: defaultdict[str, list[Tally]] = defaultdict(list)
    for each in tallies:
        if each.unit is not None and each.unit in units:
            parts[each.unit].append(each)
    found: dict[BoardGroup, list[UnitRates]] = {group: [] for group in BoardGroup}
    for unit, theirs in parts.items():
        found[GROUPS[units[unit].group]].append(unit_rates(unit, theirs, formula))
    for group, rows in found.items():
        place = places(((each.unit, each.score, each.orders) for each in rows), formula)
        found[group] = [replace(each, place=place[each.unit]) for each in rows]
    return {
        group: tuple(sorted(rows, key=lambda row: (_or_one(row.resolved), row.unit)))
        for group, rows in found.items()
    }


def unit_rates(unit: str, tallies: Sequence[Tally], formula: Formula) -> UnitRates:
    """Return what ``unit`` reached: as ``assessment.result_of`` counts it, with its tolerance (容错率)."""
    orders = sum(each.counted for each in tallies)
    forgiven = int(formula.tolerance * orders)
    apart = formula.enforcement | formula.mediation
    ordinary = [each for each in tallies if not within(each.category, apart)]
    heard = [
        part
        for each in tallies
        for part in ((Fraction(0), each.not_contacted), (Fraction(1), each.contacted))
    ]
    apart_of = {
        name: share_of((part for each in tallies if within(each.category, codes) for part in each.of_satisfaction(formula)), 0)
        for name, codes in (("enforcement", formula.enforcement), ("mediation", formula.mediation))
    }  # fmt: skip
    rates = {
        "response": share_of(heard, forgiven),
        "resolved": share_of((part for each in tallies for part in each.of_resolution(formula)), forgiven),
        "satisfied": share_of(
            (part for each in ordinary for part in each.of_satisfaction(formula)), forgiven
        ),
    }
    return UnitRates(
        unit=unit,
        orders=orders,
        excluded=sum(each.count for each in tallies) - orders,
        satisfied_with_attitude=share_of((part for each in tallies for part in each.of_process(formula)), 0),
        satisfied_enforcement=apart_of["enforcement"],
        satisfied_mediation=apart_of["mediation"],
        score=score_of(rates["response"], rates["resolved"], rates["satisfied"], formula),
        named=tuple(
            name
            for name, share in rates.items()
            if (rate := share.rate) is not None and rate < formula.named_below
        ),
        response=rates["response"],
        resolved=rates["resolved"],
        satisfied=rates["satisfied"],
    )


def _or_one(share: Share) -> Fraction:
    return share.rate if share.rate is not None else Fraction(1)
