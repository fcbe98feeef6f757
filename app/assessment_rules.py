"""The city's assessment formulas, and how units contest what is counted, read from ``assessment.yaml``."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from hotline.city import City, read_yaml
from hotline.domain.assessment import Formula
from hotline.domain.contests import ContestRules
from hotline.domain.errors import CityConfigError
from hotline.domain.time_limits import LimitUnit, TimeLimit
from router.strict import Strict, checked

_Share = Annotated[float, Field(ge=0, le=1)]


class _Weights(Strict):
    response: _Share
    resolved: _Share
    satisfied: _Share


class _Version(Strict):
    version: Annotated[str, Field(min_length=1)]
    valid_from: date
    basis: Annotated[str, Field(min_length=1)]
    confirmed: bool = False
    weights: _Weights
    mostly: _Share
    tolerance: _Share
    named_below: _Share
    least_orders: Annotated[int, Field(ge=1)]
    red: Annotated[int, Field(ge=0)]
    yellow: Annotated[int, Field(ge=0)]
    enforcement_categories: tuple[str, ...] = ()
    mediation_categories: tuple[str, ...] = ()


class _Contests(Strict):
    working_days: Annotated[int, Field(ge=1, le=250)]
    basis: Annotated[str, Field(min_length=1)]
    confirmed: bool = False
    grounds: Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class _Rules(Strict):
    contests: _Contests
    versions: Annotated[list[_Version], Field(min_length=1)]


def load_formulas(city: City) -> tuple[Formula, ...]:
    """Return all versions; ``CityConfigError`` with version and reason when one cannot be used."""
    file = city.folder / "assessment.yaml"
    given = checked(_Rules, file, read_yaml(file))
    for each in given.versions:
        for code in (*each.enforcement_categories, *each.mediation_categories):
            if code not in city.categories:
                raise CityConfigError(file=str(file), row=each.version, reason=f"没有这个诉求分类：{code}")
        weights = each.weights
        if sum(map(_exact, (weights.response, weights.resolved, weights.satisfied))) != 1:
            raise CityConfigError(file=str(file), row=each.version, reason="三率权重之和应当是1")
    return tuple(
        Formula(
            version=each.version,
            valid_from=each.valid_from,
            basis=each.basis,
            is_confirmed=each.confirmed,
            response_weight=_exact(each.weights.response),
            resolved_weight=_exact(each.weights.resolved),
            satisfied_weight=_exact(each.weights.satisfied),
            mostly=_exact(each.mostly),
            tolerance=_exact(each.tolerance),
            named_below=_exact(each.named_below),
            least_orders=each.least_orders,
            red=each.red,
            yellow=each.yellow,
            enforcement=frozenset(each.enforcement_categories),
            mediation=frozenset(each.mediation_categories),
        )
        for each in given.versions
    )


def load_contest_rules(city: City) -> ContestRules:
    """Return on what grounds and how long units may contest how an order counts. Raises ``CityConfigError``."""
    file = city.folder / "assessment.yaml"
    given = checked(_Rules, file, read_yaml(file)).contests
    limit = TimeLimit(
        "contest", given.working_days, LimitUnit.WORKING_DAYS, given.basis, is_confirmed=given.confirmed
    )
    return ContestRules(limit, given.grounds)


def _exact(given: float) -> Fraction:
    return Fraction(str(given))
