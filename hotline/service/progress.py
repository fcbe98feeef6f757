"""Subscribing to the progress of one's own order (订阅进度): proved first, seen and ended at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from hotline.domain.appeal import ContactChannel
from hotline.domain.citizen_view import OwnOrder
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.letters import Correspondent
from hotline.domain.progress import Subscription, may_subscribe
from hotline.domain.proofs import Proof
from hotline.service.self_service import SelfService
from hotline.store.progress import SqlProgress


class Progress:
    """Subscriptions of citizens. Everything raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, service: SelfService, subscriptions: SqlProgress) -> None:
        """Take who proves what is whose, and where subscriptions are kept."""
        self._service = service
        self._kept = subscriptions

    async def subscribe(
        self, number: str, proof: Proof, *, who: Correspondent | None, at: datetime
    ) -> OwnOrder:
        """Have each step told to ``who`` by letter, or without one to the telephone on record by SMS; return the order.

        It takes the place of a subscription by another door. Raises ``NoProofError``, and ``IllegalTransitionError`` when
        nothing is still to come.
        """
        order = await self._service.order(number, proof, at=at)
        if not may_subscribe(order.status):
            raise IllegalTransitionError(number=number, status=order.status, step="subscribe")
        channel = ContactChannel.SMS if who is None else who.channel
        wanted = Subscription(order.number, channel, at, None if who is None else who.id)
        await self._kept.subscribe(wanted)
        return order

    async def of_all(self, orders: Sequence[OwnOrder]) -> Mapping[str, Subscription]:
        """Return the subscriptions of somebody's own orders, by their numbers."""
        return await self._kept.of_all([order.number for order in orders])

    async def of_correspondent(self, who: Correspondent) -> Sequence[Subscription]:
        """Return what somebody who writes letters has subscribed to."""
        return await self._kept.of_correspondent(who.id)

    async def end(self, number: str, proof: Proof, *, at: datetime) -> OwnOrder:
        """End a subscription, if there is one; return the order it was of. Raises ``NoProofError``."""
        order = await self._service.order(number, proof, at=at)
        await self._kept.end(order.number, at=at)
        return order

    async def end_of(self, who: Correspondent, *, number: str = "", at: datetime) -> Sequence[str]:
        """End one or all subscriptions of somebody who writes letters: their own, whoever's the order; return which."""
        if not number:
            return await self._kept.end_of(who.id, at=at)
        theirs = await self._kept.of(number)
        if theirs is None or theirs.correspondent != who.id:
            return ()
        return (number,) if await self._kept.end(number, at=at) else ()
