"""Confidential orders (保密): the relay between unit and citizen, and unmasking, which needs two people and a reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import CallbackReason, CallbackTask
from hotline.domain.errors import DeedRefusedError, WorkOrderNotFoundError
from hotline.domain.people import Actor, Role
from hotline.domain.relay import RelayMessage, may_relay, passed_on, sent
from hotline.domain.work_order import Party, WorkOrder
from hotline.service.callbacks import WishedFor
from hotline.store.relay import RelayStore


class Orders(Protocol):
    """What is needed of the work order store."""

    async def get(self, number: str) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""

    async def note_look(self, *, subject: str, by: str, why: str, at: datetime) -> None:
        """Write down who looked at what, and why."""


@dataclass(frozen=True, slots=True)
class Unmasking:
    """Why somebody must know who the citizen is, and who allowed it: never the same person."""

    reason: str
    by: Actor
    approver: Actor

    def __post_init__(self) -> None:
        """Refuse without a reason, or when one person would do both."""
        if not self.reason.strip():
            raise DeedRefusedError(missing="解密理由")
        if self.approver.role is not Role.REVIEWER or self.approver.id == self.by.id:
            raise DeedRefusedError(missing="另一人的审批")


Connecting = Callable[[WishedFor, datetime], Awaitable[CallbackTask]]
"""Has somebody called, as an agent's task."""


class Confidential:
    """Talks on confidential orders without telling who talks."""

    def __init__(
        self,
        orders: Orders,
        relay: RelayStore,
        *,
        connect: Connecting | None = None,
        unit_name: Callable[[str], str] = str,
    ) -> None:
        """Take where orders and messages are kept, and who calls citizens that a unit wants to speak to (代为接通)."""
        self._orders = orders
        self._relay = relay
        self._connect = connect
        self._unit_name = unit_name

    async def send(
        self, number: str, text: str, *, by: Actor, at: datetime, wants_call: bool = False
    ) -> RelayMessage:
        """Pass ``text`` on to the other side of the order; return it as it was passed on.

        A wish for a call becomes an agent's task, too. Raises ``DeedRefusedError`` where nobody can be called.
        """
        order = await self._orders.get(number)
        message = sent(RelayMessage(number, at, by, text, wants_call), order)
        phone = next((party.phone for party in order.citizens if party.phone is not None), None)
        if wants_call and self._connect is not None and phone is None:
            raise DeedRefusedError(missing="诉求人的电话")
        kept = await self._relay.keep(message, lambda index: passed_on(message, order, index))
        if wants_call and self._connect is not None and phone is not None:
            await self._connect(self._wish(message, phone), at)
        return kept

    def _wish(self, message: RelayMessage, phone: PhoneNumber) -> WishedFor:
        """Return what an agent is to do: call the citizen and let the unit in. Each wish is a task of its own."""
        task = f"relay-{message.number}-{message.at:%y%m%d%H%M%S}"
        words = f"{self._unit_name(message.by.unit or '')}（{message.number}）：{message.text}"
        return WishedFor(phone, CallbackReason.UNIT, words, task, order_number=message.number)

    async def so_far(self, number: str) -> Sequence[RelayMessage]:
        """Return the talk on an order, for a chat that carries it."""
        return await self._relay.thread(number)

    async def thread(self, number: str, *, reader: Actor, at: datetime) -> Sequence[RelayMessage]:
        """Return the talk on an order to one who has a part in it; to others the order does not exist."""
        order = await self._orders.get(number)
        if not may_relay(order, reader):
            raise WorkOrderNotFoundError(number)
        await self._orders.note_look(subject=number, by=str(reader), why="relay", at=at)
        return await self._relay.thread(number)

    async def unmask(self, number: str, unmasking: Unmasking, *, at: datetime) -> tuple[Party, ...]:
        """Return who the citizens are, after it was written down who asked, why, and who allowed it."""
        order = await self._orders.get(number)
        why = f"unmask: {unmasking.reason} (approved by {unmasking.approver})"
        await self._orders.note_look(subject=number, by=str(unmasking.by), why=why, at=at)
        return order.citizens
