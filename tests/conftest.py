"""How two processes share the suite (``pytest -n 2``): calls in real time stay together, the rest goes file by file; and Redis for tests."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis
from xdist.scheduler import LoadScopeScheduling

from app.long_lived import set_apart
from tests.redis_server import redis_server

# How long something takes is measured in bench/, not here: a busy machine makes no test fail.
settings.register_profile("hotline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hotline")

LONG = (
    "tests/consoles/",
    "tests/integration/api/test_fuzzing.py",
    "tests/integration/consoles/test_permissions.py",
    "tests/integration/delivery/",
)
"""Files of few tests that take long: they come before the small files that fill up what time is left at the end."""
LONG_WEIGHT = 7
IN_REAL_TIME = ("tests/telephony/", "tests/consoles/", "tests/contracts/test_recognizer.py")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What was collected stays to the end: no garbage collection looks through it, or through the modules, again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        set_apart()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What passes sound or pages in real time is asked again, later, where it fails: a machine that paused for a while is no fault.

    Files of many tests come first.
    """
    tests = Counter(shared(item.nodeid) for item in items)
    items.sort(
        key=lambda item: -max(tests[shared(item.nodeid)], LONG_WEIGHT if item.nodeid.startswith(LONG) else 0)
    )
    for item in items:
        if item.nodeid.startswith(IN_REAL_TIME):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=5))


def shared(nodeid: str) -> str:
    """Return the part of the suite that one process runs as a whole, in which ``nodeid`` is."""
    path = nodeid.split("::", 1)[0]
    return "tests/telephony" if path.startswith("tests/telephony/") else path


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """One process places all the calls, one after another: two calls at once would each hear the other's load."""

    def _split_scope(self, nodeid: str) -> str:
        return shared(nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    config.option.loadscopereorder = False  # they are in order
    return ByFile(config, log)


@pytest.fixture(scope="module")
def redis_port() -> Iterator[int]:
    """Return the port of a real Redis that the tests of a file share."""
    with redis_server() as port:
        yield port


@pytest.fixture
async def redis(redis_port: int) -> AsyncIterator[Redis]:
    """Return a client of that Redis, which is empty."""
    async with Redis(port=redis_port) as client:
        await client.flushall()
        yield client
