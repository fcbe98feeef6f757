from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

import pytest

from asr.engines.fallback import FallbackRecognizer
from asr.engines.scripted import ScriptedRecognizer
from hotline.domain.errors import EngineBusyError, EngineUnavailableError, HotlineError, ModelRefusedError
from hotline.domain.speech import PHONE_BAND, WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.lanes import Claim, Urgency


class Engine:
    """Hears what ``heard`` collects; fails with the next of ``failures``, if any, once the sound is over."""

    is_streaming = True

    def __init__(self, name: str, *failures: HotlineError | None, accepts: AudioFormat = WIDE_BAND) -> None:
        self.name = name
        self.accepts = accepts
        self.heard: list[bytes] = []
        self.is_closed = False
        self._failures = list(failures)

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        self.heard.append(b"".join([part async for part in audio]))
        if self._failures and (failure := self._failures.pop(0)) is not None:
            raise failure
        yield Hypothesis(text=self.name, raw=self.name, is_final=True, engine=self.name)

    async def close(self) -> None:
        self.is_closed = True


class Silent(Engine):
    """Never answers."""

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        self.heard.append(b"".join([part async for part in audio]))
        await asyncio.Event().wait()
        yield Hypothesis(text="", raw="", is_final=True, engine=self.name)


async def speech() -> AsyncIterator[bytes]:
    for part in (b"ab", b"cd"):
        yield part


async def hear(recognizer: FallbackRecognizer) -> list[str]:
    return [found.text async for found in recognizer.recognize(speech(), expect=Expected.OPEN)]


DOWN = EngineUnavailableError("first", "worker died")


async def test_the_first_engine_is_asked_while_it_is_well() -> None:
    first, second = Engine("first"), Engine("second")

    assert await hear(FallbackRecognizer(first, second)) == ["first"]
    assert second.heard == []


async def test_when_the_first_is_down_the_next_hears_the_same_sound() -> None:
    first, second = Engine("first", DOWN), Engine("second")

    assert await hear(FallbackRecognizer(first, second)) == ["second"]
    assert second.heard == first.heard == [b"abcd"]


async def test_an_engine_that_is_late_is_given_up() -> None:
    assert await hear(FallbackRecognizer(Silent("first"), Engine("second"), late_seconds=0.01)) == ["second"]


async def test_a_dead_engine_is_not_asked_again_until_it_has_rested() -> None:
    first = Engine("first", DOWN)
    chain = FallbackRecognizer(first, Engine("second"))

    assert [await hear(chain) for _ in range(3)] == [["second"]] * 3
    assert len(first.heard) == 1


async def probed() -> None:
    for task in asyncio.all_tasks():
        if task.get_name().startswith("probe:"):
            await asyncio.wait({task})


async def test_an_engine_that_has_rested_hears_callers_again_once_it_has_answered_to_silence() -> None:
    first, second = Engine("first", DOWN), Engine("second")
    chain = FallbackRecognizer(first, second, rest_seconds=0)
    await hear(chain)

    assert await hear(chain) == ["second"]  # while the first is probed
    await probed()

    assert await hear(chain) == ["first"]
    assert first.heard == [b"abcd", bytes(32_000), b"abcd"]


async def test_an_engine_that_fails_its_probe_is_kept_from_callers() -> None:
    first, second = Engine("first", DOWN, DOWN), Engine("second")
    chain = FallbackRecognizer(first, second, rest_seconds=0)
    await hear(chain)
    await hear(chain)
    await probed()

    assert await hear(chain) == ["second"]
    assert [len(sound) for sound in first.heard] == [4, 32_000]


async def test_a_probe_that_is_never_answered_counts_as_a_failure() -> None:
    chain = FallbackRecognizer(Silent("first"), Engine("second"), rest_seconds=0, late_seconds=0.01)

    assert [await hear(chain), await hear(chain)] == [["second"], ["second"]]
    await probed()

    assert await hear(chain) == ["second"]


async def test_a_job_for_idle_lanes_goes_to_no_other_engine() -> None:
    second = Engine("second")
    chain = FallbackRecognizer(Engine("first", EngineBusyError("first", "no lane idle")), second)

    with Claim(Urgency.SPARE).held(), pytest.raises(EngineBusyError):
        await hear(chain)

    assert second.heard == []


class Partial(Engine):
    """Tells words as they come, with the sound still going on."""

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        heard = ""
        async for part in audio:
            heard += part.decode()
            yield Hypothesis(text=heard, raw=heard, is_final=False, engine=self.name)
        yield Hypothesis(text=heard, raw=heard, is_final=True, engine=self.name)


async def test_words_that_an_engine_makes_out_early_come_before_the_sound_is_over() -> None:
    line: asyncio.Queue[bytes] = asyncio.Queue()

    async def open_line() -> AsyncIterator[bytes]:
        while part := await line.get():
            yield part

    line.put_nowait("着".encode())
    heard = FallbackRecognizer(Partial("first")).recognize(open_line(), expect=Expected.OPEN)
    early = [await anext(heard)]
    line.put_nowait("火了".encode())
    early.append(await anext(heard))
    line.put_nowait(b"")

    assert [(found.text, found.is_final) for found in early] == [("着", False), ("着火了", False)]
    assert [(found.text, found.is_final) async for found in heard] == [("着火了", True)]


async def test_a_busy_engine_is_passed_over_but_asked_again_the_next_time() -> None:
    chain = FallbackRecognizer(Engine("first", EngineBusyError("first", "queue full")), Engine("second"))

    assert [await hear(chain), await hear(chain)] == [["second"], ["first"]]


async def test_when_all_rest_they_are_asked_all_the_same() -> None:
    chain = FallbackRecognizer(Engine("first", DOWN))
    with pytest.raises(EngineUnavailableError):
        await hear(chain)

    assert await hear(chain) == ["first"]


async def test_when_none_can_the_reasons_are_told() -> None:
    refused = ModelRefusedError(model="second", file="model.bin", reason="损坏")

    with pytest.raises(EngineUnavailableError) as nobody:
        await hear(FallbackRecognizer(Engine("first", DOWN), Engine("second", refused)))

    assert nobody.value.engine == "first+second"
    assert nobody.value.reason == "first: worker died; second: second: model.bin: 损坏"


async def test_all_busy_is_busy() -> None:
    with pytest.raises(EngineBusyError):
        await hear(FallbackRecognizer(Engine("first", EngineBusyError("first", "queue full"))))


async def test_closing_closes_all() -> None:
    engines = Engine("first"), Engine("second")

    await FallbackRecognizer(*engines).close()

    assert [engine.is_closed for engine in engines] == [True, True]


def test_engines_that_want_different_sound_make_no_chain() -> None:
    with pytest.raises(ValueError, match="same sound"):
        FallbackRecognizer(ScriptedRecognizer([]), Engine("phone", accepts=PHONE_BAND))
