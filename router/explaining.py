"""Why the router decides as it does, as plain data for the command line and the desk (docs/routing.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from hotline.city import City
from hotline.domain.appeal import Appeal
from hotline.domain.category import nearest
from router.rule_router import RuleRouter, Weighing


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def explain(router: RuleRouter, city: City, appeal: Appeal, at: datetime) -> dict[str, Any]:
    """Return the decision with names for codes and everything that it rests on; the appeal's text is not in it."""
    return explanation(router.weigh(appeal, at=at), city, appeal)


def explanation(weighing: Weighing, city: City, appeal: Appeal) -> dict[str, Any]:
    """Return what ``explain`` does, of a decision that was made already."""
    decision = weighing.decision
    units = city.units
    return {
        "kind": appeal.kind.value,
        "category": appeal.category,
        "urgency": decision.urgency.value,
        "place": {
            "county": _name(city.counties, weighing.situation.county_code),
            "street": _name(city.streets, weighing.situation.street_code),
        },
        "lead_unit": _name(units, decision.lead_unit),
        "supporting_units": [_name(units, code) for code in decision.supporting_units],
        "due_at": decision.due_at.isoformat(timespec="seconds"),
        "rule": decision.rule,
        "because": decision.because,
        "runners_up": [
            {"unit": _name(units, each.unit), "rule": each.rule, "because": each.because}
            for each in decision.runners_up
        ],
        "manual": decision.is_manual,
        "category_name": category.name
        if (category := nearest(appeal.category, city.categories)) is not None
        else None,
        "category_confidence": round(appeal.category_confidence, 3),
        "understood_by": appeal.understood_by,
        "lead_unit_code": decision.lead_unit,
        "supporting_unit_codes": list(decision.supporting_units),
        "sign_by": decision.sign_by.isoformat(timespec="seconds"),
        "limit_basis": decision.limit_basis,
        "limits": [
            {
                "purpose": each.purpose.value,
                "end": each.end.isoformat(timespec="seconds"),
                "basis": each.basis,
                "confirmed": each.is_confirmed,
            }
            for each in decision.limits
        ],
        "basis": decision.basis,
        "confirmed": weighing.rows[0].is_confirmed if weighing.rows else False,
        "catalogue_version": decision.catalogue_version,
        "applying_rows": [row.id for row in weighing.rows],
        "mentions": [
            {"topic": each.topic, "word": each.word, "at": each.start, "by_sound": not each.is_exact}
            for each in weighing.mentions
        ],
    }


def _name(of: Mapping[str, _Named], code: str | None) -> str | None:
    """Return the name behind ``code``; the code itself where the city no longer has it."""
    if not code:
        return None
    found = of.get(code)
    return found.name if found else code
