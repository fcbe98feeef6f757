"""The confidential relay (热线保密联络): unit and citizen talk through the hotline, and no number is ever shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hotline.domain.errors import DeedRefusedError, IllegalTransitionError
from hotline.domain.outbox import Message
from hotline.domain.people import Actor, Role
from hotline.domain.secrecy import without_identity
from hotline.domain.work_order import WorkOrder


@dataclass(frozen=True, slots=True)
class RelayMessage:
    """One message on an order. ``wants_call``: the unit asks the hotline to call the citizen and connect them (代为接通)."""

    number: str
    at: datetime
    by: Actor
    text: str
    wants_call: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty one."""
        if not self.text.strip():
            raise DeedRefusedError(missing="内容")


def may_relay(order: WorkOrder, by: Actor) -> bool:
    """Whether ``by`` belongs to the talk on ``order``: its units, its citizens, the hotline's staff."""
    if by.role is Role.UNIT:
        return order.is_dispatched and by.unit in (order.lead_unit, *order.supporting_units)
    return by.role in (Role.CITIZEN, Role.AGENT, Role.REVIEWER)


def sent(message: RelayMessage, order: WorkOrder) -> RelayMessage:
    """Return ``message`` as it is kept and passed on; raise where ``by`` has no part in the order.

    What goes to a unit names nobody: a citizen's own words may hold their name or number. The talk ends with the handling:
    of a closed order only the hotline's staff may still write.
    """
    is_over = order.is_closed and message.by.role in (Role.UNIT, Role.CITIZEN)
    if is_over or not may_relay(order, message.by):
        reason = "the order is closed" if is_over else "no part in this order"
        raise IllegalTransitionError(number=order.number, status=order.status, step="relay", reason=reason)
    if message.by.role is Role.UNIT:
        return message
    return replace(message, text=without_identity(message.text, order))


def passed_on(message: RelayMessage, order: WorkOrder, index: int) -> tuple[Message, ...]:
    """Return what the other side is sent: the unit's words to the citizens, everybody else's to the lead unit."""
    body: dict[str, str | int] = {
        "number": order.number,
        "at": message.at.isoformat(),
        "text": message.text,
    }
    to: tuple[str, ...]
    if message.by.role is Role.UNIT:
        body |= {"unit": message.by.unit or "", "position": index}
    if message.by.role is not Role.UNIT:
        to = (f"unit:{order.lead_unit}",) if order.is_dispatched and order.lead_unit else ()
    elif message.wants_call:
        to = ("duty",)
    else:
        to = tuple(f"citizen:{party.number}" for party in order.citizens)
    kind = "relay.call_wanted" if message.wants_call else "relay.message"
    return tuple(
        Message(each, kind, order.number, body, f"{order.number}:relay:{index}:{each}") for each in to
    )
