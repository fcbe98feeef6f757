"""Ending a part of a running hotline in the middle of a call, the hard way (kill -9), to see what its caller hears."""

from __future__ import annotations

from typing import Final

import psutil

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
    for process in psutil.Process().children(recursive=True):
        try:
            if any(_PROGRAMS[part] in word for word in process.cmdline()[:6]):
                process.kill()
                killed += 1
        except psutil.Error:
            continue  # it ended by itself meanwhile
    return killed
