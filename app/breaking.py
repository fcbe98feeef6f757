"""Ending a part of a running hotline in the middle of a call, the hard way (kill -9), to see what its caller hears."""

from __future__ import annotations

import contextlib
from typing import Final

import psutil

from app.descendants import descendants
from bench.conversation_scripts import BreakablePart

_PROGRAMS: Final[dict[BreakablePart, str]] = {
    "recognizer": "asr.engines.whisper_worker",
    "voice": "tts.engines.kokoro_worker",
    "redis": "redis-server",
    "rasa": "rasa",
}


def break_part(part: BreakablePart) -> int:
    """Kill the processes of ``part`` among this process's own descendants; return how many there were."""
    killed = 0
    for process, words in descendants():
        if any(_PROGRAMS[part] in word for word in words[:6]):
            with contextlib.suppress(psutil.Error):  # it has ended by itself meanwhile
                process.kill()
                killed += 1
    return killed
