"""The web chat's WebSocket: pages come and go, conversations stay."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from chat.held_chats import HeldChats, HeldElsewhereError, Records
from chat.web_chat import protocol
from chat.web_chat.channel import Customs, Visitor, WebChatChannel
from chat.web_chat.doors import Doors
from chat.web_chat.line import Line
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import EngineUnavailableError, HotlineError
from hotline.service.conversations import Conversations
from hotline.service.keeping import Entry
from hotline.service.kept_chats import KeptChats

log: Final = structlog.get_logger("web_chat")

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
        doors: Doors | None = None,
        store: KeptChats | None = None,
        records: Records | None = None,
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``words`` are the sentences for refusals, by code; without ``store`` a chat ends with this process."""
        self._words = words
        self._limits = limits or ChatLimits()
        self._customs = customs
        self._doors = doors or Doors(customs.clock)
        self._store = store
        self._of: dict[str, str] = {}  # whose chat is held here, while the store cannot be asked
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

    @property
    def doors(self) -> Doors:
        """Who may come in, and how often."""
        return self._doors

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
        if not self._doors.admits(socket.headers.get("origin"), socket.headers.get("host")):
            await socket.close(_POLICY_VIOLATION)  # before it is accepted: HTTP 403
            return
        await socket.accept()
        with suppress(WebSocketDisconnect):
            hello = await self._hello(socket)
            if not isinstance(hello, protocol.Hello):
                await self._turn_away(socket, "bad_message", _POLICY_VIOLATION)
                return
            address = socket.client.host if socket.client is not None else ""
            burst, rate = self._doors.rates.hello
            if not await self._doors.buckets.take(f"hello:{address}", burst=burst, per_second=rate):
                await self._turn_away(socket, "busy", _TRY_AGAIN)
                return
            try:
                channel = await self._channel_for(hello)
            except (HeldElsewhereError, EngineUnavailableError):
                await self._turn_away(socket, "moving", _TRY_AGAIN)
                return
            except HotlineError as error:
                log.info("chat.token_refused", error=error.code)
                await self._turn_away(socket, "login", _POLICY_VIOLATION)
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
        await socket.send_text(protocol.Refused(code=code, text=self._words[code]).model_dump_json())
        await socket.close(close)

    async def _channel_for(self, hello: protocol.Hello) -> WebChatChannel | None:
        """Return the conversation that the page goes on with, or a new one; None when there are too many.

        Who comes with a token goes on with their own conversation, on whatever device it was begun. Raises
        ``HeldElsewhereError``, ``EngineUnavailableError`` while it cannot be known whether one goes on, ``HotlineError`` when
        the token is not right.
        """
        visitor = Visitor()
        if hello.token and self._doors.identify is not None:
            visitor = await self._doors.identify(hello.token)
        session = await self._open_of(visitor.key) if visitor.key else hello.session
        if session:
            known = await self.chats.find(session)
            if known is not None:
                return known
        if self.chats.is_full:
            return None
        channel = WebChatChannel(secrets.token_urlsafe(18), self._customs, visitor=visitor, store=self._store)
        if visitor.key:
            await self._note_open(visitor.key, channel.session)
        return self.chats.begin(channel)

    async def _open_of(self, who: str) -> str | None:
        """Return the conversation that somebody who is known may still go on with."""
        if self._store is not None:
            try:
                return await self._store.open_of(who)
            except EngineUnavailableError:
                if who not in self._of:
                    raise
        return self._of.get(who)

    async def _note_open(self, who: str, session: str) -> None:
        self._of = {each: kept for each, kept in self._of.items() if kept in self.chats.held}
        self._of[who] = session
        if self._store is not None:
            await self._store.note_open(who, session)

    def _again(self, session: str, past: Sequence[Entry]) -> WebChatChannel:
        return WebChatChannel(session, self._customs, store=self._store, past=past)

    async def _connect(self, socket: WebSocket, channel: WebChatChannel, *, seen: int) -> None:
        outgoing: asyncio.Queue[protocol.Outgoing] = asyncio.Queue()
        send = outgoing.put_nowait
        writer = asyncio.create_task(_write(socket, outgoing))
        line = Line(channel, self._doors, self._customs.words, self._words, send)
        try:
            channel.attach(send, seen=seen)
            while True:
                await line.take(await _received(socket))
        finally:
            line.close()
            channel.detach(send)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)


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
