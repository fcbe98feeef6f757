"""Sound for the tools that call and are called: files, a tone, and when somebody is heard."""

from __future__ import annotations

import warnings
import wave
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from hotline.domain.errors import HotlineError
from hotline.domain.speech import PHONE_BAND
from ivr.line import FRAME_BYTES, FRAME_SECONDS

_LOUD: Final = 120.0
"""RMS of a frame with somebody in it (-49 dBFS); G.711 turns digital silence into steps of 8."""
_ONSET_FRAMES: Final = 3
_ONSET_WINDOW: Final = 5
_OFFSET_FRAMES: Final = 15


class SoundFileError(HotlineError):
    """A sound file cannot be used; ``file`` and ``reason`` (Chinese) say which and why."""

    code = "sound_file.invalid"

    def __init__(self, file: str, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(f"{file}：{reason}")


def read_wav(path: Path) -> bytes:
    """Return a WAV file of any rate, width and number of channels as telephone sound."""
    from scipy.io import wavfile  # noqa: PLC0415 -- its 0.6 s of loading only where a file is read

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # unknown chunks do no harm
            rate, data = wavfile.read(path)
    except OSError as error:
        raise SoundFileError(str(path), f"无法读取（{error.strerror}）") from None
    except Exception:  # noqa: BLE001 -- on malformed files the reader raises almost anything
        raise SoundFileError(str(path), "不是有效的 WAV 文件") from None
    if data.size == 0:
        raise SoundFileError(str(path), "文件中没有声音")
    samples = data.astype(np.float64)
    if data.dtype == np.uint8:
        samples = (samples - 128) / 128
    elif data.dtype.kind == "i":
        samples /= float(np.iinfo(data.dtype).max)
    if samples.ndim > 1:
        samples = samples.mean(axis=1)
    phone = soxr.resample(samples, rate, PHONE_BAND.sample_rate_hz)
    return bytes((np.clip(phone, -1, 1) * 32_767).astype("<i2").tobytes())


def write_wav(path: Path, samples: bytes) -> None:
    """Write telephone sound to ``path``."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(PHONE_BAND.sample_rate_hz)
        file.writeframes(samples)


def tone(hertz: float, seconds: float, *, level: float = 0.25) -> bytes:
    """Return a sine tone."""
    times = np.arange(int(seconds * PHONE_BAND.sample_rate_hz)) / PHONE_BAND.sample_rate_hz
    return bytes((np.sin(2 * np.pi * hertz * times) * level * 32_767).astype("<i2").tobytes())


def mixed(one: bytes, other: bytes) -> bytes:
    """Return two sounds of the same length at once; too loud a sum is cut off."""
    total = np.frombuffer(one, dtype="<i2").astype(np.int32) + np.frombuffer(other, dtype="<i2")
    return bytes(np.clip(total, -32_768, 32_767).astype("<i2").tobytes())


def loudness(samples: bytes) -> float:
    """Return the RMS of ``samples`` without their mean."""
    values: NDArray[np.float64] = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    return float(values.std()) if values.size else 0.0


def voiced_length(samples: bytes) -> int:
    """Return how many bytes of ``samples`` there are up to the end of the last frame that is not silent."""
    for end in range(len(samples), 0, -FRAME_BYTES):
        if loudness(samples[max(0, end - FRAME_BYTES) : end]) > _LOUD:
            return end
    return 0


def silent_lead_seconds(samples: bytes) -> float:
    """Return how long ``samples`` are silent before their first frame that is not; 0 where none is."""
    for number, start in enumerate(range(0, len(samples), FRAME_BYTES)):
        if loudness(samples[start : start + FRAME_BYTES]) > _LOUD:
            return number * FRAME_SECONDS
    return 0.0


@dataclass(frozen=True, slots=True)
class Onset:
    """Somebody began to be heard at ``at`` (seconds of audio time)."""

    at: float


@dataclass(frozen=True, slots=True)
class Offset:
    """Nothing has been heard since ``at``."""

    at: float


class SoundWatch:
    """Tells when sound begins and ends. A click is no sound; a gap of less than 0.3 s is no end. Pure."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, bool]] = deque(maxlen=_ONSET_WINDOW)
        self._last_loud = 0.0
        self._quiet_frames = 0
        self.is_sounding = False

    def hear(self, samples: bytes, at: float) -> Onset | Offset | None:
        """Take the frame that begins at ``at``."""
        is_loud = loudness(samples) > _LOUD
        if self.is_sounding:
            if is_loud:
                self._last_loud, self._quiet_frames = at, 0
                return None
            self._quiet_frames += 1
            if self._quiet_frames < _OFFSET_FRAMES:
                return None
            self.is_sounding = False
            self._recent.clear()
            return Offset(self._last_loud + FRAME_SECONDS)
        self._recent.append((at, is_loud))
        loud = [begin for begin, was_loud in self._recent if was_loud]
        if len(loud) < _ONSET_FRAMES:
            return None
        self.is_sounding, self._last_loud, self._quiet_frames = True, at, 0
        return Onset(loud[0])
