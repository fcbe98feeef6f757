"""The web chat's WebSocket: pages come and go, conversations stay."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from chat.web_chat import protocol
from chat.web_chat.channel import Pace, Patience, WebChatChannel
from hotline.dialogue.actions import Outcome
from hotline.service.conversations import Conversations

log: Final = structlog.get_logger("web_chat")

_POLICY_VIOLATION: Final = 1008
_LAST: Final = frozenset({"ended", "replaced"})


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """What one citizen and one process may do."""

    pace: Pace = field(default_factory=Pace)
    patience: Patience = field(default_factory=Patience)
    conversations: int = 500
    hello_seconds: float = 10.0


@dataclass(slots=True)
class WebChat:
    """All chats of this process. ``words`` are the sentences for refusals, by code."""

    conversations: Conversations
    clock: Callable[[], datetime]
    words: Mapping[str, str]
    limits: ChatLimits = field(default_factory=ChatLimits)
    channels: dict[str, WebChatChannel] = field(default_factory=dict)
    ended: Callable[[str], None] = lambda _: None
    """Is told each conversation's outcome; ``broken`` for one that a fault ended."""
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def router(self) -> APIRouter:
        """Return the route ``/chat/ws``."""
        routes = APIRouter()
        routes.add_api_websocket_route("/chat/ws", self.serve)
        return routes

    async def serve(self, socket: WebSocket) -> None:
        """Serve one page until it leaves or its conversation is over."""
        await socket.accept()
        with suppress(WebSocketDisconnect):
            hello = await self._hello(socket)
            channel = self._channel_for(hello) if isinstance(hello, protocol.Hello) else None
            if channel is None or not isinstance(hello, protocol.Hello):
                code = "busy" if isinstance(hello, protocol.Hello) else "bad_message"
                await socket.send_json(self._refusal(code))
                await socket.close(_POLICY_VIOLATION)
                return
            is_known = channel.session == hello.session
            await self._connect(socket, channel, seen=hello.seen if is_known else 0)

    async def close(self) -> None:
        """End every conversation."""
        for channel in list(self.channels.values()):
            channel.leave()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    async def _hello(self, socket: WebSocket) -> protocol.Incoming | protocol.Fault:
        try:
            async with asyncio.timeout(self.limits.hello_seconds):
                return await _received(socket)
        except TimeoutError:
            return "bad_message"

    def _channel_for(self, hello: protocol.Hello) -> WebChatChannel | None:
        """Return the conversation that the page goes on with, or a new one; None when there are too many."""
        known = self.channels.get(hello.session or "")
        if known is not None and not known.is_over:
            return known
        if len(self.channels) >= self.limits.conversations:
            return None
        channel = WebChatChannel(
            secrets.token_urlsafe(18), clock=self.clock, patience=self.limits.patience, pace=self.limits.pace
        )
        self.channels[channel.session] = channel
        task = asyncio.create_task(self._hold(channel), name="chat")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return channel

    async def _hold(self, channel: WebChatChannel) -> None:
        outcome = Outcome.FAILED
        try:
            outcome = await self.conversations.hold(channel)
        except Exception as error:  # noqa: BLE001 -- one conversation's fault must not end the process
            log.error("chat.broken", error=type(error).__name__)
            self.ended("broken")
        else:
            self.ended(outcome.value)
        finally:
            self.channels.pop(channel.session, None)
            channel.finish(outcome)
            await channel.close()

    async def _connect(self, socket: WebSocket, channel: WebChatChannel, *, seen: int) -> None:
        outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        send = outgoing.put_nowait
        writer = asyncio.create_task(_write(socket, outgoing))
        try:
            channel.attach(send, seen=seen)
            while True:
                match await _received(socket):
                    case protocol.Bye():
                        channel.leave()
                    case protocol.Text(text=text):
                        if not channel.hear(text):
                            send(self._refusal("too_fast"))
                    case protocol.Hello():
                        send(self._refusal("bad_message"))
                    case fault:
                        send(self._refusal(fault))
        finally:
            channel.detach(send)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _refusal(self, code: str) -> dict[str, Any]:
        return protocol.refused(code, self.words[code])


async def _received(socket: WebSocket) -> protocol.Incoming | protocol.Fault:
    """Return the page's next message; raise ``WebSocketDisconnect`` when the page is gone or was closed."""
    if socket.application_state is not WebSocketState.CONNECTED:
        raise WebSocketDisconnect
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    text = message.get("text")
    return protocol.parse(text) if isinstance(text, str) else "bad_message"


async def _write(socket: WebSocket, outgoing: asyncio.Queue[dict[str, Any]]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            message = await outgoing.get()
            await socket.send_json(message)
            if message["type"] in _LAST:
                await socket.close()
                return
