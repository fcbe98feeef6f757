"""Two understanders: the second answers while the first is away, late, or resting after failures."""

from __future__ import annotations

import asyncio

import pytest

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.meaning import Intent, Understanding
from nlu.engines.fallback import FallbackUnderstander


class Engine:
    """Answers, fails or hangs as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.does = "answer"
        self.asked = 0
        self.is_closed = False

    async def understand(self, text: str) -> Understanding:
        self.asked += 1
        if self.does == "fail":
            raise EngineUnavailableError(self.name, "away")
        if self.does == "hang":
            await asyncio.Event().wait()
        return Understanding(text=text, intent=Intent.APPEAL, confidence=1.0, engine=self.name)

    async def close(self) -> None:
        self.is_closed = True


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def first() -> Engine:
    return Engine("rasa")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def both(first: Engine, clock: Clock) -> FallbackUnderstander:
    return FallbackUnderstander(first, Engine("linear"), clock=clock, deadline_seconds=0.01)


async def who(both: FallbackUnderstander) -> str:
    return (await both.understand("暖气不热")).engine


async def test_the_first_answers_while_it_can(both: FallbackUnderstander) -> None:
    assert await who(both) == "rasa"
    assert both.name == "rasa+linear"


@pytest.mark.parametrize("does", ["fail", "hang"])
async def test_the_second_answers_when_the_first_is_away_or_late(
    both: FallbackUnderstander, first: Engine, does: str
) -> None:
    first.does = does
    assert await who(both) == "linear"
    first.does = "answer"
    assert await who(both) == "rasa"


async def test_after_three_failures_in_a_row_the_first_is_left_alone_for_a_while(
    both: FallbackUnderstander, first: Engine, clock: Clock
) -> None:
    first.does = "fail"
    for _ in range(3):
        assert await who(both) == "linear"
    first.does = "answer"
    assert await who(both) == "linear"
    assert first.asked == 3
    clock.seconds = 10.0
    assert await who(both) == "rasa"


async def test_a_success_forgets_the_failures_before(both: FallbackUnderstander, first: Engine) -> None:
    for does in ("fail", "fail", "answer", "fail", "fail"):
        first.does = does
        await who(both)
    first.does = "answer"
    assert await who(both) == "rasa"


async def test_both_are_closed(first: Engine, clock: Clock) -> None:
    second = Engine("linear")
    await FallbackUnderstander(first, second, clock=clock).close()
    assert (first.is_closed, second.is_closed) == (True, True)
