"""Stand-ins for a telephone call: a line driven by a script, a detector that hears loudness, scripted engines.

Time is virtual: the loop's clock jumps to the next timer when there is nothing to do, so that seconds of a call take
milliseconds and every run is the same.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np

from hotline.dialogue.actions import Listen, Say
from hotline.dialogue.events import Event, HungUp, PartlySaid, PromptFinished
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import PHONE_BAND, WIDE_BAND, AudioFormat, Expected, Hypothesis
from ivr.agent_talk import TalkSettings
from ivr.channel import PhoneChannel
from ivr.line import (
    FRAME_BYTES,
    FRAME_SECONDS,
    Frame,
    Gone,
    Invited,
    Key,
    LineEvent,
    PartyLeft,
    Played,
    TransferResult,
)
from ivr.phone_settings import PhoneSettings, TurnMetrics
from ivr.putting_through import People
from ivr.vad import Samples

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps over the time in which nothing happens."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._now = max(self._now, self._scheduled[0]._when)
        super()._run_once()


def run(work):
    """Run ``work`` in virtual time; a call that hangs fails after an hour of it."""

    async def limited():
        asyncio.current_task().set_name("test")
        async with asyncio.timeout(3_600):
            return await work

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(limited())


def now() -> float:
    return asyncio.get_running_loop().time()


def clock() -> datetime:
    return MIDNIGHT + timedelta(seconds=now())


class LoudnessDetector:
    """Speech is what is loud."""

    def probability(self, window: Samples) -> float:
        return 0.99 if np.abs(window).mean() > 1_000 else 0.01


def tone(seconds: float, level: int = 8_000) -> bytes:
    samples = np.tile(np.array([level, -level] * 4, dtype="<i2"), int(seconds * 1_000))
    low = np.repeat(samples[::8], 8)  # a slow wave, so that resampling keeps it loud
    return (low * np.where(np.arange(len(low)) // 16 % 2, 1, -1)).astype("<i2").tobytes()


class FakeLine:
    """A line whose caller is a script: call ``speak``, ``press``, ``hang_up_caller``; read ``played`` and ``did``."""

    def __init__(self, caller: str = "13800001234") -> None:
        self.call_id = "call-1"
        self.caller = caller
        self.played: list[tuple[float, bytes]] = []
        self.did: list[tuple[float, str]] = []
        self.answers: dict[str, TransferResult] = {}
        self.parties: dict[int, str] = {}  # who is in the call: party → address
        self.shown: list[
            tuple[str, str | None, int]
        ] = []  # invited addresses, the number shown, legs kept free
        self.legs_free = 2  # of the process
        self._stays = False
        self.answer_after_seconds = 3.0
        self._events: asyncio.Queue[LineEvent] = asyncio.Queue()
        self._script: deque[bytes] = deque()
        self._sent = 0.0
        self._queue_ends_at = 0.0
        self._marks: deque[tuple[float, int]] = deque()
        self.is_mute = False
        self.is_open = True
        self._clock = asyncio.create_task(self._tick())

    # the script's side

    def speak(self, seconds: float) -> None:
        """Add speech of ``seconds`` to what the caller sends, after what is still to be sent."""
        self.send(tone(seconds))

    def pause(self, seconds: float) -> None:
        """Add silence."""
        self.send(bytes(int(seconds * PHONE_BAND.sample_rate_hz) * 2))

    def press(self, key: str) -> None:
        self._events.put_nowait(Key(key))

    def hang_up_caller(self) -> None:
        if self.is_open:
            self.is_open = False
            self._events.put_nowait(Gone("bye"))

    @property
    def sounds(self) -> list[tuple[float, str]]:
        """What was queued, as (time, text); ScriptedSynthesizer puts the text into the sound."""
        return [(round(at, 2), text) for at, sound in self.played if (text := text_of(sound))]

    # the channel's side

    async def receive(self) -> LineEvent:
        return await self._events.get()

    def record(self, tap) -> None:
        self.tap = tap

    def play(self, samples: bytes) -> None:
        self.played.append((now(), samples))
        self._queue_ends_at = max(now(), self._queue_ends_at) + len(samples) / PHONE_BAND.bytes_per_second

    def mark(self, mark: int) -> None:
        self._marks.append((max(now(), self._queue_ends_at), mark))

    def stop(self) -> None:
        self.did.append((round(now(), 2), "stop"))
        self._queue_ends_at = now()
        while self._marks:
            self._events.put_nowait(Played(self._marks.popleft()[1], was_stopped=True))

    @property
    def queued_seconds(self) -> float:
        return max(0.0, self._queue_ends_at - now())

    async def transfer(self, address: str, *, ring_seconds: float) -> TransferResult:
        self.did.append((round(now(), 2), f"transfer {address}"))
        await asyncio.sleep(min(self.answer_after_seconds, ring_seconds))
        return self.answers.get(address, TransferResult.NO_ANSWER)

    async def invite(
        self, address: str, *, ring_seconds: float, caller: str | None = None, keep_free: int = 0
    ) -> Invited:
        self.shown.append((address, caller, keep_free))
        result = await self.transfer(address, ring_seconds=ring_seconds)
        if result is not TransferResult.ANSWERED:
            return Invited(result)
        party = len(self.shown)
        self.parties[party] = address
        return Invited(result, party)

    def has_leg(self, *, keep_free: int) -> bool:
        return self.legs_free > keep_free

    def release(self, party: int) -> None:
        self.did.append((round(now(), 2), f"release {self.parties[party]}"))
        self.leave(party)

    def leave(self, party: int) -> None:
        """Let a party hang up."""
        del self.parties[party]
        self._events.put_nowait(PartyLeft(party))
        if not (self.parties or self._stays):
            self.hang_up_caller()

    def hold(self) -> None:
        self.did.append((round(now(), 2), "hold"))

    def retrieve(self) -> None:
        self.did.append((round(now(), 2), "retrieve"))

    def stay(self, *, stays: bool) -> None:
        self._stays = stays

    async def hang_up(self) -> None:
        if self.is_open:
            self.is_open = False
            self.did.append((round(now(), 2), "hang up"))
            self._events.put_nowait(Gone("bye"))
        self._clock.cancel()

    def send(self, sound: bytes) -> None:
        """Add sound, 8 kHz, to what the caller sends, after what is still to be sent."""
        self._script.extend(sound[i : i + FRAME_BYTES] for i in range(0, len(sound), FRAME_BYTES))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(FRAME_SECONDS)
            self._sent += FRAME_SECONDS
            while self._marks and self._marks[0][0] <= now():
                self._events.put_nowait(Played(self._marks.popleft()[1], was_stopped=False))
            sound = self._script.popleft() if self._script else bytes(FRAME_BYTES)
            if not self.is_mute and self.is_open:
                self._events.put_nowait(Frame(sound.ljust(FRAME_BYTES, b"\0"), self._sent))


class ScriptedRecognizer:
    """Answers with the given texts in order, one per decode that runs to its end; an exception is raised instead."""

    def __init__(
        self,
        *answers: str | Exception,
        seconds: float = 0.3,
        is_streaming: bool = False,
        accepts: AudioFormat = WIDE_BAND,
    ) -> None:
        self.name = "scripted"
        self.accepts = accepts
        self.is_streaming = is_streaming
        self.seconds = seconds
        self.decoded: list[tuple[float, float]] = []  # when each finished decode began, seconds of its sound
        self.begun = 0
        self.expected: list[tuple[Expected, tuple[str, ...]]] = []
        self._answers = deque(answers)

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        self.begun += 1
        began = now()
        self.expected.append((expect, tuple(choices)))
        sound = b"".join([piece async for piece in audio])
        await asyncio.sleep(self.seconds)
        answer = self._answers.popleft() if self._answers else ""
        if isinstance(answer, Exception):
            raise answer
        self.decoded.append((round(began, 2), round(len(sound) / self.accepts.bytes_per_second, 2)))
        yield Hypothesis(text=answer, raw=answer, is_final=True, engine=self.name)

    async def close(self) -> None:
        pass


class ScriptedSynthesizer:
    """Speaks 0.2 s a character; ``broken`` texts fail, ``seconds`` is how long a text takes to be ready."""

    def __init__(
        self, *, broken: Sequence[str] = (), seconds: Callable[[str], float] = lambda _: 0.05
    ) -> None:
        self.name = "scripted"
        self._broken = broken
        self._seconds = seconds

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        await asyncio.sleep(self._seconds(text))
        if text in self._broken:
            raise EngineUnavailableError("scripted", "off")
        yield sound_of(text, audio)

    async def close(self) -> None:
        pass


def sound_of(text: str, audio: AudioFormat = PHONE_BAND) -> bytes:
    head = text.encode("utf-16-le")
    return head.ljust(int(0.2 * len(text) * audio.sample_rate_hz) * 2, b"\0")


def text_of(sound: bytes) -> str:
    head = sound[:400].decode("utf-16-le", errors="replace").rstrip("\0")
    return head if head.isprintable() else ""


class Call:
    """A conversation on a FakeLine: collects what the channel reports, with the second it did."""

    def __init__(
        self,
        recognizer,
        synthesizer=None,
        *,
        detector=None,
        settings=None,
        transfers=None,
        desk=None,
        queue=None,
        talks=None,
        party_calls=None,
        fullness=None,
        is_wish=lambda _: False,
    ) -> None:
        self.line = FakeLine()
        self.turns: list[TurnMetrics] = []
        self._arrived = asyncio.Event()
        self.happened: list[tuple[float, Event]] = []
        self.channel = PhoneChannel(
            self.line,
            recognizer,
            synthesizer or ScriptedSynthesizer(),
            detector or LoudnessDetector(),
            settings or PhoneSettings(),
            clock=clock,
            conversation="c1",
            people=People(transfers or {}, desk, queue, talks or TalkSettings({}), party_calls),
            on_turn=self.turns.append,
            fullness=fullness,
            is_wish=is_wish,
        )

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()
        await self._reader
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert {task.get_name() for task in left} <= {"test"}, left

    async def do(self, *actions) -> None:
        for action in actions:
            await self.channel.perform(action)

    async def ask(
        self, text: str, *, turn: int = 1, expect=Expected.OPEN, seconds: float = 5.0, heard_out=True
    ):
        """Say ``text`` and listen, and wait until it has been played unless ``heard_out`` is false."""
        await self.do(Say(turn, (text,)), Listen(turn, expect, seconds))
        if heard_out:
            await self.until(PromptFinished)

    async def until(self, kind: type[Event] | tuple[type[Event], ...]) -> Event:
        """Return the first event of ``kind`` that comes from now on."""
        seen = len(self.happened)
        while True:
            for _, event in self.happened[seen:]:
                if isinstance(event, kind):
                    return event
            self._arrived.clear()
            await self._arrived.wait()

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.happened]

    def names(self) -> list[str]:
        """Return what happened, but for words that were not said to the end."""
        return [type(event).__name__ for event in self.events if not isinstance(event, PartlySaid)]

    def when(self, kind: type[Event]) -> float:
        """Return the second at which the first event of ``kind`` came."""
        return next(at for at, event in self.happened if isinstance(event, kind))

    async def _read(self) -> None:
        while True:
            event = await self.channel.receive()
            self.happened.append((round(now(), 2), event))
            self._arrived.set()
            if isinstance(event, HungUp):
                return
