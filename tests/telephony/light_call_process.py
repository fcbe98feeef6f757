"""A call process with light engines: it hears the same words in every utterance and speaks in tones.

Everything else is the real thing: SIP, turn-taking, dialogue, store. Settings come from the environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import AsyncExitStack

from app.logs import configure
from app.phone import run_phone
from app.settings import Settings
from app.wiring import Hearing, Speaking
from hotline.city import City
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from ivr.sip.sound import tone
from tts.engines.caching import CachingSynthesizer

WORDS = "兰山区银雀山街道路灯坏了"


class SameWords:
    """A recogniser that hears ``WORDS`` in whatever is said."""

    name = "same words"
    accepts: AudioFormat = WIDE_BAND
    is_streaming = False

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        async for _ in audio:
            pass
        yield Hypothesis(text=WORDS, raw=WORDS, is_final=True, engine=self.name)

    async def close(self) -> None:
        pass


class Tone:
    """A voice that is half a second of a tone."""

    name = "tone"

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        assert audio.sample_rate_hz == 8_000
        yield tone(440.0, 0.5)

    async def close(self) -> None:
        pass


async def hearing(_: Settings, __: City, ___: AsyncExitStack) -> Hearing:
    return Hearing(SameWords())


async def speaking(settings: Settings, _: City, __: AsyncExitStack) -> Speaking:
    return Speaking(Tone(), CachingSynthesizer(Tone(), settings.data_dir / "voice"), [])


if __name__ == "__main__":
    settings = Settings()
    configure(settings.log_level)
    asyncio.run(run_phone(settings, open_hearing=hearing, open_speaking=speaking))
