"""The caller's own voice, told from voices behind it (旁人说话、电视) by its loudness.

A detector of speech hears a television as well as a caller, so that a sentence spoken before one has no end. Whoever
holds the telephone is the loudest: what is much fainter than the loudest sounds of an utterance does not lengthen it for
long (``TurnSettings.behind_seconds``). It is recognised all the same.
"""

from __future__ import annotations

from bisect import insort
from typing import Final

_BEHIND_DB: Final = 13.0
"""So much fainter than the loudest tenth of an utterance is behind it.

Of 80 sentences (40 synthetic voices, 40 recordings) before a television 20 and 15 dB below, 77 and 79 found no end within
4 s, now 2 and 6; before babble 15 dB below 42, now 3. None is cut that falls by 6 dB in its middle, 5 are that fall by 9.
"""
_LEAST_VOICED: Final = 12  # windows of 32 ms: the first sounds of an utterance are not yet its loudest
_LOUDEST_SHARE: Final = 10
_CLICKS: Final = 1  # may be louder than the caller ever is


class Foreground:
    """Follows the loudness of one utterance's voice, window by window."""

    def __init__(self) -> None:
        self._voiced: list[float] = []

    def forget(self) -> None:
        """The utterance is over: the next one has a loudness of its own."""
        self._voiced.clear()

    def is_behind(self, loudness_db: float) -> bool:
        """Take the next window with voice in it (dB of any reference) and tell whether it is too faint to be the caller's."""
        insort(self._voiced, loudness_db)
        if len(self._voiced) < _LEAST_VOICED:
            return False
        loudest = self._voiced[-max(_CLICKS + 1, len(self._voiced) // _LOUDEST_SHARE)]
        return loudness_db < loudest - _BEHIND_DB
