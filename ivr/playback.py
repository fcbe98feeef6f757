"""What the caller hears: messages synthesised part by part and queued to the line, in order (播报)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

import structlog

from hotline.dialogue.actions import Say
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import PHONE_BAND
from ivr.line import Line
from ivr.sent_sound import SentSound
from ivr.turn_taking import Playing
from tts.synthesizer import Synthesizer

log: Final = structlog.get_logger("playback")

_BREATH: Final = bytes(int(0.35 * PHONE_BAND.bytes_per_second))
_AHEAD_SECONDS: Final = 8.0
"""A long answer is rendered this far ahead of what is heard: whoever interrupts wastes no more."""


class Playback:
    """Plays messages on one line. ``finished`` is called once for each, heard to its end or not.

    A part that cannot be synthesised is left out; ``sounded`` is called when a message's first sound leaves. Slow
    messages (``Say.is_slow``) are spoken by ``slow_synthesizer``, with a breath after each part.
    """

    def __init__(
        self,
        line: Line,
        synthesizer: Synthesizer,
        *,
        deadline_seconds: float,
        finished: Callable[[int], None],
        sounded: Callable[[], None],
        slow_synthesizer: Synthesizer | None = None,
    ) -> None:
        self._line = line
        self._slow_synthesizer = slow_synthesizer or synthesizer
        self._sent = SentSound(line)
        self._synthesizer = synthesizer
        self._deadline_seconds = deadline_seconds
        self._finished = finished
        self._sounded = sounded
        self._waiting: deque[Say] = deque()
        self._marks: dict[int, Say] = {}
        self._mark = 0
        self._renderer: asyncio.Task[None] | None = None
        self._sounding_since: float | None = None
        self._queued: list[bytes | int] = []  # sounds and marks since the line was last silent
        self._kept: list[bytes | Say] | None = None  # what a pause took back from the line
        self._has_begun = False  # the message that is being rendered has sounded
        self._parts_left = 0  # of the message that is being rendered
        self._asking_bytes = 0  # of the last part of the newest message that has several, rendered so far
        self._is_told = False  # all that comes before that part has been heard
        self._may_sound = asyncio.Event()
        self._may_sound.set()
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @property
    def is_busy(self) -> bool:
        """True while a message is waiting or being heard."""
        return bool(self._waiting or self._marks or self._kept)

    @property
    def is_unheard(self) -> bool:
        """True while the newest message waits for its first sound, and nothing is heard."""
        return bool(self._waiting) and not (self._has_begun or self.is_sounding or self.is_paused)

    @property
    def is_waiting_for_sound(self) -> bool:
        """True while a message that has begun to sound is silent because its next part is not rendered yet."""
        return bool(self._waiting) and self._has_begun and not (self.is_sounding or self.is_paused)

    @property
    def is_sounding(self) -> bool:
        """True while the caller hears something."""
        return self._line.queued_seconds > 0

    @property
    def queued_seconds(self) -> float:
        """Sound that is still to be heard."""
        return self._line.queued_seconds

    def playing(self) -> Playing | None:
        """Return what is being heard, or is paused, for turn taking; None in silence."""
        heard = next(iter(self._marks.values()), None)
        if heard is None and self._waiting and self._has_begun:
            heard = self._waiting[0]
        if heard is None and not self.is_sounding and not self.is_paused:
            self._sounding_since = None
            return None
        now = asyncio.get_running_loop().time()
        if self._sounding_since is None:
            self._sounding_since = now
        return Playing(
            seconds=now - self._sounding_since,
            remaining_seconds=float("inf") if self._waiting or self.is_paused else self._line.queued_seconds,
            is_interruptible=self.is_paused or heard is None or heard.is_interruptible,
            untold_seconds=self._untold_seconds(),
            is_sounding=self.is_sounding,
        )

    def _untold_seconds(self) -> float:
        """Return what is left to be heard before the last part of the newest message; of one with a single part, all is."""
        is_single = bool(self._waiting) and len(self._waiting[0].parts) == 1
        if is_single or len(self._waiting) > 1 or self._parts_left > 1:
            return float("inf")
        if not self._is_told:
            kept = sum(len(entry) for entry in self._kept or () if isinstance(entry, bytes))
            unheard = kept / PHONE_BAND.bytes_per_second + self._line.queued_seconds
            untold = max(0.0, unheard - self._asking_bytes / PHONE_BAND.bytes_per_second)
            self._is_told = untold <= 0
            return untold
        return 0.0

    def say(self, message: Say) -> None:
        """Queue ``message`` after what is being said."""
        self._is_idle.clear()
        self._waiting.append(message)
        if self._renderer is None or self._renderer.done():
            self._take_up(message)
            self._renderer = asyncio.create_task(self._render_all(), name="playback")

    def play(self, sound: bytes) -> None:
        """Queue sound that belongs to no message (a filler, the ringing tone); it is heard even in a pause."""
        self._sent.play(sound)

    def sent_lately(self) -> bytes:
        """Return what the caller may just now be sending back (see ``SentSound``)."""
        return self._sent.lately()

    @property
    def is_paused(self) -> bool:
        """True between ``pause`` and ``resume`` or ``stop``."""
        return self._kept is not None

    def pause(self) -> None:
        """Fall silent at once, and keep what has not been heard yet."""
        if self._kept is not None:
            return
        unheard = int(self._line.queued_seconds * PHONE_BAND.sample_rate_hz) * 2
        kept: list[bytes | Say] = []
        for entry in reversed(self._queued):
            if isinstance(entry, int):
                if entry in self._marks:  # the line will still report it, as stopped; by then it is unknown
                    kept.append(self._marks.pop(entry))
            elif unheard > 0:
                kept.append(entry[-unheard:])
                unheard -= len(entry)
        self._kept = kept[::-1]
        self._queued.clear()
        self._sent.stop()

    def resume(self) -> None:
        """Go on where ``pause`` cut in."""
        kept, self._kept = self._kept or [], None
        self._sounding_since = None
        for entry in kept:
            self._put(entry)

    def _put(self, entry: bytes | Say) -> None:
        """Queue a sound, or the end of a message, behind what a pause holds back."""
        if self._kept is not None:
            self._kept.append(entry)
        elif isinstance(entry, Say):
            self._mark += 1
            self._marks[self._mark] = entry
            self._queued.append(self._mark)
            self._line.mark(self._mark)
        else:
            self._queued.append(entry)
            self._sent.play(entry)

    def close(self) -> None:
        """Stop rendering; the line is gone."""
        if self._renderer is not None:
            self._renderer.cancel()
            self._renderer = None

    def stop(self) -> None:
        """Drop everything, now; the messages dropped are reported as finished."""
        self.close()
        kept = [entry for entry in self._kept or () if isinstance(entry, Say)]
        dropped = (*self._marks.values(), *kept, *self._waiting)
        self._marks.clear()
        self._waiting.clear()
        self._queued.clear()
        self._kept = None
        self._has_begun = self._is_told = False
        self._parts_left = self._asking_bytes = 0
        self._sounding_since = None
        self._sent.stop()
        self._is_idle.set()
        for message in dropped:
            self._finished(message.turn)

    def hold(self) -> None:
        """Let no interruptible message begin to sound until ``release``."""
        self._may_sound.clear()

    def release(self) -> None:
        """Let messages sound again."""
        self._may_sound.set()

    def played(self, mark: int) -> None:
        """Take the line's report that ``mark`` has been reached."""
        message = self._marks.pop(mark, None)
        if message is None:
            return
        if not self.is_busy:
            self._queued.clear()
            self._sounding_since = None
            self._asking_bytes, self._is_told = 0, False
            self._is_idle.set()
        self._finished(message.turn)

    async def drained(self) -> None:
        """Wait until everything queued has been heard or dropped."""
        await self._is_idle.wait()

    async def render(self, text: str) -> bytes:
        """Return the sound of ``text``; empty when it cannot be synthesised."""
        return b"".join([sound async for sound in self._sounds(text)])

    async def _render_all(self) -> None:
        while self._waiting:
            message = self._waiting[0]
            self._take_up(message)
            for part in message.parts:
                async with aclosing(self._sounds(part, is_slow=message.is_slow)) as sounds:
                    async for sound in sounds:
                        await self._queue(sound, message)
                if message.is_slow and self._has_begun:
                    self._put_part(_BREATH, message)
                self._parts_left -= 1
            self._waiting.popleft()
            self._has_begun = False
            self._put(message)

    def _take_up(self, message: Say) -> None:
        self._has_begun = self._is_told = False
        self._parts_left, self._asking_bytes = len(message.parts), 0

    def _put_part(self, sound: bytes, message: Say) -> None:
        if self._parts_left == 1 < len(message.parts):
            self._asking_bytes += len(sound)
        self._put(sound)

    async def _queue(self, sound: bytes, message: Say) -> None:
        if not self._has_begun:
            if message.is_interruptible:
                await self._may_sound.wait()
            self._has_begun = True
            self._sounded()
        self._put_part(sound, message)
        if (surplus := self._line.queued_seconds - _AHEAD_SECONDS) > 0:
            await asyncio.sleep(surplus)

    async def _sounds(self, text: str, *, is_slow: bool = False) -> AsyncGenerator[bytes, None]:
        synthesizer = self._slow_synthesizer if is_slow else self._synthesizer
        engine = synthesizer.name
        sounds = aiter(synthesizer.synthesize(text, audio=PHONE_BAND))
        try:
            while True:
                async with asyncio.timeout(self._deadline_seconds):
                    sound = await anext(sounds, None)
                if sound is None:
                    return
                yield sound
        except (EngineUnavailableError, TimeoutError) as error:
            log.warning("synthesizer.failed", engine=engine, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 -- whatever the engine raises, what can be said is said
            log.error("synthesizer.broken", engine=engine, error=type(error).__name__)
        finally:
            if isinstance(sounds, AsyncGenerator):
                await sounds.aclose()  # whoever interrupts frees the engine at once
