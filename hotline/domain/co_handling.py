"""Co-handling (协办): what each supporting unit is asked for, by when, and what it has told the lead.

``一单只有一个主办，协办若干；协办结果限期交主办`` (rule 12). It follows from the order's history: a dispatch names supporting units,
``AddUnits`` asks more of them, or one of them again, and ``CoReply`` answers what was asked last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hotline.domain.deeds import AddUnits, Card, CoReply, Designate, Dispatch, Remind

if TYPE_CHECKING:
    from hotline.domain.work_order import WorkOrder


CARDS_OF_PARTS: Final = (Card.CO_SOON, Card.CO_LATE)


@dataclass(frozen=True, slots=True)
class Part:
    """A supporting unit's part. ``until`` None: no time of its own, the order's counts. ``answer`` empty: not yet."""

    unit: str
    asked_at: datetime
    what: str = ""
    until: datetime | None = None
    answer: str = ""
    answered_at: datetime | None = None

    @property
    def is_missing(self) -> bool:
        """Whether the lead waits for it."""
        return self.answered_at is None

    def due_at(self, order: WorkOrder) -> datetime | None:
        """Return by when it is answered: its own time, else the order's."""
        return self.until or order.due_at

    def was_reminded(self, order: WorkOrder, card: Card) -> bool:
        """Tell whether this card was shown for the time by which it is to be answered now."""
        due = self.due_at(order)
        return due is not None and order.was_reminded(Remind(card, due, self.unit))

    def is_late(self, order: WorkOrder, *, at: datetime) -> bool:
        """Tell whether it should have been answered by ``at`` and was not."""
        due = self.due_at(order)
        return self.is_missing and due is not None and due < at


def co_handling(order: WorkOrder) -> tuple[Part, ...]:
    """Return the parts of the supporting units since the order was last given to its lead, in the order they were asked."""
    parts: dict[str, Part] = {}
    for entry in order.history:
        match entry.deed:
            case Dispatch(routing=routing) | Designate(routing=routing):
                parts = {unit: Part(unit, entry.at) for unit in routing.supporting_units}
            case AddUnits(units=units, reason=reason, until=until):
                parts |= {unit: Part(unit, entry.at, reason, until) for unit in units}
            case CoReply(text=text) if entry.by.unit in parts:
                unit = entry.by.unit
                parts[unit] = replace(parts[unit], answer=text, answered_at=entry.at)
    return tuple(parts.values())


def part_of(order: WorkOrder, unit: str | None) -> Part | None:
    """Return what ``unit`` is asked for, None when it does not support the order."""
    return next((part for part in co_handling(order) if part.unit == unit), None)
