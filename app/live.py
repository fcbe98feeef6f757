"""The live feed (实时转写): what is being said, on Redis, for whoever watches a conversation.

The journal in the database is the record; this feed is only the fast way to it. When Redis is away, conversations go
on and the feed is silent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hotline.domain.appeal import ContactChannel
from hotline.domain.conversation_end import ConversationEnd
from hotline.service.journal import ConversationLog
from hotline.service.signals import Signals, live_topic
from hotline.store.journal_store import JournalRow

log: Final = structlog.get_logger("live")

_KEEP_SECONDS: Final = 3_600
_TIMEOUT_SECONDS: Final = 0.5
_ENDED: Final = "Ended"
CONCEALED: Final = "Concealed"
"""Told when what was said must not stay on any screen."""


def _key(conversation: str) -> str:
    return f"hotline:live:{conversation}"


class LiveLog:
    """A ``ConversationLog`` that also shows each row on the live feed."""

    def __init__(self, book: ConversationLog, redis: Redis, signals: Signals) -> None:
        """Write to ``book``, to ``redis`` for who comes later, and tell by ``signals`` who watches now."""
        self._book = book
        self._redis = redis
        self._signals = signals
        self._is_away = False
        self._shown: dict[str, int] = {}  # rows that the book takes at the second try only are shown once

    async def begin(self, conversation: str, *, channel: ContactChannel, call_id: str, at: datetime) -> None:
        """Open the record."""
        await self._book.begin(conversation, channel=channel, call_id=call_id, at=at)

    async def append_all(self, conversation: str, rows: Sequence[JournalRow]) -> None:
        """Keep rows and show them."""
        shown = [
            {"sequence": row.sequence, "at": row.at.isoformat(), "name": row.name, "body": row.body}
            for row in rows
            if row.sequence > self._shown.get(conversation, 0)
        ]
        if shown:
            self._shown[conversation] = rows[-1].sequence
            await self._show(conversation, *shown)
        await self._book.append_all(conversation, rows)

    async def conceal(self, conversation: str, *, at: datetime) -> None:
        """Delete what was kept and shown of a conversation."""
        await self._book.conceal(conversation, at=at)
        await self._signals.tell(live_topic(conversation), {"name": CONCEALED})
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._redis.delete(_key(conversation))
        except (RedisError, OSError, TimeoutError) as error:
            log.error("live.not_concealed", error=type(error).__name__)

    async def finish(self, conversation: str, end: ConversationEnd) -> None:
        """Close the record and the feed."""
        self._shown.pop(conversation, None)
        await self._book.finish(conversation, end)
        ended = {"at": end.at.isoformat(), "name": _ENDED, "body": {"outcome": end.outcome}}
        await self._show(conversation, ended)

    async def _show(self, conversation: str, *rows: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                pipe = self._redis.pipeline(transaction=False)
                for row in rows:
                    await pipe.xadd(
                        _key(conversation), {"row": json.dumps(row, ensure_ascii=False)}, maxlen=2_000
                    )
                await pipe.expire(_key(conversation), _KEEP_SECONDS)
                await pipe.execute()
            await self._signals.tell(live_topic(conversation), *rows)
            self._is_away = False
        except (RedisError, OSError, TimeoutError) as error:
            if not self._is_away:  # said once, not once a row
                log.warning("live.away", error=type(error).__name__)
            self._is_away = True


async def follow(
    redis: Redis, conversation: str, *, wait_seconds: float = 30.0
) -> AsyncIterator[dict[str, Any]]:
    """Yield a conversation's rows as they come, from its start to its end; stop after ``wait_seconds`` without any."""
    last = "0"
    with suppress(RedisError, OSError):
        while True:
            found: Any = await redis.xread(
                {_key(conversation): last}, block=int(wait_seconds * 1000), count=100
            )
            if not found:
                return
            for entry, fields in found[0][1]:
                last = entry
                row = json.loads(fields[b"row"])
                yield row
                if row["name"] == _ENDED:
                    return


class LiveRows:
    """The feed as pages read it: what was shown so far, and the rows that come."""

    def __init__(self, redis: Redis) -> None:
        """Take the connection."""
        self._redis = redis

    async def journal(
        self, conversation: str, kept: Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
    ) -> Sequence[Mapping[str, Any]]:
        """Return a conversation's journal as it was shown; of rows that Redis did not take, and without it, what is ``kept``."""
        shown = [row for row in await self.so_far(conversation) if "sequence" in row]
        if shown and [row["sequence"] for row in shown] == list(range(1, len(shown) + 1)):
            return shown
        rows = {row["sequence"]: row for row in (*await kept(conversation), *shown)}
        return [rows[sequence] for sequence in sorted(rows)]

    async def so_far(self, conversation: str) -> list[dict[str, Any]]:
        """Return the rows shown so far, none when Redis is away."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                found: Any = await self._redis.xrange(_key(conversation))
        except (RedisError, OSError, TimeoutError):
            return []
        return [json.loads(fields[b"row"]) for _, fields in found]
