"""The channel's contract: how a conversation reaches a citizen, by phone or in writing."""

from __future__ import annotations

from typing import Protocol

from hotline.dialogue.actions import ChannelAction
from hotline.dialogue.events import Event
from hotline.service.keeping import Yielded


class Channel(Protocol):
    """One citizen's line. Turns what happens on it into events and performs the dialogue's actions on it."""

    async def receive(self) -> Event:
        """Return the next thing that happened; ``Started`` is the first, ``HungUp`` the last."""

    async def perform(self, action: ChannelAction) -> None:
        """Begin ``action`` and return at once; what comes of it arrives as an event."""

    async def close(self) -> None:
        """Hang up, if still open, and free the line; idempotent."""


class YieldingChannel(Protocol):
    """A channel whose conversation may go on in another process: ``receive`` gives ``Yielded`` then, as the last."""

    async def receive(self) -> Event | Yielded:
        """Return the next thing that happened."""

    async def perform(self, action: ChannelAction) -> None:
        """Begin ``action`` and return at once."""

    async def close(self) -> None:
        """Hang up, if still open, and free the line; idempotent."""
