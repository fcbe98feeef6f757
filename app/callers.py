"""Calls and chats placed by the command line, the demo and the benchmarks: the caller's view joined with the hotline's.

The caller is a process of its own (``python -m ivr.caller``). What the hotline heard, understood and registered comes
from its own interface, by the call's SIP Call-ID.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import websockets

from app.clock import now
from app.reports import SpokenTurn, conversation_report

_POLL_SECONDS: Final = 0.25
_SETTLE_SECONDS: Final = 15.0
_REPLY_SECONDS: Final = 20.0
_QUIET_SECONDS: Final = 0.4

Watch = Callable[[Mapping[str, Any]], None]
"""Is given every row of a conversation's journal, and every event of the caller, as they come."""


class CallFailedError(Exception):
    """A call or chat could not be placed; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """Where a running hotline is: its web address, the staff token, and its SIP address."""

    web: str
    token: str
    sip: str

    def client(self) -> httpx.AsyncClient:
        """Return a client for its interface."""
        return httpx.AsyncClient(
            base_url=self.web, headers={"Authorization": f"Bearer {self.token}"}, timeout=5.0, trust_env=False
        )


@dataclass(frozen=True, slots=True)
class Script:
    """One call to place: who calls and what is played, step after step."""

    name: str
    wavs: Sequence[Path]
    caller: str = "13905390000"
    keys: str = ""
    record: Path | None = None
    longest_seconds: float = 240.0
    arguments: tuple[str, ...] = field(default=())


async def call(hotline: Hotline, script: Script, watch: Watch, *, to: str = "") -> dict[str, Any]:
    """Place one call and return its report; raise ``CallFailedError`` when nobody answered."""
    arguments = [
        *(part for wav in script.wavs for part in ("--wav", str(wav))),
        *(("--keys", script.keys) if script.keys else ()),
        *(("--record", str(script.record)) if script.record else ()),
        *(
            "--caller",
            script.caller,
            "--longest",
            str(script.longest_seconds),
            "--json-lines",
            *script.arguments,
        ),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr.caller", to or hotline.sip, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=2**22,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    heard: dict[str, Any] = {}
    began: datetime | None = None
    follower: asyncio.Task[dict[str, Any] | None] | None = None
    try:
        async for line in process.stdout:
            event = json.loads(line)
            watch({"caller": True, **event})
            if event["event"] == "connected":
                began = now()
                follower = asyncio.create_task(_follow(hotline, event["call_id"], watch))
            elif event["event"] == "report":
                heard = event
        await process.wait()
        if began is None or follower is None:
            code = heard.get("code") or 0
            raise CallFailedError(
                f"没有接通（SIP {code}）：{(await errors).decode(errors='replace').strip()[-300:]}"
            )
        async with asyncio.timeout(_SETTLE_SECONDS):
            found = await follower
    except TimeoutError:
        found = follower.result() if follower is not None and follower.done() else None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if follower is not None:
            follower.cancel()
        errors.cancel()
    return _joined(script.name, found, _spoken(heard, began))


async def _follow(hotline: Hotline, call_id: str, watch: Watch) -> dict[str, Any] | None:
    """Show the journal as it grows; return the whole conversation when it has ended."""
    shown = 0
    async with hotline.client() as client:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                response = await client.get("/api/conversations", params={"call_id": call_id})
            except httpx.HTTPError:
                continue
            if response.status_code != httpx.codes.OK:
                continue
            found: dict[str, Any] = response.json()
            for row in found["rows"][shown:]:
                watch(row)
            shown = len(found["rows"])
            if found["outcome"] is not None:
                return found


def _spoken(heard: Mapping[str, Any], began: datetime | None) -> list[SpokenTurn]:
    if began is None:
        return []
    return [
        SpokenTurn(
            began + timedelta(seconds=turn["spoken_from"]),
            began + timedelta(seconds=turn["spoken_until"] or turn["spoken_from"]),
            turn["latency_ms"],
        )
        for turn in heard.get("turns", ())
    ]


def _joined(name: str, found: Mapping[str, Any] | None, spoken: Sequence[SpokenTurn]) -> dict[str, Any]:
    if found is None:
        return conversation_report(name, (), outcome="failed", article=None, work_order=None)
    return conversation_report(
        name,
        found["rows"],
        outcome=found["outcome"],
        article=found["article"],
        work_order=found["work_order"],
        rating=found["rating"],
        spoken=spoken,
    )


async def chat(hotline: Hotline, name: str, texts: Sequence[str], watch: Watch) -> dict[str, Any]:
    """Hold one web chat and return its report; each text is sent when the hotline has answered the one before."""
    address = hotline.web.replace("http", "ws", 1) + "/chat/ws"
    try:
        async with websockets.connect(address, proxy=None) as socket:
            await socket.send(json.dumps({"type": "hello", "version": 2}))
            session = json.loads(await socket.recv())["session"]
            is_over = await _until_quiet(socket, watch)
            for number, text in enumerate(texts):
                if is_over:
                    break
                message = {"type": "text", "id": str(number), "text": text}
                await socket.send(json.dumps(message, ensure_ascii=False))
                watch({"caller": True, "event": "wrote", "text": text})
                is_over = await _until_quiet(socket, watch)
            if not is_over:
                await socket.send(json.dumps({"type": "bye"}))
    except (OSError, websockets.WebSocketException, TimeoutError) as error:
        raise CallFailedError(f"网上对话没有接通：{type(error).__name__}") from error
    return _joined(name, await _ended(hotline, session), ())


async def _until_quiet(socket: websockets.ClientConnection, watch: Watch) -> bool:
    """Take messages until the hotline waits for the citizen; True when it has ended the conversation."""
    has_answered = False
    while True:
        try:
            async with asyncio.timeout(_QUIET_SECONDS if has_answered else _REPLY_SECONDS):
                message = json.loads(await socket.recv())
        except TimeoutError:
            return False
        except websockets.ConnectionClosed:
            return True
        watch(message)
        if message["type"] == "ended":
            return True
        has_answered = has_answered or message["type"] in ("said", "refused")


async def _ended(hotline: Hotline, conversation: str) -> dict[str, Any] | None:
    async with hotline.client() as client:
        for _ in range(round(_SETTLE_SECONDS / _POLL_SECONDS)):
            response = await client.get(f"/api/conversations/{conversation}")
            if response.status_code == httpx.codes.OK and response.json()["outcome"] is not None:
                found: dict[str, Any] = response.json()
                return found
            await asyncio.sleep(_POLL_SECONDS)
    return None
