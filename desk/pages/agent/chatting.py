"""The chats of an agent's page: who waits, which ones the agent holds, and the thread of the one that is shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from desk.front import Front, LiveEvent
from desk.seats import SeatView
from desk.views import without_numbers
from hotline.domain.accounts import Account
from hotline.domain.agents import Handover, HandoverState
from hotline.domain.errors import EngineUnavailableError
from hotline.service.agent_chats import AgentChats, NoSuchChatError
from hotline.service.kept_chats import AgentNotice
from hotline.service.talk_lines import Line
from hotline.service.thread import Line as Message

_LOOK_ANYWAY_ROUNDS: Final = 5
_AGAIN_SECONDS: Final = 1.0
_ORDER_NUMBER: Final = re.compile(r"(?<!\d)2\d{10}(?!\d)")
Put = Callable[[tuple[str, Any]], Awaitable[None]]


class ChatPanel:
    """Follows one agent's chats while there are any; ``put`` takes what comes, for the page to act on."""

    def __init__(self, front: Front, chats: AgentChats, account: Account, put: Put) -> None:
        """Take whose they are: the account of an agent with a number (工号)."""
        assert account.number is not None
        self._front = front
        self._chats = chats
        self._agent = account.number
        self._reader = f"staff:{account.login}"
        self._put = put
        self._held: dict[str, Handover] = {}
        self._watching: asyncio.Task[None] | None = None
        self._rounds = 0
        self._messages: list[Message] = []
        self._view: SeatView | None = None
        self._wished = ""
        self.shown: Handover | None = None

    @property
    def lines(self) -> list[Line]:
        """The shown thread as lines of a talk."""
        return [_line(one) for one in self._messages]

    def close(self) -> None:
        """Follow no more."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def take_view(self, view: SeatView) -> list[LiveEvent]:
        """Show the chats of the desk where they changed; the one that is shown stays until it is gone."""
        before, self._view = self._view, view
        if before and (before.chats, before.waiting_chats) == (view.chats, view.waiting_chats):
            return []
        self._held = {one.id: one for one in view.chats if one.state is HandoverState.BRIDGED}
        if self._held and self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="agent's chats")
        elif not self._held:
            self.close()
        if self._wished in self._held:
            return await self.show(self._wished)
        if self.shown is None or self.shown.id not in self._held:
            return await self.show(next(iter(self._held), ""))
        return [self._list_event()]

    async def show(self, chat: str) -> list[LiveEvent]:
        """Turn to one of the agent's chats; of others' nothing is shown."""
        found = self._held.get(chat)
        self._wished = chat if found is None else ""  # it may have been taken just now
        if found is None and (self.shown is None or self.shown.id in self._held):
            return [self._list_event()]
        self.shown, self._messages = found, []
        if found is not None:
            await self._read()
        return [self._thread_event(), self._list_event()]

    async def took(self, notice: AgentNotice | None) -> list[LiveEvent]:
        """Return what a notice changes on the page; None came when none did for a while."""
        if self.shown is None:
            return []
        if notice is None:
            self._rounds += 1
            if self._rounds % _LOOK_ANYWAY_ROUNDS:
                return []
        elif notice.writing is not None:
            text = "正在输入……" if notice.writing and notice.chat == self.shown.id else ""
            return [LiveEvent("chat-writing", text)]
        elif notice.chat != self.shown.id or notice.seen is not None:
            return []
        return [
            LiveEvent("chat-line", self._line_of(one, self.shown.id)) for one in readable(await self._read())
        ]

    def _line_of(self, message: Message, chat: str) -> str:
        return self._front.text("agent/_message.html", line=message, agent=self._agent, chat_id=chat)

    async def _read(self) -> list[Message]:
        assert self.shown is not None
        behind = self._messages[-1].number if self._messages else 0
        found: list[Message] = []
        with suppress(EngineUnavailableError, NoSuchChatError):
            found = list(await self._chats.thread(self.shown.id, self._reader, after=behind))
        self._messages += found
        return found

    async def _watch(self) -> None:
        while True:
            with suppress(EngineUnavailableError):
                async for notice in self._chats.watch(self._agent):
                    await self._put(("chat", notice))
            await asyncio.sleep(_AGAIN_SECONDS)

    def _list_event(self) -> LiveEvent:
        shown = self.shown.id if self.shown is not None else ""
        return LiveEvent("chats", self._front.text("agent/_chats.html", view=self._view, shown=shown))

    def _thread_event(self) -> LiveEvent:
        if self.shown is None:
            return LiveEvent("chat", "")
        return LiveEvent(
            "chat",
            self._front.text(
                "agent/_chat.html", chat=self.shown, messages=readable(self._messages), agent=self._agent
            ),
        )


def readable(messages: Sequence[Message]) -> list[Message]:
    """Return messages with long numbers masked, but for numbers of orders."""
    return [
        replace(one, text=without_numbers(one.text, keep=_ORDER_NUMBER.findall(one.text))) for one in messages
    ]


def _line(message: Message) -> Line:
    return Line(message.number, message.at.isoformat(), message.by.value, message.text)
