"""Rows of the dispatch catalogue between forms and data: names for codes in what is shown, codes or names in what is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi.datastructures import FormData

from hotline.city import City
from hotline.domain.appeal import AppealKind, EmergencyService, Urgency
from hotline.domain.rule_text import RowData
from router.row import PLACE, Area
from router.row_model import EVERY

_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
LISTS: Final = ("category", "county", "street", "mentions", "also", "without", "supporting")
"""Fields in which several values are typed."""
CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "kind": [kind.value for kind in AppealKind if kind not in (AppealKind.WITHDRAWAL, AppealKind.NUISANCE, AppealKind.INVALID)],
    "area": [area.value for area in Area],
    "emergency": [service.value for service in EmergencyService],
}  # fmt: skip
"""Fields with boxes to tick."""
ONE: Final = ("lead", "otherwise", "urgency", "limit", "because", "basis")
FLAGS: Final = ("manual", "avoid_named", "confirmed")
FIELDS: Final = (
    "id", "category", "kind", "area", "county", "street", "emergency", "mentions", "also", "without", "lead",
    "supporting", "otherwise", "urgency", "limit", "manual", "avoid_named", "because", "basis", "confirmed",
)  # fmt: skip
"""In the order of the files."""
URGENCIES: Final = [urgency.value for urgency in Urgency]


class RowWords:
    """Says rows in words: what codes stand for."""

    def __init__(self, city: City, words: Mapping[str, Any], kinds: Mapping[str, str]) -> None:
        """Take the city, the words of the console, and the names of the kinds."""
        self._city = city
        self._words = words
        self._kinds = kinds

    def value(self, field: str, value: Any) -> str:
        """Return a field's value for people."""
        if value is None or value in ("", []):
            return "—"
        if isinstance(value, bool):
            return "是" if value else "否"
        values = value if isinstance(value, list | tuple) else [value]
        return "、".join(self._one(field, str(each)) for each in values)

    def unit(self, code: str) -> str:
        """Return a unit's name, or who else leads."""
        names = {PLACE: "属地", "manual": "人工派单"}
        return names.get(code) or (self._city.units[code].name if code in self._city.units else code)

    def conditions(self, data: RowData) -> list[tuple[str, str]]:
        """Return the conditions of a row but its categories, labelled."""
        fields = ("kind", "area", "county", "street", "emergency", "mentions", "also", "without")
        return [
            (self._words["fields"][field], self.value(field, data[field]))
            for field in fields
            if data.get(field)
        ]

    def meaning(self, field: str, value: Any, topics: Mapping[str, Sequence[str]]) -> str:
        """Return what is said below a field while it is written: the names of its codes, the words of its topics."""
        if field in ("mentions", "also", "without"):
            known = [topic for topic in value or () if topic in topics]
            return "；".join(f"{topic}：{'、'.join(topics[topic][:8])}…" for topic in known)
        if field in ("category", "county", "street", "lead", "supporting", "otherwise") and value:
            values = value if isinstance(value, list | tuple) else [value]
            said = [(self._one(field, str(each)), each) for each in values]
            return "、".join(name for name, code in said if name != code)
        return ""

    def _one(self, field: str, value: str) -> str:
        city = self._city
        match field:
            case "category":
                known = city.categories.get(value)
                return "所有分类" if value == EVERY else f"{value} {known.name}" if known else value
            case "lead" | "supporting" | "otherwise":
                return self.unit(value)
            case "county" | "street":
                place = city.counties.get(value) or city.streets.get(value)
                return place.name if place else value
            case "kind":
                return self._kinds.get(value, value)
            case "area" | "urgency":
                names: Mapping[str, str] = self._words[field]
                return names.get(value, value)
            case _:
                return value


def row_in_form(form: FormData, city: City) -> dict[str, Any]:
    """Return the row that a form holds; names stand for their codes, and what is left empty is left out."""
    data: dict[str, Any] = {}
    for field in FIELDS:
        found: Any
        if field in LISTS:
            codes = _codes(field, city)
            typed = [each for each in _BETWEEN.split(str(form.get(field, ""))) if each]
            found = [codes(each) for each in typed]
            if field == "category" and found == [EVERY]:
                found = EVERY
        elif field in CHOICES:
            found = [str(value) for value in form.getlist(field)]
        elif field in FLAGS:
            found = form.get(field) == "on"
        else:
            found = str(form.get(field, "")).strip()
            if field in ("lead", "otherwise"):
                found = _codes(field, city)(found)
        if found or field in ("category", "lead", "because", "basis", "id"):
            data[field] = found
    return data


def row_for_form(data: RowData) -> dict[str, Any]:
    """Return what a form shows of a row."""
    shown: dict[str, Any] = {field: data.get(field, "") for field in (*ONE, "id")}
    shown |= {field: bool(data.get(field)) for field in FLAGS}
    shown |= {field: list(data.get(field, ())) for field in CHOICES}
    for field in LISTS:
        value = data.get(field, ())
        shown[field] = value if isinstance(value, str) else "、".join(value)
    return shown


def same_shape(data: Mapping[str, Any], was: RowData | None) -> dict[str, Any]:
    """Return ``data`` written as ``was`` is, so that only what means something else differs: flags that are off may be there."""
    if was is None:
        return dict(data)
    kept = {field: was[field] for field in FLAGS if was.get(field) is False and field not in data}
    whole = {**data, **kept}
    return {field: whole[field] for field in (*was, *whole) if field in whole}


def _codes(field: str, city: City) -> Callable[[str], str]:
    """Return what turns a name into its code; a code, and what is unknown, stays as it is."""
    named: Mapping[str, str]
    match field:
        case "category":
            coarsest_last = sorted(city.categories.values(), key=lambda each: -len(each.code))
            named = {category.name: category.code for category in coarsest_last}
        case "county":
            named = {
                name: each.code for each in city.counties.values() for name in (each.name, *each.aliases)
            }
        case "street":
            named = {each.name: each.code for each in city.streets.values()}
        case "lead" | "supporting" | "otherwise":
            named = {name: each.code for each in city.units.values() for name in (each.name, *each.aliases)}
            named |= {"属地": PLACE}
        case _:
            named = {}
    return lambda given: named.get(given, given)
