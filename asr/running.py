"""Words of speech that goes on (边听边认), from an engine that decodes whole utterances only.

Whoever talks on without a pause is not heard by such an engine before the end; an emergency must not wait so long. While
a lane is idle the last seconds are decoded in passing. It never delays what is wanted: such a job takes no place in a
queue, and makes way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from asr.recognizer import Recognizer
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import Expected
from hotline.lanes import Claim, Urgency


@dataclass(frozen=True, slots=True)
class RunningPace:
    """How often to listen in, in seconds of sound: first after ``after``, then ``every``, to the ``last`` ones."""

    after: float = 3.0
    every: float = 2.0
    last: float = 6.0


class RunningWords:
    """Tells the words of one caller's speech while it goes on; one decode at a time."""

    def __init__(
        self, recognizer: Recognizer, told: Callable[[str], None], pace: RunningPace | None = None
    ) -> None:
        self._recognizer = recognizer
        self._told = told
        self._pace = pace or RunningPace()
        self._next_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def follow(
        self,
        since: float,
        at: float,
        cut: Callable[[float, float], bytes],
        expect: Expected,
        choices: Sequence[str] = (),
    ) -> None:
        """Say that the caller, who began at ``since``, still speaks at ``at``; ``cut`` gives the sound between two times.

        Times are seconds of the caller's sound. Call it often; what it starts runs by itself.
        """
        if self._next_at is None:
            self._next_at = since + self._pace.after
        if at < self._next_at or (self._task is not None and not self._task.done()):
            return
        self._next_at = at + self._pace.every
        sound = cut(max(since, at - self._pace.last), at)
        with Claim(Urgency.SPARE).held():
            self._task = asyncio.create_task(self._listen(sound, expect, choices), name="running words")

    def stop(self) -> None:
        """Say that the speech is over; words that are not known yet are told no more."""
        self._next_at = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _listen(self, sound: bytes, expect: Expected, choices: Sequence[str]) -> None:
        async def whole() -> AsyncIterator[bytes]:
            yield sound

        try:
            async for hypothesis in self._recognizer.recognize(whole(), expect=expect, choices=choices):
                if hypothesis.is_final and hypothesis.text:
                    self._told(hypothesis.text)
        except EngineUnavailableError:
            return  # no lane is idle, or the engine is down: the whole utterance will tell
