"""An Understander for simulators and tests: knows the meanings it was given."""

from __future__ import annotations

from collections.abc import Mapping

from hotline.domain.meaning import Intent, Understanding


class ScriptedUnderstander:
    """Answers from a table; anything else is not understood."""

    name = "scripted"

    def __init__(self, meanings: Mapping[str, Understanding]) -> None:
        """Take text → meaning."""
        self._meanings = meanings

    async def understand(self, text: str) -> Understanding:
        """Look ``text`` up."""
        unknown = Understanding(text=text, intent=Intent.UNKNOWN, confidence=0.0, engine=self.name)
        return self._meanings.get(text, unknown)

    async def close(self) -> None:
        """Nothing is held."""
