"""Subscriptions to the progress of an order (订阅进度): its citizen is told every step that they may see, by one door.

Without one they are told what the rules demand (办理单位和期限、延期、答复、办结 …). A subscription adds the steps between, and
says by which door all of it comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hotline.domain.appeal import ContactChannel
from hotline.domain.citizen_view import SHOWN
from hotline.domain.life_cycle import CLOSED, Status
from hotline.domain.notices import TO_CITIZENS, for_citizens
from hotline.domain.outbox import Message
from hotline.domain.people import Role
from hotline.domain.work_order import WorkOrder

BETWEEN: Final = SHOWN - TO_CITIZENS
"""Steps that only a subscriber is told of."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A citizen's record ``number`` and the door: a correspondent's letters, or without one its telephone, by SMS."""

    number: str
    channel: ContactChannel
    since: datetime
    correspondent: str | None = None


def may_subscribe(status: Status) -> bool:
    """Tell whether anything is still to come; what was concluded may be opened again."""
    return status not in CLOSED or status is Status.CONCLUDED


def between(order: WorkOrder, *, before: int, numbers: Collection[str]) -> Iterator[Message]:
    """Yield what the subscribers ``numbers`` are told of the steps behind the ``before``-th, each once; not what they did themselves."""
    for index in range(before, len(order.history)):
        entry = order.history[index]
        if entry.step in BETWEEN and entry.by.role is not Role.CITIZEN:
            for party in order.citizens:
                if party.number in numbers:
                    to = f"citizen:{party.number}"
                    kind, body = f"work_order.{entry.step}", for_citizens(order, entry)
                    yield Message(to, kind, order.number, body, f"{order.number}:{index}:{to}")
