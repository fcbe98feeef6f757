"""Words for speech: audio formats, what kind of answer is expected, and what was heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Signed 16-bit little-endian mono samples at ``sample_rate_hz``."""

    sample_rate_hz: int

    @property
    def bytes_per_second(self) -> int:
        """Bytes that one second of sound takes."""
        return self.sample_rate_hz * 2


PHONE_BAND: Final = AudioFormat(8_000)
"""Telephone sound after G.711 decoding."""
WIDE_BAND: Final = AudioFormat(16_000)
"""What the recognisers work on."""


class Expected(StrEnum):
    """What kind of answer the dialogue waits for; every recogniser biases by it."""

    OPEN = "open"
    YES_NO = "yes_no"
    PLACE = "place"
    DIGITS = "digits"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recogniser heard (识别结果).

    ``text`` is simplified Chinese without spaces; ``raw`` is the engine's own output before repair.
    ``confidence`` is 0–1, or ``None`` where the engine gives none. ``others``: what else it may have been, in the engine's
    own words, the likeliest first; none where the engine keeps but one reading.
    """

    text: str
    raw: str
    is_final: bool
    engine: str
    confidence: float | None = None
    others: tuple[str, ...] = ()
