"""A live stream whose source fails ends, and somebody can read why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from desk.front import LiveEvent
from desk.live import Live
from hotline.domain.errors import StoreUnavailableError


class NobodyLeaves:
    """Accounts whose sessions all go on."""

    async def versions(self, sessions: set[str]) -> dict[str, int]:
        return dict.fromkeys(sessions, 1)


@pytest.mark.parametrize(
    ("error", "told"),
    [(StoreUnavailableError("database is locked"), "live.away"), (ValueError("no such row"), "live.failed")],
)
async def test_a_source_that_fails_ends_the_stream_and_the_log_says_why(error: Exception, told: str) -> None:
    async def source() -> AsyncIterator[LiveEvent]:
        yield LiveEvent("call", "一通来电")
        raise error

    live = Live(cast("Any", NobodyLeaves()))
    seat = SimpleNamespace(session=SimpleNamespace(id="s"), account=SimpleNamespace(version=1))
    with capture_logs() as logs:
        response = live.stream(cast("Any", seat), cast("Any", None), source())
        sent = [piece async for piece in response.body_iterator]
    assert (len(sent), "一通来电" in str(sent[1])) == (2, True)
    assert [line["event"] for line in logs] == [told]
    assert live.watch.viewers == 0
