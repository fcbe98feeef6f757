"""What a handling unit sees of an order (保密): never more than it needs, and nothing of who wants to stay unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hotline.domain.appeal import AppealKind, Secrecy
from hotline.domain.work_order import WorkOrder

_NUMBER: Final = re.compile(r"\d(?:[ -]?\d){6,}[Xx]?")
"""Seven digits or more, as telephone, identity card and bank card numbers are written, with or without gaps."""
HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True)
class UnitView:
    """An order as its units see it. ``contact`` is a number, or empty when they talk through the relay (热线保密联络)."""

    number: str
    kind: str
    category: str | None
    text: str
    place: str
    occurred: str
    citizen_name: str
    contact: str
    is_confidential: bool
    has_recording: bool


def is_hidden(order: WorkOrder) -> bool:
    """Whether the citizen stays unknown to units: wanted so, or a tip-off (济南条例32, 投诉举报办法33)."""
    return order.appeal.secrecy is Secrecy.CONFIDENTIAL or order.appeal.kind is AppealKind.TIP_OFF


def without_identity(text: str, order: WorkOrder) -> str:
    """Return ``text`` without the citizens' names and without anything that looks like a number of a person."""
    for party in order.citizens:
        if len(party.name) > 1:
            text = text.replace(party.name, HIDDEN)
    return _NUMBER.sub(HIDDEN, text)


def unit_view(order: WorkOrder) -> UnitView:
    """Return what the order's units see."""
    appeal, hidden = order.appeal, is_hidden(order)
    place = appeal.place.text if appeal.place else ""
    return UnitView(
        number=order.number,
        kind=appeal.kind.value,
        category=appeal.category,
        text=without_identity(appeal.text, order) if hidden else appeal.text,
        place=without_identity(place, order) if hidden else place,
        occurred=appeal.occurred,
        citizen_name="" if hidden else appeal.citizen_name,
        contact="" if hidden or appeal.phone is None else appeal.phone.digits,
        is_confidential=hidden,
        has_recording=not hidden,
    )


def conflicts(order_text: str, tip_off: bool, unit_names: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the units that a tip-off names: they are complained about and must not handle it (利害回避, rule 39)."""
    if not tip_off:
        return frozenset()
    return frozenset(code for code, names in unit_names.items() if any(name in order_text for name in names))
