"""What the supervision pages show of orders; every look is noted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

from fastapi import Query

from desk.front import Front
from desk.pages.orders import row_of
from hotline.domain.deeds import Remind, Supervise
from hotline.domain.people import Role
from hotline.domain.work_order import WorkOrder
from hotline.service.accounts import SignedIn

A_PAGE: Final = 50
Start = Annotated[int, Query(ge=0, le=1_000_000)]


async def orders_of(front: Front, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """Return the orders of these numbers as rows."""
    return [shown(front, await front.parts.records.get(number)) for number in numbers]


def shown(front: Front, order: WorkOrder) -> dict[str, Any]:
    """Return an order as a row: with the cards that were shown, and how it came to its tier or to the one that is proposed."""
    entry = next((each for each in reversed(order.history) if isinstance(each.deed, Supervise)), None)
    proposal = order.proposed_tier
    return row_of(front, order) | {
        "exclusion": order.exclusion,
        "cards": list(dict.fromkeys(each.card for each in order.deeds(Remind))),
        "proposed": proposal.tier if proposal is not None else None,
        "ground": proposal.ground if proposal is not None else "",
        "supervised_at": entry.at if entry is not None else None,
        "by_machine": entry is not None and entry.by.role is Role.MACHINE,
        "reason": entry.deed.reason if entry is not None and isinstance(entry.deed, Supervise) else "",
    }


async def note(front: Front, seat: SignedIn, what: str, numbers: Sequence[str]) -> None:
    """Write down who looked at which orders."""
    why = f"supervision, {what}: {' '.join(numbers)}"
    await front.parts.records.note_look(
        subject="orders", by=f"staff:{seat.account.login}", why=why, at=front.parts.clock()
    )
