"""Streaming recognition in a worker process: both ends of the conversation with it.

The worker holds one decoder per utterance; the parent opens it, feeds it sound, and asks for the final words.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from hotline.domain.errors import EngineBusyError, EngineUnavailableError
from hotline.domain.speech import WIDE_BAND, Hypothesis
from hotline.worker_process import Pin, WorkerProcess
from hotline.worker_side import Reply, WorkerSide

_FEED_SECONDS: Final = 0.2
_FEED_BYTES: Final = int(WIDE_BAND.bytes_per_second * _FEED_SECONDS)
_CLOSE_SECONDS: Final = 1.0


class StreamDecoder(Protocol):
    """Decodes one utterance inside the worker."""

    def accept(self, sound: bytes) -> str:
        """Take 16-bit samples and return the words heard so far."""

    def finish(self) -> tuple[str, float | None]:
        """Return the words and the confidence, if the engine has one."""


class StreamingWorker:
    """The parent's end: utterances decoded in ``worker`` as their sound comes.

    ``most_streams`` bounds the decoders, and thereby the worker's memory; each step must answer within
    ``step_seconds``.
    """

    def __init__(self, worker: WorkerProcess, *, most_streams: int, step_seconds: float) -> None:
        self.worker = worker
        self._most_streams = most_streams
        self._step_seconds = step_seconds
        self._ids = itertools.count(1)
        self._open: set[int] = set()

    async def hear(
        self,
        audio: AsyncIterable[bytes],
        *,
        engine: str,
        grammar: Sequence[str] = (),
        bias: Sequence[str] = (),
    ) -> AsyncIterator[Hypothesis]:
        """Yield a partial hypothesis whenever the words change, then the final one."""
        if len(self._open) >= self._most_streams:
            raise EngineBusyError(engine, "too many utterances at once")
        stream = next(self._ids)
        self._open.add(stream)
        with self.worker.pinned() as pin:
            try:
                opening = {"do": "open", "stream": stream, "grammar": list(grammar), "bias": list(bias)}
                await self._step(opening, pin)
                heard = ""
                async for sound in _in_steps(audio):
                    answer = await self._step({"do": "feed", "stream": stream}, pin, sound)
                    if answer["text"] and answer["text"] != heard:
                        heard = answer["text"]
                        yield Hypothesis(text=heard, raw=heard, is_final=False, engine=engine)
                answer = await self._step({"do": "finish", "stream": stream}, pin)
                self._open.discard(stream)
                yield Hypothesis(
                    text=answer["text"],
                    raw=answer["text"],
                    is_final=True,
                    engine=engine,
                    confidence=answer["confidence"],
                )
            finally:
                if stream in self._open:
                    self._open.discard(stream)
                    with suppress(EngineUnavailableError):
                        await self.worker.ask(
                            {"do": "drop", "stream": stream}, timeout_seconds=_CLOSE_SECONDS, pin=pin
                        )

    async def _step(self, header: dict[str, Any], pin: Pin, sound: bytes = b"") -> dict[str, Any]:
        answer, _ = await self.worker.ask(header, sound, timeout_seconds=self._step_seconds, pin=pin)
        return answer


async def _in_steps(audio: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Join the line's 20 ms into steps that are worth a message."""
    kept = bytearray()
    async for part in audio:
        kept += part
        if len(kept) >= _FEED_BYTES:
            whole = len(kept) // 2 * 2
            yield bytes(kept[:whole])
            del kept[:whole]
    if len(kept) > 1:
        yield bytes(kept[: len(kept) // 2 * 2])


def serve_streams(
    side: WorkerSide, open_decoder: Callable[[list[str], list[str]], StreamDecoder], *, lanes: int
) -> None:
    """Serve as the worker: ``open_decoder(grammar, bias)`` makes the decoder of one utterance."""
    decoders: dict[int, StreamDecoder] = {}

    def work(job: dict[str, Any], sound: bytes) -> Reply:
        stream = job["stream"]
        match job["do"]:
            case "open":
                decoders[stream] = open_decoder(job["grammar"], job["bias"])
            case "feed":
                return {"text": decoders[stream].accept(sound)}, b""
            case "finish":
                text, confidence = decoders.pop(stream).finish()
                return {"text": text, "confidence": confidence}, b""
            case _:
                decoders.pop(stream, None)
        return {}, b""

    side.serve(work, lanes=lanes)
