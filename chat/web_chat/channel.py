"""A conversation in writing: the ``Channel`` behind one web chat.

The channel outlives the page's connection: who loses the network comes back with the session's id and sees what was
said meanwhile. Only silence, “再见” or an explicit end close it. Nothing is shown before it is kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from chat.keeper import ChatKeeper
from chat.web_chat import protocol
from chat.web_chat.thread import Replies, Thread
from hotline.dialogue.actions import (
    ChannelAction,
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    Outcome,
    Say,
    SendText,
    StayHere,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.events import (
    Event,
    FellSilent,
    HungUp,
    NoAgentFree,
    PromptFinished,
    Said,
    Started,
    TransferFailed,
)
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.service.keeping import Entry, Yielded
from hotline.service.kept_chats import KeptChats, Post

Sender = Callable[[protocol.Outgoing], None]

MOST_AT_ONCE: Final = 50
"""So many messages of the past a page is sent at once."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a citizen whose page is gone is waited for: after having written something, and before."""

    away_seconds: float = 900.0
    unspoken_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a citizen may write: ``messages`` within ``per_seconds``."""

    messages: int = 20
    per_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Customs:
    """What all chats of a hotline have in common: clock, patience, pace, and short answers below messages."""

    clock: Callable[[], datetime]
    patience: Patience = Patience()
    pace: Pace = Pace()
    replies: Replies = lambda _: ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who writes: ``contact`` is the door they came by, ``phone`` a number that is proved to be theirs."""

    contact: ContactChannel = ContactChannel.WEB_CHAT
    phone: PhoneNumber | None = None


class WebChatChannel:
    """One citizen's chat. ``attach`` connects a page, ``detach`` says that it is gone for now."""

    def __init__(
        self,
        session: str,
        customs: Customs,
        *,
        visitor: Visitor | None = None,
        store: KeptChats | None = None,
        past: Sequence[Entry] = (),
    ) -> None:
        """``session`` names the conversation, in the journal too; only its citizen knows it. ``past``: it goes on."""
        self.session = session
        self._customs = customs
        self._clock = customs.clock
        self._thread = Thread(customs.replies)
        self._thread.read(past)
        self.keeper = ChatKeeper(session, store, self._shown, past=past)
        self._heard: deque[float] = deque(maxlen=customs.pace.messages)
        self._has_spoken = any(isinstance(entry, Said) for entry in past)
        self._known = {entry.message for entry in past if isinstance(entry, Said) and entry.message}
        self._posted: set[str] = set()
        self._events: asyncio.Queue[Event | Yielded] = asyncio.Queue()
        self._send: Sender | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._away: asyncio.TimerHandle | None = None
        ends = [entry for entry in past if isinstance(entry, Started | HungUp)]
        self._is_over = bool(ends) and isinstance(ends[-1], HungUp)
        self._is_finished = False
        if not past:
            who = visitor or Visitor()
            self._events.put_nowait(Started(self._clock(), session, who.contact, who.phone))
        else:
            self._wait_for_page()

    @property
    def is_over(self) -> bool:
        """True when the conversation has ended, or goes on elsewhere."""
        return self._is_over

    # --- the page ----------------------------------------------------------------------------------------------

    def attach(self, send: Sender, *, seen: int = 0) -> None:
        """Connect a page and show it everything after message ``seen``; a page that was there before is closed."""
        self._cancel("_away")
        if self._send is not None:
            self._send(protocol.Replaced())
        self._send = send
        missed = [message for message in self.messages() if message.number > seen][-MOST_AT_ONCE:]
        last = self._thread.written
        send(
            protocol.Welcome(session=self.session, first=missed[0].number if missed else last + 1, last=last)
        )
        for message in missed:
            send(message)

    def detach(self, send: Sender) -> None:
        """The page is gone; unless it comes back in time, the conversation ends."""
        if self._send is not send:
            return  # another page has taken over meanwhile
        self._send = None
        self._wait_for_page()

    def messages(self) -> Sequence[protocol.Numbered]:
        """Return all messages of the conversation."""
        return Thread(self._customs.replies).read(self.keeper.entries)

    def earlier(self, before: int) -> protocol.Earlier:
        """Return messages before number ``before``."""
        found = [message for message in self.messages() if message.number < before]
        return protocol.Earlier(messages=tuple(found[-MOST_AT_ONCE:]), is_all=len(found) <= MOST_AT_ONCE)

    def hear(self, text: str, message: str = "") -> bool:
        """Take the citizen's words; False when they come too fast and were not taken."""
        if message and message in self._known:
            self._echo_again(message)
            return True
        now, pace = asyncio.get_running_loop().time(), self._customs.pace
        if len(self._heard) == self._heard.maxlen and now - self._heard[0] < pace.per_seconds:
            return False
        if not self._is_over:
            self._heard.append(now)
            self._known.add(message)
            self._has_spoken = True
            self._cancel("_silence")
            self._events.put_nowait(Said(self._clock(), text, text, message=message))
        return True

    def leave(self) -> None:
        """The citizen is gone for good."""
        if not self._is_over:
            self._is_over = True
            self._events.put_nowait(HungUp(self._clock()))

    # --- other processes ---------------------------------------------------------------------------------------

    def take(self, post: Post) -> None:
        """Let happen what was left for this chat; what was taken before is not taken again."""
        if post.id not in self._posted:
            self._posted.add(post.id)
            self.keeper.expect(post)
            self._events.put_nowait(post.event)

    def yield_(self) -> None:
        """Let another process go on with the conversation."""
        if not self._is_over:
            self._is_over = True
            self._events.put_nowait(Yielded())

    def show_typing(self, *, is_on: bool) -> None:
        """Show that an agent writes."""
        self._show(protocol.Typing(is_on=is_on, by=protocol.Party.AGENT))

    # --- the conversation --------------------------------------------------------------------------------------

    async def receive(self) -> Event | Yielded:
        """Return the next thing that happened."""
        return await self._events.get()

    async def perform(self, action: ChannelAction) -> None:
        """Begin ``action`` and return at once; words are shown when they are kept."""
        match action:
            case Say():
                self._events.put_nowait(PromptFinished(self._clock(), action.turn))
            case Listen():
                self._show(protocol.Typing(is_on=False))
                self._cancel("_silence")
                loop = asyncio.get_running_loop()
                self._silence = loop.call_later(action.seconds, self._fell_silent, action.turn)
            case TransferToAgent():
                self._events.put_nowait(NoAgentFree(self._clock(), action.turn))
            case GiveWayToEmergency():  # a chat cannot be put through: the words say to dial
                self._events.put_nowait(TransferFailed(self._clock(), action.turn, "chat"))
            case End():
                self.finish(action.outcome)
            case SendText() | StopSaying() | CollectKeys() | StayHere():
                pass
            case _:
                assert_never(action)

    def finish(self, outcome: Outcome) -> None:
        """Tell the page that the conversation is over; idempotent."""
        if not self._is_finished:
            self._is_finished = True
            self._show(protocol.Typing(is_on=False))
            self._show(protocol.Ended(outcome=outcome.value))
        self.leave()

    def move(self) -> None:
        """Tell the page to come back: the conversation goes on elsewhere."""
        self._is_finished = self._is_over = True
        self._show(protocol.Moved())

    async def close(self) -> None:
        """End the chat; idempotent."""
        self._cancel("_silence")
        self._cancel("_away")
        self.leave()

    def _shown(self, step: Sequence[Entry]) -> None:
        for message in self._thread.read(step):
            self._show(message)
            if isinstance(message, protocol.Echoed):
                self._show(protocol.Typing(is_on=True))

    def _echo_again(self, message: str) -> None:
        """Say once more that a message was taken; one that is still on its way is echoed when it is kept."""
        for one in reversed(self.messages()):
            if isinstance(one, protocol.Echoed) and one.id == message:
                self._show(one)
                return

    def _wait_for_page(self) -> None:
        if not self._is_over:
            patience = self._customs.patience
            seconds = patience.away_seconds if self._has_spoken else patience.unspoken_seconds
            self._cancel("_away")
            self._away = asyncio.get_running_loop().call_later(seconds, self.leave)

    def _fell_silent(self, turn: int) -> None:
        self._events.put_nowait(FellSilent(self._clock(), turn))

    def _show(self, message: protocol.Outgoing) -> None:
        if self._send is not None:
            self._send(message)

    def _cancel(self, timer: str) -> None:
        handle: asyncio.TimerHandle | None = getattr(self, timer)
        if handle is not None:
            handle.cancel()
            setattr(self, timer, None)
