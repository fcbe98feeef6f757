"""Short answers to press below a message (快捷回复), by the prompt it ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hotline.dialogue.actions import Say


class QuickReplies:
    """Chooses the answers of the last of a message's prompts that has any."""

    def __init__(self, rows: Mapping[str, Sequence[str]]) -> None:
        """Take name of a prompt → answers, from ``prompts/web.yaml``."""
        self._rows = {name: tuple(map(str, answers)) for name, answers in rows.items()}

    def __call__(self, say: Say) -> tuple[str, ...]:
        """Return the answers."""
        return next((self._rows[name] for name in reversed(say.prompts) if name in self._rows), ())
