"""One chat's memory: all that happened in it, kept in the store that all processes share as long as that answers.

The citizen sees nothing before it is kept, so that whichever process goes on with the chat knows all that they have seen.
A store that is away delays nobody for long: the chat goes on here, and is written anew when the store is back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from hotline.dialogue.actions import Action
from hotline.dialogue.events import Event
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.service.keeping import ConversationTakenError, Entry
from hotline.service.kept_chats import AgentNotice, Kept, KeptChats, Post

log: Final = structlog.get_logger("chats")


class ChatKeeper:
    """Keeps one chat. ``shown`` is told each step when it is kept, or cannot be for the time being."""

    def __init__(
        self,
        chat: str,
        store: KeptChats | None,
        shown: Callable[[Sequence[Entry]], None],
        *,
        past: Sequence[Entry] = (),
        forget: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """Take the chat's id and where it is kept; None: in this process only. ``forget`` deletes what was sent along."""
        self._chat = chat
        self._store = store
        self._shown = shown
        self._entries: list[Entry] = list(past)
        self._is_behind = False
        self._is_concealed = False
        self._forget = forget
        self._posts: dict[int, Post] = {}
        self.agent = ""  # who is told when something was kept

    @property
    def entries(self) -> Sequence[Entry]:
        """All that happened."""
        return self._entries

    @property
    def is_behind(self) -> bool:
        """Whether the store lacks something that happened."""
        return self._is_behind

    def expect(self, post: Post) -> None:
        """Note that ``post`` is on its way through the conversation; when it is kept, it is no longer left in the store."""
        self._posts[id(post.event)] = post

    async def keep(self, event: Event, actions: Sequence[Action]) -> None:
        """Keep a step. Raises ``ConversationTakenError``."""
        step: tuple[Entry, ...] = (event, *actions)
        if not self._is_concealed:
            if self._store is not None and not self._is_behind:
                await self._append(self._store, step)
            self._entries.extend(step)
        self._shown(step)
        if self.agent and not self._is_behind:
            await self.tell_agent(AgentNotice(self._chat))
        post = self._posts.pop(id(event), None)
        if post is not None and self._store is not None:
            try:
                await self._store.acted_on(self._chat, post)
            except EngineUnavailableError:  # left there, it is known by its id
                log.warning("post.not_taken_out", post=post.id)

    async def tell_agent(self, notice: AgentNotice) -> None:
        """Tell the agent's desk; raises nothing."""
        if self._store is not None:
            try:
                await self._store.tell_agent(self.agent, notice)
            except EngineUnavailableError as error:
                log.warning("agent.not_told", error=error.reason)

    async def conceal(self) -> None:
        """Delete all of it, here and in the store."""
        self._entries.clear()
        self._is_concealed = True
        if self._store is not None:
            try:
                await self._store.conceal(self._chat)
            except EngineUnavailableError as error:
                log.error("chat.not_concealed", error=error.reason)
                self._is_behind = True
        await self.forget_evidence()

    async def forget_evidence(self) -> None:
        """Delete what was sent along with a chat that was concealed; what cannot be deleted now is tried again."""
        if not self._is_concealed or self._forget is None:
            return
        try:
            await self._forget(self._chat)
        except (StoreUnavailableError, OSError) as error:
            log.error("chat.evidence_not_deleted", chat=self._chat, error=type(error).__name__)
            self._is_behind = True

    async def catch_up(self) -> Kept:
        """Write all of it anew, since the store lacks something. Raises ``EngineUnavailableError``."""
        if self._store is None:
            return Kept.YES
        if self._is_concealed:
            await self._store.conceal(self._chat)
            self._is_behind = False
            await self.forget_evidence()
            return Kept.YES
        count = len(self._entries)
        if not count:
            return Kept.YES
        found = await self._store.rewrite(self._chat, self._entries[:count])
        self._is_behind = found is Kept.YES and len(self._entries) > count
        return found

    async def _append(self, store: KeptChats, step: Sequence[Entry]) -> None:
        try:
            found = await store.append(self._chat, step, behind=len(self._entries))
            if found is Kept.TORN:
                found = await store.rewrite(self._chat, (*self._entries, *step))
        except EngineUnavailableError as error:
            log.warning("chat.not_kept", error=error.reason)
            self._is_behind = True
            return
        if found is Kept.TAKEN:
            raise ConversationTakenError(self._chat)
