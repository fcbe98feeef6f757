"""Keeping a conversation step by step (对话留存), so that another process can go on with it.

What a process writes down before it acts on it is a step: one event and all that came of it. Of two processes that hold
one conversation, the one that no longer owns it learns so when it keeps its next step, and does nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hotline.dialogue.actions import Action
from hotline.dialogue.events import Event
from hotline.domain.errors import HotlineError


class ConversationTakenError(HotlineError):
    """Another process goes on with the conversation; this one stops, and has done nothing of the last step."""

    code = "conversation.taken"


@dataclass(frozen=True, slots=True)
class Yielded:
    """What a channel gives instead of an event when another process is to go on with the conversation."""


class Keeping(Protocol):
    """Keeps one conversation. What cannot be kept is not waited for: the conversation goes on where it is."""

    async def keep(self, event: Event, actions: Sequence[Action]) -> None:
        """Keep a step before it is acted on. Raises ``ConversationTakenError``."""

    async def conceal(self) -> None:
        """Delete what was kept: a state secret may have been said."""


Entry = Event | Action
"""A line of a kept conversation; each event is followed by the actions that came of it."""
