"""The agents' desk on Redis, shared by all processes of all machines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from hotline.domain.agents import Desk
from hotline.domain.errors import EngineUnavailableError

T = TypeVar("T")

_DESK: Final = TypeAdapter(Desk)
_TIMEOUT_SECONDS: Final = 1.0


class DeskOnRedis:
    """One value that is replaced as a whole; a change that somebody else was ahead of is made anew."""

    def __init__(self, redis: Redis, *, key: str = "hotline:desk") -> None:
        """Take the connection."""
        self._redis = redis
        self._key = key

    async def change(self, step: Callable[[Desk], tuple[Desk, T]]) -> T:
        """Replace the desk. Raises ``EngineUnavailableError``."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._redis.pipeline() as pipe:
                while True:
                    await pipe.watch(self._key)
                    before = await pipe.get(self._key)
                    desk = _DESK.validate_json(before) if before else Desk()
                    changed, found = step(desk)
                    if changed == desk:
                        return found
                    pipe.multi()  # type: ignore[no-untyped-call]
                    await pipe.set(self._key, _DESK.dump_json(changed))
                    try:
                        await pipe.execute()
                    except WatchError:
                        continue
                    return found
        except (RedisError, OSError, TimeoutError) as error:
            raise EngineUnavailableError("agents", type(error).__name__) from error

    async def read(self) -> Desk:
        """Return the desk. Raises ``EngineUnavailableError``."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                found = await self._redis.get(self._key)
        except (RedisError, OSError, TimeoutError) as error:
            raise EngineUnavailableError("agents", type(error).__name__) from error
        return _DESK.validate_json(found) if found else Desk()
