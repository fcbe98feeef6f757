"""Pictures that citizens send (随手拍): told by content, bounded, drawn anew without all that hides in a file.

What a photo says of itself (EXIF) is read once, for the place where it was taken, and is not kept: neither telephone nor
serial number, nor the picture within the picture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from hotline.domain.appeal import Datum, Position

MOST_BYTES: Final = 12 * 1024 * 1024
_MOST_PIXELS: Final = 64_000_000
_LONGEST_SIDE: Final = 2_560
_QUALITY: Final = 85
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_GPS: Final = 0x8825
_BROKEN: Final = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError,
    TypeError, ZeroDivisionError, OverflowError, MemoryError, Warning,
)  # fmt: skip
"""What Pillow raises for files that are damaged, or were made to break it."""
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: JPEG without metadata. ``position``: where the photo says that it was taken."""

    jpeg: bytes
    width: int
    height: int
    position: Position | None


def redrawn(body: bytes) -> Picture | None:
    """Return the picture drawn anew; None when it is none, or too big to be one. Blocks: call it in a thread."""
    if len(body) > MOST_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            position = _position(image)
            image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            drawn = _on_white(upright)
    except _BROKEN:
        return None
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=_QUALITY)
    return Picture(out.getvalue(), drawn.width, drawn.height, position)


def _on_white(image: Image.Image) -> Image.Image:
    """Return it as RGB, without transparency and with nothing but its points."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return white
    bare = Image.new("RGB", image.size)
    bare.paste(image.convert("RGB"))
    return bare


def _position(image: Image.Image) -> Position | None:
    try:
        gps = image.getexif().get_ifd(_GPS)
        latitude = _degrees(gps[_LATITUDE], str(gps[_LATITUDE_REF]), "S", 90)
        longitude = _degrees(gps[_LONGITUDE], str(gps[_LONGITUDE_REF]), "W", 180)
    except _BROKEN:
        return None
    if (latitude, longitude) == (0.0, 0.0):  # what a telephone without reception writes
        return None
    return Position(latitude, longitude, Datum.WGS84)


def _degrees(parts: Any, reference: str, negative: str, most: int) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not 0 <= value <= most:
        raise ValueError(value)
    return round(-value if reference.strip("\x00 ").upper() == negative else value, 6)
