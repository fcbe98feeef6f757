"""Voice messages (语音消息): decoded, recognised within a deadline by the hotline's own engines, and no more than proposed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog

from asr.decoding import Fault, SoundRefusedError, decoded
from asr.recognizer import Recognizer
from hotline.domain.errors import EngineUnavailableError, HotlineError
from hotline.domain.speech import Expected
from hotline.service.letter_parts import Heard

log: Final = structlog.get_logger("voice")

MOST_SECONDS: Final = 60.0
"""As long as WeChat lets people talk."""
_DECODE_SECONDS: Final = 5.0


class VoiceMessages:
    """Turns sound files into words. ``open_recognizer`` gives the recogniser when the first message comes."""

    def __init__(
        self,
        open_recognizer: Callable[[], Awaitable[Recognizer]],
        *,
        deadline_seconds: float = 20.0,
        at_once: int = 2,
    ) -> None:
        """Take the recogniser, how long one message may take with waiting, and how many are decoded at once."""
        self._open = open_recognizer
        self._deadline_seconds = deadline_seconds
        self._gate = asyncio.Semaphore(at_once)

    async def words(self, sound: bytes) -> str | Heard:
        """Return what was said, or why that is not known; never raises."""
        try:
            async with asyncio.timeout(self._deadline_seconds), self._gate:
                recognizer = await self._open()
                async with asyncio.timeout(_DECODE_SECONDS):
                    samples = await asyncio.to_thread(
                        decoded, sound, most_seconds=MOST_SECONDS, to=recognizer.accepts
                    )
                return await _recognized(recognizer, samples) or Heard.NOTHING
        except SoundRefusedError as error:
            log.info("voice.refused", fault=error.fault.value)
            return Heard.TOO_LONG if error.fault is not Fault.NOT_SOUND else Heard.NOTHING
        except (EngineUnavailableError, HotlineError, TimeoutError) as error:
            log.warning("voice.not_recognized", error=type(error).__name__)
            return Heard.DOWN


async def _recognized(recognizer: Recognizer, samples: bytes) -> str:
    async def whole() -> AsyncIterator[bytes]:
        yield samples

    text = ""
    async for hypothesis in recognizer.recognize(whole(), expect=Expected.OPEN):
        if hypothesis.is_final:
            text = hypothesis.text
    return text.strip()
