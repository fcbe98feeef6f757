"""A Synthesizer that keeps what another rendered, on disk: what was said once is said at once."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Final

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from tts.synthesizer import Synthesizer

_LONGEST_KEPT: Final = 400
_SWEEP_EVERY: Final = 200


class CachingSynthesizer:
    """Keeps sound by (engine, voice, text, format); the oldest goes when the folder outgrows ``limit_mb``."""

    def __init__(self, engine: Synthesizer, folder: Path, *, limit_mb: int = 500) -> None:
        """Keep the sound in ``folder``; a disk that is full or read-only only makes it slower."""
        self._engine = engine
        self._folder = folder
        self._limit_bytes = limit_mb << 20
        self._rendering: dict[Path, asyncio.Lock] = {}
        self._written = 0

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield the kept sound, or render and keep it; the same text is rendered once at a time."""
        file = self._file(text, audio)
        if (kept := _read(file)) is not None:
            yield kept
            return
        lock = self._rendering.setdefault(file, asyncio.Lock())
        try:
            async with lock:
                if (kept := _read(file)) is not None:
                    yield kept
                    return
                parts = []
                async for part in self._engine.synthesize(text, audio=audio):
                    parts.append(part)
                    yield part
                if len(text) <= _LONGEST_KEPT:
                    self._keep(file, b"".join(parts))
        finally:
            if not lock.locked():
                self._rendering.pop(file, None)

    def is_kept(self, text: str, *, audio: AudioFormat) -> bool:
        """Tell whether ``text`` would sound at once."""
        return self._file(text, audio).exists()

    async def render_ahead(
        self, texts: Iterable[str], *, audio: AudioFormat, progress: Callable[[int, int], None] | None = None
    ) -> int:
        """Render what is not kept yet; return how many texts could not be."""
        wanted = list(dict.fromkeys(texts))
        failed = 0
        for done, text in enumerate(wanted, 1):
            if not self.is_kept(text, audio=audio):
                try:
                    async for _ in self.synthesize(text, audio=audio):
                        pass
                except EngineUnavailableError:
                    failed += 1
            if progress is not None:
                progress(done, len(wanted))
        return failed

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()

    def _file(self, text: str, audio: AudioFormat) -> Path:
        key = f"{self._engine.name}\0{text}\0{audio.sample_rate_hz}"
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.pcm"

    def _keep(self, file: Path, sound: bytes) -> None:
        if not sound:
            return
        fresh = file.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(sound)
            fresh.replace(file)
        except OSError:
            fresh.unlink(missing_ok=True)
            return
        self._written += 1
        if self._written % _SWEEP_EVERY == 0:
            self._sweep()

    def _sweep(self) -> None:
        kept = sorted(self._folder.glob("*.pcm"), key=lambda file: file.stat().st_mtime, reverse=True)
        total = 0
        for file in kept:
            total += file.stat().st_size
            if total > self._limit_bytes:
                file.unlink(missing_ok=True)


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
