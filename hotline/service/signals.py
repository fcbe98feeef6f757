"""Signals (信号): short notices that something has changed, for pages that are open. They may be lost: the record is the store.

A notice goes to a topic: ``orders``, ``agents``, ``live:<conversation>`` … What it says is enough to know whether to look.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

ORDERS: Final = "orders"
"""``{"number", "status", "unit", "supporting", "revision"}`` of an order that was registered or changed."""
AGENTS: Final = "agents"
"""The agents' desk has changed."""
_MOST_WAITING: Final = 256


def form_topic(conversation: str) -> str:
    """Return the topic on which it is told that an agent has said something of a call's form."""
    return f"form:{conversation}"


def desk_topic(agent: str) -> str:
    """Return the topic on which an agent's open pages are told what to show."""
    return f"desk:{agent}"


def live_topic(conversation: str) -> str:
    """Return the topic on which a conversation's rows are told as they are written."""
    return f"live:{conversation}"


Notice = tuple[str, Mapping[str, Any]]
"""A topic, and what is said on it."""


class Signals(Protocol):
    """Carries notices between the processes. Nothing here raises: without a carrier pages are quiet until looked at again."""

    async def tell(self, topic: str, *notices: Mapping[str, Any]) -> None:
        """Tell all who listen to ``topic`` now, of one thing after the other."""

    def of(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[Notice]]:
        """Listen to ``topics`` from now on; what comes too fast for a listener is dropped, the oldest first."""


class SignalsInMemory:
    """Signals within one process."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._listeners: dict[str, set[asyncio.Queue[Notice]]] = defaultdict(set)

    async def tell(self, topic: str, *notices: Mapping[str, Any]) -> None:
        """Tell all who listen."""
        for notice in notices:
            self.hand_out(topic, notice)

    def hand_out(self, topic: str, notice: Mapping[str, Any]) -> None:
        """Give a notice to the listeners of this process."""
        for queue in self._listeners.get(topic, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait((topic, notice))

    def is_heard(self, topic: str) -> bool:
        """Tell whether anybody listens to ``topic`` now."""
        return topic in self._listeners

    @property
    def topics(self) -> frozenset[str]:
        """What is listened to now."""
        return frozenset(self._listeners)

    @asynccontextmanager
    async def of(self, *topics: str) -> AsyncIterator[AsyncIterator[Notice]]:
        """Listen."""
        queue: asyncio.Queue[Notice] = asyncio.Queue(_MOST_WAITING)
        for topic in topics:
            self._listeners[topic].add(queue)
        try:
            yield _Notices(queue)
        finally:
            for topic in topics:
                self._listeners[topic].discard(queue)
                if not self._listeners[topic]:
                    del self._listeners[topic]


class _Notices:
    """Notices as they come; one may stop waiting for the next, and wait again."""

    def __init__(self, queue: asyncio.Queue[Notice]) -> None:
        self._queue = queue

    def __aiter__(self) -> _Notices:
        return self

    async def __anext__(self) -> Notice:
        return await self._queue.get()
