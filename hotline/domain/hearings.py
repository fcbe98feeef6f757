"""Hearings (不合理诉求听证): somebody says an appeal is unreasonable, both sides are heard, and a reviewer decides.

Upheld, the order is declined (``Decline``); rejected, handling goes on (``RejectHearing``). An order that is closed in
another way ends its hearing too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from hotline.domain.deeds import AddFacts, AskHearing, Evidence, GiveOpinion, HearingSide
from hotline.domain.life_cycle import CLOSED, Step
from hotline.domain.people import Actor, Role

if TYPE_CHECKING:
    from hotline.domain.work_order import WorkOrder


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one side said, who wrote it down, and when."""

    given: GiveOpinion
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Hearing:
    """One hearing of an order; ``step`` is what ended it, None while it is open."""

    asked: AskHearing
    by: Actor
    at: datetime
    opinions: tuple[Opinion, ...] = ()
    step: Step | None = None
    reason: str = ""
    decided_by: Actor | None = None
    decided_at: datetime | None = None

    def has_heard(self, side: HearingSide) -> bool:
        """Tell whether a side was heard, or was asked and said nothing. A unit that asks for the hearing speaks by that."""
        asked_itself = side is HearingSide.UNIT and self.by.role is Role.UNIT
        return asked_itself or any(opinion.given.side is side for opinion in self.opinions)

    @property
    def unheard(self) -> tuple[HearingSide, ...]:
        """The sides that nobody has heard yet."""
        return tuple(side for side in HearingSide if not self.has_heard(side))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All that was put before the hearing, each thing once."""
        given = (self.asked.evidence, *(opinion.given.evidence for opinion in self.opinions))
        return tuple(dict.fromkeys(each for some in given for each in some))


def hearings(order: WorkOrder) -> tuple[Hearing, ...]:
    """Return the hearings of an order, the first first. What a citizen adds while one is open is their opinion."""
    found: list[Hearing] = []
    for entry in order.history:
        is_open = bool(found) and found[-1].step is None
        match entry.deed:
            case AskHearing() as asked:
                found.append(Hearing(asked, entry.by, entry.at))
            case GiveOpinion() as given if is_open:
                opinion = Opinion(given, entry.by, entry.at)
                found[-1] = replace(found[-1], opinions=(*found[-1].opinions, opinion))
            case AddFacts(text=text) if is_open and entry.by.role is Role.CITIZEN:
                opinion = Opinion(GiveOpinion(HearingSide.CITIZEN, text), entry.by, entry.at)
                found[-1] = replace(found[-1], opinions=(*found[-1].opinions, opinion))
            case _ if is_open and (entry.step is Step.REJECT_HEARING or entry.after in CLOSED):
                found[-1] = replace(
                    found[-1], step=entry.step, reason=entry.note, decided_by=entry.by, decided_at=entry.at
                )
            case _:
                pass
    return tuple(found)


def open_hearing(order: WorkOrder) -> Hearing | None:
    """Return the hearing that waits for a decision, or None."""
    last = next(reversed(hearings(order)), None)
    return last if last is not None and last.step is None else None
