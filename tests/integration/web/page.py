"""A page of the web chat, as the protocol describes it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets

from tests.integration.web.conftest import Site

Message = dict[str, Any]


class Page:
    """A page as the protocol describes it."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.session = ""
        self.seen = 0

    async def hello(self, session: str | None = None, seen: int = 0, token: str | None = None) -> Message:
        await self.send({"type": "hello", "version": 2, "session": session, "seen": seen, "token": token})
        welcome = await self.next("welcome", "refused")
        self.session = welcome.get("session", "")
        return welcome

    async def send(self, message: Message) -> None:
        await self._socket.send(json.dumps(message, ensure_ascii=False))

    async def send_raw(self, raw: str | bytes) -> None:
        await self._socket.send(raw)

    async def next(self, *kinds: str) -> Message:
        """Return the next message of one of these kinds; others are passed over."""
        async with asyncio.timeout(10):
            while True:
                message: Message = json.loads(await self._socket.recv())
                self.seen = max(self.seen, message.get("number", 0))
                if message["type"] in kinds:
                    return message

    async def answers(self) -> list[str]:
        """Return what the hotline says until it waits for the citizen."""
        said = []
        while (message := await self.next("said", "typing", "ended", "refused"))[
            "type"
        ] == "said" or message.get("is_on"):
            if message["type"] == "said":
                said.append(message["text"])
        return said

    async def write(self, text: str) -> list[str]:
        await self.send_text(text)
        await self.next("echoed")
        return await self.answers()

    async def send_text(self, text: str) -> None:
        await self.send({"type": "text", "id": f"{id(self)}-{next(self._ids)}", "text": text})

    async def closed(self) -> int:
        """Wait until the hotline has closed the connection; return the code."""
        async with asyncio.timeout(10):
            await self._socket.wait_closed()
        assert self._socket.close_code is not None
        return self._socket.close_code


@asynccontextmanager
async def connected(address: str, **settings: Any) -> AsyncIterator[Page]:
    async with websockets.connect(f"ws://{address}/chat/ws", proxy=None, **settings) as socket:
        yield Page(socket)


@asynccontextmanager
async def a_page(site: Site) -> AsyncIterator[Page]:
    """A page that has been greeted."""
    async with site.served() as address, connected(address) as page:
        await page.hello()
        await page.answers()
        yield page
