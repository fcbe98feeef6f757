"""A soak of short calls (浸泡测试): whether a call process loses memory, files or call slots over thousands of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import psutil

from ivr.line import Frame, Gone, TransferResult
from ivr.sip import SipEndpoint, SipLine, SipSettings
from ivr.sip.endpoint import Dialled
from ivr.sip.sound import loudness

_RING_SECONDS: Final = 20.0
_LOUD: Final = 120.0
_FRAME_SECONDS: Final = 0.02
_SETTLE_SECONDS: Final = 5.0
_WARM_UP: Final = 20
_CALLERS: Final = 10_000
_PROBES: Final = 3
_PARTS: Final = 4
_NO_LEG: Final = 0
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Burden:
    """What the call processes hold: resident memory in MB, open files, threads."""

    memory_mb: float
    files: int
    threads: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How many calls, how many at once, how long each lasts; ``seconds`` 0 hangs up as soon as it is answered."""

    calls: int
    at_once: int = 3
    talk_seconds: float = 1.0
    longest_seconds: float = float("inf")


def burden(processes: Sequence[psutil.Process]) -> Burden:
    """Return what ``processes`` hold together; those that have ended count for nothing."""
    held = [found for process in processes if (found := _burden(process)) is not None]
    return Burden(
        round(sum(each.memory_mb for each in held), 1),
        sum(each.files for each in held),
        sum(each.threads for each in held),
    )


def _burden(process: psutil.Process) -> Burden | None:
    """Return what ``process`` holds; None when it has ended, waited for or not."""
    try:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Burden(process.memory_info().rss / 2**20, process.num_fds(), process.num_threads())
    except psutil.Error:
        return None


async def soak(
    uri: str, plan: Plan, processes: Sequence[psutil.Process], told: Callable[[int, int], None]
) -> dict[str, Any]:
    """Place the calls at ``uri`` and return the figures.

    ``course``: the burden after the first 20 calls, when everything has been loaded, and after each quarter of the others.
    The growths are those of the second half: what is kept ready grows to its size in the first, a leak goes on.
    ``slots_free``: so many calls were taken at once afterwards as at the beginning, so no slot is lost.
    """
    endpoint = SipEndpoint(
        SipSettings(port=0, trunks=(), user_agent="caller", rtp_first_port=48_000, rtp_last_port=49_999)
    )
    await endpoint.start()
    outcomes: Counter[str] = Counter()
    waits: list[float] = []
    until = time.monotonic() + plan.longest_seconds
    numbers = iter(range(plan.calls))

    async def caller() -> None:
        for number in numbers:
            if time.monotonic() > until:
                return
            outcome, wait = await _call(endpoint, uri, f"139{number % _CALLERS:08d}", plan.talk_seconds)
            outcomes[outcome] += 1
            if wait is not None:
                waits.append(wait)
            told(sum(outcomes.values()), plan.calls)

    try:
        warm_up = Plan(min(_WARM_UP, plan.calls), plan.at_once, plan.talk_seconds)
        numbers = iter(range(warm_up.calls))
        await _together(caller, plan.at_once)
        await asyncio.sleep(_SETTLE_SECONDS)
        before = burden(processes)
        left = plan.calls - warm_up.calls
        bounds = [left * part // _PARTS for part in range(_PARTS + 1)]
        course = [before]
        for first, last in pairwise(bounds):
            numbers = iter(range(first, last))
            await _together(caller, plan.at_once)
            await asyncio.sleep(_SETTLE_SECONDS)
            course.append(burden(processes))
        after, midway = course[-1], course[_PARTS // 2]
        free = [await _taken_at_once(endpoint, uri, plan.at_once) for _ in range(_PROBES)]
    finally:
        await endpoint.close()
    waits.sort()
    calls = sum(outcomes.values())
    return {
        "calls": calls,
        "outcomes": dict(outcomes),
        "failed": calls - outcomes["held"],
        "before": asdict(before),
        "after": asdict(after),
        "course": [asdict(each) for each in course],
        "memory_growth_kb_per_call": round(
            (after.memory_mb - midway.memory_mb) * 1024 / max(1, left // 2), 2
        ),
        "files_growth": after.files - midway.files,
        "slots_free": min(free) == plan.at_once,
        "first_sound_p50_s": round(waits[len(waits) // 2], 2) if waits else None,
        "first_sound_max_s": round(waits[-1], 2) if waits else None,
        "processes_alive": all(_burden(process) is not None for process in processes),
    }


async def _together(work: Callable[[], Any], count: int) -> None:
    await asyncio.gather(*(work() for _ in range(count)))


async def _call(endpoint: SipEndpoint, uri: str, caller: str, seconds: float) -> tuple[str, float | None]:
    """Call, listen for ``seconds`` and hang up; tell what came of it, and after how long the first sound was heard."""
    dialled = await _dialled(endpoint, uri, caller)
    if dialled.result is not TransferResult.ANSWERED or dialled.line is None:
        return f"refused {dialled.code}", None
    try:
        wait = await _first_sound(dialled.line, seconds)
    finally:
        await dialled.line.hang_up()
    return ("held", wait) if wait is not None or not seconds else ("silent", None)


async def _dialled(endpoint: SipEndpoint, uri: str, caller: str) -> Dialled:
    """Call as soon as a leg is free on this side: on a busy machine the last calls are still being ended."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        dialled = await endpoint.dial(uri, ring_seconds=_RING_SECONDS, caller=caller)
        if dialled.code != _NO_LEG or time.monotonic() > until:
            return dialled
        await asyncio.sleep(0.2)


async def _first_sound(line: SipLine, seconds: float) -> float | None:
    heard, first = 0.0, None
    while heard < seconds:
        event = await line.receive()
        if isinstance(event, Gone):
            return first
        if isinstance(event, Frame):
            heard += _FRAME_SECONDS
            if first is None and loudness(event.samples) > _LOUD:
                first = heard
    return first


async def _taken_at_once(endpoint: SipEndpoint, uri: str, count: int) -> int:
    dialled = await asyncio.gather(*(_dialled(endpoint, uri, f"138{index:08d}") for index in range(count)))
    lines = [one.line for one in dialled if one.line is not None]
    for line in lines:
        await line.hang_up()
    return len(lines)
