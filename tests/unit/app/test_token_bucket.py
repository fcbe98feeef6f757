"""Token buckets: what is given, what comes back, and what happens while Redis is away."""

from __future__ import annotations

from redis.asyncio import Redis

from app.token_bucket import TokenBuckets


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_bucket_gives_its_burst_and_then_so_many_a_second() -> None:
    clock = Clock()
    buckets = TokenBuckets(None, monotonic=clock)

    async def taken(count: int) -> int:
        return sum([await buckets.take("a", burst=3, per_second=0.5) for _ in range(count)])

    assert await taken(5) == 3
    clock.now = 4.0
    assert await taken(5) == 2
    clock.now = 1_000.0
    assert await taken(5) == 3


async def test_buckets_are_apart() -> None:
    buckets = TokenBuckets(None)
    assert await buckets.take("a", burst=1, per_second=0.001)
    assert not await buckets.take("a", burst=1, per_second=0.001)
    assert await buckets.take("b", burst=1, per_second=0.001)


async def test_while_redis_is_away_the_process_counts_alone() -> None:
    redis = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    clock = Clock()
    buckets = TokenBuckets(redis, monotonic=clock)
    assert [await buckets.take("a", burst=2, per_second=0.001) for _ in range(3)] == [True, True, False]
    await redis.aclose()


async def test_many_names_do_not_fill_the_memory() -> None:
    buckets = TokenBuckets(None)
    for number in range(100_005):
        await buckets.take(str(number), burst=1, per_second=1)
    assert len(buckets._own) <= 100_000
