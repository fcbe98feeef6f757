"""Recognizer on Vosk: streaming, with partial results and a grammar, in its own process."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from asr.engines.streaming import StreamingWorker
from asr.hearing_hints import HearingHints
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.worker_process import WorkerProcess


class VoskRecognizer:
    """Recognizer on a Vosk model directory. Call ``start`` once.

    For yes/no and digits the words of ``hints`` and the choices are its grammar, where the model allows one; speech
    outside the grammar is decoded again without it. ``step_seconds`` bounds each answer of the worker.
    """

    name = "vosk"
    accepts: AudioFormat = WIDE_BAND
    is_streaming = True

    def __init__(
        self,
        model_dir: Path,
        hints: HearingHints,
        *,
        lanes: int = 2,
        most_streams: int = 16,
        memory_limit_mb: int = 3_000,
        step_seconds: float = 4.0,
    ) -> None:
        self._hints = hints
        self.worker = WorkerProcess(
            self.name,
            "asr.engines.vosk_worker",
            (str(model_dir), str(lanes)),
            memory_limit_mb=memory_limit_mb,
            lanes=lanes,
            queue_limit=most_streams,
        )
        self._streams = StreamingWorker(self.worker, most_streams=most_streams, step_seconds=step_seconds)

    async def start(self, *, ready_seconds: float = 120.0) -> None:
        """Load the model; raises ``ModelRefusedError`` or ``EngineUnavailableError``."""
        await self.worker.start(ready_seconds=ready_seconds)

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        """Yield partial hypotheses as the sound comes, then the final one."""
        grammar = self._hints.grammar(expect, choices)
        async with aclosing(self._streams.hear(audio, engine=self.name, grammar=grammar)) as heard:  # type: ignore[type-var]
            async for hypothesis in heard:
                yield hypothesis

    async def close(self) -> None:
        """End the worker; idempotent."""
        await self.worker.close()
