"""A part of the hotline is killed while a caller speaks to it: no caller hears more than two seconds of nothing.

The real parts: whisper, the voice, Redis, the understanding in process, the store. What is measured is the sound that the
caller received; what the hotline understands of espeak's voice is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate

from app.city_words import lexicon
from app.descendants import descendants
from app.knowledge import open_alone
from app.machine import running
from app.phone import phone_settings
from app.private import private
from app.rasa_server import is_installed, rasa_parts
from app.settings import Settings
from app.wiring import Speaking, voice_cache
from hotline.city import load_city
from hotline.domain.speech import PHONE_BAND
from ivr.sip.sound import read_wav, write_wav
from tests.postgres import PostgresServer
from tests.telephony.support import program, samples
from tts.engines.caching import CachingSynthesizer
from tts.engines.kokoro import KokoroSynthesizer, kokoro_worker
from tts.reading import Reading

pytestmark = [pytest.mark.telephony, pytest.mark.slow, pytest.mark.timeout(900)]

WHISPER = Settings().models_dir / "whisper-base" / "model.bin"
SENTENCE = "兰山区银雀山街道的路灯坏了没有人修"
LONGEST = 2.0
ANSWER = 3.0
WORD = 0.3
WAITS = 3.5
"""Seconds: so much of its own words is an answer, so little may be one (“请讲”), and so long it waits at least for the
caller after it."""
BEGINNING = 4_800
"""Samples of a filler by which it is known."""


@pytest.fixture
async def wav(tmp_path: Path) -> Path:
    if shutil.which("espeak-ng") is None or not WHISPER.is_file():
        pytest.skip(f"no espeak-ng, or no {WHISPER}")
    raw, file = tmp_path / "raw.wav", tmp_path / "said.wav"
    process = await asyncio.create_subprocess_exec(
        "espeak-ng", "-v", "cmn", "-s", "140", "-w", str(raw), SENTENCE
    )
    assert await process.wait() == 0
    write_wav(file, read_wav(raw))
    return file


def part(*words: str) -> psutil.Process:
    """Return the one process below this one whose command holds ``words``."""
    (found,) = [
        process
        for process, command in descendants()
        if all(any(word in argument for argument in command) for word in words)
    ]
    return found


async def fillers(settings: Settings) -> list[bytes]:
    """Return what the hotline says to bridge a wait, as it was rendered for the calls."""
    city = load_city(settings.city)
    rows, file = lexicon(city, "pronunciation")
    voice = KokoroSynthesizer(
        kokoro_worker(settings.models_dir),
        Reading(rows, file=str(file)),
        voice=settings.voice,
        speed=settings.voice_speed,
    )
    kept = CachingSynthesizer(voice, voice_cache(settings))
    texts = phone_settings(settings, city).fillers
    assert all(kept.is_kept(text, PHONE_BAND) for text in texts)
    return [b"".join([sound async for sound in kept.synthesize(text, audio=PHONE_BAND)]) for text in texts]


def loud(sound: bytes) -> NDArray[np.bool_]:
    """Tell of each 20 ms whether there is sound in it."""
    return samples(sound)[: len(sound) // 320 * 160].reshape(-1, 160).std(axis=1) > 200


def own_words(received: bytes, bridges: list[bytes]) -> NDArray[np.bool_]:
    """Tell of each 20 ms of ``received`` whether the hotline speaks there, and says none of ``bridges``."""
    speaks = loud(received)
    heard = samples(received)
    energy = np.sqrt(np.maximum(correlate(heard**2, np.ones(BEGINNING), "valid"), 1e6))
    for bridge in bridges:
        voiced = np.flatnonzero(loud(bridge))
        first, length = int(voiced[0]), int(voiced[-1] - voiced[0]) + 1
        beginning = samples(bridge)[first * 160 :][:BEGINNING]
        alike = correlate(heard, beginning, "valid") / energy / np.sqrt(beginning @ beginning)
        for place in np.flatnonzero(alike > 0.8) // 160:
            speaks[max(place - 2, 0) : place + length + 3] = False
    return speaks


def longest_gap(received: bytes, since: float, bridges: list[bytes]) -> float:
    """Return the longest silence after ``since`` until the hotline has answered, which ``bridges`` are not, or the caller gave up.

    After its own words it waits for the caller's: a silence as long as that is none of its making. Bridges are few: who is
    never answered is left in silence before giving up.
    """
    start = int(since / 0.02)
    is_loud, is_own = loud(received)[start:], own_words(received, bridges)[start:]
    longest = silent = answered = 0.0
    for sounds, own in zip(is_loud, is_own, strict=True):
        if sounds:
            longest, silent = max(longest, silent), 0.0
        silent += 0.02
        answered += 0.02 if own else 0.0
        if answered >= ANSWER or (answered >= WORD and silent > WAITS):
            return round(longest, 2)
    return round(max(longest, silent), 2) if longest or answered else math.inf


async def called(uri: str, wav: Path, record: Path, fault: Callable[[], None]) -> tuple[bytes, float]:
    """Call, have ``fault`` happen in mid-sentence, and return what was heard, and when the sentence was over."""
    plan = record.with_suffix(".json")
    plan.write_text(json.dumps([{"wav": str(wav)}, {"hang_up": True, "barge_in": 18.0}]))
    options = ("--steps", str(plan), "--record", str(record), "--longest", "90", "--json-lines")
    async with program("-m", "ivr.caller", uri, *options) as caller:
        await caller.event("speaking", seconds=60)
        await asyncio.sleep(0.6)
        fault()
        report = await caller.event("report", seconds=90)
    return read_wav(record), report["turns"][0]["spoken_until"]


async def rasa_has_begun(settings: Settings) -> bool:
    """Wait until Rasa understands; False where it is not installed. What is installed has been trained."""
    if not is_installed():
        return False
    assert rasa_parts(settings, load_city(settings.city)) != (), "make ready"
    async with asyncio.timeout(150):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", settings.rasa_port)
                writer.close()
                return True
            await asyncio.sleep(0.5)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


async def test_nobody_hears_two_seconds_of_nothing_whatever_is_killed(
    wav: Path, tmp_path: Path, server: PostgresServer
) -> None:
    settings = private(Settings(database=await server.new_database("hotline")), tmp_path / "data")
    async with contextlib.AsyncExitStack() as stack:
        city = load_city(settings.city)
        await open_alone(settings, city, stack)  # its articles
        voice = await Speaking.open(settings, city, stack)
        for text in phone_settings(settings, city).fillers:  # a hotline that was set up has them
            await voice.keep_beginning(text)

    def kill(*words: str) -> None:
        os.kill(part(*words).pid, signal.SIGKILL)

    def kill_what_is_shared() -> None:
        kill("redis-server")
        kill("app", "web")

    faults: dict[str, Callable[[], None]] = {
        "recogniser": lambda: kill("asr.engines.whisper_worker"),
        "voice": lambda: kill("tts.engines.kokoro_worker"),
        "Redis and web": kill_what_is_shared,
        "Rasa": lambda: kill("rasa", "run"),
        "database": lambda: server.signal(signal.SIGKILL),
    }
    calls = {}
    async with running(settings, lambda _: None) as hotline:
        for name, fault in faults.items():
            if name == "Rasa" and not await rasa_has_begun(settings):
                continue
            calls[name] = await called(hotline.sip, wav, tmp_path / f"{name}.wav", fault)
    bridges = await fillers(settings)
    heard = {name: longest_gap(received, since, bridges) for name, (received, since) in calls.items()}
    print(heard)
    assert {name: seconds for name, seconds in heard.items() if seconds > LONGEST} == {}
