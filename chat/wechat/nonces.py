"""Which signatures were used lately (防重放): one signature goes with one content, and WeChat's own retries pass.

In plain mode the signature does not cover the body: whoever saw one address of ours could send any body with it while its
time is good. So the first body that comes with a signature is the only one, and it comes a few times at most.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log: Final = structlog.get_logger("wechat")

MOST_USES: Final = 4
"""WeChat sends a message and, not answered, three times again."""
_TIMEOUT_SECONDS: Final = 0.3
_MOST_KEPT: Final = 100_000


class Nonces(Protocol):
    """Remembers signatures for a while."""

    async def may_use(self, signature: str, content: bytes) -> bool:
        """Tell whether ``signature`` may be used with ``content``, and remember that it was."""


class NoncesInMemory:
    """Of one process. Behind several, each knows only what came to it: the letters' keys still stop what came twice."""

    def __init__(self, *, keep_seconds: float, clock: Callable[[], float]) -> None:
        """Take how long to remember, and a clock that only goes forward."""
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._used: OrderedDict[str, tuple[float, str, int]] = OrderedDict()

    async def may_use(self, signature: str, content: bytes) -> bool:
        """Tell whether it may be used."""
        now, digest = self._clock(), _digest(content)
        while self._used and (
            next(iter(self._used.values()))[0] < now - self._keep_seconds or len(self._used) > _MOST_KEPT
        ):
            self._used.popitem(last=False)
        since, known, uses = self._used.get(signature, (now, digest, 0))
        if known != digest or uses >= MOST_USES:
            return False
        self._used[signature] = (since, digest, uses + 1)
        return True


class NoncesOnRedis:
    """Shared by all processes; while Redis is away, each process remembers for itself."""

    def __init__(self, redis: Redis, behind: Nonces, *, keep_seconds: float) -> None:
        """Take Redis and what stands in for it."""
        self._redis = redis
        self._behind = behind
        self._keep_seconds = round(keep_seconds)

    async def may_use(self, signature: str, content: bytes) -> bool:
        """Tell whether it may be used."""
        key = f"hotline:wechat:nonce:{_digest(signature.encode())}"
        digest = _digest(content)
        try:
            commands: Any = self._redis.pipeline(transaction=True)
            commands.hsetnx(key, "content", digest)
            commands.hget(key, "content")
            commands.hincrby(key, "uses", 1)
            commands.expire(key, self._keep_seconds)
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                _, known, uses, _ = await commands.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("wechat.nonces_in_memory", error=type(error).__name__)
            return await self._behind.may_use(signature, content)
        return known == digest.encode() and int(uses) <= MOST_USES


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
