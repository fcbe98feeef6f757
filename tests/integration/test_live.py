"""The live feed of a conversation shows each row once, also while the database is away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis

from app.live import LiveLog, LiveRows
from hotline.domain.errors import StoreUnavailableError
from hotline.service.signals import SignalsInMemory
from hotline.store.journal_store import JournalRow
from tests.fakes import FakeLogBook

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def row(sequence: int) -> JournalRow:
    return JournalRow(sequence, NOW, "Said", {"text": f"第{sequence}句"})


async def test_rows_that_are_written_at_the_second_try_are_shown_once(redis: Redis) -> None:
    book = FakeLogBook(is_down=True)
    live = LiveLog(book, redis, SignalsInMemory())
    with pytest.raises(StoreUnavailableError):
        await live.append_all("c1", [row(1)])
    book.is_down = False
    await live.append_all("c1", [row(1), row(2)])
    assert [each["sequence"] for each in await LiveRows(redis).so_far("c1")] == [1, 2]
    assert [body["text"] for _, body in book.rows] == ["第1句", "第2句"]


async def test_a_row_that_redis_did_not_take_comes_from_the_record(redis: Redis) -> None:
    live, journal = LiveLog(FakeLogBook(), redis, SignalsInMemory()), LiveRows(redis).journal
    asked: list[str] = []

    async def kept(conversation: str) -> list[dict[str, Any]]:
        asked.append(conversation)
        return [{"sequence": sequence, "name": "Said"} for sequence in (1, 2)]

    await live.append_all("c2", [row(1)])
    assert [each["sequence"] for each in await journal("c2", kept)] == [1]
    assert asked == []
    await live.append_all("c2", [row(3)])
    assert [each["sequence"] for each in await journal("c2", kept)] == [1, 2, 3]
    assert [each["sequence"] for each in await journal("c3", kept)] == [1, 2]
    assert asked == ["c2", "c3"]
