"""What handling units are shown of an order: no more than they need, and nobody who wants to stay unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from desk.views import category_name, unit_name
from hotline.city import City
from hotline.domain.life_cycle import Status, Step
from hotline.domain.secrecy import note_for_units, unit_view
from hotline.domain.work_order import HistoryEntry, WorkOrder

_NOT_FOR_UNITS: Final = frozenset(
    {Step.PROPOSE_TIER, Step.REJECT_TIER, Step.EXCLUDE, Step.REVISIT, Step.COMPLETE}
)


class UnitOut(BaseModel):
    """A handling unit."""

    code: str
    name: str


class LimitOut(BaseModel):
    """A limit in force: what it is for, when it ends, its basis; not ``is_confirmed``: the basis is 待核."""

    purpose: str
    name: str
    start: datetime
    end: datetime
    basis: str
    is_confirmed: bool


class StepOut(BaseModel):
    """One line of the history; ``by`` is a capacity, or a unit's code."""

    at: datetime
    step: str | None
    text: str
    status: Status
    by: str
    note: str


class UnitOrderOut(BaseModel):
    """An order as its units see it. ``contact`` is empty when they talk to the citizen through the hotline's relay."""

    number: str
    revision: int
    status: Status
    status_text: str
    kind: str
    category: str | None
    category_text: str
    text: str
    place: str
    occurred: str
    citizen_name: str
    contact: str
    is_confidential: bool
    has_recording: bool
    lead_unit: UnitOut
    supporting_units: list[UnitOut]
    due_at: datetime | None
    limits: list[LimitOut]
    tier: int | None
    suspended_until: datetime | None
    asked_extension_until: datetime | None


class WholeUnitOrderOut(UnitOrderOut):
    """The same with its history."""

    history: list[StepOut]


class InboxOut(BaseModel):
    """One page of orders; ``next`` is the ``after`` of the next page, null on the last."""

    orders: list[UnitOrderOut]
    next: str | None


class UnitViews:
    """Makes the views. ``names`` are the words of ``prompts/web.yaml`` for states and steps."""

    def __init__(self, city: City, names: Mapping[str, Any]) -> None:
        """Take the city and the names."""
        self._city = city
        self._names = names

    def order(self, order: WorkOrder) -> UnitOrderOut:
        """Return an order for a list."""
        return UnitOrderOut.model_validate(self._facts(order))

    def whole(self, order: WorkOrder) -> WholeUnitOrderOut:
        """Return an order with its history."""
        history = [self._step(order, entry) for entry in order.history if entry.step not in _NOT_FOR_UNITS]
        return WholeUnitOrderOut.model_validate({**self._facts(order), "history": history})

    def _facts(self, order: WorkOrder) -> dict[str, Any]:
        asked = order.asked_extension
        return {
            **asdict(unit_view(order)),
            "revision": order.revision,
            "status": order.status,
            "status_text": self._names["statuses"][order.status.value],
            "category_text": category_name(self._city, order.appeal.category),
            "lead_unit": self._unit(order.lead_unit or ""),
            "supporting_units": [self._unit(unit) for unit in order.supporting_units],
            "due_at": order.due_at,
            "limits": limits_in_force(order),
            "tier": order.tier,
            "suspended_until": order.suspended_until,
            "asked_extension_until": asked.until if asked is not None else None,
        }

    def _unit(self, code: str) -> UnitOut:
        return UnitOut(code=code, name=unit_name(self._city, code) or "")

    def _step(self, order: WorkOrder, entry: HistoryEntry) -> StepOut:
        return StepOut(
            at=entry.at,
            step=entry.step.value if entry.step else None,
            text=self._names["steps"].get(entry.step.value, "") if entry.step else "",
            status=entry.after,
            by=entry.by.unit or entry.by.role.value,
            note=self._names["notes"].get(entry.note, note_for_units(entry, order)),
        )


def limits_in_force(order: WorkOrder) -> list[LimitOut]:
    """Return the last limit set for each purpose."""
    last = {limit.purpose: limit for limit in order.limits}
    return [
        LimitOut(
            purpose=limit.purpose.value,
            name=limit.name,
            start=limit.start,
            end=limit.end,
            basis=limit.basis,
            is_confirmed=limit.is_confirmed,
        )
        for limit in last.values()
    ]
