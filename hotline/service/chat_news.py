"""News of orders in open chats (对话内告知): shown where the citizen is, and marked when seen, so that nobody is told twice.

A notice is left for a chat once, whoever tries how often. What became of it is known for a day; when it cannot be known, it is
sent by the next door: told twice is better than not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from hotline.dialogue.written_events import OrderNewsCame


class Shown(StrEnum):
    """How far a notice has come in a chat."""

    LEFT = "left"  # for the chat's process
    AWAY = "away"  # kept in the chat, whose page is not there
    SHOWN = "shown"
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class Told:
    """How far a notice has come, and since when it is left."""

    shown: Shown
    left_at: datetime


class ChatNews(Protocol):
    """The news of all processes. Raises ``EngineUnavailableError`` within a second when they cannot be had."""

    async def follow(self, reader: str, chat: str) -> None:
        """Note that ``reader`` (``order:<number>``, ``phone:<digits>``) is in ``chat``, for a day."""

    async def leave(self, readers: Sequence[str], news: OrderNewsCame) -> Told | None:
        """Leave ``news`` for the first open chat of one who is known as ``readers``, once; None where there is none.

        ``conversation:<id>`` is the chat of that name itself.
        """

    async def mark(self, notice: str, shown: Shown) -> None:
        """Note how far a notice has come."""
