"""The web chat's WebSocket: pages come and go, conversations stay."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from chat.web_chat import protocol
from chat.web_chat.channel import WebChatChannel
from hotline.service.conversations import Conversations

log: Final = structlog.get_logger("web_chat")

_POLICY_VIOLATION: Final = 1008
_TOO_BIG: Final = 4 * protocol.MAX_CHARACTERS + 1_000


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """What one page and one process may do."""

    messages: int = 20
    per_seconds: float = 30.0
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
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def router(self) -> APIRouter:
        """Return the route ``/chat/ws``."""
        routes = APIRouter()
        routes.add_api_websocket_route("/chat/ws", self.serve)
        return routes

    async def serve(self, socket: WebSocket) -> None:
        """Serve one page until it leaves."""
        await socket.accept()
        greeted = await self._greet(socket)
        if greeted is None:
            return
        channel, seen = greeted
        outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        send = outgoing.put_nowait
        writer = asyncio.create_task(self._write(socket, outgoing))
        try:
            send(protocol.welcome(channel.session))
            channel.attach(send, seen=seen)
            await self._read(socket, channel, send)
        except WebSocketDisconnect:
            pass
        finally:
            channel.detach(send)
            writer.cancel()

    async def close(self) -> None:
        """End every conversation."""
        for channel in list(self.channels.values()):
            channel.leave()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    async def _greet(self, socket: WebSocket) -> tuple[WebChatChannel, int] | None:
        try:
            async with asyncio.timeout(self.limits.hello_seconds):
                hello = protocol.parse(await socket.receive_text())
        except (TimeoutError, WebSocketDisconnect, KeyError):
            hello = None
        if not isinstance(hello, protocol.Hello):
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_json(self._refusal("bad_message"))
                await socket.close(_POLICY_VIOLATION)
            return None
        known = self.channels.get(hello.session or "")
        if known is not None and not known.is_over:
            return known, hello.seen
        if len(self.channels) >= self.limits.conversations:
            await socket.send_json(self._refusal("busy"))
            await socket.close(_POLICY_VIOLATION)
            return None
        channel = WebChatChannel(secrets.token_urlsafe(18), clock=self.clock)
        self.channels[channel.session] = channel
        task = asyncio.create_task(self._hold(channel), name="chat")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return channel, 0

    async def _hold(self, channel: WebChatChannel) -> None:
        try:
            await self.conversations.hold(channel)
        except Exception as error:  # noqa: BLE001 -- one conversation's fault must not end the process
            log.error("chat.broken", error=type(error).__name__)
        finally:
            self.channels.pop(channel.session, None)

    async def _read(
        self, socket: WebSocket, channel: WebChatChannel, send: Callable[[dict[str, Any]], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        recent: deque[float] = deque(maxlen=self.limits.messages)
        while not channel.is_over:
            raw = await socket.receive_text()
            message = protocol.parse(raw) if len(raw) <= _TOO_BIG else None
            if isinstance(message, protocol.Bye):
                channel.leave()
                return
            if not isinstance(message, protocol.Text) or not message.text.strip():
                send(self._refusal("too_long" if len(raw) > protocol.MAX_CHARACTERS else "bad_message"))
            elif len(recent) == recent.maxlen and loop.time() - recent[0] < self.limits.per_seconds:
                send(self._refusal("too_fast"))
            else:
                recent.append(loop.time())
                channel.hear(message.text.strip())

    async def _write(self, socket: WebSocket, outgoing: asyncio.Queue[dict[str, Any]]) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            while socket.client_state is WebSocketState.CONNECTED:
                message = await outgoing.get()
                await socket.send_json(message)
                if message["type"] == "ended":
                    await socket.close()
                    return

    def _refusal(self, code: str) -> dict[str, Any]:
        return protocol.refused(code, self.words[code])
