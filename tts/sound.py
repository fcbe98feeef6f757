"""What is done to rendered speech before it is played: trimmed, of one loudness, in the format asked for."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

_QUIET: Final = 0.004
_LEAD_SECONDS: Final = 0.02
_LOUDNESS: Final = 0.1  # -20 dB below full scale: G.711 is clean there, and no caller has to turn it up
_PEAK: Final = 0.89
_FRAME_SECONDS: Final = 0.02

Sound = npt.NDArray[np.float32]
"""Samples of one channel, −1 to 1."""


def trimmed(sound: Sound, rate_hz: int, *, tail_seconds: float) -> Sound:
    """Cut the silence at both ends, so that the first sound is early, and let ``tail_seconds`` of silence follow."""
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    if not loud.size:
        return sound[:0]
    start = max(0, int(loud[0]) - round(_LEAD_SECONDS * rate_hz))
    tail = np.zeros(round(tail_seconds * rate_hz), np.float32)
    return np.concatenate([sound[start : int(loud[-1]) + 1], tail])


def levelled(sound: Sound, rate_hz: int) -> Sound:
    """Bring speech to −20 dB below full scale, pauses not counted, or as near to it as goes without clipping."""
    frame = round(_FRAME_SECONDS * rate_hz)
    power = np.square(sound[: len(sound) // frame * frame]).reshape(-1, frame).mean(axis=1)
    power = power[power > _QUIET**2]
    peak = float(np.max(np.abs(sound), initial=0.0))
    if not power.size or not peak:
        return sound
    return sound * np.float32(min(_LOUDNESS / float(np.sqrt(power.mean())), _PEAK / peak))


def samples_of(sound: Sound, rate_hz: int, wanted_hz: int) -> bytes:
    """Return 16-bit samples at ``wanted_hz``."""
    if rate_hz != wanted_hz and sound.size:
        sound = soxr.resample(sound, rate_hz, wanted_hz)
    return bytes(np.clip(np.rint(sound * 32_767), -32_768, 32_767).astype("<i2").tobytes())
