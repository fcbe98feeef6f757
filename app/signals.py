"""Signals between processes, on Redis: one connection listens for the whole process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.settings import Settings
from hotline.domain.work_order import WorkOrder
from hotline.service.signals import ORDERS, Notice, Signals, SignalsInMemory

log: Final = structlog.get_logger("signals")

PREFIX: Final = "hotline:signal:"
_TIMEOUT_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 1.0


class SignalsOnRedis:
    """``Signals``. When Redis is away nothing is carried; listening goes on when it is back."""

    def __init__(self, redis: Redis, listening: Redis) -> None:
        """Take a connection to tell by, and one to listen by, which must have no timeout."""
        self._redis = redis
        self._listening = listening
        self._here = SignalsInMemory()
        self._reader: asyncio.Task[None] | None = None
        self._is_listening = asyncio.Event()

    async def tell(self, topic: str, *notices: Mapping[str, Any]) -> None:
        """Tell all processes, in one go."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                pipe = self._redis.pipeline(transaction=False)
                for notice in notices:
                    await pipe.publish(PREFIX + topic, json.dumps(notice, ensure_ascii=False))
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("signals.not_told", error=type(error).__name__)

    @asynccontextmanager
    async def of(self, *topics: str) -> AsyncIterator[AsyncIterator[Notice]]:
        """Listen; what is told after this has begun is heard, unless Redis is away."""
        async with self._here.of(*topics) as notices:
            if self._reader is None or self._reader.done():
                self._reader = asyncio.create_task(self._read(), name="signals")
            with suppress(TimeoutError):
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    await self._is_listening.wait()
            yield notices

    async def close(self) -> None:
        """Listen no more."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            try:
                await self._read_on()
            except (RedisError, OSError) as error:
                log.warning("signals.away", error=type(error).__name__)
            finally:
                self._is_listening.clear()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _read_on(self) -> None:
        # All topics come on one connection; what nobody here listens to is dropped unread.
        async with self._listening.pubsub() as pubsub:
            await pubsub.psubscribe(f"{PREFIX}*")
            async for message in pubsub.listen():
                if message["type"] == "psubscribe":
                    self._is_listening.set()
                elif message["type"] == "pmessage":
                    topic = message["channel"].decode().removeprefix(PREFIX)
                    if self._here.is_heard(topic):
                        self._here.hand_out(topic, json.loads(message["data"]))


def open_signals(redis: Redis | None, settings: Settings, stack: AsyncExitStack) -> Signals:
    """Return the signals between the processes; within this one only where there is no Redis."""
    if redis is None:
        return SignalsInMemory()
    listening: Redis = Redis.from_url(settings.redis)
    signals = SignalsOnRedis(redis, listening)
    stack.push_async_callback(listening.aclose)
    stack.push_async_callback(signals.close)
    return signals


def announcing(signals: Signals) -> Callable[[WorkOrder], Awaitable[None]]:
    """Return what the store calls with every order that it has committed."""

    async def announce(order: WorkOrder) -> None:
        unit = order.lead_unit if order.is_dispatched else None
        notice = {
            "number": order.number,
            "status": order.status.value,
            "unit": unit,
            "supporting": order.supporting_units if unit is not None else (),
            "revision": order.revision,
        }
        await signals.tell(ORDERS, notice)

    return announce
