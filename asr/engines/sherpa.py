"""Recognizer on sherpa-onnx: streaming zipformer and paraformer, SenseVoice and offline paraformer."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from asr.engines.streaming import StreamingWorker
from asr.hearing_hints import HearingHints
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.worker_process import WorkerProcess


class SherpaRecognizer:
    """Recognizer on a sherpa-onnx model directory, whose kind is seen from its files. Call ``start`` once.

    A transducer leans to the choices and the words of ``hints`` as hotwords. ``step_seconds`` bounds each answer of
    the worker; a model that does not stream does all its work in the last one.
    """

    name = "sherpa"
    accepts: AudioFormat = WIDE_BAND

    def __init__(
        self,
        model_dir: Path,
        hints: HearingHints,
        *,
        lanes: int = 2,
        most_streams: int = 16,
        memory_limit_mb: int = 2_000,
        step_seconds: float = 8.0,
    ) -> None:
        self._hints = hints
        self.is_streaming = any(model_dir.glob("encoder*.onnx"))
        self.worker = WorkerProcess(
            self.name,
            "asr.engines.sherpa_worker",
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
        """Yield partial hypotheses where the model streams, then the final one."""
        bias = self._hints.bias(expect, choices)
        async with aclosing(self._streams.hear(audio, engine=self.name, bias=bias)) as heard:  # type: ignore[type-var]
            async for hypothesis in heard:
                yield hypothesis

    async def close(self) -> None:
        """End the worker; idempotent."""
        await self.worker.close()
