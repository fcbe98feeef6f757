"""What sounds behind a caller: white and room noise, babble of voices, a television (背景声)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.conversation_scripts import NoiseKind

Sound = npt.NDArray[np.float64]

_RATE: Final = 8_000
_SECONDS: Final = 20.0
_ROOM_SLOPE: Final = -0.5
_LOWEST_HZ: Final = 80.0
_SCALE: Final = ((0, 4, 7, 12), (-3, 0, 5, 9), (2, 5, 9, 14))


def background(kind: NoiseKind, voices: Sequence[Sound], level: float, seed: int) -> Sound:
    """Return 20 s of ``kind`` at 8 kHz with an RMS of ``level``, to be repeated; ``voices`` are spoken sentences."""
    random = np.random.default_rng(seed)
    length = int(_SECONDS * _RATE)
    sound: Sound = np.zeros(length)
    match kind:
        case "white":
            sound = _coloured(random, length, slope=0.0)
        case "room":
            sound = _coloured(random, length, slope=_ROOM_SLOPE)
        case "babble":
            sound = sum((_talk(voices, random, length) for _ in range(6)), start=np.zeros(length))
        case "television":
            sound = _talk(voices, random, length) + 0.4 * _music(random, length)
    power = float(np.sqrt(np.mean(sound**2))) or 1.0
    return np.asarray(sound * (level / power))


def _coloured(random: np.random.Generator, length: int, *, slope: float) -> Sound:
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequencies = np.fft.rfftfreq(length, 1 / _RATE)
    weights = np.where(frequencies >= _LOWEST_HZ, np.maximum(frequencies, 1.0) ** slope, 0.0)
    return np.asarray(np.fft.irfft(spectrum * weights, length))


def _talk(voices: Sequence[Sound], random: np.random.Generator, length: int) -> Sound:
    """Join sentences with short pauses until ``length`` is full."""
    if not voices:
        return _coloured(random, length, slope=_ROOM_SLOPE)
    parts: list[Sound] = []
    while sum(map(len, parts)) < length:
        parts += [voices[int(random.integers(len(voices)))], np.zeros(int(random.uniform(0.1, 0.6) * _RATE))]
    return np.asarray(np.concatenate(parts)[:length])


def _music(random: np.random.Generator, length: int) -> Sound:
    """Chords of half a second, as under a commercial."""
    step = _RATE // 2
    sound = np.zeros(length)
    for start in range(0, length, step):
        times = np.arange(min(step, length - start)) / _RATE
        for note in _SCALE[int(random.integers(len(_SCALE)))]:
            pitch = 262.0 * 2 ** (note / 12)
            sound[start : start + len(times)] += np.sin(2 * np.pi * pitch * times) * np.exp(-3 * times)
    return sound
