"""The client of Redis, where there is one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Final

from redis.asyncio import Redis

from app.settings import Settings

_REDIS_SECONDS: Final = 0.5


def open_redis(settings: Settings, stack: AsyncExitStack) -> Redis | None:
    """Return a client of the Redis that is set, if any; it connects when first used."""
    if not settings.redis:
        return None
    redis: Redis = Redis.from_url(
        settings.redis, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
    )
    stack.push_async_callback(redis.aclose)
    return redis
