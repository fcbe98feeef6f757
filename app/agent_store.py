"""The agents' desk on Redis, shared by all processes of all machines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from app.signals import PREFIX
from hotline.domain.agents import Desk
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.service.signals import AGENTS
from hotline.store.sealing import Seal

log: Final = structlog.get_logger("agents")

T = TypeVar("T")

_DESK: Final = TypeAdapter(Desk)
_TIMEOUT_SECONDS: Final = 1.0


class DeskOnRedis:
    """One value that is replaced as a whole; a change that somebody else was ahead of is made anew.

    It is sealed, since it holds briefings. One that cannot be read (another key, another version) counts as empty:
    agents sign in again, and calls that waited ask anew.
    """

    def __init__(self, redis: Redis, seal: Seal, *, key: str = "hotline:desk") -> None:
        """Take the connection and what seals the desk."""
        self._redis = redis
        self._seal = seal
        self._key = key

    async def change(self, step: Callable[[Desk], tuple[Desk, T]]) -> T:
        """Replace the desk. Raises ``EngineUnavailableError``."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._redis.pipeline() as pipe:
                while True:
                    await pipe.watch(self._key)
                    before = await pipe.get(self._key)
                    desk = self._opened(before)
                    changed, found = step(desk)
                    if changed == desk:
                        return found
                    pipe.multi()  # type: ignore[no-untyped-call]
                    await pipe.set(self._key, self._seal.close(_DESK.dump_json(changed), self._key))
                    await pipe.publish(PREFIX + AGENTS, "{}")  # screens look again (``SignalsOnRedis``)
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
        return self._opened(found)

    def _opened(self, sealed: bytes | str | None) -> Desk:
        if not isinstance(sealed, bytes):
            return Desk()
        try:
            return _DESK.validate_json(self._seal.open(sealed, self._key))
        except (StoreUnavailableError, ValidationError) as error:
            log.error("desk.unreadable", error=type(error).__name__)
            return Desk()
