"""Work orders as sealed JSON, and reading the forms that earlier versions wrote."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import TypeAdapter

from hotline.domain.work_order import WorkOrder

_WORK_ORDER: Final = TypeAdapter(WorkOrder)


def dumped(order: WorkOrder) -> bytes:
    """Return the order as JSON."""
    return _WORK_ORDER.dump_json(order)


def loaded(body: bytes) -> WorkOrder:
    """Return the order that ``body`` holds, in the present form or that of version 0.1."""
    if b'"deed":' in body or b'"history":[]' in body:
        return _WORK_ORDER.validate_json(body)
    return _WORK_ORDER.validate_python(_from_first_form(json.loads(body)), strict=False)


def _from_first_form(order: dict[str, Any]) -> dict[str, Any]:
    """Version 0.1 kept step, actor and note as text, and only the first step of an order."""
    for entry in order["history"]:
        step, note, by = entry.pop("step"), entry.pop("note", ""), entry["by"]
        entry["by"] = {"role": "machine" if by == "machine" else "agent", "id": by, "unit": None}
        entry["deed"] = _deed(step, note, order) if step else None
    return order


def _deed(step: str, note: str, order: dict[str, Any]) -> dict[str, Any]:
    match step:
        case "dispatch":
            return {"step": step, "routing": order["routing"]}
        case "answer":
            return {"step": step, "article": order["article"]}
        case "divert":
            diversion = {"outcome": "emergency_line", "reason": note or step, "told": note or step}
            return {"step": step, "diversion": diversion}
        case "ask_supplement":
            return {"step": step, "what": note or step}
        case _:
            return {"step": "queue_for_dispatch", "reason": note}
