"""Who reads along, on Redis: neither orders, conversations nor telephones can be read there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hotline.domain.errors import EngineUnavailableError
from hotline.service.kept_chats import LEASE_SECONDS
from hotline.service.reading_along import Reading
from hotline.store.sealing import Seal

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 0.9
_KEEP_MS: Final = 24 * 3_600_000


class ReadingOnRedis:
    """``ReadingAlong`` on one Redis."""

    def __init__(self, redis: Redis, seal: Seal, *, lease_seconds: float = LEASE_SECONDS) -> None:
        """Take the connection, what makes names unreadable, and how long a mark lasts that is not repeated."""
        self._redis = redis
        self._seal = seal
        self._lease_ms = round(lease_seconds * 1_000)

    async def note(self, order: str, readers: Sequence[str], reading: Reading) -> None:
        """Mark how far they have come; that stays known for a day."""
        async with self._redis.pipeline(transaction=False) as pipe:
            commands: Any = pipe  # redis-py types what is queued as something to await
            for name in self._names(order, readers):
                commands.set(f"{name}:read", f"{reading.after} {reading.read}", px=_KEEP_MS)
                if reading.is_here:
                    commands.set(f"{name}:here", 1, px=self._lease_ms)
                else:
                    commands.delete(f"{name}:here")
            await _asked(pipe.execute())

    async def of(self, order: str, readers: Sequence[str]) -> Sequence[Reading]:
        """Return the marks."""
        async with self._redis.pipeline(transaction=False) as pipe:
            commands: Any = pipe  # redis-py types what is queued as something to await
            for name in self._names(order, readers):
                commands.mget(f"{name}:here", f"{name}:read")
            found: list[tuple[bytes | None, bytes | None]] = await _asked(pipe.execute())
        marks = []
        for here, read in found:
            behind, _, last = (read or b"0 0").decode().partition(" ")
            marks.append(Reading(here is not None and read is not None, int(behind), int(last)))
        return marks

    def _names(self, order: str, readers: Sequence[str]) -> list[str]:
        return [f"hotline:along:{self._seal.fingerprint(f'{order}/{reader}')}" for reader in readers]


async def _asked(asking: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await asking
    except (RedisError, OSError, TimeoutError) as error:
        raise EngineUnavailableError("reading", type(error).__name__) from error
