"""The caller's own voice, told from voices behind it (旁人说话、电视) by its loudness.

A detector of speech hears a television as well as a caller, so that a sentence spoken before one has no end. Whoever
holds the telephone is the loudest: what is much fainter than the loudest sounds of an utterance does not lengthen it for
long (``TurnSettings.behind_seconds``), though it is recognised all the same; and what is much fainter than the caller was
a moment ago begins no utterance. Where such a television has begun the first one all the same, the caller comes forward
out of it: what was behind them till then is left out.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from typing import Final

_BEHIND_DB: Final = 13.0
"""So much fainter than the loudest tenth of an utterance is behind it.

Of 80 sentences (40 synthetic voices, 40 recordings) before a television 20 and 15 dB below, 77 and 79 found no end within
4 s, now 2 and 6; before babble 15 dB below 42, now 3. None is cut that falls by 6 dB in its middle, 5 are that fall by 9.
"""
_FAR_BEHIND_DB: Final = 14.0
"""So much fainter than the caller's last utterances nothing begins another: a television alone, while they listen.

Of 20 televisions 20 dB below the caller all began one within 8 s, now none; 15 dB below 10, 10 dB below all. Whoever goes
on 12 dB lower is heard (20 of 20), at 15 dB lower most (17).
"""
_KEPT_SECONDS: Final = 20.0
"""So long, which covers a long answer and what is said to it: whoever moved away from the telephone is heard when asked again."""
_UTTERANCES_KEPT: Final = 2
_LEAST_VOICED: Final = 12  # windows of 32 ms: the first sounds of an utterance are not yet its loudest
_LOUDEST_SHARE: Final = 10
_CLICKS: Final = 1  # may be louder than the caller ever is
_LEAD: Final = 32  # windows: a second of voice at least, all behind, was before the caller and not their own


class Foreground:
    """Follows the loudness of the voice in utterances, window by window, and keeps the caller's over the pauses between them."""

    def __init__(self) -> None:
        self._voiced: list[float] = []
        self._track: list[tuple[float, float]] = []  # when each window ended, and how loud it was
        self._is_forward = False
        self._lately: deque[float] = deque(maxlen=_UTTERANCES_KEPT)
        self._over_at = -math.inf

    def over(self, at_seconds: float) -> None:
        """No utterance is under way at ``at_seconds`` of audio: the next one has a loudness of its own."""
        if len(self._voiced) >= _LEAST_VOICED:
            self._lately.append(self._loudest())
            self._over_at = at_seconds
        self._voiced.clear()
        self._track.clear()
        self._is_forward = False

    def is_far_behind(self, loudness_db: float, at_seconds: float) -> bool:
        """Tell whether voice (dB of any reference) is too faint to be that of the caller who spoke a moment ago.

        The fainter of their last utterances counts, so that who once shouted is heard afterwards.
        """
        if at_seconds - self._over_at > _KEPT_SECONDS:
            return False
        return loudness_db < min(self._lately) - _FAR_BEHIND_DB

    def is_behind(self, loudness_db: float, at_seconds: float) -> bool:
        """Take the next window with voice in it of an utterance, and tell whether it is too faint to be the caller's."""
        if len(self._voiced) < _LEAST_VOICED and self.is_far_behind(loudness_db, at_seconds):
            return True
        insort(self._voiced, loudness_db)
        self._track.append((at_seconds, loudness_db))
        return len(self._voiced) >= _LEAST_VOICED and loudness_db < self._loudest() - _BEHIND_DB

    def came_forward(self) -> float | None:
        """Return since when the caller speaks, where all voice of this utterance before was behind them; told once."""
        if self._is_forward or len(self._voiced) < _LEAD + _LEAST_VOICED:
            return None
        limit = self._loudest() - _BEHIND_DB
        if self._track[-1][1] < limit:
            return None
        for first, (at, loudness) in enumerate(self._track[:-_LEAST_VOICED]):
            # Most of what follows is loud too: it is no click, and no loud word of the television's.
            if loudness >= limit and self._is_mostly_loud(first, limit):
                self._is_forward = first >= _LEAD
                return at if self._is_forward else None
        return None

    def _is_mostly_loud(self, first: int, limit: float) -> bool:
        loud = [loudness >= limit for _, loudness in self._track[first : first + _LEAST_VOICED]]
        return sum(loud) > _LEAST_VOICED / 2

    def _loudest(self) -> float:
        return self._voiced[-max(_CLICKS + 1, len(self._voiced) // _LOUDEST_SHARE)]
