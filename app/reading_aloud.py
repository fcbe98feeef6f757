"""What citizens would hear (试听): an article's spoken answer in the hotline's voice, for those who write and review it."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable
from typing import Final

from hotline.domain.errors import EngineBusyError
from hotline.domain.speech import PHONE_BAND
from tts.synthesizer import Synthesizer

_MOST_WAITING: Final = 4


class ReadingAloud:
    """Speaks short texts, one at a time; the voice is opened when it is first asked for."""

    def __init__(self, open_voice: Callable[[], Awaitable[Synthesizer]]) -> None:
        """Take what opens the voice."""
        self._open_voice = open_voice
        self._voice: Synthesizer | None = None
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def wav(self, text: str) -> bytes:
        """Return ``text`` as a WAV file as the telephone carries it.

        Raises ``EngineBusyError`` when too many wait, ``EngineUnavailableError`` when there is no voice.
        """
        if self._waiting >= _MOST_WAITING:
            raise EngineBusyError("voice")
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                if self._voice is None:
                    self._voice = await self._open_voice()
                samples = [part async for part in self._voice.synthesize(text, audio=PHONE_BAND)]
        finally:
            self._waiting -= 1
        return _wav(b"".join(samples))


def _wav(samples: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(PHONE_BAND.sample_rate_hz)
        sound.writeframes(samples)
    return file.getvalue()
