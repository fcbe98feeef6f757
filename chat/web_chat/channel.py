"""A conversation in writing: the ``Channel`` behind one web chat.

The channel outlives the page's connection: who loses the network comes back with the session's id and sees what was
said meanwhile. Only silence, “再见” or an explicit end close it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from chat.web_chat import protocol
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
from hotline.domain.appeal import ContactChannel

Sender = Callable[[dict[str, Any]], None]


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


class WebChatChannel:
    """One citizen's chat. ``attach`` connects a page, ``detach`` says that it is gone for now."""

    def __init__(
        self,
        session: str,
        *,
        clock: Callable[[], datetime],
        patience: Patience | None = None,
        pace: Pace | None = None,
    ) -> None:
        """``session`` names the conversation, in the journal too; only its citizen knows it."""
        self.session = session
        self._clock = clock
        self._patience = patience or Patience()
        self._pace = pace or Pace()
        self._heard: deque[float] = deque(maxlen=self._pace.messages)
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._history: list[dict[str, Any]] = []
        self._send: Sender | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._away: asyncio.TimerHandle | None = None
        self._is_over = False
        self._is_finished = False
        self._events.put_nowait(Started(clock(), session, ContactChannel.WEB_CHAT))

    @property
    def is_over(self) -> bool:
        """True when the conversation has ended."""
        return self._is_over

    def attach(self, send: Sender, *, seen: int = 0) -> None:
        """Connect a page and show it everything after message ``seen``; a page that was there before is closed."""
        self._cancel("_away")
        if self._send is not None:
            self._send(protocol.replaced())
        self._send = send
        send(protocol.welcome(self.session, last=len(self._history)))
        for message in self._history[seen:]:
            send(message)

    def detach(self, send: Sender) -> None:
        """The page is gone; unless it comes back in time, the conversation ends."""
        if self._send is not send:
            return  # another page has taken over meanwhile
        self._send = None
        if not self._is_over:
            patience = self._patience.away_seconds if self._heard else self._patience.unspoken_seconds
            self._away = asyncio.get_running_loop().call_later(patience, self.leave)

    def hear(self, text: str) -> bool:
        """Take the citizen's words; False when they come too fast and were not taken."""
        now = asyncio.get_running_loop().time()
        if len(self._heard) == self._heard.maxlen and now - self._heard[0] < self._pace.per_seconds:
            return False
        if not self._is_over:
            self._heard.append(now)
            self._cancel("_silence")
            self._keep(protocol.echoed(len(self._history) + 1, text))
            self._show(protocol.typing(is_on=True))
            self._events.put_nowait(Said(self._clock(), text, text))
        return True

    def leave(self) -> None:
        """The citizen is gone for good."""
        if not self._is_over:
            self._is_over = True
            self._events.put_nowait(HungUp(self._clock()))

    async def receive(self) -> Event:
        """Return the next thing that happened."""
        return await self._events.get()

    async def perform(self, action: ChannelAction) -> None:
        """Begin ``action`` and return at once."""
        match action:
            case Say():
                self._keep(protocol.said(len(self._history) + 1, action.text))
                self._events.put_nowait(PromptFinished(self._clock(), action.turn))
            case SendText():
                self._keep(protocol.said(len(self._history) + 1, action.text))
            case Listen():
                self._show(protocol.typing(is_on=False))
                self._cancel("_silence")
                loop = asyncio.get_running_loop()
                self._silence = loop.call_later(action.seconds, self._fell_silent, action.turn)
            case TransferToAgent():
                self._events.put_nowait(NoAgentFree(self._clock(), action.turn))
            case GiveWayToEmergency():  # a chat cannot be put through: the words say to dial
                self._events.put_nowait(TransferFailed(self._clock(), action.turn, "chat"))
            case End():
                self.finish(action.outcome)
            case StopSaying() | CollectKeys() | StayHere():
                pass
            case _:
                assert_never(action)

    def finish(self, outcome: Outcome) -> None:
        """Tell the page that the conversation is over; idempotent."""
        if not self._is_finished:
            self._is_finished = True
            self._show(protocol.typing(is_on=False))
            self._show(protocol.ended(outcome.value))
        self.leave()

    async def close(self) -> None:
        """End the chat; idempotent."""
        self._cancel("_silence")
        self._cancel("_away")
        self.leave()

    def _fell_silent(self, turn: int) -> None:
        self._events.put_nowait(FellSilent(self._clock(), turn))

    def _keep(self, message: dict[str, Any]) -> None:
        self._history.append(message)
        self._show(message)

    def _show(self, message: dict[str, Any]) -> None:
        if self._send is not None:
            self._send(message)

    def _cancel(self, timer: str) -> None:
        handle: asyncio.TimerHandle | None = getattr(self, timer)
        if handle is not None:
            handle.cancel()
            setattr(self, timer, None)
