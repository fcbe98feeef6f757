"""Chats that any process can go on with (会话接续): kept step by step in a store that all processes share.

A chat has one owner at a time, by a lease that runs out: a process that dies leaves its chats to the others. Whoever is
not the owner leaves word for it. When the store is away, chats go on in their process and are written anew afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hotline.dialogue.events import Event
from hotline.service.keeping import Entry

LEASE_SECONDS = 15.0
RENEW_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """The chat is ours from now on; ``entries`` is all of it."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another process owns the chat."""

    owner: str


@dataclass(frozen=True, slots=True)
class Over:
    """The chat has ended."""


class Kept(StrEnum):
    """What became of a step that was to be kept, or of a lease that was to be renewed."""

    YES = "yes"
    TAKEN = "taken"  # another process owns the chat
    TORN = "torn"  # the store lacks what came before, or has more than we know of: write all of it anew


@dataclass(frozen=True, slots=True)
class Notice:
    """Word for this process. ``wanted_by``: the process that wants the chat, if one does; else something was left for it.

    ``typing``: the agent began or stopped to write.
    """

    chat: str
    wanted_by: str = ""
    typing: bool | None = None


@dataclass(frozen=True, slots=True)
class AgentNotice:
    """Word for an agent's desk: something was written in a chat. ``writing``: its citizen began or stopped to write.

    ``seen``: its citizen has seen everything up to that message.
    """

    chat: str
    writing: bool | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """An event that somebody who does not own a chat has left for its owner, by an id that makes it one."""

    id: str
    event: Event


class KeptChats(Protocol):
    """The chats of all processes, as one process sees them.

    Every method raises ``EngineUnavailableError`` within a second when the store does not answer.
    """

    async def claim(self, chat: str) -> Claimed | Elsewhere | Over | None:
        """Make a chat ours unless another process owns it; None when the store does not know it."""

    async def append(self, chat: str, entries: Sequence[Entry], *, behind: int) -> Kept:
        """Keep ``entries`` behind the ``behind`` that are kept; the first of a chat makes it ours."""

    async def rewrite(self, chat: str, entries: Sequence[Entry]) -> Kept:
        """Keep ``entries`` instead of what is kept of a chat of ours."""

    async def renew(self, chats: Collection[str]) -> Mapping[str, Kept]:
        """Go on owning ``chats``; return how each stands."""

    async def release(self, chat: str, *, to: str = "") -> None:
        """Let another process have a chat of ours: ``to``, or whoever is first."""

    async def end(self, chat: str) -> None:
        """Note that a chat of ours has ended; it stays readable for a day."""

    async def conceal(self, chat: str) -> None:
        """Delete what is kept of a chat."""

    async def is_open(self, chat: str) -> bool:
        """Tell whether a chat is known and has not ended."""

    async def orphans(self, *, limit: int) -> Sequence[str]:
        """Return chats that nobody owns."""

    async def want(self, chat: str, owner: str) -> None:
        """Ask ``owner`` to release a chat."""

    async def read(self, chat: str, *, after: int = 0) -> Sequence[Entry] | None:
        """Return what is kept of a chat behind the first ``after`` entries; None when the store does not know it."""

    async def open_of(self, who: str) -> str | None:
        """Return the chat that somebody who is known had last, if it may still go on."""

    async def note_open(self, who: str, chat: str) -> None:
        """Note which chat somebody who is known has."""

    async def leave_word(self, chat: str, post: Post) -> None:
        """Leave an event for the owner of a chat, whoever that will be."""

    async def words(self, chat: str) -> Sequence[Post]:
        """Return what was left for a chat and is not acted on yet."""

    async def acted_on(self, chat: str, post: Post) -> None:
        """Forget what was left, when it has been kept."""

    async def tell_typing(self, chat: str, *, is_on: bool) -> None:
        """Let the owner of a chat show that an agent is writing; nothing comes of it when nobody owns it."""

    async def nudge(self, chat: str) -> None:
        """Let the owner of a chat look at the agents' desk."""

    async def tell_agent(self, agent: str, notice: AgentNotice) -> None:
        """Tell an agent's desk; nothing comes of it when nobody looks."""

    def watch(self, agent: str) -> AsyncIterator[AgentNotice | None]:
        """Yield word for an agent's desk as it comes, and None every second in which none came, for ever."""

    def notices(self) -> AsyncIterator[Notice]:
        """Yield word for this process as it comes, for ever; what is missed while the store is away is lost."""
