"""How often somebody may ask: so many times a minute, by name or address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

_WINDOW: Final = timedelta(minutes=1)
_MOST_NAMES: Final = 100_000


class RateLimit:
    """Counts within windows of a minute; forgets everybody when the next one begins, so that it stays small."""

    def __init__(self, a_minute: int, clock: Callable[[], datetime]) -> None:
        """Take how often, and the clock."""
        self._a_minute = a_minute
        self._clock = clock
        self._began = clock()
        self._counts: dict[str, int] = {}

    def allows(self, name: str) -> bool:
        """Count one more for ``name`` and tell whether it is still within the limit; too many names at once are refused."""
        now = self._clock()
        if not timedelta(0) <= now - self._began < _WINDOW:
            self._began = now
            self._counts.clear()
        if name not in self._counts and len(self._counts) >= _MOST_NAMES:
            return False
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name] <= self._a_minute
