"""Who reads along while a unit writes (同读): marks by which nobody is sent as a notice what a chat has shown them already.

A mark is made by the process that holds the chat, ends with the page's connection, and runs out by itself when that process
dies. Only what the page has said was seen counts as read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hotline.domain.appeal import PhoneNumber


@dataclass(frozen=True, slots=True)
class Reading:
    """How far somebody has come with an order's relay, by the positions of its messages.

    They are shown what comes behind ``after`` as long as they are there, and have seen everything up to ``read``.
    """

    is_here: bool = False
    after: int = 0
    read: int = 0

    def has_read(self, position: int) -> bool:
        """Tell whether they were shown the message at ``position``, and have seen it."""
        return self.after < position <= self.read

    def may_read(self, position: int) -> bool:
        """Tell whether they are about to see it."""
        return self.is_here and position > max(self.after, self.read)


class ReadingAlong(Protocol):
    """The marks of all processes. Raises ``EngineUnavailableError`` within a second when they cannot be had."""

    async def note(self, order: str, readers: Sequence[str], reading: Reading) -> None:
        """Mark how far ``readers``, who are one person, have come with an order's relay; to be repeated while they are there."""

    async def of(self, order: str, readers: Sequence[str]) -> Sequence[Reading]:
        """Return the mark of each of ``readers``."""


def readers_of(conversation: str, phone: PhoneNumber | None) -> tuple[str, ...]:
    """Return what somebody is known by: the conversation that is theirs, a telephone that is proved to be."""
    by_phone = (f"phone:{phone.digits}",) if phone is not None else ()
    return (*((f"conversation:{conversation}",) if conversation else ()), *by_phone)
