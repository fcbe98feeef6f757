"""Work orders for tests: valid by default, a test says only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hotline.domain.appeal import Urgency
from hotline.domain.routing import Candidate, RoutingDecision
from hotline.domain.work_order import HistoryEntry, Status, Step, WorkOrder
from tests.builders import NOW, an_appeal


def a_decision(at: datetime = NOW, **values: Any) -> RoutingDecision:
    decision = RoutingDecision(
        lead_unit="county-371302", supporting_units=("body-housing",), urgency=Urgency.UTILITIES,
        sign_by=at + timedelta(minutes=30), due_at=at + timedelta(days=7), limit_basis="市热线条例", rule="R1",
        because="按属地派单", catalogue_version="2026-11", runners_up=(Candidate("body-housing", "R2", "行业主管"),),
    )  # fmt: skip
    return replace(decision, **values)


def an_order(number: str = "26112300001", minutes: float = 0, **values: Any) -> WorkOrder:
    """An order that was dispatched when it was registered, ``minutes`` after ``NOW``."""
    at = NOW + timedelta(minutes=minutes)
    given: dict[str, Any] = {"appeal": an_appeal(), "conversation": "c1", "routing": a_decision(at), **values}
    registered = HistoryEntry(at=at, step=None, before=None, after=Status.REGISTERED, by="machine")
    order = WorkOrder(
        number=number, status=Status.REGISTERED, registered_at=at, history=(registered,), **given
    )
    return order.after(Step.DISPATCH, by="machine", at=at, note="按属地派单")
