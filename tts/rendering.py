"""Speech into WAV files: sound for demonstrations and tests."""

from __future__ import annotations

import wave
from contextlib import aclosing
from pathlib import Path

from hotline.domain.speech import PHONE_BAND, AudioFormat
from tts.synthesizer import Synthesizer


async def render_wav(
    synthesizer: Synthesizer, text: str, path: Path, audio: AudioFormat = PHONE_BAND
) -> float:
    """Write ``text`` spoken to the file ``path``, whole or not at all, and return its length in seconds.

    Raises ``EngineUnavailableError`` as the synthesizer does.
    """
    async with aclosing(synthesizer.synthesize(text, audio=audio)) as sounds:  # type: ignore[type-var]  # engines are async generators
        sound = b"".join([part async for part in sounds])
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with wave.open(str(fresh), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(audio.sample_rate_hz)
        out.writeframes(sound)
    fresh.replace(path)
    return len(sound) / audio.bytes_per_second
