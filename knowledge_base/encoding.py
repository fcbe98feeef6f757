"""The sentence encoder's contract (语义向量): texts that mean the same lie near each other, whatever their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class SentenceEncoder(Protocol):
    """Turns texts into vectors of length one: their product is how near they are."""

    @property
    def fingerprint(self) -> str:
        """What tells this model's vectors from another's."""

    @property
    def dimensions(self) -> int:
        """How long a vector is."""

    def questions(self, texts: Sequence[str]) -> Any:
        """Return a float32 array, a row for each text that asks. Raises ``EngineUnavailableError``."""

    def passages(self, texts: Sequence[str]) -> Any:
        """Return a float32 array, a row for each text that answers. Raises ``EngineUnavailableError``."""
