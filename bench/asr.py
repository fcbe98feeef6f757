"""Benchmark of a recognizer on any speech: character error rate, speed and latency, wide-band or as on the telephone."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import av
import cn2an
import numpy as np
import numpy.typing as npt
import opencc
import soxr
from rapidfuzz.distance import Levenshtein

from asr.recognizer import Recognizer
from hotline.domain.errors import HotlineError
from hotline.domain.speech import PHONE_BAND, WIDE_BAND, Expected

Band = Literal["wide", "phone"]
Noise = Literal["room", "white"]
Sound = npt.NDArray[np.float32]

_CHUNK_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 30
_LOWEST_NOISE_HZ: Final = 100.0
# Room noise (Hoth, ITU-T P.800) begins at 100 Hz and falls by about 4.9 dB an octave: amplitude goes with f^-0.815.
_ROOM_SLOPE: Final = -0.815
_DIGITS: Final = "零一二三四五六七八九"
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_DIGIT_BY_DIGIT_FROM: Final = 5


class AudioDataError(HotlineError):
    """The speech or its transcripts cannot be used; the text says what and where, in Chinese."""

    code = "audio_data.invalid"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of the transcripts."""

    file: Path
    text: str


async def bench_asr(  # noqa: PLR0917 -- as the command line gives them
    recognizer: Recognizer,
    audio_dir: Path,
    transcripts_csv: Path,
    band: Band,
    noise_snr_db: float | None,
    progress: Callable[[int, int], None],
    *,
    noise: Noise = "room",
    seed: int = 12345,
) -> dict[str, float]:
    """Recognise every utterance and return error rates in percent, real-time factor and latency.

    ``cer_raw`` is of what the engine heard, ``cer`` of the repaired text. Latency is from the end of the sound to
    the final text. ``progress(done, total)`` is called after each utterance; files over 30 s count as several.
    Raises ``AudioDataError``.
    """
    utterances = read_transcripts(audio_dir, transcripts_csv)
    random = np.random.default_rng(seed)
    wrong_raw = wrong = characters = pieces_done = 0
    sound_seconds = busy_seconds = 0.0
    latencies: list[float] = []
    for done, utterance in enumerate(utterances):
        sound = as_heard(utterance.file, band, noise_snr_db, noise, random)
        pieces = np.array_split(
            sound, max(1, -(-len(sound) // (_LONGEST_SECONDS * WIDE_BAND.sample_rate_hz)))
        )
        raw = text = ""
        for piece in pieces:
            heard = await heard_in(recognizer, piece)
            raw, text = raw + heard.raw, text + heard.text
            latencies.append(heard.latency_seconds)
            busy_seconds += heard.seconds
            pieces_done += 1
            progress(pieces_done, pieces_done + len(utterances) - done - 1)
        meant = comparable(utterance.text)
        characters += len(meant)
        wrong_raw += Levenshtein.distance(meant, comparable(raw))
        wrong += Levenshtein.distance(meant, comparable(text))
        sound_seconds += len(sound) / WIDE_BAND.sample_rate_hz
    if not characters:
        raise AudioDataError(f"{transcripts_csv}：没有一条有文字的记录")
    p50, p95 = np.percentile(latencies, [50, 95])
    return {
        "cer_raw": round(100 * wrong_raw / characters, 2),
        "cer": round(100 * wrong / characters, 2),
        "rtf": round(busy_seconds / sound_seconds, 3),
        "latency_p50_ms": round(1_000 * float(p50)),
        "latency_p95_ms": round(1_000 * float(p95)),
        "utterances": len(utterances),
    }


def read_transcripts(audio_dir: Path, transcripts_csv: Path) -> list[Utterance]:
    """Read a CSV with the columns ``file`` and ``text``; raises ``AudioDataError``."""
    if not audio_dir.is_dir():
        raise AudioDataError(f"音频目录不存在：{audio_dir}")
    if not transcripts_csv.is_file():
        raise AudioDataError(f"标注文件不存在：{transcripts_csv}")
    try:
        with transcripts_csv.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = list(reader)
            columns = reader.fieldnames or ()
    except (UnicodeDecodeError, csv.Error) as error:
        raise AudioDataError(f"{transcripts_csv}：不是UTF-8编码的CSV文件（{error}）") from error
    if lacking := {"file", "text"} - set(columns):
        raise AudioDataError(f"{transcripts_csv}：缺少列 {'、'.join(sorted(lacking))}，需要 file,text 两列")
    utterances = [Utterance(audio_dir / row["file"], row["text"] or "") for row in rows]
    for number, utterance in enumerate(utterances, 2):
        if not utterance.file.is_file():
            raise AudioDataError(f"{transcripts_csv} 第{number}行：音频文件不存在：{utterance.file}")
    if not utterances:
        raise AudioDataError(f"{transcripts_csv}：没有记录")
    return utterances


def read_sound(file: Path) -> tuple[Sound, int]:
    """Return a file's sound as one channel, −1 to 1, with its sample rate; any format that libav reads."""
    try:
        with av.open(str(file)) as container:
            rate = int(container.streams.audio[0].rate)
            floats = av.AudioResampler(format="fltp")
            parts = [
                part.to_ndarray().mean(axis=0)
                for frame in (*container.decode(audio=0), None)
                for part in floats.resample(frame)
            ]
    except (av.FFmpegError, IndexError) as error:
        raise AudioDataError(f"音频文件无法读取：{file}（{error}）") from error
    return (np.concatenate(parts) if parts else np.zeros(0, np.float32)).astype(np.float32), rate


def on_the_telephone(sound: Sound) -> Sound:
    """Pass 8 kHz sound through G.711 A-law and back."""
    levels = _A_LAW[np.searchsorted(_A_LAW_LIMITS, np.clip(sound, -1, 1) * 32_768)]
    return np.asarray(levels / 32_768, np.float32)


def add_noise(sound: Sound, rate: int, snr_db: float, noise: Noise, random: np.random.Generator) -> Sound:
    """Add room or white noise, ``snr_db`` below the whole utterance, up to half of ``rate``."""
    spectrum = np.fft.rfft(random.standard_normal(len(sound)))
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
    weights = np.where(frequencies >= _LOWEST_NOISE_HZ, 1.0, 0.0)
    if noise == "room":
        weights *= np.maximum(frequencies, 1.0) ** _ROOM_SLOPE
    added = np.fft.irfft(spectrum * weights, len(sound))
    power = float(np.mean(added**2)) or 1.0
    gain = np.sqrt(float(np.mean(sound**2)) / power / 10 ** (snr_db / 10))
    return np.asarray(sound + gain * added, np.float32)


def comparable(text: str) -> str:
    """Return simplified characters only: punctuation dropped, digits read as characters, Latin in lower case."""
    text = _SIMPLIFY.convert(text)
    text = re.sub(r"(\d+(?:\.\d+)?)\s*%", r"百分之\1", text)
    text = re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", text)
    text = _NUMBER.sub(_read_aloud, text)
    return "".join(character for character in text.lower() if character.isalnum())


def _read_aloud(found: re.Match[str]) -> str:
    """Read a number as people do: long ones and years digit by digit, others as a quantity."""
    number = found.group()
    whole = number.partition(".")[0]
    after = found.string[found.end() : found.end() + 1]
    is_year = (len(number) == 4 and after == "年") or (len(number) == 2 and after == "后")
    if "." not in number and (len(number) >= _DIGIT_BY_DIGIT_FROM or number.startswith("0") or is_year):
        return "".join(_DIGITS[int(digit)] for digit in number)
    if len(whole) >= _DIGIT_BY_DIGIT_FROM:
        return "".join(_DIGITS[int(digit)] if digit != "." else "点" for digit in number)
    return str(cn2an.an2cn(number, "low"))


@dataclass(frozen=True, slots=True)
class Heard:
    """What was recognised, repaired (``text``) and as the engine gave it (``raw``, ``others``), and how long it took."""

    text: str
    raw: str
    others: tuple[str, ...]
    seconds: float
    latency_seconds: float


async def heard_in(recognizer: Recognizer, sound: Sound) -> Heard:
    """Return what ``recognizer`` makes of sound in the format that it accepts."""
    samples = np.clip(np.round(sound * 32_768), -32_768, 32_767).astype(np.int16).tobytes()
    step = int(_CHUNK_SECONDS * recognizer.accepts.bytes_per_second)
    started = time.perf_counter()
    ended = started

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal ended
        for start in range(0, len(samples), step):
            yield samples[start : start + step]
        ended = time.perf_counter()

    text, raw, others = "", "", tuple[str, ...]()
    async for hypothesis in recognizer.recognize(chunks(), expect=Expected.OPEN):
        if hypothesis.is_final:
            text, raw, others = hypothesis.text, hypothesis.raw, hypothesis.others
    now = time.perf_counter()
    return Heard(text, raw, others, now - started, now - ended)


def as_heard(
    file: Path, band: Band, snr_db: float | None, noise: Noise, random: np.random.Generator
) -> Sound:
    """Return a recording as the recogniser hears it, at 16 kHz."""
    sound, rate = read_sound(file)
    at = PHONE_BAND.sample_rate_hz if band == "phone" else WIDE_BAND.sample_rate_hz
    sound = _resampled(sound, rate, at)
    if snr_db is not None and len(sound):
        sound = add_noise(sound, at, snr_db, noise, random)
    return _resampled(on_the_telephone(sound), at, WIDE_BAND.sample_rate_hz) if band == "phone" else sound


def _resampled(sound: Sound, rate: int, wanted: int) -> Sound:
    return sound if rate == wanted else np.asarray(soxr.resample(sound, rate, wanted), np.float32)


def _a_law_levels() -> npt.NDArray[np.float64]:
    """Return the 256 levels of G.711 A-law in 16-bit units, ascending."""
    positive = [
        (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1)
        for segment in range(8)
        for step in range(16)
    ]
    return np.array([*(-level for level in reversed(positive)), *positive], np.float64)


_A_LAW: Final = _a_law_levels()
_A_LAW_LIMITS: Final = (_A_LAW[1:] + _A_LAW[:-1]) / 2
_SIMPLIFY: Final[Any] = opencc.OpenCC("t2s")
