"""How often somebody may do something (令牌桶限流): counted on Redis for all processes, in this one while Redis is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log: Final = structlog.get_logger("token_bucket")

_TIMEOUT_SECONDS: Final = 0.3
_REST_SECONDS: Final = 5.0
_MOST_NAMES: Final = 100_000
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local burst, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(kept[1]) or burst
left = math.min(burst, left + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
local is_given = left >= 1
if is_given then left = left - 1 end
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return is_given and 1 or 0
"""


class TokenBuckets:
    """Buckets by name: each holds ``burst`` tokens at first, and gets ``per_second`` back."""

    def __init__(self, redis: Redis | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the Redis that all processes share, if there is one."""
        self._redis = redis
        self._take = redis.register_script(_TAKE) if redis is not None else None
        self._monotonic = monotonic
        self._own: dict[str, tuple[float, float]] = {}
        self._rests_until = float("-inf")

    async def take(self, name: str, *, burst: float, per_second: float) -> bool:
        """Take a token; False when there is none left. Never raises, and waits no longer than a moment."""
        if self._take is not None and self._monotonic() >= self._rests_until:
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    given: Any = await self._take([f"hotline:bucket:{name}"], [burst, per_second])
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("token_bucket.away", error=type(error).__name__)
                self._rests_until = self._monotonic() + _REST_SECONDS
            else:
                return bool(given)
        return self._take_own(name, burst, per_second)

    def _take_own(self, name: str, burst: float, per_second: float) -> bool:
        now = self._monotonic()
        if name not in self._own and len(self._own) >= _MOST_NAMES:
            self._own.clear()
        left, at = self._own.get(name, (burst, now))
        left = min(burst, left + (now - at) * per_second)
        is_given = left >= 1
        self._own[name] = (left - 1 if is_given else left, now)
        return is_given
