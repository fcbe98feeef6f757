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
from hotline.lanes import Claim, Urgency, current_claim

_FIRST_REST_SECONDS: Final = 1.0
_LONGEST_REST_SECONDS: Final = 60.0
# A minute of speech may take longer than a word: so much more for each second of it.
_LATE_PER_SECOND: Final = 0.25


@dataclass(slots=True)
class _Health:
    """After each failure in a row an engine rests twice as long; until then others are asked before it."""

    first_rest: float
    failures: int = 0
    rests_until: float = 0.0

    def failed(self, at: float) -> None:
        rest = min(self.first_rest * 2**self.failures, _LONGEST_REST_SECONDS)
        self.failures += 1
        self.rests_until = at + rest

    def succeeded(self) -> None:
        self.failures, self.rests_until = 0, 0.0


class FallbackRecognizer:
    """Recognizer that asks the first healthy engine, then the next; all must accept the same sound.

    An engine that failed is asked last until it has rested, first for ``rest_seconds`` and then longer, and has answered
    to a second of silence: no caller waits to find out whether it is well again. Jobs for idle lanes
    (``hotline.lanes``) go to the first healthy engine or nowhere.

    An engine is late when its final hypothesis is not there ``late_seconds``, and a quarter of the sound's length,
    after the end of the sound. Raises
    ``EngineBusyError`` when every engine is busy, ``EngineUnavailableError`` when none could answer.
    """

    def __init__(
        self, *engines: Recognizer, late_seconds: float = 5.0, rest_seconds: float = _FIRST_REST_SECONDS
    ) -> None:
        if not engines or len({engine.accepts for engine in engines}) > 1:
            raise ValueError("a chain needs engines that accept the same sound")
        self._engines = engines
        self._late_seconds = late_seconds
        self._health = {id(engine): _Health(rest_seconds) for engine in engines}
        self._probes: dict[int, asyncio.Task[None]] = {}

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
        in_order = self._in_order()
        if current_claim().urgency is Urgency.SPARE:
            in_order = in_order[:1]
        for engine in in_order:
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
        for probe in self._probes.values():
            probe.cancel()
        for engine in self._engines:
            await engine.close()

    def _in_order(self) -> list[Recognizer]:
        """Healthy engines as given; then, as a last resort, the others."""
        if len(self._engines) > 1:
            for engine in self._engines:
                health = self._health[id(engine)]
                if health.failures and health.rests_until <= _now() and id(engine) not in self._probes:
                    self._probe(engine, health)
        return sorted(self._engines, key=lambda engine: self._health[id(engine)].failures > 0)

    def _probe(self, engine: Recognizer, health: _Health) -> None:
        """Find out in the background whether an engine that has rested is well again."""
        with Claim(Urgency.AHEAD).held():
            probe = asyncio.create_task(self._ask_probe(engine, health), name=f"probe:{engine.name}")
        self._probes[id(engine)] = probe
        probe.add_done_callback(lambda _: self._probes.pop(id(engine)))

    async def _ask_probe(self, engine: Recognizer, health: _Health) -> None:
        try:
            async with asyncio.timeout(self._late_seconds):
                async for hypothesis in engine.recognize(_silence(engine.accepts), expect=Expected.OPEN):
                    if hypothesis.is_final:
                        health.succeeded()
        except EngineBusyError:
            return  # it lives; whether it is well is asked another time
        except (EngineUnavailableError, ModelRefusedError, TimeoutError):
            health.failed(_now())


async def _silence(sound: AudioFormat) -> AsyncIterator[bytes]:
    yield bytes(sound.bytes_per_second)


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
