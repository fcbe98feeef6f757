"""The knowledge base's rules of a city, read from ``knowledge.yaml``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from hotline.city import City, read_yaml
from hotline.domain.knowledge_rules import KnowledgeRules
from hotline.domain.time_limits import LimitUnit, TimeLimit
from router.strict import Strict, checked

_Basis = Annotated[str, Field(min_length=1)]
_Days = Annotated[int, Field(ge=1, le=365)]


class _InDays(Strict):
    days: _Days
    basis: _Basis
    confirmed: bool = False


class _InWorkingDays(Strict):
    working_days: Annotated[int, Field(ge=1, le=60)]
    basis: _Basis
    confirmed: bool = False


class _InTimes(Strict):
    times: Annotated[int, Field(ge=2, le=1000)]
    basis: _Basis
    confirmed: bool = False


class _Rules(Strict):
    warn_days: _InDays
    task: _InWorkingDays
    asked_in_vain: _InTimes
    look_back: _InDays


def load_knowledge_rules(city: City) -> KnowledgeRules:
    """Return the rules. Raises ``CityConfigError``."""
    file = city.folder / "knowledge.yaml"
    given = checked(_Rules, file, read_yaml(file))
    limit = TimeLimit(
        "knowledge-task",
        given.task.working_days,
        LimitUnit.WORKING_DAYS,
        given.task.basis,
        given.task.confirmed,
    )
    return KnowledgeRules(
        warn_within=timedelta(days=given.warn_days.days),
        task=limit,
        asked_in_vain=given.asked_in_vain.times,
        look_back=timedelta(days=given.look_back.days),
    )
