"""Sounds and pictures as telephones and browsers send them, made here."""

from __future__ import annotations

import io

import av
import numpy as np
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

TONE_HZ = 300


def a_sound(container: str = "amr", codec: str = "libopencore_amrnb", *, seconds: float = 1.0) -> bytes:
    """Return a tone of ``TONE_HZ`` as a file."""
    rate = {"libopencore_amrnb": 8_000, "libopus": 48_000}.get(codec, 44_100)
    tone = (np.sin(np.arange(round(rate * seconds)) * 2 * np.pi * TONE_HZ / rate) * 12_000).astype(np.int16)
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        size = stream.codec_context.frame_size or 960
        for start in range(0, len(tone) - size + 1, size):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + size], format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def a_photo(
    *,
    kind: str = "JPEG",
    size: tuple[int, int] = (640, 480),
    gps: tuple[float, float] | None = None,
    orientation: int = 1,
) -> bytes:
    """Return a photo with a camera's name and serial number in it, and where it was taken, if given."""
    image = Image.new("RGB", size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.Orientation] = "HUAWEI", "NOH-AN00-SECRET", orientation
    if gps is not None:
        exif.get_ifd(IFD.GPSInfo).update(
            {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: _parts(gps[0]), GPS.GPSLongitudeRef: "E",
             GPS.GPSLongitude: _parts(gps[1])}
        )  # fmt: skip
    out = io.BytesIO()
    image.save(out, kind, exif=exif)
    return out.getvalue()


def _parts(degrees: float) -> tuple[float, float, float]:
    whole, rest = int(degrees), degrees % 1 * 60
    return (float(whole), float(int(rest)), round(rest % 1 * 60, 4))
