"""The chats of this process: begun here, gone on with from other processes, and given to those who ask for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

import structlog

from chat.keeper import ChatKeeper
from hotline.dialogue.actions import Outcome
from hotline.dialogue.events import Started
from hotline.dialogue.journal import decode
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import EngineUnavailableError, HotlineError
from hotline.service.channel import YieldingChannel
from hotline.service.conversations import Conversations
from hotline.service.keeping import ConversationTakenError, Entry
from hotline.service.kept_chats import RENEW_SECONDS, Claimed, Elsewhere, Kept, KeptChats, Notice, Post

log: Final = structlog.get_logger("chats")

_ADOPTED_AT_ONCE: Final = 20
_ASK_SECONDS: Final = 0.05
_ASK_AGAIN_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 5.0
_CANCEL_SECONDS: Final = 0.2
_FORGOTTEN_AFTER: Final = timedelta(hours=2)
_FORGOTTEN_SECONDS: Final = 300.0


class HeldElsewhereError(HotlineError):
    """Another process holds the chat and does not let it go; it will be had within seconds."""

    code = "chat.held_elsewhere"
    retryable = True


class HoldingChannel(YieldingChannel, Protocol):
    """A channel whose chat may go on in another process."""

    session: str
    keeper: ChatKeeper

    @property
    def is_over(self) -> bool:
        """True when the conversation has ended, or goes on elsewhere."""

    def take(self, post: Post) -> None:
        """Let happen what was left for this chat."""

    def yield_(self) -> None:
        """Let another process go on with the conversation."""

    def leave(self) -> None:
        """The citizen is gone for good."""

    def finish(self, outcome: Outcome) -> None:
        """Tell the citizen that the conversation is over; idempotent."""

    def move(self) -> None:
        """Tell the citizen's page to come back."""

    def nudge(self) -> None:
        """Something may have changed at the agents' desk."""

    async def end(self) -> None:
        """Let go of the agent, since the chat is over."""

    def show_typing(self, *, is_on: bool) -> None:
        """Show that an agent writes."""


Kind = TypeVar("Kind", bound=HoldingChannel)


class Records(Protocol):
    """The conversations in the database, which stay when the store of chats has lost them."""

    async def unfinished(self, channels: Sequence[ContactChannel], *, before: datetime) -> Sequence[str]:
        """Return conversations begun ``before`` that have no end."""

    async def read(self, conversation: str, *, after: int = 0) -> Sequence[dict[str, Any]]:
        """Return a conversation's journal."""

    async def is_open(self, conversation: str) -> bool:
        """Tell whether a conversation has begun and has no end."""


@dataclass(slots=True)
class HeldChats(Generic[Kind]):
    """The chats of this process. ``make`` makes the channel of a chat that goes on with ``past``.

    Without ``store`` chats end with their process, as they do while it is away.
    """

    conversations: Conversations
    clock: Callable[[], datetime]
    make: Callable[[str, Sequence[Entry]], Kind]
    channels: frozenset[ContactChannel]
    most: int = 2_000
    store: KeptChats | None = None
    records: Records | None = None
    ended: Callable[[str], None] = lambda _: None
    """Is told each conversation's outcome; ``broken`` for one that a fault ended."""
    held: dict[str, Kind] = field(default_factory=dict)
    _heirs: dict[str, str] = field(default_factory=dict)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _loops: list[asyncio.Task[None]] = field(default_factory=list)
    _claiming: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @property
    def is_full(self) -> bool:
        """Whether no more chats can be held."""
        return len(self.held) >= self.most

    def begin(self, channel: Kind) -> Kind:
        """Hold a new chat."""
        return self._begin(channel, ())

    async def find(self, chat: str, *, wait_seconds: float = 3.0) -> Kind | None:
        """Return a chat that goes on, wherever it was held until now; None for one that is over or unknown.

        Raises ``HeldElsewhereError`` when its owner does not let it go in time, ``EngineUnavailableError`` when the store
        is away.
        """
        known = self.held.get(chat)
        if known is not None and not known.is_over:
            return known
        if self.store is None:
            return None
        alone = self._claiming.setdefault(chat, asyncio.Lock())
        async with alone:
            return await self._claimed(self.store, chat, wait_seconds)

    # --- loops -------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to look after chats: leases, word from others, chats whose process died."""
        if self.store is None or self._loops:
            return
        works = [self._renewing(self.store), self._hearing(self.store), self._adopting(self.store)]
        if self.records is not None:
            works.append(self._remembering(self.store, self.records))
        self._loops = [asyncio.create_task(_lasting(work), name="chats") for work in works]

    async def close(self) -> None:
        """Let other processes go on with every chat; without a store that answers, end them."""
        await ended(self._loops)
        for channel in list(self.held.values()):
            if self.store is None or channel.keeper.is_behind:
                channel.leave()
            else:
                channel.yield_()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_SECONDS)

    async def _renewing(self, store: KeptChats) -> None:
        while True:
            is_behind = any(channel.keeper.is_behind for channel in self.held.values())
            await asyncio.sleep(1.0 if is_behind else RENEW_SECONDS)
            try:
                standing = await store.renew(list(self.held))
            except EngineUnavailableError:
                continue
            for chat, kept in standing.items():
                channel = self.held.get(chat)
                if channel is not None:
                    await self._kept(store, channel, kept)

    async def _kept(self, store: KeptChats, channel: Kind, kept: Kept) -> None:
        try:
            if kept is Kept.TORN or (kept is Kept.YES and channel.keeper.is_behind):
                kept = await channel.keeper.catch_up()
            if kept is Kept.TAKEN:
                channel.yield_()
                return
            for post in await store.words(channel.session):
                channel.take(post)
        except EngineUnavailableError as error:
            log.warning("chat.not_caught_up", error=error.reason)

    async def _hearing(self, store: KeptChats) -> None:
        async for notice in store.notices():
            channel = self.held.get(notice.chat)
            if channel is not None:
                await self._heed(store, channel, notice)

    async def _heed(self, store: KeptChats, channel: Kind, notice: Notice) -> None:
        if notice.wanted_by:
            self._heirs[notice.chat] = notice.wanted_by
            channel.yield_()
        elif notice.typing is not None:
            channel.show_typing(is_on=notice.typing)
        else:
            channel.nudge()
            try:
                for post in await store.words(channel.session):
                    channel.take(post)
            except EngineUnavailableError:
                return

    async def _adopting(self, store: KeptChats) -> None:
        """Go on with chats whose process died: their citizens get their answers and their records."""
        while True:
            try:
                for chat in await store.orphans(limit=_ADOPTED_AT_ONCE):
                    if chat in self.held or self.is_full:
                        continue
                    if await self.find(chat, wait_seconds=0) is None:
                        await store.end(chat)  # nothing of it can be read any more
            except (EngineUnavailableError, HeldElsewhereError) as error:
                log.debug("chats.not_adopted", error=error.code)
            await asyncio.sleep(RENEW_SECONDS)

    async def _remembering(self, store: KeptChats, records: Records) -> None:
        """End conversations that both their process and the store of chats have lost, so that each has its record."""
        while True:
            await asyncio.sleep(_FORGOTTEN_SECONDS)
            try:
                before = self.clock() - _FORGOTTEN_AFTER
                for chat in await records.unfinished(sorted(self.channels), before=before):
                    if chat not in self.held and await store.read(chat) is None:
                        channel = await self._restored(chat)
                        if channel is not None:
                            channel.leave()
            except HotlineError as error:
                log.warning("chats.not_remembered", error=error.code)

    # --- one chat ----------------------------------------------------------------------------------------------

    async def _claimed(self, store: KeptChats, chat: str, wait_seconds: float) -> Kind | None:
        loop = asyncio.get_running_loop()
        until, ask_at = loop.time() + wait_seconds, loop.time()
        while True:
            known = self.held.get(chat)
            if known is not None and not known.is_over:
                return known
            found = await store.claim(chat)
            match found:
                case Claimed(entries=entries) if entries:
                    return self._go_on(chat, entries)
                case Elsewhere(owner=owner):
                    if loop.time() >= ask_at:
                        ask_at += _ASK_AGAIN_SECONDS
                        await store.want(chat, owner)
                case None | Claimed() if loop.time() >= until - wait_seconds + min(
                    _GRACE_SECONDS, wait_seconds
                ):
                    return await self._restored(chat)
                case None | Claimed():
                    pass  # a store that was away may not have been told yet
                case _:
                    return None
            if loop.time() >= until:
                raise HeldElsewhereError(chat)
            await asyncio.sleep(_ASK_SECONDS)

    def _go_on(self, chat: str, entries: Sequence[Entry]) -> Kind | None:
        return self._begin(self.make(chat, entries), entries) if isinstance(entries[0], Started) else None

    async def _restored(self, chat: str) -> Kind | None:
        """Return a chat as the database knows it, where the store of chats has lost it."""
        if self.records is None or not await self.records.is_open(chat):
            return None
        entries = [decode(row["name"], row["body"]) for row in await self.records.read(chat)]
        channel = self._go_on(chat, entries) if entries else None
        if channel is not None:
            await channel.keeper.catch_up()
        return channel

    def _begin(self, channel: Kind, past: Sequence[Entry]) -> Kind:
        self.held[channel.session] = channel
        task = asyncio.create_task(self._hold(channel, past), name="chat")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return channel

    async def _hold(self, channel: Kind, past: Sequence[Entry]) -> None:
        outcome: Outcome | None = Outcome.FAILED
        try:
            outcome = await self.conversations.hold(channel, keeper=channel.keeper, past=past)
        except ConversationTakenError:
            outcome = None
        except Exception as error:  # noqa: BLE001 -- one conversation's fault must not end the process
            log.error("chat.broken", error=type(error).__name__)
            self.ended("broken")
        else:
            self.ended(outcome.value)
        finally:
            is_followed = self.held.get(channel.session) is not channel  # it goes on here, in another channel
            if not is_followed:
                del self.held[channel.session]
            if outcome is None:
                channel.move()
            else:
                channel.finish(outcome)
            await channel.close()
            if not is_followed:
                await self._let_go(channel, is_over=outcome is not None)

    async def _let_go(self, channel: Kind, *, is_over: bool) -> None:
        if is_over:
            await channel.end()
        if self.store is None:
            return
        try:
            heir = self._heirs.pop(channel.session, "")
            if is_over:
                await self.store.end(channel.session)
            else:
                await self.store.release(channel.session, to=heir)
        except EngineUnavailableError as error:
            log.warning("chat.not_let_go", error=error.reason)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended: before Python 3.12 ``wait_for``, which Redis's client uses, may swallow it once."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_CANCEL_SECONDS)


async def _lasting(work: Coroutine[Any, Any, None]) -> None:
    """Do a loop's work; a fault in it is told, for nobody waits for a loop."""
    try:
        await work
    except Exception as error:
        log.error("chats.loop_broken", error=type(error).__name__)
        raise
