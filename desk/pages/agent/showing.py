"""What an agent's page shows, made of the domain's values: fields, past orders, units, the schematic map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from desk.front import Front
from desk.pages.agent.facts import facts_shown
from desk.pages.orders import row_of
from desk.tiles import tiles_of
from hotline.domain.appeal import AppealKind, Place, Secrecy, Urgency
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import WorkOrder
from hotline.service.form_filling import Form, Proposed

URGENCIES: Final = {
    Urgency.LIFE_SAFETY: "危及生命财产",
    Urgency.UTILITIES: "水电气热",
    Urgency.ORDINARY: "一般",
}
SECRECIES: Final = {Secrecy.NONE: "不保密", Secrecy.CONFIDENTIAL: "保密"}
MINORS: Final = [("no", "不涉及"), ("yes", "涉及，不公开")]
FIELD_NAMES: Final[Mapping[str, str]] = {
    "kind": "类型", "category": "分类", "place": "事发地", "occurred": "发生时间", "citizen_name": "姓名", "phone": "电话",
    "secrecy": "保密", "urgency": "紧急程度", "is_about_minor": "未成年人", "facts": "要素", "text": "诉求",
}  # fmt: skip
"""In the order in which agents ask."""
_SURE: Final = 0.6
"""The machine's proposals below are marked."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a talk as a page shows it."""

    who: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of the form: name, label, value as it is sent, where it comes from, and options where it is a choice.

    ``means`` is the name of a code; ``otherwise`` what was heard where the agent says something else.
    """

    name: str
    label: str
    value: str
    proposed: Proposed
    options: Sequence[tuple[str, str]] = ()
    means: str = ""
    otherwise: Proposed | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether the machine itself is not sure."""
        sure = self.proposed.confidence
        return sure is not None and sure < _SURE

    @property
    def is_said(self) -> bool:
        """Whether somebody has said it: a choice that nobody spoke of stands at what is usual."""
        return bool(self.proposed.by) or not self.options


def field_rows(front: Front, form: Form) -> list[FieldRow]:
    """Return the form's fields in the order in which agents ask."""
    appeal, fields = form.appeal, form.fields
    kinds = [(kind.value, front.parts.words["kinds"][kind.value]) for kind in AppealKind]
    secrecies = [(one.value, label) for one, label in SECRECIES.items()]
    urgencies = [(one.value, label) for one, label in URGENCIES.items()]
    values: dict[str, str] = {
        "kind": appeal.kind.value,
        "category": appeal.category or "",
        "place": appeal.place.text if appeal.place is not None else "",
        "occurred": appeal.occurred,
        "citizen_name": appeal.citizen_name,
        "phone": str(appeal.phone) if appeal.phone is not None else "",
        "secrecy": appeal.secrecy.value,
        "urgency": appeal.urgency.value,
        "is_about_minor": "yes" if appeal.is_about_minor else "no",
        "facts": facts_shown(appeal.facts, front.parts.words["facts"]),
        "text": appeal.text,
    }
    options = {"kind": kinds, "secrecy": secrecies, "urgency": urgencies, "is_about_minor": MINORS}
    category = front.parts.city.categories.get(appeal.category or "")
    means = {"category": category.name if category is not None else ""}
    return [
        FieldRow(
            name, label, values[name], fields.get(name, Proposed()), options.get(name, ()), means=means.get(name, ""),
            otherwise=form.otherwise.get(name),
        )
        for name, label in FIELD_NAMES.items()
    ]  # fmt: skip


def past_orders(front: Front, orders: Sequence[WorkOrder]) -> list[dict[str, Any]]:
    """Return a caller's earlier orders, open ones first, then the newest."""
    ranked = sorted(orders, key=lambda order: (order.is_closed, -order.registered_at.timestamp()))
    return [row_of(front, order) for order in ranked]


def unit_rows(front: Front, routing: RoutingDecision | None) -> list[dict[str, Any]]:
    """Return who would handle it, and who else might, each with the reason."""
    if routing is None:
        return []
    rows: list[dict[str, Any]] = []
    if routing.lead_unit is not None:
        rows.append(
            {"code": routing.lead_unit, "because": routing.because, "rule": routing.rule, "is_lead": True}
        )
    rows += [
        {"code": one.unit, "because": one.because, "rule": one.rule, "is_lead": False}
        for one in routing.runners_up
    ]
    return [{**row, "name": front.unit(row["code"])} for row in rows]


def map_tiles(front: Front, place: Place | None) -> list[dict[str, Any]]:
    """Return the city's counties as tiles of a schematic map, that of ``place`` marked."""
    chosen = place.county_code if place is not None else None
    return [{**asdict(tile), "is_chosen": tile.code == chosen} for tile in tiles_of(front.parts.city)]
