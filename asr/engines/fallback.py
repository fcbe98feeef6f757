"""A chain of recognizers: when one is down or late the next hears the same sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from asr.recognizer import Recognizer
from hotline.domain.errors import EngineBusyError, EngineUnavailableError, ModelRefusedError
from hotline.domain.speech import AudioFormat, Expected, Hypothesis

_FIRST_REST_SECONDS: Final = 1.0
_LONGEST_REST_SECONDS: Final = 60.0
# A minute of speech may take longer than a word: so much more for each second of it.
_LATE_PER_SECOND: Final = 0.25


@dataclass(slots=True)
class _Health:
    """After each failure in a row an engine rests twice as long; until then others are asked before it."""

    failures: int = 0
    rests_until: float = 0.0

    def failed(self, at: float) -> None:
        rest = min(_FIRST_REST_SECONDS * 2**self.failures, _LONGEST_REST_SECONDS)
        self.failures += 1
        self.rests_until = at + rest

    def succeeded(self) -> None:
        self.failures, self.rests_until = 0, 0.0


class FallbackRecognizer:
    """Recognizer that asks the first healthy engine, then the next; all must accept the same sound.

    An engine is late when its final hypothesis is not there ``late_seconds``, and a quarter of the sound's length,
    after the end of the sound. Raises
    ``EngineBusyError`` when every engine is busy, ``EngineUnavailableError`` when none could answer.
    """

    def __init__(self, *engines: Recognizer, late_seconds: float = 5.0) -> None:
        if not engines or len({engine.accepts for engine in engines}) > 1:
            raise ValueError("a chain needs engines that accept the same sound")
        self._engines = engines
        self._late_seconds = late_seconds
        self._health = {id(engine): _Health() for engine in engines}

    @property
    def name(self) -> str:
        """The engines' names in their order; a hypothesis names the one that heard it."""
        return "+".join(engine.name for engine in self._engines)

    @property
    def accepts(self) -> AudioFormat:
        """The sound that all of them accept."""
        return self._engines[0].accepts

    @property
    def is_streaming(self) -> bool:
        """As the first engine."""
        return self._engines[0].is_streaming

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        """Recognise with the first engine that can; partial hypotheses of one that then fails stand uncorrected."""
        tape = _Tape(audio, self._late_seconds, self.accepts.bytes_per_second / _LATE_PER_SECOND)
        failures: list[EngineUnavailableError] = []
        for engine in self._in_order():
            health = self._health[id(engine)]
            try:
                async with aclosing(  # type: ignore[type-var]  # engines are async generators
                    engine.recognize(tape.play(), expect=expect, choices=choices)
                ) as heard:
                    while (hypothesis := await tape.within_deadline(anext(heard, None))) is not None:
                        if hypothesis.is_final:
                            health.succeeded()
                        yield hypothesis
            except EngineBusyError as error:
                failures.append(error)
            except EngineUnavailableError as error:
                failures.append(error)
                health.failed(_now())
            except ModelRefusedError as error:
                failures.append(EngineUnavailableError(engine.name, str(error)))
                health.failed(_now())
            except TimeoutError:
                failures.append(EngineUnavailableError(engine.name, "late"))
                health.failed(_now())
            else:
                return
        busy = all(isinstance(error, EngineBusyError) for error in failures)
        kind = EngineBusyError if busy else EngineUnavailableError
        raise kind(self.name, "; ".join(str(error) for error in failures))

    async def close(self) -> None:
        """Close every engine."""
        for engine in self._engines:
            await engine.close()

    def _in_order(self) -> list[Recognizer]:
        """Healthy engines as given; then, as a last resort, resting ones."""
        now = _now()
        return sorted(self._engines, key=lambda engine: self._health[id(engine)].rests_until > now)


class _Tape:
    """The utterance's sound, which each engine hears from its beginning."""

    def __init__(
        self, audio: AsyncIterable[bytes], late_seconds: float, bytes_per_late_second: float
    ) -> None:
        self._source = aiter(audio)
        self._late_seconds = late_seconds
        self._bytes_per_late_second = bytes_per_late_second
        self._sound: list[bytes] = []
        self._has_ended = False
        self._deadline: float | None = None
        self._limit: asyncio.Timeout | None = None

    async def play(self) -> AsyncIterator[bytes]:
        self._deadline = None
        for part in self._sound:
            yield part
        while not self._has_ended:
            try:
                part = await anext(self._source)
            except StopAsyncIteration:
                self._has_ended = True
            else:
                self._sound.append(part)
                yield part
        size = sum(map(len, self._sound))
        self._deadline = _now() + self._late_seconds + size / self._bytes_per_late_second
        if self._limit is not None:
            self._limit.reschedule(self._deadline)

    async def within_deadline(self, hypothesis: Awaitable[Hypothesis | None]) -> Hypothesis | None:
        try:
            async with asyncio.timeout_at(self._deadline) as self._limit:
                return await hypothesis
        finally:
            self._limit = None


def _now() -> float:
    return asyncio.get_running_loop().time()
