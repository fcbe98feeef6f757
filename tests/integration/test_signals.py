"""Signals between processes on a real Redis: what is told after listening began is heard; Redis may go and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from app.signals import SignalsOnRedis
from hotline.service.signals import Notice, Signals, SignalsInMemory
from tests.redis_server import redis_server


@pytest.fixture(params=["memory", "redis"])
async def two(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Signals, Signals]]:
    """Yield the signals of two processes, or of one."""
    if request.param == "memory":
        one = SignalsInMemory()
        yield one, one
        return
    with redis_server() as port:
        clients = [Redis(port=port) for _ in range(4)]
        here, there = SignalsOnRedis(*clients[:2]), SignalsOnRedis(*clients[2:])
        yield here, there
        await here.close()
        await there.close()
        for client in clients:
            await client.aclose()


async def hear(signals: Signals, count: int, *topics: str, ready: asyncio.Event) -> list[Notice]:
    async with signals.of(*topics) as notices:
        ready.set()
        return [await anext(notices) for _ in range(count)]


async def test_who_listens_hears_their_topics_in_order_and_nothing_else(two: tuple[Signals, Signals]) -> None:
    here, there = two
    ready = asyncio.Event()
    heard = asyncio.create_task(hear(here, 2, "orders", "agents", ready=ready))
    await ready.wait()
    for topic, number in (("live:c1", "0"), ("orders", "1"), ("agents", "2")):
        await there.tell(topic, {"number": number})
    async with asyncio.timeout(5):
        assert await heard == [("orders", {"number": "1"}), ("agents", {"number": "2"})]


async def test_a_slow_listener_loses_the_oldest_and_holds_up_nobody() -> None:
    signals = SignalsInMemory()
    async with signals.of("orders") as notices:
        for number in range(300):
            await signals.tell("orders", {"number": number})
        assert (await anext(notices))[1] == {"number": 300 - 256}
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                while True:
                    await anext(notices)
        await signals.tell("orders", {"number": 1_000})
        assert (await anext(notices))[1] == {"number": 1_000}
    assert signals.topics == frozenset()


async def test_without_redis_nobody_is_held_up_and_with_it_back_they_hear_again() -> None:
    with redis_server() as port:
        pass  # a port on which there is nothing any more
    clients = [Redis(port=port, socket_connect_timeout=0.2) for _ in range(2)]
    signals = SignalsOnRedis(*clients)
    async with asyncio.timeout(3):
        await signals.tell("orders", {})
        async with signals.of("orders"):
            pass
    await signals.close()
    for client in clients:
        await client.aclose()
