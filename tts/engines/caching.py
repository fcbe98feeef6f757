"""A Synthesizer that keeps what another rendered: what was said once is said at once.

What everybody may hear (prompts, articles) is kept on disk. Anything else may hold a citizen's own words, and is kept
in memory only, for as long as the process runs.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import structlog

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import AudioFormat
from tts.pieces import breaths, sentences
from tts.synthesizer import Synthesizer

log: Final = structlog.get_logger("tts")

_SWEEP_EVERY: Final = 100


class CachingSynthesizer:
    """Keeps sound by (engine, voice, text, format); when there is too much of it, what was not heard for longest goes."""

    def __init__(
        self, engine: Synthesizer, folder: Path, *, limit_mb: int = 500, memory_limit_mb: int = 32
    ) -> None:
        """Keep public sound in ``folder``; a disk that is full or cannot be written only makes it slower."""
        self._engine = engine
        self._folder = folder
        self._limit_bytes = limit_mb << 20
        self._memory_limit_bytes = memory_limit_mb << 20
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._memory_bytes = 0
        self._public: set[str] = set()
        self._rendering: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._written = 0

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    async def synthesize(self, text: str, *, audio: AudioFormat) -> AsyncIterator[bytes]:
        """Yield the sound of each sentence: kept, or rendered and kept; the same one is rendered once at a time."""
        for sentence in sentences(text):
            if sound := await self._spoken(sentence, audio):
                yield sound

    def is_kept(self, text: str, audio: AudioFormat) -> bool:
        """Tell whether all of ``text`` would sound at once."""
        keys = [self._key(sentence, audio) for sentence in sentences(text)]
        return all(key in self._memory or self._file(key).exists() for key in keys)

    def publish(self, texts: Iterable[str]) -> None:
        """Let the sound of ``texts``, in sentences or smaller pieces, be kept on disk when it is rendered."""
        for text in texts:
            self._public.update((*sentences(text), *breaths(text)))

    async def render_ahead(
        self, texts: Iterable[str], *, audio: AudioFormat, progress: Callable[[int, int], None] | None = None
    ) -> int:
        """Publish ``texts``, render those of their sentences that are not kept yet, and return how many could not be."""
        wanted = list(dict.fromkeys(sentence for text in texts for sentence in sentences(text)))
        self.publish(wanted)
        failures: Counter[str] = Counter()
        for done, text in enumerate(wanted, 1):
            if not self._file(self._key(text, audio)).exists():
                try:
                    await self._spoken(text, audio)
                except EngineUnavailableError as error:
                    failures[str(error)] += 1
            if progress is not None:
                progress(done, len(wanted))
        for reason, count in failures.items():
            log.warning("tts.not_rendered", reason=reason, count=count)
        return failures.total()

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()

    async def _spoken(self, sentence: str, audio: AudioFormat) -> bytes:
        key = self._key(sentence, audio)
        lock = self._rendering.setdefault(key, asyncio.Lock())
        async with lock:
            if (kept := self._kept(key)) is not None:
                return kept
            async with aclosing(self._engine.synthesize(sentence, audio=audio)) as sounds:  # type: ignore[type-var]  # engines are async generators
                sound = b"".join([part async for part in sounds])
            await self._keep(key, sentence, sound)
            return sound

    def _key(self, text: str, audio: AudioFormat) -> str:
        key = f"{self._engine.name}\0{text}\0{audio.sample_rate_hz}"
        return hashlib.sha256(key.encode()).hexdigest()[:40]

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.pcm"

    def _kept(self, key: str) -> bytes | None:
        if key in self._memory:
            self._memory.move_to_end(key)
            return self._memory[key]
        file = self._file(key)
        try:
            sound = file.read_bytes()
            os.utime(file)  # what is heard is not old
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("tts.cache_failed", reason=error.strerror)
            return None
        return sound

    async def _keep(self, key: str, text: str, sound: bytes) -> None:
        if not sound:
            return
        if text not in self._public:
            self._memory[key] = sound
            self._memory_bytes += len(sound)
            while self._memory_bytes > self._memory_limit_bytes:
                self._memory_bytes -= len(self._memory.popitem(last=False)[1])
            return
        try:
            self._write(key, sound)
        except OSError as error:
            log.warning("tts.cache_failed", reason=error.strerror)
            return
        if self._written % _SWEEP_EVERY == 0:
            await asyncio.to_thread(self._sweep)
        self._written += 1

    def _write(self, key: str, sound: bytes) -> None:
        fresh = self._folder / f"{key}.{os.getpid()}.new"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(sound)
            fresh.replace(self._file(key))
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    def _sweep(self) -> None:
        """Remove what was not heard for longest, until the rest is within the limit."""
        found = [(file.stat().st_mtime, file.stat().st_size, file) for file in self._folder.glob("*.pcm")]
        total = sum(size for _, size, _ in found)
        for _, size, file in sorted(found):
            if total <= self._limit_bytes:
                return
            file.unlink(missing_ok=True)
            total -= size
