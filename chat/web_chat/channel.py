"""A conversation in writing: the ``Channel`` behind one web chat.

The channel outlives the page's connection: who loses the network comes back with the session's id and sees what was
said meanwhile. Only silence, “再见” or an explicit end close it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_never

from chat.web_chat import protocol
from hotline.dialogue.actions import (
    ChannelAction,
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    Say,
    SendText,
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


class WebChatChannel:
    """One citizen's chat. ``attach`` connects a page, ``detach`` says that it is gone for now."""

    def __init__(self, session: str, *, clock: Callable[[], datetime], away_seconds: float = 900.0) -> None:
        """``away_seconds``: how long a citizen may be away before the conversation ends."""
        self.session = session
        self._clock = clock
        self._away_seconds = away_seconds
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._history: list[dict[str, Any]] = []
        self._send: Sender | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._away: asyncio.TimerHandle | None = None
        self._is_over = False
        self.last_heard_from = clock()
        self._events.put_nowait(Started(clock(), session, ContactChannel.WEB_CHAT))

    @property
    def is_over(self) -> bool:
        """True when the conversation has ended."""
        return self._is_over

    def attach(self, send: Sender, *, seen: int = 0) -> None:
        """Connect a page and show it everything after message ``seen``."""
        self._cancel("_away")
        self._send = send
        for message in self._history[seen:]:
            send(message)

    def detach(self, send: Sender) -> None:
        """The page is gone; unless it comes back in time, the conversation ends."""
        if self._send is not send:
            return  # another page has taken over meanwhile
        self._send = None
        if not self._is_over:
            loop = asyncio.get_running_loop()
            self._away = loop.call_later(self._away_seconds, self.leave)

    def hear(self, text: str) -> None:
        """Take the citizen's words."""
        if self._is_over:
            return
        self._cancel("_silence")
        self.last_heard_from = self._clock()
        self._keep(protocol.echoed(len(self._history) + 1, text), is_shown=False)
        self._show(protocol.typing(is_on=True))
        self._events.put_nowait(Said(self._clock(), text, text))

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
                self._show(protocol.typing(is_on=False))
                self._keep(protocol.ended(action.outcome.value))
                self.leave()
            case StopSaying() | CollectKeys():
                pass
            case _:
                assert_never(action)

    async def close(self) -> None:
        """End the chat."""
        self._cancel("_silence")
        self._cancel("_away")
        self.leave()

    def _fell_silent(self, turn: int) -> None:
        self._events.put_nowait(FellSilent(self._clock(), turn))

    def _keep(self, message: dict[str, Any], *, is_shown: bool = True) -> None:
        self._history.append(message)
        if is_shown:
            self._show(message)

    def _show(self, message: dict[str, Any]) -> None:
        if self._send is not None:
            self._send(message)

    def _cancel(self, timer: str) -> None:
        handle: asyncio.TimerHandle | None = getattr(self, timer)
        if handle is not None:
            handle.cancel()
            setattr(self, timer, None)
