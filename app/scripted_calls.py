"""Scripted callers against a running hotline, over real SIP: rendering their voices, placing the calls, scoring them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog

from app.breaking import break_part
from app.callers import CallFailedError, Hotline, call
from app.callers import Script as Placed
from app.city_words import lexicon
from app.settings import Settings
from bench.backgrounds import background
from bench.conversation_scores import Score, failed, score
from bench.conversation_scripts import Script, Turn
from hotline.city import City
from hotline.domain.speech import PHONE_BAND
from ivr.sip.sound import read_wav, write_wav
from tts.engines.kokoro import KokoroSynthesizer, kokoro_worker
from tts.reading import Reading

log: Final = structlog.get_logger("scripted calls")

Progress = Callable[[int, int], None]

_PIECE: Final = "|"
_LONGEST_SECONDS: Final = 240.0
_USUAL_LEVEL: Final = 2_500.0


class Voices:
    """The callers' voices, kept on disk by voice, speed and words: what was rendered once is there."""

    def __init__(self, folder: Path) -> None:
        """Keep the sound in ``folder``."""
        self._folder = folder

    def file(self, voice: str, speed: float, text: str) -> Path:
        """Return where the sound of ``text`` is."""
        key = hashlib.sha256(f"{voice}/{speed:g}/{text}".encode()).hexdigest()[:20]
        return self._folder / f"{voice}-{key}.wav"

    async def render(
        self, settings: Settings, city: City, wanted: set[tuple[str, float, str]], told: Progress
    ) -> None:
        """Render what is missing of ``wanted`` (voice, speed, words)."""
        missing = sorted(one for one in wanted if not self.file(*one).exists())
        if not missing:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        rows, file = lexicon(city, "pronunciation")
        reading = Reading(rows, file=str(file))
        async with AsyncExitStack() as stack:
            worker = kokoro_worker(settings.models_dir)
            stack.push_async_callback(worker.close)
            await worker.start()
            for done, (voice, speed, text) in enumerate(missing):
                told(done, len(missing))
                speaker = KokoroSynthesizer(worker, reading, voice=voice, speed=speed, timeout_seconds=60)
                sound = b"".join([part async for part in speaker.synthesize(text, audio=PHONE_BAND)])
                target = self.file(voice, speed, text)
                fresh = target.with_suffix(".new.wav")
                write_wav(fresh, sound)
                fresh.replace(target)


def words_of(scripts: Sequence[Script]) -> set[tuple[str, float, str]]:
    """Return every (voice, speed, words) that the scripts need."""
    return {
        (script.voice, script.speed, piece)
        for script in scripts
        for turn in script.turns
        if turn.text is not None
        for piece in _pieces(turn)
    }


def _pieces(turn: Turn) -> list[str]:
    return [piece.strip() for piece in (turn.text or "").split(_PIECE) if piece.strip()]


async def place(
    script: Script, hotline: Hotline, voices: Voices, folder: Path, neighbours: Sequence[Path]
) -> Score:
    """Place one call and judge it; what cannot be placed is scored as failed, with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / hashlib.sha256(script.name.encode()).hexdigest()[:12]
    try:
        plan = [_step(turn, script, voices, base, number) for number, turn in enumerate(script.turns)]
        arguments = ["--steps", str(_written(base.with_suffix(".json"), plan))]
        if script.noise is not None:
            level = _level([Path(step["wav"]) for step in plan if "wav" in step])
            wav = _background_file(script, level, base, neighbours)
            arguments += ["--background", str(wav)]
        rows: dict[int, Mapping[str, Any]] = {}
        heard: dict[str, Any] = {}

        spoken = [turn for turn in script.turns if not (turn.wait or turn.hang_up)]

        def watch(event: Mapping[str, Any]) -> None:
            if event.get("event") == "speaking":
                part = spoken[event["turn"]].breaks
                if part is not None and not break_part(part):
                    log.warning("nothing.to_break", part=part)
            elif event.get("event") == "report":
                heard.update(event)
            elif "sequence" in event:
                rows[event["sequence"]] = event

        placed = Placed(
            script.name, (), script.caller, record=base.with_suffix(".heard.wav"),
            longest_seconds=_LONGEST_SECONDS, arguments=tuple(arguments),
        )  # fmt: skip
        report = await call(hotline, placed, watch)
        sound = read_wav(base.with_suffix(".heard.wav"))
    except (CallFailedError, OSError, ValueError) as error:
        return failed(script, str(error) or type(error).__name__)
    return score(script, rows=[rows[at] for at in sorted(rows)], report=report, heard=heard, sound=sound)


def _step(turn: Turn, script: Script, voices: Voices, base: Path, number: int) -> dict[str, Any]:
    step: dict[str, Any] = {} if turn.barge_in is None else {"barge_in": turn.barge_in}
    if turn.keys is not None:
        return {"keys": turn.keys, **step}
    if turn.wait is not None:
        return {"wait": turn.wait}
    if turn.hang_up:
        return {"hang_up": True, **step}
    if turn.wav is not None:
        return {"wav": str(turn.wav), **step}
    gap = bytes(int(turn.pauses * PHONE_BAND.sample_rate_hz) * 2)
    sound = gap.join(read_wav(voices.file(script.voice, script.speed, piece)) for piece in _pieces(turn))
    wav = base.with_name(f"{base.name}-{number}.wav")
    write_wav(wav, sound)
    return {"wav": str(wav), **step}


def _written(file: Path, plan: list[dict[str, Any]]) -> Path:
    file.write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")
    return file


def _level(wavs: Sequence[Path]) -> float:
    """Return the RMS of the caller's voice, which the noise is measured by."""
    sounds = [np.frombuffer(read_wav(wav), dtype="<i2").astype(np.float64) for wav in wavs]
    voiced = [sound[np.abs(sound) > 100] for sound in sounds]
    total = np.concatenate(voiced) if voiced else np.zeros(0)
    return float(np.sqrt(np.mean(total**2))) if len(total) else _USUAL_LEVEL


def _background_file(script: Script, level: float, base: Path, neighbours: Sequence[Path]) -> Path:
    assert script.noise is not None
    others = [np.frombuffer(read_wav(wav), dtype="<i2").astype(np.float64) for wav in neighbours]
    softer = level * 10 ** (-script.noise.snr_db / 20)
    sound = background(script.noise.kind, others, softer, seed=zlib.crc32(script.name.encode()))
    wav = base.with_suffix(".behind.wav")
    write_wav(wav, np.clip(sound, -32_768, 32_767).astype("<i2").tobytes())
    return wav


async def place_all(
    scripts: Sequence[Script],
    hotline: Hotline,
    voices: Voices,
    folder: Path,
    *,
    at_once: int,
    told: Callable[[Score, int], None],
) -> list[Score]:
    """Place every call, ``at_once`` at a time; ``told`` is given each score with how many are done."""
    gate = asyncio.Semaphore(at_once)
    spoken = sorted(words_of(scripts))
    neighbours = [voices.file(*one) for one in spoken[:: max(1, len(spoken) // 12)]]
    done: list[Score] = []

    async def one(script: Script) -> Score:
        async with gate:
            found = await place(script, hotline, voices, folder, neighbours)
        done.append(found)
        told(found, len(done))
        return found

    return list(await asyncio.gather(*(one(script) for script in scripts)))
