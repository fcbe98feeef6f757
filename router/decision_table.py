"""Decision tables on zen-engine, compiled from catalogue rows.

One JDM table for each category, holding the rows that may apply to it in the catalogue's order. The table collects
every row that applies: the first is the decision (hit policy "first"), the others are its runners-up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import zen

from hotline.domain.errors import CityConfigError
from router.row import Row, Situation

_EVERYWHERE: Final = ""
_SPLIT_FROM: Final = 64
_FIELDS: Final = ("kind", "area", "county", "street", "emergency", "mentions", "mentions", "mentions")
_COLUMNS: Final = ("kind", "area", "county", "street", "emergency", "any_of", "also_any_of", "none_of")


class DecisionTable:
    """The rows for one category. ``applying`` is pure; the table may be used from any thread.

    The engine tries every row it is given. So a large table is split by place: rows that name streets or counties are
    only tried for appeals from there, and a decision takes no longer however many places have rows of their own.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)
        by_place: dict[str, list[int]] = {_EVERYWHERE: []}
        for number, row in enumerate(self._rows):
            places = (row.streets or row.counties) if len(self._rows) >= _SPLIT_FROM else ()
            for place in places or (_EVERYWHERE,):
                by_place.setdefault(place, []).append(number)
        engine = zen.ZenEngine()
        self._parts = {
            place: (engine.create_decision(json.dumps(self._model(numbers), ensure_ascii=False)), numbers)
            for place, numbers in by_place.items()
        }

    def applying(self, situation: Situation) -> tuple[Row, ...]:
        """Return the rows that apply to ``situation``, in the catalogue's order."""
        facts = {
            "kind": situation.kind.value,
            "area": situation.area.value,
            "county": situation.county_code or "",
            "street": situation.street_code or "",
            "emergency": situation.emergency.value if situation.emergency else "",
            "mentions": sorted(situation.topics),
        }
        found: list[int] = []
        for place in (_EVERYWHERE, situation.county_code, situation.street_code):
            if place is not None and place in self._parts:
                decision, numbers = self._parts[place]
                answer: Any = decision.evaluate(facts)
                found.extend(numbers[hit["row"]] for hit in answer["result"] or ())
        return tuple(self._rows[number] for number in sorted(found))

    def _model(self, numbers: Sequence[int]) -> dict[str, Any]:
        return _jdm([self._rows[number] for number in numbers])


def _jdm(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the table in zen's JSON decision model (JDM)."""
    table = {
        "hitPolicy": "collect",
        "inputs": [
            {"id": column, "name": column, "field": field}
            for column, field in zip(_COLUMNS, _FIELDS, strict=True)
        ],
        "outputs": [{"id": "row", "name": "row", "field": "row"}],
        "rules": [{"_id": row.id, **_cells(row), "row": str(index)} for index, row in enumerate(rows)],
    }
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
            {"id": "out", "type": "outputNode", "name": "out"},
        ],
        "edges": [
            {"id": "in-table", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "table-out", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }


def _cells(row: Row) -> dict[str, str]:
    """Return the row's conditions as zen's unary expressions; an empty cell holds for everything."""
    cells = {
        "kind": _one_of(row.kinds),
        "area": _one_of(row.areas),
        "county": _one_of(row.counties),
        "street": _one_of(row.streets),
        "emergency": _one_of(row.emergencies),
        "any_of": _quantified("some", row.mentions),
        "also_any_of": _quantified("some", row.also),
        "none_of": _quantified("none", row.without),
    }
    for name, cell in cells.items():
        if cell and zen.validate_unary_expression(cell) is not None:
            raise CityConfigError(file=row.file, row=row.id, reason=f"{name} 的取值不能写成条件：{cell}")
    return cells


def _one_of(values: Sequence[str]) -> str:
    return f"$ in [{_listed(values)}]" if values else ""


def _quantified(quantifier: str, topics: Sequence[str]) -> str:
    return f"{quantifier}($, # in [{_listed(topics)}])" if topics else ""


def _listed(values: Iterable[str]) -> str:
    return ", ".join(json.dumps(str(value), ensure_ascii=False) for value in values)
