"""What an agent's page shows, made of the domain's values: fields, past orders, units, the schematic map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from desk.front import Front
from desk.pages.orders import row_of
from desk.tiles import tiles_of
from hotline.domain.appeal import AppealKind, Place, Secrecy, Urgency
from hotline.domain.routing import RoutingDecision
from hotline.domain.work_order import WorkOrder
from hotline.service.agent_assist import Form, Proposed

URGENCIES: Final = {
    Urgency.LIFE_SAFETY: "危及生命财产",
    Urgency.UTILITIES: "水电气热",
    Urgency.ORDINARY: "一般",
}
SECRECIES: Final = {Secrecy.NONE: "不保密", Secrecy.CONFIDENTIAL: "保密"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a talk as a page shows it."""

    who: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of the form: name, label, value as it is sent, options where it is a choice, and where it comes from."""

    name: str
    label: str
    value: str
    proposed: Proposed
    options: Sequence[tuple[str, str]] = ()
    is_long: bool = False
    list_of: str = ""


def field_rows(front: Front, form: Form) -> list[FieldRow]:
    """Return the form's fields in the order in which agents ask."""
    appeal, fields, words = form.appeal, form.fields, front.parts.words
    nothing = Proposed()
    category = front.parts.city.categories.get(appeal.category or "")
    kinds = [(kind.value, words["kinds"][kind.value]) for kind in AppealKind]
    facts = "；".join(f"{fact.value}" for fact in appeal.facts)
    return [
        FieldRow("kind", "类型", appeal.kind.value, fields.get("kind", nothing), kinds),
        FieldRow(
            "category", "分类", appeal.category or "", fields.get("category", nothing), list_of="categories",
        ),
        FieldRow("category_name", "", category.name if category is not None else "", nothing),
        FieldRow("place", "事发地", appeal.place.text if appeal.place is not None else "", fields.get("place", nothing)),
        FieldRow("occurred", "发生时间", appeal.occurred, fields.get("occurred", nothing)),
        FieldRow("citizen_name", "姓名", appeal.citizen_name, fields.get("citizen_name", nothing)),
        FieldRow("phone", "电话", str(appeal.phone) if appeal.phone is not None else "", fields.get("phone", nothing)),
        FieldRow(
            "secrecy", "保密", appeal.secrecy.value, fields.get("secrecy", nothing),
            [(one.value, label) for one, label in SECRECIES.items()],
        ),
        FieldRow("facts", "要素", facts, fields.get("facts", nothing)),
        FieldRow("text", "诉求", appeal.text, fields.get("text", nothing), is_long=True),
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
