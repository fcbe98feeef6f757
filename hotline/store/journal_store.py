"""The journal's contract: every conversation's events and actions, kept (对话记录)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class JournalRow(NamedTuple):
    """One event or action of a conversation."""

    sequence: int
    at: datetime
    name: str
    body: dict[str, Any]


class JournalStore(Protocol):
    """Keeps conversations as rows of plain JSON, in order, so that any of them can be replayed."""

    async def append(
        self, conversation: str, sequence: int, at: datetime, name: str, body: dict[str, Any]
    ) -> None:
        """Keep one event or action; ``name`` is its class, ``body`` its fields."""

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[dict[str, Any]]:
        """Return the rows behind ``after`` in order: ``{"sequence", "at", "name", "body"}``, ``at`` in ISO 8601."""
