"""Texts as the telephone makes them: the callers' synthetic voices and the hotline's own recogniser, for measuring."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from app.printing import Printer
from app.scripted_calls import Voices
from app.settings import Settings
from app.wiring import recognizer_named
from asr.hearing_hints import load_hearing_hints
from bench.spoken import Pair, Pairs, heard_by, voice_for
from hotline.city import City
from hotline.domain.errors import EngineUnavailableError


async def spoken_and_heard(
    texts: Sequence[str], kept: Path, settings: Settings, city: City, *, engine: str, printer: Printer
) -> list[Pair]:
    """Return what is heard of each text; pairs are kept in the file ``kept``, the sound with that of scripted callers.

    Raises ``PairsFileError`` where the file is of another kind, ``EngineUnavailableError`` without voices or recogniser.
    """
    pairs = Pairs(kept)
    installed = sorted(file.stem for file in (settings.models_dir / "kokoro-voices").glob("*.bin"))
    if not installed:
        raise EngineUnavailableError("kokoro", f"{settings.models_dir} 里没有音色，先运行 hotline setup")
    said = [(text, voice_for(text, installed)) for text in texts]
    voices = Voices(settings.models_dir.parent / "callers")
    async with AsyncExitStack() as stack:
        recognizer = recognizer_named(engine, settings, load_hearing_hints(city))
        missing = {
            (voice, 1.0, text) for text, voice in said if pairs.find(text, voice, recognizer.name) is None
        }
        await voices.render(settings, city, missing, lambda done, of: printer.progress("合成", done, of))
        if missing:
            stack.push_async_callback(recognizer.close)
            await recognizer.start()
        return await heard_by(
            recognizer,
            said,
            lambda voice, text: voices.file(voice, 1.0, text),
            pairs,
            lambda done, of: printer.progress("识别", done, of),
        )
