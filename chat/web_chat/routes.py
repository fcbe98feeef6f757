"""The web chat's WebSocket: pages come and go, conversations stay."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from chat.held_chats import HeldChats, HeldElsewhereError, Records
from chat.web_chat import protocol
from chat.web_chat.channel import Customs, WebChatChannel
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import EngineUnavailableError
from hotline.service.conversations import Conversations
from hotline.service.keeping import Entry
from hotline.service.kept_chats import KeptChats

_POLICY_VIOLATION: Final = 1008
_TRY_AGAIN: Final = 1013
CHANNELS: Final = frozenset({ContactChannel.WEB_CHAT, ContactChannel.APP})


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """What one process may hold, and how long a page has to say hello."""

    conversations: int = 2_000
    hello_seconds: float = 10.0


class WebChat:
    """All web chats of this process."""

    def __init__(
        self,
        conversations: Conversations,
        customs: Customs,
        words: Mapping[str, str],
        limits: ChatLimits | None = None,
        *,
        store: KeptChats | None = None,
        records: Records | None = None,
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``words`` are the sentences for refusals, by code; without ``store`` a chat ends with this process."""
        self._words = words
        self._limits = limits or ChatLimits()
        self._customs = customs
        self._store = store
        self.chats: HeldChats[WebChatChannel] = HeldChats(
            conversations,
            customs.clock,
            self._again,
            CHANNELS,
            most=self._limits.conversations,
            store=store,
            records=records,
            ended=ended,
        )

    def router(self) -> APIRouter:
        """Return the route ``/chat/ws``."""
        routes = APIRouter()
        routes.add_api_websocket_route("/chat/ws", self.serve)
        return routes

    def open(self) -> None:
        """Begin to look after the chats."""
        self.chats.open()

    async def close(self) -> None:
        """Give every conversation to other processes, or end it."""
        await self.chats.close()

    async def serve(self, socket: WebSocket) -> None:
        """Serve one page until it leaves or its conversation is over."""
        await socket.accept()
        with suppress(WebSocketDisconnect):
            hello = await self._hello(socket)
            if not isinstance(hello, protocol.Hello):
                await self._turn_away(socket, "bad_message", _POLICY_VIOLATION)
                return
            try:
                channel = await self._channel_for(hello)
            except (HeldElsewhereError, EngineUnavailableError):
                await self._turn_away(socket, "moving", _TRY_AGAIN)
                return
            if channel is None:
                await self._turn_away(socket, "busy", _TRY_AGAIN)
                return
            is_known = channel.session == hello.session
            await self._connect(socket, channel, seen=hello.seen if is_known else 0)

    async def _hello(self, socket: WebSocket) -> protocol.Incoming | protocol.Fault:
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                return await _received(socket)
        except TimeoutError:
            return protocol.Fault("bad_message")

    async def _turn_away(self, socket: WebSocket, code: str, close: int) -> None:
        await socket.send_text(self._refusal(code).model_dump_json())
        await socket.close(close)

    async def _channel_for(self, hello: protocol.Hello) -> WebChatChannel | None:
        """Return the conversation that the page goes on with, or a new one; None when there are too many.

        Raises ``HeldElsewhereError``, ``EngineUnavailableError`` while it cannot be known whether it goes on.
        """
        if hello.session:
            known = await self.chats.find(hello.session)
            if known is not None:
                return known
        if self.chats.is_full:
            return None
        channel = WebChatChannel(secrets.token_urlsafe(18), self._customs, store=self._store)
        return self.chats.begin(channel)

    def _again(self, session: str, past: Sequence[Entry]) -> WebChatChannel:
        return WebChatChannel(session, self._customs, store=self._store, past=past)

    async def _connect(self, socket: WebSocket, channel: WebChatChannel, *, seen: int) -> None:
        outgoing: asyncio.Queue[protocol.Outgoing] = asyncio.Queue()
        send = outgoing.put_nowait
        writer = asyncio.create_task(_write(socket, outgoing))
        try:
            channel.attach(send, seen=seen)
            while True:
                self._take(channel, await _received(socket), send)
        finally:
            channel.detach(send)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _take(
        self,
        channel: WebChatChannel,
        message: protocol.Incoming | protocol.Fault,
        send: Callable[[protocol.Outgoing], None],
    ) -> None:
        match message:
            case protocol.Bye():
                channel.leave()
            case protocol.Text(text=text, id=id_):
                if not channel.hear(text, id_):
                    send(self._refusal("too_fast", id_))
            case protocol.History(before=before):
                send(channel.earlier(before))
            case protocol.Ping():
                send(protocol.Pong())
            case protocol.Writing(is_on=is_on):
                channel.tell_agent(writing=is_on)
            case protocol.Seen(number=number):
                channel.tell_agent(seen=number)
            case protocol.Hello():
                send(self._refusal("bad_message"))
            case protocol.Fault(code=code, id=id_):
                send(self._refusal(code, id_))

    def _refusal(self, code: str, message: str = "") -> protocol.Refused:
        return protocol.Refused(code=code, text=self._words[code], id=message)


async def _received(socket: WebSocket) -> protocol.Incoming | protocol.Fault:
    """Return the page's next message; raise ``WebSocketDisconnect`` when the page is gone or was closed."""
    if socket.application_state is not WebSocketState.CONNECTED:
        raise WebSocketDisconnect
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    text = message.get("text")
    return protocol.parse(text) if isinstance(text, str) else protocol.Fault("bad_message")


async def _write(socket: WebSocket, outgoing: asyncio.Queue[protocol.Outgoing]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            message = await outgoing.get()
            await socket.send_text(message.model_dump_json())
            if isinstance(message, protocol.LAST):
                await socket.close()
                return
