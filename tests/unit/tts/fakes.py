"""Synthesizers for the tests: one that says what it is asked as UTF-8, and ones that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from tts.pieces import sentences


class Echo:
    """Its sound is the text itself, a chunk a sentence."""

    def __init__(self, name: str = "echo") -> None:
        self.name = name
        self.asked: list[str] = []
        self.is_closed = False

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        self.asked.append(text)
        for sentence in sentences(text):
            await asyncio.sleep(0)
            yield sentence.encode()

    async def close(self) -> None:
        self.is_closed = True


class Dying(Echo):
    """Speaks ``lives`` pieces and is down from then on, in the middle of the next one."""

    def __init__(self, lives: int, name: str = "dying") -> None:
        super().__init__(name)
        self.lives = lives

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        self.asked.append(text)
        self.lives -= 1
        yield text[:1].encode()
        if self.lives < 0:
            raise EngineUnavailableError(self.name, "worker died")
        yield text[1:].encode()


class Stuck(Echo):
    """Never gets anything said; tells whether it was let go."""

    was_dropped = False

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        self.asked.append(text)
        try:
            await asyncio.Event().wait()
        finally:
            self.was_dropped = True
        yield b""
