"""The process whose recogniser and voice several call processes share (``hotline engines``).

Whisper and Kokoro cost more memory than all else in a call process; behind Kamailio they are loaded once. A streaming
recogniser (Vosk, sherpa) stays with each call process: its streams live in the worker, and it is small.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog

from app.logs import configure
from app.settings import Settings
from asr.engines.whisper import WhisperRecognizer
from asr.hearing_hints import HearingHints, load_hearing_hints
from hotline.city import City, load_city
from hotline.domain.errors import EngineUnavailableError, ModelRefusedError
from hotline.shared_worker import SharedWorker
from hotline.worker_process import WorkerProcess
from tts.engines.kokoro import kokoro_worker

log: Final = structlog.get_logger("engines")

WHISPER_SOCKET: Final = "whisper"
VOICE_SOCKET: Final = "voice"
"""Where shared engines are offered, in the folder ``shared_engines`` of the settings."""


async def run_shared_engines(settings: Settings, folder: Path) -> None:
    """Offer the engines in ``folder`` until SIGTERM or SIGINT; one that refuses to start refuses its clients."""
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)
    async with AsyncExitStack() as stack:
        for name, worker in _workers(settings, load_city(settings.city)):
            stack.push_async_callback(worker.close)
            try:
                await worker.start()
            except (ModelRefusedError, EngineUnavailableError) as error:
                log.error("engine.refused", engine=worker.name, reason=str(error))
            await stack.enter_async_context(SharedWorker(worker, folder / name).offered())
            log.info("engine.offered", engine=worker.name)
        await until.wait()


def shareable_recognizer(settings: Settings, hints: HearingHints) -> WhisperRecognizer | None:
    """Return the recogniser that call processes may share, or None when it has no model."""
    model = settings.models_dir / "whisper-base"
    if not model.is_dir():
        return None
    return WhisperRecognizer(model, hints, timeout_seconds=settings.recognizer_deadline_seconds)


def _workers(settings: Settings, city: City) -> Iterator[tuple[str, WorkerProcess]]:
    yield VOICE_SOCKET, kokoro_worker(settings.models_dir)
    if (recognizer := shareable_recognizer(settings, load_hearing_hints(city))) is not None:
        yield WHISPER_SOCKET, recognizer.worker


def are_offered(settings: Settings, folder: Path) -> bool:
    """Tell whether all that is to be shared can be reached."""
    names = [VOICE_SOCKET, *([WHISPER_SOCKET] if (settings.models_dir / "whisper-base").is_dir() else [])]
    return all((folder / name).exists() for name in names)


def main() -> None:
    """Run without the command line, which loads much that is not needed here."""
    settings = Settings()
    configure(settings.log_level)
    asyncio.run(run_shared_engines(settings, Path(sys.argv[1])))


if __name__ == "__main__":
    main()
