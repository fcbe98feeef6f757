"""How many calls one number, and one trunk address, may place in a short time (来电限速)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

_MOST_SOURCES: Final = 10_000


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """``calls_per_number``: calls at once with the same calling number; ``rings_per_second``: of one address, None for any.

    Calls without a number are not held to one another: many callers hide theirs. ``burst_seconds``: so long's worth of
    rings may come at once. ``retry_after_seconds`` is told to whoever rings too fast.
    """

    calls_per_number: int | None = 2
    rings_per_second: float | None = 20.0
    burst_seconds: float = 2.0
    retry_after_seconds: int = 5


@dataclass(slots=True)
class Pace:
    """Who rings how often. Times are seconds of any clock that does not go back."""

    settings: PaceSettings
    _rings: dict[str, deque[float]] = field(default_factory=dict)

    def is_too_fast(self, address: str, *, at: float) -> bool:
        """Note a ring from ``address`` and tell whether it is one too many; those refused do not count."""
        if self.settings.rings_per_second is None:
            return False
        if len(self._rings) > _MOST_SOURCES:
            self._rings.clear()
        rings = self._rings.setdefault(address, deque())
        while rings and at - rings[0] >= self.settings.burst_seconds:
            rings.popleft()
        if len(rings) >= max(1.0, self.settings.rings_per_second * self.settings.burst_seconds):
            return True
        rings.append(at)
        return False

    def has_too_many(self, number: str, others: Counter[str]) -> bool:
        """Tell whether ``number`` is on the line too often already; ``others``: calls under way by calling number."""
        most = self.settings.calls_per_number
        return (
            most is not None and number.lower() not in ("", "anonymous", "unknown") and others[number] >= most
        )
