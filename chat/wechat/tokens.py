"""The access token (access_token): one for all processes, fetched by one of them, renewed when WeChat refuses it.

It comes from ``stable_token``: in normal mode everybody who asks gets the same token until five minutes before its end, so
that even without Redis no process makes another's token bad.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hotline.store.sealing import Seal

log: Final = structlog.get_logger("wechat")

_EARLY_SECONDS: Final = 240.0
"""Within its last five minutes WeChat gives a new token, and the old one stays good for as long."""
_LOCK_SECONDS: Final = 10
_WAIT_SECONDS: Final = 0.1
_REDIS_SECONDS: Final = 0.3
_FORCED_EVERY_SECONDS: Final = 60.0
"""A forced renewal is allowed twenty times a day: never more than one a minute."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and when it ends, in Unix seconds."""

    value: str
    ends_at: float


Fetch = Callable[[bool], Awaitable[Token]]
"""Fetches a token from WeChat; True: a new one, whatever the old one is worth."""


class AccessToken:
    """One account's token. Raises what ``fetch`` raises."""

    def __init__(
        self, app_id: str, fetch: Fetch, *, redis: Redis | None, seal: Seal, clock: Callable[[], float]
    ) -> None:
        """Take whose it is, who fetches it, where it is shared (sealed), and the clock in Unix seconds."""
        self._name = f"hotline:wechat:{app_id}:token"
        self._fetch = fetch
        self._redis = redis
        self._seal = seal
        self._clock = clock
        self._known: Token | None = None
        self._forced_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def get(self) -> str:
        """Return a token that is good for some minutes."""
        return (await self._good(refused="")).value

    async def renewed(self, refused: str) -> str:
        """Return a token that is not ``refused``, which WeChat does not take any more."""
        return (await self._good(refused=refused)).value

    async def _good(self, *, refused: str) -> Token:
        if self._is_good(self._known, refused):
            assert self._known is not None
            return self._known
        async with self._one_at_a_time:
            if not self._is_good(self._known, refused):
                self._known = await self._shared_or_fetched(refused)
            assert self._known is not None
            return self._known

    def _is_good(self, token: Token | None, refused: str) -> bool:
        return token is not None and token.value != refused and token.ends_at - self._clock() > _EARLY_SECONDS

    async def _shared_or_fetched(self, refused: str) -> Token:
        """Return what another process fetched, or fetch it while the others wait."""
        lock = f"{self._name}:lock"
        mine = secrets.token_hex(8)
        for _ in range(int(_LOCK_SECONDS / _WAIT_SECONDS)):
            if shared := await self._shared(refused):
                return shared
            if await self._ask_redis(lambda redis: redis.set(lock, mine, nx=True, ex=_LOCK_SECONDS), True):
                break
            await asyncio.sleep(_WAIT_SECONDS)
        try:
            # Whoever held the lock may have fetched it and let go between our look and our turn.
            return await self._shared(refused) or await self._fetched(refused)
        finally:
            await self._ask_redis(lambda redis: redis.eval(_UNLOCK, 1, lock, mine), None)

    async def _fetched(self, refused: str) -> Token:
        token = await self._fetch(False)
        if token.value == refused and self._clock() - self._forced_at >= _FORCED_EVERY_SECONDS:
            self._forced_at = self._clock()
            log.warning("wechat.token_forced")
            token = await self._fetch(True)
        body = json.dumps({"value": token.value, "ends_at": token.ends_at}).encode()
        seconds = max(1, round(token.ends_at - self._clock()))
        sealed = self._seal.close(body, self._name)
        await self._ask_redis(lambda redis: redis.set(self._name, sealed, ex=seconds), None)
        return token

    async def _shared(self, refused: str) -> Token | None:
        """Return what another process fetched, where it is good."""
        sealed = await self._ask_redis(lambda redis: redis.get(self._name), None)
        if not isinstance(sealed, bytes):
            return None
        shared = Token(**json.loads(self._seal.open(sealed, self._name)))
        return shared if self._is_good(shared, refused) else None

    async def _ask_redis(self, ask: Callable[[Any], Awaitable[Any]], otherwise: Any) -> Any:
        """Return Redis's answer, or ``otherwise`` where there is none: then each process fetches for itself."""
        if self._redis is None:
            return otherwise
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                return await ask(self._redis)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("wechat.token_not_shared", error=type(error).__name__)
            return otherwise


_UNLOCK: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"
