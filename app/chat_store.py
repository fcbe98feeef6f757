"""Chats on Redis, for all processes of all machines. Every line is sealed; what is decided is decided there, in one step."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, TypeVar, cast

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hotline.dialogue.events import Event
from hotline.dialogue.journal import decode, encode
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.service.keeping import Entry
from hotline.service.kept_chats import (
    LEASE_SECONDS,
    AgentNotice,
    Claimed,
    Elsewhere,
    Kept,
    Notice,
    Over,
    Post,
)
from hotline.store.sealing import Seal

log: Final = structlog.get_logger("chats")

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 0.9
_AGAIN_SECONDS: Final = 1.0
_KEEP_MS: Final = 24 * 3_600_000
_YES, _TAKEN, _TORN, _OVER = 1, 0, 2, 3
_KEPT: Final = {_YES: Kept.YES, _TAKEN: Kept.TAKEN, _TORN: Kept.TORN, _OVER: Kept.TAKEN}

_OURS: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function own()
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  redis.call('HSET', KEYS[3], 'by', ARGV[1])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
  redis.call('ZADD', KEYS[4], now + ARGV[2], ARGV[4])
end
local owner = redis.call('GET', KEYS[1])
local by = redis.call('HGET', KEYS[3], 'by')
local is_ours = owner == ARGV[1] or (not owner and (by == ARGV[1] or not by))
"""
_CLAIM: Final = (
    _OURS
    + """
if owner and owner ~= ARGV[1] then return {0, owner} end
if redis.call('HEXISTS', KEYS[3], 'over') == 1 then return {3} end
local lines = redis.call('LRANGE', KEYS[2], 0, -1)
if #lines == 0 then return {2} end
own()
return {1, lines}
"""
)
_APPEND: Final = (
    _OURS
    + """
if not is_ours or redis.call('HEXISTS', KEYS[3], 'over') == 1 then return 0 end
if ARGV[5] == 'all' then
  redis.call('DEL', KEYS[2])
elseif redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[5]) then
  return 2
end
for index = 6, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[index]) end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
own()
return 1
"""
)
_RENEW: Final = (
    _OURS
    + """
if not is_ours then return 0 end
own()
if redis.call('EXISTS', KEYS[2]) == 0 then return 2 end
return 1
"""
)
_LET_GO: Final = (
    _OURS
    + """
if not is_ours then return 0 end
if ARGV[6] ~= '' then
  redis.call('SET', KEYS[1], ARGV[6], 'PX', ARGV[2])
  redis.call('HSET', KEYS[3], 'by', ARGV[6])
  redis.call('ZADD', KEYS[4], now + ARGV[2], ARGV[4])
  return 1
end
redis.call('DEL', KEYS[1])
if ARGV[5] == 'over' then
  redis.call('ZREM', KEYS[4], ARGV[4])
  redis.call('HSET', KEYS[3], 'over', 1)
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
else
  redis.call('ZADD', KEYS[4], 0, ARGV[4])
end
return 1
"""
)


class ChatsOnRedis:
    """``KeptChats`` on one Redis; ``process`` names the process that owns what is claimed here."""

    def __init__(
        self,
        redis: Redis,
        seal: Seal,
        *,
        process: str,
        kind: str = "chat",
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        """Take the connection and what seals the lines. Chats of another ``kind`` are others' business."""
        self._redis = redis
        self._seal = seal
        self._process = process
        self._kind = kind
        self._chats = f"hotline:{kind}s"
        self._lease_ms = round(lease_seconds * 1_000)
        self._claim = redis.register_script(_CLAIM)
        self._append = redis.register_script(_APPEND)
        self._renew = redis.register_script(_RENEW)
        self._let_go = redis.register_script(_LET_GO)

    async def claim(self, chat: str) -> Claimed | Elsewhere | Over | None:
        """Make a chat ours."""
        found: list[Any] = await self._asked(self._claim(self._keys(chat), self._arguments(chat)))
        match found[0]:
            case 1:
                return Claimed(tuple(self._opened(chat, found[1], after=0)))
            case 0:
                return Elsewhere(found[1].decode())
            case 3:
                return Over()
            case _:
                return None

    async def append(self, chat: str, entries: Sequence[Entry], *, behind: int) -> Kept:
        """Keep lines behind others."""
        lines = self._closed(chat, entries, after=behind)
        return await self._kept(self._append(self._keys(chat), [*self._arguments(chat), behind, *lines]))

    async def rewrite(self, chat: str, entries: Sequence[Entry]) -> Kept:
        """Keep lines instead of others."""
        lines = self._closed(chat, entries, after=0)
        return await self._kept(self._append(self._keys(chat), [*self._arguments(chat), "all", *lines]))

    async def renew(self, chats: Collection[str]) -> Mapping[str, Kept]:
        """Go on owning chats."""
        names = list(chats)
        if not names:
            return {}
        async with self._redis.pipeline(transaction=False) as pipe:
            for chat in names:
                await self._renew(self._keys(chat), self._arguments(chat), client=pipe)
            found = await self._asked(pipe.execute())
        return {chat: _KEPT[state] for chat, state in zip(names, found, strict=True)}

    async def release(self, chat: str, *, to: str = "") -> None:
        """Let another process have it at once."""
        await self._asked(self._let_go(self._keys(chat), [*self._arguments(chat), "", to]))

    async def end(self, chat: str) -> None:
        """Note that it has ended."""
        await self._asked(self._let_go(self._keys(chat), [*self._arguments(chat), "over", ""]))
        await self._asked(self._redis.delete(self._inbox(chat)))

    async def conceal(self, chat: str) -> None:
        """Delete its lines and what was left for it."""
        await self._asked(self._redis.delete(self._log(chat), self._inbox(chat)))

    async def is_open(self, chat: str) -> bool:
        """Look at its state."""
        state = f"{self._name(chat)}:state"
        by, over = await self._asked(_awaitable(self._redis.hmget(state, ["by", "over"])))
        return by is not None and over is None

    async def orphans(self, *, limit: int) -> Sequence[str]:
        """Return chats whose lease has run out."""
        seconds, micros = await self._asked(self._redis.time())
        now = seconds * 1_000 + micros // 1_000
        found: list[bytes] = await self._asked(
            _awaitable(self._redis.zrangebyscore(self._chats, "-inf", now, start=0, num=limit))
        )
        return [each.decode() for each in found]

    async def want(self, chat: str, owner: str) -> None:
        """Ask its owner for it."""
        await self._tell(owner, {"chat": chat, "wanted_by": self._process})

    async def read(self, chat: str, *, after: int = 0) -> Sequence[Entry] | None:
        """Return its lines."""
        lines: list[bytes] = await self._asked(_awaitable(self._redis.lrange(self._log(chat), after, -1)))
        if not lines and not after:
            return None
        return self._opened(chat, lines, after=after)

    async def open_of(self, who: str) -> str | None:
        """Return somebody's chat."""
        found: bytes | None = await self._asked(_awaitable(self._redis.get(self._of(who))))
        return found.decode() if found is not None else None

    async def note_open(self, who: str, chat: str) -> None:
        """Note somebody's chat for a day."""
        await self._asked(self._redis.set(self._of(who), chat, px=_KEEP_MS))

    async def leave_word(self, chat: str, post: Post) -> None:
        """Leave an event, and wake the owner."""
        name, body = encode(post.event)
        line = json.dumps([post.id, name, body], ensure_ascii=False).encode()
        await self._asked(
            _awaitable(self._redis.rpush(self._inbox(chat), self._seal.close(line, self._inbox(chat))))
        )
        await self._asked(self._redis.pexpire(self._inbox(chat), _KEEP_MS))
        await self._tell_owner({"chat": chat})

    async def nudge(self, chat: str) -> None:
        """Wake the owner."""
        await self._tell_owner({"chat": chat})

    async def words(self, chat: str) -> Sequence[Post]:
        """Return what was left."""
        return [post for post, _ in await self._words(chat)]

    async def acted_on(self, chat: str, post: Post) -> None:
        """Forget what was left."""
        for found, line in await self._words(chat):
            if found.id == post.id:
                await self._asked(_awaitable(self._redis.lrem(self._inbox(chat), 1, line)))  # type: ignore[arg-type]

    async def tell_typing(self, chat: str, *, is_on: bool) -> None:
        """Wake the owner."""
        await self._tell_owner({"chat": chat, "typing": is_on})

    async def tell_agent(self, agent: str, notice: AgentNotice) -> None:
        """Tell whoever looks at an agent's desk."""
        word = json.dumps(asdict(notice))
        await self._asked(self._redis.publish(f"{self._chats}:agent:{agent}", word))

    async def watch(self, agent: str) -> AsyncIterator[AgentNotice | None]:
        """Yield what is told to an agent's desk."""
        async for word in self._heard(f"{self._chats}:agent:{agent}"):
            yield None if word is None else AgentNotice(**word)

    async def notices(self) -> AsyncIterator[Notice]:
        """Yield what other processes tell this one."""
        async for word in self._heard(self._address(self._process)):
            if word is not None:
                yield Notice(**word)

    async def _heard(self, address: str) -> AsyncIterator[Mapping[str, Any] | None]:
        """Yield what is published there, and None every second without anything."""
        while True:
            with suppress(RedisError, OSError):
                async with self._redis.pubsub() as heard:
                    await heard.subscribe(address)
                    while True:
                        message = await heard.get_message(
                            ignore_subscribe_messages=True, timeout=_AGAIN_SECONDS
                        )
                        yield None if message is None else json.loads(message["data"])
            await asyncio.sleep(_AGAIN_SECONDS)
            yield None

    async def _tell_owner(self, what: Mapping[str, Any]) -> None:
        owner: bytes | None = await self._asked(_awaitable(self._redis.get(self._lease(what["chat"]))))
        if owner is not None:
            await self._tell(owner.decode(), what)

    async def _tell(self, process: str, what: Mapping[str, Any]) -> None:
        await self._asked(self._redis.publish(self._address(process), json.dumps(what)))

    async def _words(self, chat: str) -> list[tuple[Post, bytes]]:
        lines: list[bytes] = await self._asked(_awaitable(self._redis.lrange(self._inbox(chat), 0, -1)))
        found = []
        for line in lines:
            with suppress(StoreUnavailableError, ValidationError):
                id_, name, body = json.loads(self._seal.open(line, self._inbox(chat)))
                found.append((Post(id_, cast("Event", decode(name, body))), line))
        return found

    def _arguments(self, chat: str) -> list[str | int]:
        return [self._process, self._lease_ms, _KEEP_MS, chat]

    def _closed(self, chat: str, entries: Sequence[Entry], *, after: int) -> list[bytes]:
        return self._seal.close_all(
            [
                (json.dumps(encode(entry), ensure_ascii=False).encode(), self._place(chat, index))
                for index, entry in enumerate(entries, after)
            ]
        )

    def _opened(self, chat: str, lines: Sequence[bytes], *, after: int) -> list[Entry]:
        """Return the entries; of a chat that cannot be read (another key, another version) there are none."""
        try:
            return [
                decode(*json.loads(self._seal.open(line, self._place(chat, index))))
                for index, line in enumerate(lines, after)
            ]
        except (StoreUnavailableError, ValidationError, KeyError) as error:
            log.error("chat.unreadable", error=type(error).__name__)
            return []

    def _keys(self, chat: str) -> list[str]:
        return [self._lease(chat), self._log(chat), f"{self._name(chat)}:state", self._chats]

    def _name(self, chat: str) -> str:
        return f"hotline:{self._kind}:{{{chat}}}"

    def _lease(self, chat: str) -> str:
        return f"{self._name(chat)}:owner"

    def _log(self, chat: str) -> str:
        return f"{self._name(chat)}:log"

    def _of(self, who: str) -> str:
        return f"{self._chats}:of:{self._seal.fingerprint(who)}"

    def _inbox(self, chat: str) -> str:
        return f"{self._name(chat)}:inbox"

    def _place(self, chat: str, index: int) -> str:
        return f"{self._kind}:{chat}:{index}"

    def _address(self, process: str) -> str:
        return f"{self._chats}:{process}"

    async def _kept(self, asking: Awaitable[Any]) -> Kept:
        return _KEPT[await self._asked(asking)]

    async def _asked(self, asking: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await asking
        except (RedisError, OSError, TimeoutError) as error:
            raise EngineUnavailableError("chats", type(error).__name__) from error


def _awaitable(asking: Any) -> Awaitable[Any]:
    """Return what redis-py types as either a value or something to await, as the latter."""
    return cast("Awaitable[Any]", asking)
