"""What is asked of the reviewer and what stands against it: the words of both sides, and by when it is decided."""

from __future__ import annotations

from typing import Any

from desk.front import Front
from desk.views import unit_name, unit_text
from hotline.domain.deeds import AskEnd, SendBack
from hotline.domain.life_cycle import Status
from hotline.domain.objections import open_objection
from hotline.domain.work_order import WorkOrder


def asked_of(front: Front, order: WorkOrder) -> dict[str, Any]:
    """Return for a line of the list: who asks what (``asked``), what it is held against (``against``), and by when it is decided."""
    objection, words = objection_of(front, order), front.words
    if objection is not None:
        return {
            "asked": objection["text"],
            "against": f"{objection['ended']}：{objection['reason']}",
            "due_at": objection["due_at"],
        }
    asked = against = ""
    match order.status:
        case Status.RETURN_ASKED if (back := order.last(SendBack)) is not None:
            unit = front.unit(back.suggested_unit)
            asked = unit_text(f"{back.reason}；依据：{back.basis}；建议：{unit}", order)
            against = order.routing.because if order.routing is not None else ""
        case Status.END_ASKED if (end := order.last(AskEnd)) is not None:
            asked = unit_text(f"{words['end_grounds'][end.ground.value]}：{end.reason}", order)
        case Status.HANDLING | Status.SUPERVISED if (more := order.asked_extension) is not None:
            asked = unit_text(f"延至 {front.local(more.until)}：{more.reason}", order)
        case _:
            pass
    return {"asked": asked, "against": against}


def objection_of(front: Front, order: WorkOrder) -> dict[str, Any] | None:
    """Return what a page shows of the objection that waits for a decision: both sides' words, who had decided, by when."""
    found = open_objection(order)
    if found is None:
        return None
    city, words, ended = front.parts.city, front.parts.words, found.ended
    said = order.reply.to_citizen if order.reply is not None and order.is_reviewed else ended.note
    return {
        "text": "\n".join(unit_text(text, order) for text in found.texts),
        "made_at": found.made_at,
        "ended": words["steps"].get(ended.step.value, "") if ended.step else "",
        "ended_at": ended.at,
        "ended_by": unit_name(city, ended.by.unit) or words["actors"].get(ended.by.role.value, ""),
        "reason": unit_text(words["notes"].get(said, said), order),
        "due_at": front.parts.casework.objection_due(found.made_at),
    }
