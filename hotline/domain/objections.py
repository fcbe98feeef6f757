"""Objections (异议) of citizens to how their order ended: upheld, it is opened again (``Reopen``); else what was decided stands.

Either is a reviewer's decision with a reason, and never of the one who had decided before (``RejectObjection``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hotline.domain.deeds import Object
from hotline.domain.life_cycle import CLOSED, Step
from hotline.domain.people import Actor

if TYPE_CHECKING:
    from hotline.domain.work_order import HistoryEntry, WorkOrder

_DECIDED: Final = (Step.REOPEN, Step.REJECT_OBJECTION)


@dataclass(frozen=True, slots=True)
class Objection:
    """What citizens object to and why, since nobody has decided on it: ``made_at`` first, ``ended`` by this line of history."""

    texts: tuple[str, ...]
    made_at: datetime
    ended: HistoryEntry

    @property
    def ended_by(self) -> Actor:
        """Who decided what is objected to."""
        return self.ended.by


def open_objection(order: WorkOrder) -> Objection | None:
    """Return the objection that waits for a decision, None when there is none."""
    made: list[HistoryEntry] = []
    for entry in reversed(order.history):
        if entry.step in _DECIDED:
            break
        if isinstance(entry.deed, Object):
            made.insert(0, entry)
    ended = next((each for each in reversed(order.history) if each.after in CLOSED and each.before is not each.after), None)  # fmt: skip
    if not made or ended is None or not order.is_closed:
        return None
    texts = tuple(each.deed.text for each in made if isinstance(each.deed, Object))
    return Objection(texts, made[0].at, ended)
