"""Sound that comes as a file (语音消息): AMR of WeChat, Opus in Ogg or WebM of browsers, AAC in MP4; decoded to what recognisers take.

The file is a stranger's: its kind is told by its first bytes, only audio decoders for those kinds are opened, and what is
longer or bigger than allowed is refused before it is decoded.
"""

from __future__ import annotations

import io
from enum import StrEnum
from typing import Final

import av
import av.error
from av.audio.resampler import AudioResampler

from hotline.domain.errors import HotlineError
from hotline.domain.speech import WIDE_BAND, AudioFormat

MOST_BYTES: Final = 4 * 1024 * 1024
_CODECS: Final = {
    "amr": ("amrnb", "amrwb"),
    "ogg": ("opus", "vorbis", "speex"),
    "matroska": ("opus", "vorbis"),
    "mp4": ("aac", "alac", "opus"),
    "mp3": ("mp3float", "mp3"),
    "wav": ("pcm_s16le", "pcm_u8", "pcm_alaw", "pcm_mulaw"),
}


class Fault(StrEnum):
    """Why a file cannot be used."""

    NOT_SOUND = "not_sound"
    TOO_BIG = "too_big"
    TOO_LONG = "too_long"


class SoundRefusedError(HotlineError):
    """The file is not a sound that can be recognised."""

    code = "sound.refused"

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.value)


def container_of(body: bytes) -> str | None:
    """Return the kind of file by its first bytes, or None when it is no sound that is known here."""
    if body.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "amr"
    if body.startswith(b"OggS"):
        return "ogg"
    if body.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if body[4:8] == b"ftyp":
        return "mp4"
    if body.startswith(b"RIFF") and body[8:12] == b"WAVE":
        return "wav"
    if body.startswith(b"ID3") or (len(body) > 1 and body[0] == 0xFF and body[1] & 0xE6 == 0xE2):
        return "mp3"
    return None


def decoded(body: bytes, *, most_seconds: float, to: AudioFormat = WIDE_BAND) -> bytes:
    """Return 16-bit mono samples at the rate of ``to``; raise ``SoundRefusedError``. Blocks: call it in a thread."""
    if len(body) > MOST_BYTES:
        raise SoundRefusedError(Fault.TOO_BIG)
    kind = container_of(body)
    if kind is None:
        raise SoundRefusedError(Fault.NOT_SOUND)
    try:
        samples = _decoded(body, kind, round(most_seconds * to.bytes_per_second), to)
    except (av.error.FFmpegError, ValueError, IndexError, EOFError) as error:
        raise SoundRefusedError(Fault.NOT_SOUND) from error
    if not samples:
        raise SoundRefusedError(Fault.NOT_SOUND)
    return samples


def _decoded(body: bytes, kind: str, most: int, to: AudioFormat) -> bytes:
    found = bytearray()
    resampler = AudioResampler(format="s16", layout="mono", rate=to.sample_rate_hz)
    with av.open(io.BytesIO(body), mode="r", format="mov" if kind == "mp4" else kind) as file:
        if len(file.streams.audio) != 1:
            raise SoundRefusedError(Fault.NOT_SOUND)
        stream = file.streams.audio[0]
        if stream.codec_context.name not in _CODECS[kind]:
            raise SoundRefusedError(Fault.NOT_SOUND)
        for frame in file.decode(stream):
            for piece in resampler.resample(frame):
                found += _samples(piece)
            if len(found) > most:
                raise SoundRefusedError(Fault.TOO_LONG)
    for piece in resampler.resample(None):
        found += _samples(piece)
    return bytes(found)


def _samples(frame: av.AudioFrame) -> bytes:
    return bytes(frame.planes[0])[: frame.samples * 2]  # a plane may be longer than what is in it
