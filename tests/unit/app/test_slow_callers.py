"""Callers who needed to be spoken to slowly are known again by their number, on a real Redis, and never by name."""

import pytest
from redis.asyncio import Redis

from app.slow_callers import SlowCallers
from hotline.domain.appeal import PhoneNumber
from tests.redis_server import redis_server

GRANDMOTHER, STRANGER = PhoneNumber("13905390001"), PhoneNumber("13905390002")


@pytest.fixture(scope="module")
def port():
    with redis_server() as port:
        yield port


async def test_who_needed_it_is_known_next_time_and_the_number_is_not_kept(port):
    redis = Redis(port=port)
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
