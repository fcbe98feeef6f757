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
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.descendants import descendants
from app.machine import running
from app.private import private
from app.rasa_server import rasa_parts
from app.settings import Settings
from hotline.city import load_city
from ivr.sip.sound import read_wav, write_wav
from tests.telephony.many import grow
from tests.telephony.support import program

pytestmark = [pytest.mark.telephony, pytest.mark.slow, pytest.mark.timeout(600)]

WHISPER = Settings().models_dir / "whisper-base" / "model.bin"
SENTENCE = "兰山区银雀山街道的路灯坏了没有人修"
LONGEST = 2.0
ANSWER = 3.0


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


def longest_gap(sound: bytes, since: float) -> float:
    """Return the longest silence after ``since`` until the hotline has spoken for ``ANSWER``; a filler alone is no answer."""
    frames = np.frombuffer(sound[: len(sound) // 320 * 320], "<i2").astype(np.float64).reshape(-1, 160)
    longest = silent = spoken = 0.0
    for is_loud in frames[int(since / 0.02) :].std(axis=1) > 200:
        silent = 0.0 if is_loud else silent + 0.02
        spoken += 0.02 if is_loud else 0.0
        longest = max(longest, silent)
        if spoken >= ANSWER:
            return round(longest, 2)
    return math.inf


async def gap(uri: str, wav: Path, folder: Path, fault: Callable[[], None]) -> float:
    """Call, have ``fault`` happen in mid-sentence, and return the longest silence until an answer was heard."""
    record, plan = folder / "heard.wav", folder / "steps.json"
    plan.write_text(json.dumps([{"wav": str(wav)}, {"hang_up": True, "barge_in": 18.0}]))
    options = ("--steps", str(plan), "--record", str(record), "--longest", "40", "--json-lines")
    async with program("-m", "ivr.caller", uri, *options) as caller:
        await caller.event("speaking", seconds=60)
        await asyncio.sleep(0.6)
        fault()
        report = await caller.event("report", seconds=60)
    return longest_gap(read_wav(record), report["turns"][0]["spoken_until"])


async def rasa_has_begun(settings: Settings) -> bool:
    """Wait until Rasa understands; False where it is not installed or not trained."""
    if not rasa_parts(settings, load_city(settings.city)):
        return False
    async with asyncio.timeout(150):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", settings.rasa_port)
                writer.close()
                return True
            await asyncio.sleep(0.5)


async def test_nobody_hears_two_seconds_of_nothing_whatever_is_killed(wav: Path, tmp_path: Path) -> None:
    await grow(tmp_path / "data")
    settings = private(Settings(), tmp_path / "data")

    def kill(*words: str) -> None:
        os.kill(part(*words).pid, signal.SIGKILL)

    def kill_what_is_shared() -> None:
        kill("redis-server")
        kill("app", "web")

    def lose_database() -> None:
        (settings.data_dir / "hotline.sqlite3").rename(tmp_path / "away.sqlite3")

    faults: dict[str, Callable[[], None]] = {
        "recogniser": lambda: kill("asr.engines.whisper_worker"),
        "voice": lambda: kill("tts.engines.kokoro_worker"),
        "Redis and web": kill_what_is_shared,
        "database": lose_database,
    }
    heard = {}
    async with running(settings, lambda _: None) as hotline:
        for name, fault in faults.items():
            heard[name] = await gap(hotline.sip, wav, tmp_path, fault)
        if await rasa_has_begun(settings):  # it has had the other calls to load
            heard["Rasa"] = await gap(hotline.sip, wav, tmp_path, lambda: kill("rasa", "run"))
    print(heard)
    assert {name: seconds for name, seconds in heard.items() if seconds > LONGEST} == {}
