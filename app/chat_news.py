"""News of orders in open chats, on Redis: neither orders, chats, telephones nor notices can be read there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hotline.dialogue.written_events import OrderNewsCame
from hotline.domain.errors import EngineUnavailableError
from hotline.service.chat_news import Shown, Told
from hotline.service.kept_chats import KeptChats, Post
from hotline.store.sealing import Seal

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 0.9
_KEEP_MS: Final = 24 * 3_600_000
_ITSELF: Final = "conversation:"


class ChatNewsOnRedis:
    """``ChatNews`` on one Redis, for the chats of ``chats``."""

    def __init__(self, redis: Redis, seal: Seal, chats: KeptChats) -> None:
        """Take the connection, what makes names unreadable, and the chats."""
        self._redis = redis
        self._seal = seal
        self._chats = chats

    async def follow(self, reader: str, chat: str) -> None:
        """Note the chat of ``reader``."""
        await self._chats.note_open(reader, chat)

    async def leave(self, readers: Sequence[str], news: OrderNewsCame) -> Told | None:
        """Leave the news, unless that was done."""
        name = self._name(news.notice)
        known = await self._told(name)
        if known is not None:
            return known
        chat = await self._open_of(readers)
        if chat is None:
            return None
        commands: Any = self._redis  # redis-py types what it returns as something to await, or not
        if await _asked(commands.hsetnx(name, "at", news.at.isoformat())):
            await _asked(commands.hset(name, "shown", Shown.LEFT.value))
            await _asked(commands.pexpire(name, _KEEP_MS))
            await self._chats.leave_word(chat, Post(news.notice, news))
        return await self._told(name)

    async def mark(self, notice: str, shown: Shown) -> None:
        """Note how far it has come."""
        name, commands = self._name(notice), self._redis
        await _asked(commands.hset(name, "shown", shown.value))
        await _asked(commands.pexpire(name, _KEEP_MS))

    async def _told(self, name: str) -> Told | None:
        commands: Any = self._redis
        at, shown = await _asked(commands.hmget(name, ["at", "shown"]))
        if at is None:
            return None
        return Told(Shown((shown or b"left").decode()), datetime.fromisoformat(at.decode()))

    async def _open_of(self, readers: Sequence[str]) -> str | None:
        for reader in readers:
            if reader.startswith(_ITSELF):
                chat: str | None = reader.removeprefix(_ITSELF)
            else:
                chat = await self._chats.open_of(reader)
            if chat is not None and await self._chats.is_open(chat):
                return chat
        return None

    def _name(self, notice: str) -> str:
        return f"hotline:news:{self._seal.fingerprint(notice)}"


async def _asked(asking: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await asking
    except (RedisError, OSError, TimeoutError) as error:
        raise EngineUnavailableError("news", type(error).__name__) from error
