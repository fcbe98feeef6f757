"""A real HTTP receiver on the loopback: it answers as it is told and keeps what it got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from app.processes import free_port


@dataclass
class Receiver:
    """``answers`` are given in turn, the last one for ever; a number is a status, a pair a status and its headers."""

    url: str
    answers: list[Any] = field(default_factory=lambda: [204])
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    wait: asyncio.Event | None = None

    @property
    def ids(self) -> list[str]:
        return [each["webhook-id"] for each in self.headers]

    async def take(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        if self.wait is not None:
            await self.wait.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return Response(status_code=status, headers=headers)


@asynccontextmanager
async def serving(app: FastAPI, port: int | None = None) -> AsyncIterator[str]:
    """Serve ``app`` on the loopback and yield its address."""
    port = port or free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    )
    server.install_signal_handlers = lambda: None
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Yield a receiver that listens."""
    app = FastAPI()
    receiver = Receiver("")
    app.post("/")(receiver.take)
    async with serving(app) as address:
        receiver.url = f"{address}/"
        yield receiver
