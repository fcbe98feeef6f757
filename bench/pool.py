"""Recognition for many callers at once: how long they wait for their words, and how many are turned away."""

from __future__ import annotations

import asyncio
import random as randomness
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from asr.recognizer import Recognizer
from bench.asr import Band, as_heard, read_transcripts
from hotline.domain.errors import EngineBusyError, EngineUnavailableError
from hotline.domain.speech import WIDE_BAND, Expected
from hotline.lanes import Claim, Urgency

_PAUSE_SECONDS: Final = 0.3
"""After so much silence the decode begins; the hotline takes the turn ``_TURN_SECONDS`` after the speech."""
_TURN_SECONDS: Final = 0.8
_HOTLINE_SPEAKS_SECONDS: Final = (3.0, 8.0)
_GOES_ON_SHARE: Final = 0.2
"""So often a pause is not the end, and what was begun in it is given up."""


@dataclass(slots=True)
class _Tally:
    waits: list[float] = field(default_factory=list)
    turned_away: int = 0
    failed: int = 0


async def bench_pool(  # noqa: PLR0917 -- as the command line gives them
    recognizer: Recognizer,
    audio_dir: Path,
    transcripts_csv: Path,
    band: Band,
    callers: Sequence[int],
    seconds: float,
    progress: Callable[[int], None],
    *,
    seed: int = 12345,
) -> list[dict[str, float]]:
    """Let so many callers talk at once, ``seconds`` for each number of ``callers``, and return a row for each.

    A caller speaks an utterance of the transcripts in real time, hears the answer, and speaks again; every fifth pause
    is not the end of the utterance. Times are from the end of speech until the words are known, in milliseconds; the end
    of a turn is known after 0.8 s. Raises ``AudioDataError``.
    """
    utterances = read_transcripts(audio_dir, transcripts_csv)
    noise = np.random.default_rng(seed)
    sounds = [
        np.clip(np.round(as_heard(each.file, band, None, "room", noise) * 32_768), -32_768, 32_767)
        .astype(np.int16)
        .tobytes()
        for each in utterances
    ]
    rows = []
    for count in callers:
        progress(count)
        tally = _Tally()
        tasks = [
            asyncio.create_task(
                _talk(recognizer, sounds, tally, randomness.Random(f"{seed}:{count}:{number}"))
            )
            for number in range(count)
        ]
        await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        rows.append(_row(count, tally))
    return rows


def _row(callers: int, tally: _Tally) -> dict[str, float]:
    p50, p95 = np.percentile(tally.waits, [50, 95]) if tally.waits else (0.0, 0.0)
    return {
        "callers": callers,
        "turns": len(tally.waits) + tally.turned_away + tally.failed,
        "words_p50_ms": round(1_000 * float(p50)),
        "words_p95_ms": round(1_000 * float(p95)),
        "turned_away": tally.turned_away,
        "failed": tally.failed,
    }


async def _talk(
    recognizer: Recognizer, sounds: Sequence[bytes], tally: _Tally, random: randomness.Random
) -> None:
    await asyncio.sleep(random.uniform(0, _HOTLINE_SPEAKS_SECONDS[1]))
    while True:
        sound = random.choice(sounds)
        if random.random() < _GOES_ON_SHARE:
            middle = len(sound) // 4 * 2
            await asyncio.sleep(middle / WIDE_BAND.bytes_per_second + _PAUSE_SECONDS)
            given_up = asyncio.create_task(_begun_ahead(recognizer, sound[:middle], Claim(Urgency.AHEAD)))
            await asyncio.sleep(_PAUSE_SECONDS)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            await asyncio.sleep((len(sound) - middle) / WIDE_BAND.bytes_per_second)
        else:
            await asyncio.sleep(len(sound) / WIDE_BAND.bytes_per_second)
        await _take_turn(recognizer, sound, tally)
        await asyncio.sleep(random.uniform(*_HOTLINE_SPEAKS_SECONDS))


async def _take_turn(recognizer: Recognizer, sound: bytes, tally: _Tally) -> None:
    now = asyncio.get_running_loop().time
    ended = now()
    await asyncio.sleep(_PAUSE_SECONDS)
    claim = Claim(Urgency.AHEAD)
    decode = asyncio.create_task(_begun_ahead(recognizer, sound, claim))
    try:
        await asyncio.wait({decode}, timeout=_TURN_SECONDS - _PAUSE_SECONDS)
        claim.hurry()
        if (
            decode.done() and decode.exception() is not None
        ):  # the hotline, too, tries again what it began ahead
            decode = asyncio.create_task(_begun_ahead(recognizer, sound, Claim()))
        await decode
    except EngineBusyError:
        tally.turned_away += 1
    except EngineUnavailableError:
        tally.failed += 1
    else:
        tally.waits.append(max(now() - ended, _TURN_SECONDS))
    finally:
        decode.cancel()  # at the end of the measurement


async def _begun_ahead(recognizer: Recognizer, sound: bytes, claim: Claim) -> None:
    async def whole() -> AsyncIterator[bytes]:
        yield sound

    with claim.held():
        async for _ in recognizer.recognize(whole(), expect=Expected.OPEN):
            pass
