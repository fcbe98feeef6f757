"""How two processes share the suite (``pytest -n 2``): calls in real time stay together, the rest goes file by file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# How long something takes is measured in bench/, not here: a busy machine makes no test fail.
settings.register_profile("hotline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hotline")

IN_REAL_TIME = ("tests/telephony/", "tests/consoles/", "tests/contracts/test_recognizer.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What passes sound or pages in real time is asked once more where it fails: a machine that paused for a moment is no fault."""
    for item in items:
        if item.nodeid.startswith(IN_REAL_TIME):
            item.add_marker(pytest.mark.flaky(reruns=1))


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """One process places all the calls, one after another: two calls at once would each hear the other's load."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return "tests/telephony" if path.startswith("tests/telephony/") else path


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)
