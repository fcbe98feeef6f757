"""Telling the hotline's own voice, come back from the far end, from the caller's (回声).

A caller's loudspeaker or a hybrid sends the prompt back a little later, softer and coloured. What is heard is compared
with what was sent lately at every delay: an echo resembles one of them, another voice none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

COMPARED_SECONDS: Final = 0.25
"""So much of what is heard is compared."""

LONGEST_DELAY_SECONDS: Final = 0.7
"""An echo later than that is not looked for; the jitter buffers of both ends and ITU-T G.114's 400 ms are within it."""

_ALIKE: Final = 0.33
_SOMEWHAT_ALIKE: Final = 0.2
_MUCH_SOFTER: Final = 0.25
_EMPHASIS: Final = 0.95
_LEAST_ENERGY: Final = 1.0

Samples = npt.NDArray[np.float32]


def is_echo(heard: bytes, sent: bytes) -> bool:
    """Tell whether ``heard`` is an echo of part of ``sent``, the sound sent up to now; 8 kHz, 16-bit.

    An electric echo resembles its source by 0.9 and more, one through a room by 0.25 to 0.7, another voice by less than
    0.3 (95 %). What lies between is an echo when it is also 12 dB softer than what was sent.
    """
    alike = resemblance(heard, sent)
    if alike >= _ALIKE:
        return True
    return alike >= _SOMEWHAT_ALIKE and _level(heard) < _MUCH_SOFTER * _level(sent)


def resemblance(heard: bytes, sent: bytes) -> float:
    """Return how much ``heard`` is like the part of ``sent`` it is most like: the largest normalised cross-correlation."""
    ear, mouth = _emphasised(heard), _emphasised(sent)
    if len(ear) < 2 or not len(mouth):
        return 0.0
    mouth = np.concatenate((np.zeros(len(ear), dtype=np.float32), mouth))  # before that it was silent
    size = 1 << (len(ear) + len(mouth) - 1).bit_length()
    spectrum = np.fft.rfft(mouth, size) * np.conj(np.fft.rfft(ear, size))
    products = np.fft.irfft(spectrum, size)[: len(mouth) - len(ear) + 1]
    energy = np.concatenate((np.zeros(1), np.cumsum(np.square(mouth, dtype=np.float64))))
    windows = energy[len(ear) :] - energy[: len(mouth) - len(ear) + 1]
    own = float(np.square(ear, dtype=np.float64).sum())
    if own < _LEAST_ENERGY:
        return 0.0
    scale = np.sqrt(np.maximum(windows, _LEAST_ENERGY * len(ear)) * own)
    return float(np.abs(products / scale).max())


def _emphasised(sound: bytes) -> Samples:
    """Lift the high band, where voices differ more than in their pitch."""
    samples = np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").astype(np.float32)
    return samples[1:] - _EMPHASIS * samples[:-1]


def _level(sound: bytes) -> float:
    samples = np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").astype(np.float32)
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
