"""Recognizer on faster-whisper (whisper-base), in its own process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from asr.hearing_hints import HearingHints
from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis
from hotline.worker_process import WorkerProcess

WHISPER_BASE: Final = MappingProxyType(
    {
        "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
        "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
    }
)
"""SHA-256 of the pinned conversion of whisper-base."""

# A piece fits the decoder's 15 s window; it is cut at the quietest moment of its second half.
_LONGEST_PIECE_SECONDS: Final = 14.0
_SHORTEST_PIECE_SECONDS: Final = 7.0
_QUIET_SECONDS: Final = 0.2
_SHORTEST_SPEECH_SECONDS: Final = 0.1
_SHORT_SECONDS: Final = 3.0
"""So long, with the silence around it, is a request for a person at most (请帮我转接人工客服)."""
# Below this mean probability of a token the words are as good as guessed.
_GUESS_PROBABILITY: Final = 0.2
# So sure is it of its prompt said again where that was said: of 49 noises below 0.46, of 72 requests above 0.53.
_SURE_OF_LEAD: Final = 0.5
_STUCK_SECONDS: Final = 8.0  # beyond its deadline: a piece takes a second, on a crowded machine three

Samples = npt.NDArray[np.int16]


class WhisperRecognizer:
    """Recognizer on whisper-base: decodes once the utterance is complete, two utterances at a time.

    Call ``start`` once. Longer speech is decoded in pieces of at most 14 s. ``confidence`` is the mean probability
    of a token. ``timeout_seconds`` bounds each piece, waiting in the queue included.
    """

    name = "whisper"
    accepts: AudioFormat = WIDE_BAND
    is_streaming = False

    def __init__(
        self,
        model_dir: Path,
        hints: HearingHints,
        *,
        checksums: Mapping[str, str] = WHISPER_BASE,
        lanes: int = 2,
        threads_per_lane: int = 1,
        compute_type: str = "int8",
        memory_limit_mb: int = 1_200,
        timeout_seconds: float = 8.0,
    ) -> None:
        self._hints = hints
        self._timeout_seconds = timeout_seconds
        self._lanes = lanes
        self.worker = WorkerProcess(
            self.name,
            "asr.engines.whisper_worker",
            (
                str(model_dir),
                json.dumps(dict(checksums)),
                str(lanes),
                str(threads_per_lane),
                compute_type,
            ),
            memory_limit_mb=memory_limit_mb,
            lanes=lanes,
            stuck_seconds=_STUCK_SECONDS,
        )

    async def start(self, *, ready_seconds: float = 60.0) -> None:
        """Load the model and decode once; raises ``ModelRefusedError`` or ``EngineUnavailableError``."""
        await self.worker.start(ready_seconds=ready_seconds)

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        """Yield one final hypothesis for the utterance."""
        sound = b"".join([part async for part in audio])
        pieces = cut_at_pauses(np.frombuffer(sound[: len(sound) // 2 * 2], np.int16))
        is_short = len(sound) <= _SHORT_SECONDS * WIDE_BAND.bytes_per_second
        prompt = partial(self._hints.prompt, expect, choices, is_short=is_short)
        job = {
            "prompt": prompt(),
            "phone_prompt": prompt(is_phone=True),
            "fallback_prompt": self._hints.fallback_prompt,
            "answers": self._hints.answers(expect, choices),
        }
        turns = asyncio.Semaphore(self._lanes)  # one long speech must not fill the queue that others wait in
        tasks = [asyncio.create_task(self._hear(piece, job, turns)) for piece in pieces]
        try:
            parts = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        text = "".join(part.text for part in parts)
        probable = [part.probability for part in parts if part.text]
        yield Hypothesis(
            text=text,
            raw=text,
            is_final=True,
            engine=self.name,
            confidence=sum(probable) / len(probable) if probable else None,
            others=tuple(others_of(parts)),
        )

    async def close(self) -> None:
        """End the worker; idempotent."""
        await self.worker.close()

    async def _hear(self, piece: Samples, job: dict[str, Any], turns: asyncio.Semaphore) -> Part:
        async with turns:
            answer, _ = await self.worker.ask(job, piece.tobytes(), timeout_seconds=self._timeout_seconds)
        text, probability = str(answer["text"]), float(answer["probability"])
        is_prompt = probability < _SURE_OF_LEAD and self._hints.repeats_lead(text)
        if probability < _GUESS_PROBABILITY or is_prompt or self._hints.is_made_up(text):
            return Part("", probability)
        return Part(text, probability, tuple(map(str, answer["others"])))


class Part(NamedTuple):
    """What one piece of an utterance was heard as; ``others`` are less likely."""

    text: str
    probability: float
    others: tuple[str, ...] = ()


def others_of(parts: Sequence[Part]) -> Iterator[str]:
    """Yield what else the whole may have been: each piece's next reading in turn, the likeliest of a piece that has no more."""
    for rank in range(max((len(part.others) for part in parts), default=0)):
        yield "".join(part.others[rank] if rank < len(part.others) else part.text for part in parts)


def cut_at_pauses(samples: Samples) -> list[Samples]:
    """Cut speech into pieces of at most 14 s, each at its quietest moment after 7 s; too short a sound is none."""
    if len(samples) < _SHORTEST_SPEECH_SECONDS * WIDE_BAND.sample_rate_hz:
        return []
    longest = int(_LONGEST_PIECE_SECONDS * WIDE_BAND.sample_rate_hz)
    shortest = int(_SHORTEST_PIECE_SECONDS * WIDE_BAND.sample_rate_hz)
    step = int(_QUIET_SECONDS * WIDE_BAND.sample_rate_hz)
    pieces = []
    while len(samples) > longest:
        later_half = samples[shortest:longest]
        frames = later_half[: len(later_half) // step * step].reshape(-1, step).astype(np.float64)
        quietest = int(np.argmin((frames**2).mean(axis=1)))
        cut = shortest + quietest * step + step // 2
        pieces.append(samples[:cut])
        samples = samples[cut:]
    return [*pieces, samples]
