"""One utterance's sound on its way through the recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import structlog

from hotline.domain.errors import EngineBusyError, EngineUnavailableError
from hotline.domain.speech import Hypothesis
from hotline.lanes import Claim

log: Final = structlog.get_logger("hearing")


class Tape:
    """The last of what was heard, addressed by audio time."""

    def __init__(self, bytes_per_second: int) -> None:
        self._rate = bytes_per_second
        self._base = 0
        self._sound = bytearray()

    def add(self, sound: bytes) -> None:
        """Keep what was heard next."""
        self._sound += sound

    def cut(self, start: float, end: float | None = None) -> bytes:
        """Return what was heard between two times."""
        first = max(0, self._offset(start))
        return bytes(self._sound[first : None if end is None else max(first, self._offset(end))])

    def forget(self, before: float) -> None:
        """Keep nothing older than ``before``."""
        surplus = self._offset(before)
        if surplus > 0:
            del self._sound[:surplus]
            self._base += surplus

    def _offset(self, seconds: float) -> int:
        return int(seconds * self._rate) // 2 * 2 - self._base


class Decode:
    """One run of the recogniser; ``hypothesis`` stays None until it is done, and when it failed."""

    def __init__(
        self,
        work: Callable[[AsyncIterator[bytes]], AsyncIterator[Hypothesis]],
        name: str,
        made_out: Callable[[Decode, Hypothesis], None],
        claim: Claim,
    ) -> None:
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._work = work
        self._name = name
        self._made_out = made_out
        self.claim = claim
        self.hypothesis: Hypothesis | None = None
        self.was_turned_away = False
        self.started_at = asyncio.get_running_loop().time()
        self.ended_at = self.started_at
        with claim.held():
            self.task = asyncio.create_task(self._run(), name="recognize")

    @property
    def has_failed(self) -> bool:
        """True when it is over and nothing was heard by it."""
        return self.task.done() and self.hypothesis is None

    def feed(self, sound: bytes) -> None:
        """Give it the sound that came next."""
        self._sound.put_nowait(sound)

    def finish(self) -> None:
        """Say that no more sound comes."""
        self._sound.put_nowait(None)

    def cancel(self) -> None:
        """Give it up."""
        self.task.cancel()

    async def _run(self) -> None:
        try:
            async for hypothesis in self._work(self._given()):
                if hypothesis.is_final:
                    self.hypothesis = hypothesis
                self._made_out(self, hypothesis)
        except EngineUnavailableError as error:
            self.was_turned_away = isinstance(error, EngineBusyError)
            log.warning("recognizer.failed", engine=error.engine, reason=error.reason)
        except Exception as error:  # noqa: BLE001 -- whatever the engine raises, the caller is told and the call goes on
            log.error("recognizer.broken", engine=self._name, error=type(error).__name__)
        self.ended_at = asyncio.get_running_loop().time()

    async def _given(self) -> AsyncIterator[bytes]:
        while (sound := await self._sound.get()) is not None:
            yield sound
