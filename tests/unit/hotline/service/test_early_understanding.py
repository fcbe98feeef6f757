"""What was understood in a pause is there when the turn is over; a failure is nobody's last word."""

from __future__ import annotations

import asyncio

import pytest

from hotline.dialogue.ends import Fullness
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.meaning import Understanding
from hotline.domain.speech import Expected
from hotline.service.early_understanding import EarlyUnderstander
from tests.builders import LANSHAN, a_complaint

WORDS = "兰山区银雀山街道的路灯不亮"


class Slow:
    """Understands after a moment, and counts; the first ``failures`` times it is away."""

    name = "slow"

    def __init__(self, failures: int = 0) -> None:
        self.asked: list[str] = []
        self.is_closed = False
        self._failures = failures

    async def understand(self, text: str) -> Understanding:
        self.asked.append(text)
        await asyncio.sleep(0)
        if len(self.asked) <= self._failures:
            raise EngineUnavailableError("slow", "away")
        return a_complaint(text, place=LANSHAN)

    async def close(self) -> None:
        self.is_closed = True


async def test_the_same_words_are_understood_once_also_while_that_is_under_way() -> None:
    slow = Slow()
    early = EarlyUnderstander(slow)
    found = await asyncio.gather(early.fullness(WORDS, Expected.OPEN), early.understand(WORDS))
    assert (found[0], found[1], await early.understand(WORDS)) == (
        Fullness.WHOLE, a_complaint(WORDS, place=LANSHAN), a_complaint(WORDS, place=LANSHAN),
    )  # fmt: skip
    assert (slow.asked, early.name) == ([WORDS], "slow")
    await early.close()
    assert slow.is_closed


async def test_who_waits_no_more_does_not_stop_those_who_do() -> None:
    slow = Slow()
    early = EarlyUnderstander(slow)
    judging = asyncio.create_task(early.fullness(WORDS, Expected.OPEN))
    await asyncio.sleep(0)
    judging.cancel()
    assert (await early.understand(WORDS)).text == WORDS
    assert slow.asked == [WORDS]


async def test_a_failure_is_not_kept() -> None:
    slow = Slow(failures=2)
    early = EarlyUnderstander(slow)
    assert await early.fullness(WORDS, Expected.OPEN) is Fullness.UNKNOWN
    with pytest.raises(EngineUnavailableError):
        await early.understand(WORDS)
    assert (await early.understand(WORDS)).text == WORDS


async def test_only_the_last_words_are_kept() -> None:
    slow = Slow()
    early = EarlyUnderstander(slow)
    for number in range(100):
        await early.understand(f"第{number}句")
    await early.understand("第99句")
    await early.understand("第0句")
    assert len(slow.asked) == 101
