"""The live feed of a conversation shows each row once, also while the database is away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from app.live import LiveLog, LiveRows
from hotline.domain.errors import StoreUnavailableError
from hotline.service.signals import SignalsInMemory
from hotline.store.journal_store import JournalRow
from tests.fakes import FakeLogBook
from tests.redis_server import redis_server

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with redis_server() as port:
        yield port


@pytest.fixture
async def redis(port: int) -> AsyncIterator[Redis]:
    redis: Redis = Redis(port=port)
    yield redis
    await redis.aclose()


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
