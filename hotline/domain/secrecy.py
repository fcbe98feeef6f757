"""What a handling unit sees of an order (保密): never more than it needs, and nothing of who wants to stay unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy
from hotline.domain.deeds import GiveOpinion, HearingSide
from hotline.domain.handling_unit import HandlingUnit
from hotline.domain.life_cycle import Step
from hotline.domain.work_order import HistoryEntry, WorkOrder
from hotline.identifiers import without_identifiers

HIDDEN: Final = "***"
_BY_CITIZENS: Final = frozenset(
    {Step.JOIN, Step.ADD_FACTS, Step.SUPPLEMENT, Step.OBJECT, Step.URGE, Step.WITHDRAW, Step.REVISIT}
)


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


def is_open_about(order: WorkOrder, phone: PhoneNumber) -> bool:
    """Whether an order says whose it is: not confidential, no tip-off, and this citizen did not join it in confidence."""
    theirs = [party for party in order.citizens if party.phone == phone]
    return not is_hidden(order) and all(party.secrecy is Secrecy.NONE for party in theirs)


def without_identity(text: str, order: WorkOrder) -> str:
    """Return ``text`` without the citizens' names and without any number or mail address of a person."""
    for party in order.citizens:
        if len(party.name) > 1:
            text = text.replace(party.name, HIDDEN)
    return without_identifiers(text, lambda _: HIDDEN)


def note_for_units(entry: HistoryEntry, order: WorkOrder) -> str:
    """Return what was written with a step as units may read it.

    Citizens' own words name nobody: whoever joined may want to stay unknown, or tip somebody off, also on an open order.
    """
    is_own = entry.step in _BY_CITIZENS or (
        isinstance(entry.deed, GiveOpinion) and entry.deed.side is HearingSide.CITIZEN
    )
    return without_identity(entry.note, order) if is_own or is_hidden(order) else entry.note


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


def is_named(unit: HandlingUnit, text: str, place_names: frozenset[str]) -> bool:
    """Whether ``text`` names the unit; the names of places do not count, for they say where and not who."""
    return any(name in text for name in (unit.name, *unit.aliases) if name not in place_names)


def conflict(order: WorkOrder, unit: HandlingUnit, place_names: frozenset[str]) -> bool:
    """Whether a tip-off names ``unit``: it is complained about and must not handle it (利害回避; rule 39)."""
    return order.appeal.kind is AppealKind.TIP_OFF and is_named(unit, order.appeal.text, place_names)
