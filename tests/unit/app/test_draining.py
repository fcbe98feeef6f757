"""A call process that is told to end lets its calls finish, but not for ever, and not when it is told again."""

from __future__ import annotations

import asyncio

from app.draining import Ending
from tests.virtual_time import run


class Calls:
    """Takes calls until it is told not to; each ends after its seconds."""

    def __init__(self, *seconds: float) -> None:
        self.calls = len(seconds)
        self.is_accepting = True
        loop = asyncio.get_running_loop()
        for each in seconds:
            loop.call_later(each, self._end)

    def _end(self) -> None:
        self.calls -= 1

    def refuse_calls(self) -> None:
        self.is_accepting = False


async def ended_after(ending: Ending, *seconds: float) -> float:
    """Return how long it took until the process was to end, and check that it took no calls meanwhile."""
    calls, loop = Calls(*seconds), asyncio.get_running_loop()
    began = loop.time()
    await ending.emptied(calls)
    assert not calls.is_accepting
    assert ending.is_draining
    return round(loop.time() - began, 1)


def test_nothing_happens_until_it_is_asked() -> None:
    async def test() -> float:
        ending = Ending(limit_seconds=600)
        assert not ending.is_draining
        asyncio.get_running_loop().call_later(7, ending.ask)
        return await ended_after(ending)

    assert run(test()) == 7.0


def test_it_ends_when_its_last_call_has_ended() -> None:
    async def test() -> float:
        ending = Ending(limit_seconds=600)
        ending.ask()
        return await ended_after(ending, 30, 90)

    assert run(test()) == 90.0


def test_a_call_that_does_not_end_is_cut_off_at_the_limit() -> None:
    async def test() -> float:
        ending = Ending(limit_seconds=600)
        ending.ask()
        return await ended_after(ending, 5_000)

    assert run(test()) == 600.0


def test_asked_again_or_hurried_it_ends_at_once() -> None:
    async def test(again: str) -> float:
        ending = Ending(limit_seconds=600)
        ending.ask()
        asyncio.get_running_loop().call_later(10, getattr(ending, again))
        return await ended_after(ending, 5_000)

    assert [run(test(again)) for again in ("ask", "hurry")] == [10.0, 10.0]
