"""Who is to be spoken to slowly from the first word on (适老模式, 按号码): kept on Redis under a keyed hash of the number."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hotline.domain.appeal import PhoneNumber

log: Final = structlog.get_logger("slow callers")

_KEEP_SECONDS: Final = 365 * 86_400
_TIMEOUT_SECONDS: Final = 0.2


class SlowCallers:
    """Remembers calling numbers for a year after they last needed it; without Redis nobody is known, and calls go on."""

    def __init__(self, redis: Redis, secret: str) -> None:
        """``secret`` keys the hash, so that the numbers cannot be told from the keys."""
        self._redis = redis
        self._secret = secret.encode()

    async def includes(self, phone: PhoneNumber) -> bool:
        """Tell whether the caller needed it lately."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return bool(await self._redis.exists(self._key(phone)))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("redis.away", error=type(error).__name__)
            return False

    async def add(self, phone: PhoneNumber) -> None:
        """Remember the caller."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._redis.set(self._key(phone), "1", ex=_KEEP_SECONDS)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("redis.away", error=type(error).__name__)

    def _key(self, phone: PhoneNumber) -> str:
        digest = hmac.new(self._secret, phone.digits.encode(), hashlib.sha256).hexdigest()
        return f"hotline:slow:{digest[:32]}"
