"""Measuring letters: how long a turn by WeChat takes, and a storm of retries in which nothing may happen twice or be lost."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from xml.sax.saxutils import escape

import httpx
import numpy as np
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func, select, text

from app.letters import LetterOffice, open_letters
from app.settings import Settings
from app.wiring import World, open_world
from chat.wechat.crypto import MessageCipher, signature
from hotline.city import City
from hotline.domain.outbox import MessageState
from hotline.store.tables import letters, outbox, work_orders

TOKEN: Final = "bench"
APP_ID: Final = "wxbench0000000000"
AES_KEY: Final = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
_CONVERSATIONS: Final = (
    ("兰山区银雀山街道沂蒙路我家暖气不热", "对", "没有了"),
    ("什么时候开始供暖", "没有了"),
    ("河东区九曲街道路灯坏了好几天了", "对", "没有了"),
    ("医保怎么报销", "没有了"),
    ("我要投诉楼下烧烤店油烟扰民", "罗庄区盛庄街道双月园路", "不需要", "对", "没有了"),
)
_TRIES: Final = 4
_AT_ONCE: Final = 64

Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Caller:
    """Calls the hotline's address as WeChat does: signed and encrypted, each time anew."""

    client: httpx.AsyncClient
    cipher: MessageCipher

    def message(self, openid: str, words: str, number: int) -> bytes:
        """Return a text message as XML."""
        return (
            f"<xml><ToUserName>gh_bench</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>{int(time.time())}</CreateTime>"
            f"<MsgType>text</MsgType><Content>{escape(words)}</Content><MsgId>{number}</MsgId></xml>"
        ).encode()

    async def post(self, message: bytes) -> tuple[int, str]:
        """Return status and answer of one call; ``success`` stands for an answer that comes afterwards."""
        at, nonce = str(int(time.time())), secrets.token_hex(8)
        encrypted = self.cipher.close(message, random=secrets.token_bytes(16))
        query = {
            "timestamp": at,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": signature(TOKEN, at, nonce, encrypted),
        }
        body = f"<xml><ToUserName>gh_bench</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
        response = await self.client.post("/wechat", params=query, content=body.encode(), timeout=120)
        return response.status_code, response.text


def bench_settings(settings: Settings, folder: Path) -> Settings:
    """Return settings with an account of the bench's own, which WeChat does not know."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "wechat_app_id": APP_ID,
            "wechat_app_secret": SecretStr("bench"),
            "wechat_token": SecretStr(TOKEN),
            "wechat_aes_key": SecretStr(AES_KEY),
            "wechat_mode": "safe",
            "wechat_api": "http://127.0.0.1:9",
            "voice_messages": False,
        }
    )


async def bench_letters(
    settings: Settings, city: City, *, conversations: int, storm: int, away_seconds: float, tell: Tell
) -> dict[str, Any]:
    """Return figures of turns, of a storm of ``storm`` calls, and of letters that came while the database was away."""
    async with AsyncExitStack() as stack:
        world = await open_world(settings, city, stack)
        office = await open_letters(settings, city, world, stack)
        app = FastAPI()
        for router in office.routers:
            app.include_router(router)
        await stack.enter_async_context(office.running())
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench")
        )
        caller = Caller(client, MessageCipher(AES_KEY, APP_ID))
        numbers = iter(range(1, 10**9))
        turns = await _turns(caller, conversations, numbers, tell)
        baseline = await _bare_write_ms(world)
        figures: dict[str, Any] = {
            "turns": {
                **turns,
                "bare_write_p50_ms": baseline,
                "p50_to_bare_write": round(turns["p50_ms"] / baseline, 1),
            }
        }
        if storm:
            figures["storm"] = await _storm(caller, office, world, calls=storm, numbers=numbers, tell=tell)
        if away_seconds and world.store.database.is_sqlite:
            file = Path(settings.database_url.partition("///")[2])
            figures["database_away"] = await _away(
                caller, office, world, file=file, seconds=away_seconds, numbers=numbers
            )
        return figures


async def _turns(caller: Caller, conversations: int, numbers: Iterator[int], tell: Tell) -> dict[str, Any]:
    took: list[float] = []
    used: list[float] = []
    late = 0
    for index in range(-len(_CONVERSATIONS), conversations):  # the first of each kind only warm up
        openid = f"o-turn-{index}"
        for words in _CONVERSATIONS[index % len(_CONVERSATIONS)]:
            message = caller.message(openid, words, next(numbers))
            begun, cpu = perf_counter(), time.process_time()
            status, answer = await caller.post(message)
            if index >= 0:
                took.append((perf_counter() - begun) * 1000)
                used.append((time.process_time() - cpu) * 1000)
            assert status == httpx.codes.OK
            late += answer == "success"
        tell("对话", max(index + 1, 0), conversations)
    p50, p95, p99 = (round(float(each), 1) for each in np.percentile(took, (50, 95, 99)))
    cpu50, cpu95 = (round(float(each), 1) for each in np.percentile(used, (50, 95)))
    return {
        "turns": len(took),
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "processor_p50_ms": cpu50,  # what is left of a turn on a machine that others use, too
        "processor_p95_ms": cpu95,
        "answered_afterwards": late,
    }


async def _bare_write_ms(world: World) -> float:
    """Return what one empty write transaction takes on the same disk: what a turn cannot be faster than twice."""
    took = []
    for _ in range(50):
        begun = perf_counter()
        async with world.store.database.writing() as connection:
            await connection.execute(text("UPDATE counters SET last = last"))
        took.append((perf_counter() - begun) * 1000)
    return round(float(np.median(took)), 2)


async def _storm(
    caller: Caller, office: LetterOffice, world: World, *, calls: int, numbers: Iterator[int], tell: Tell
) -> dict[str, Any]:
    """Post each message four times, many at once, in no order; count what came of them."""
    before = await _counts(world)
    messages = [
        (f"o-storm-{index}", caller.message(f"o-storm-{index}", _CONVERSATIONS[index % 5][0], next(numbers)))
        for index in range(calls // _TRIES)
    ]
    waiting = [pair for pair in messages for _ in range(_TRIES)]
    np.random.default_rng(7).shuffle(waiting)
    gate, statuses, done = asyncio.Semaphore(_AT_ONCE), Counter[int](), 0
    handed: dict[str, set[str]] = {}

    async def post(openid: str, message: bytes) -> None:
        nonlocal done
        async with gate:
            status, answer = await caller.post(message)
        statuses[status] += 1
        done += 1
        if answer != "success":
            handed.setdefault(openid, set()).add(_opened(caller, answer))
        if done % 500 == 0:
            tell("重发", done, len(waiting))

    begun = perf_counter()
    await asyncio.gather(*(post(openid, message) for openid, message in waiting))
    seconds = perf_counter() - begun
    await _quiet(office, world)
    after = await _counts(world)
    sent = after["outbox"] - before["outbox"]
    return {
        "calls": len(waiting),
        "messages": len(messages),
        "seconds": round(seconds, 1),
        "calls_per_second": round(len(waiting) / seconds, 1),
        "statuses": dict(statuses),
        "letters": after["letters"] - before["letters"],
        "unanswered": after["unanswered"],
        "answered_in_the_call": len(handed),
        "answered_by_outbox": sent,
        "answered_differently": sum(len(answers) > 1 for answers in handed.values()),
        "nothing_lost_or_twice": after["letters"] - before["letters"] == len(messages)
        and after["unanswered"] == 0
        and after["reply"] - before["reply"] + sent == len(messages)
        and all(len(answers) == 1 for answers in handed.values()),
    }


async def _away(
    caller: Caller, office: LetterOffice, world: World, *, file: Path, seconds: float, numbers: Iterator[int]
) -> dict[str, Any]:
    """Lock the database for a while, as a disk that hangs does; count what was written meanwhile and answered afterwards."""
    before, statuses = await _counts(world), Counter[int]()
    with closing(sqlite3.connect(file, isolation_level=None)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        until, sent = perf_counter() + seconds, 0
        while perf_counter() < until:
            message = caller.message(f"o-away-{sent}", _CONVERSATIONS[0][0], next(numbers))
            status, _ = await caller.post(message)
            statuses[status] += 1
            sent += 1
        blocker.execute("ROLLBACK")
    begun = perf_counter()
    while (await _counts(world))["letters"] - before["letters"] < sent and perf_counter() - begun < 120:  # noqa: ASYNC110 -- asked of the database
        await asyncio.sleep(0.2)
    await _quiet(office, world)
    after = await _counts(world)
    return {
        "seconds": seconds,
        "letters_sent": sent,
        "statuses": dict(statuses),
        "letters_kept": after["letters"] - before["letters"],
        "unanswered": after["unanswered"],
        "caught_up_in_seconds": round(perf_counter() - begun, 1),
    }


async def _quiet(office: LetterOffice, world: World) -> None:
    """Wait until every letter is answered, and until it is noted what was handed over."""
    while True:
        await office.correspondence.settled()
        stranded = await office.letters.not_passed(world.surroundings.clock() + timedelta(days=1))
        if not stranded and not (await _counts(world))["unanswered"]:
            return
        await asyncio.sleep(0.2)


async def _counts(world: World) -> dict[str, int]:
    answered = letters.c.answered_at.is_(None)
    queries = {
        "letters": select(func.count()).select_from(letters),
        "unanswered": select(func.count()).select_from(letters).where(answered),
        "reply": select(func.count()).select_from(letters).where(letters.c.way == "reply"),
        "outbox": select(func.count()).select_from(outbox).where(
            outbox.c.destination.startswith("wechat:"), outbox.c.state == MessageState.PENDING.value
        ),
        "orders": select(func.count()).select_from(work_orders),
    }  # fmt: skip
    async with world.store.database.reading() as connection:
        return {name: int((await connection.execute(query)).scalar_one()) for name, query in queries.items()}


def _opened(caller: Caller, answer: str) -> str:
    """Return the text of an answer: two are the same when their texts are."""
    encrypted = answer.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    return caller.cipher.open(encrypted).decode().partition("<Content>")[2]
