"""Callers who needed to be spoken to slowly are known again by their number, on a real Redis, and never by name."""

from redis.asyncio import Redis

from app.slow_callers import SlowCallers
from hotline.domain.appeal import PhoneNumber

GRANDMOTHER, STRANGER = PhoneNumber("13905390001"), PhoneNumber("13905390002")


async def test_who_needed_it_is_known_next_time_and_the_number_is_not_kept(redis_port):
    redis = Redis(port=redis_port)
    known = SlowCallers(redis, "secret")
    await known.add(GRANDMOTHER)
    assert (await known.includes(GRANDMOTHER), await known.includes(STRANGER)) == (True, False)
    assert not await SlowCallers(redis, "another").includes(GRANDMOTHER)
    assert all(b"1390539" not in key for key in await redis.keys("*"))
    await redis.aclose()


async def test_without_redis_nobody_is_known_and_nothing_fails():
    redis = Redis(port=1, socket_connect_timeout=0.1)
    known = SlowCallers(redis, "secret")
    await known.add(GRANDMOTHER)
    assert not await known.includes(GRANDMOTHER)
    await redis.aclose()
