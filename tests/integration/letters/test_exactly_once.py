"""Whatever dies, comes twice or is away: every letter is kept, and answered once."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from app.processes import free_port
from chat.web_chat.protocol import readable
from chat.wechat.letters import LetterMaker
from chat.wechat.messages import fields_of, incoming
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.letters import Letter, Way
from hotline.service.correspondence import LetterPace
from hotline.store.sql import SqlStore
from hotline.store.tables import letters
from tests.databases import lay_out
from tests.letter_office import (
    ANSWERED,
    COMPLAINT,
    CONFIRM,
    NOTICE,
    QUESTION,
    SEAL,
    ByHeart,
    Office,
    office_for,
)
from tests.postgres import PostgresServer
from tests.redis_server import redis_server
from tests.wechat import APP_ID, WeChatServer, until, wechat_server, xml_of

LI, WANG = "o-li", "o-wang"
DEAF = LetterPace(lease=timedelta(seconds=1), look_seconds=600)
"""Of a process that is about to die: it looks after nothing."""
QUICK = LetterPace(
    lease=timedelta(seconds=1), stranded=timedelta(seconds=1.2), look_seconds=0.1, messages=1_000
)


class Slow(ByHeart):
    def __init__(self, seconds: float) -> None:
        self.delay = seconds


async def test_a_slow_answer_is_acknowledged_and_sent_afterwards(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, understander=Slow(0.8), wait_seconds=0.2) as office:
        assert await wechat.write(LI, QUESTION) is None
        assert wechat.citizens[LI].faults == 0
        await office.correspondence.settled()
        assert await office.deliver() == 1
        assert wechat.citizens[LI].seen == [NOTICE + ANSWERED]


async def test_wechats_retries_get_the_same_answer_and_nothing_happens_twice(
    office: Office, wechat: WeChatServer
) -> None:
    await wechat.write(LI, COMPLAINT)
    message = wechat.message(LI, MsgType="text", Content="对")
    answers = []
    for _ in range(4):
        response = await office.client.post(**wechat.call(message))
        answers.append(wechat.read(response.text))
    assert len(set(answers)) == 1
    assert len(await office.orders()) == 1
    assert len(await office.store.recent()) == 1


async def test_retries_at_the_same_time_wait_for_the_one_answer(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, understander=Slow(0.3)) as office:
        message = wechat.message(LI, MsgType="text", Content=QUESTION)
        posts = [office.client.post(**wechat.call(message)) for _ in range(4)]
        answers = [wechat.read(response.text) for response in await asyncio.gather(*posts)]
        assert answers == [NOTICE + ANSWERED] * 4
        await office.handed_over()
        assert await office.deliver() == 0


async def test_an_answer_is_the_outboxs_however_quick_it_is_where_the_call_hands_nothing_over(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    pace = LetterPace(look_seconds=600, messages=0)  # every letter is one too many: that is answered at once
    async with office_for(wechat, store, tmp_path, pace=pace, served=False) as office:
        letter = letter_of(wechat.message(LI, MsgType="text", Content=QUESTION))
        assert await office.correspondence.take(letter) is None
        await office.correspondence.settled()
        known = await office.letters.answer_to(letter.key)
        assert known is not None
        assert known.way is Way.OUTBOX
        assert await office.deliver() == 1


async def test_a_citizens_letters_are_answered_in_order(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, understander=Slow(0.2)) as office:
        wechat.citizens[LI].wrote_at, wechat.citizens[LI].left = 2e9, 5
        for text in (COMPLAINT, "对", "没有了"):  # the next is here before the last is answered
            assert (
                await office.correspondence.take(letter_of(wechat.message(LI, MsgType="text", Content=text)))
                is None
            )
        await office.correspondence.settled()
        while await office.deliver():
            pass
        (order,) = await office.orders()
        told = wechat.citizens[LI].seen
        assert told[0] == NOTICE + CONFIRM
        assert told[1].startswith(f"已受理，工单编号{order.number}。")
        assert told[2:] == ["感谢您的信任，再见。"]


async def test_events_that_come_again_greet_once(office: Office, wechat: WeChatServer) -> None:
    message = wechat.message(LI, MsgType="event", Event="subscribe")
    answers = [wechat.read((await office.client.post(**wechat.call(message))).text) for _ in range(3)]
    assert len(set(answers)) == 1
    async with office.store.database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(letters))).scalar_one() == 1


async def test_another_process_answers_what_a_dead_one_left(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(
        wechat, store, tmp_path, understander=Slow(30), wait_seconds=0.1, pace=DEAF
    ) as first:
        await wechat.write(LI, QUESTION)
        for task in first.correspondence._tasks:  # as if the process were killed here
            task.cancel()
        async with office_for(wechat, store, tmp_path, pace=QUICK, served=False) as second:
            await second.sees(LI, 1)
    assert wechat.citizens[LI].seen == [NOTICE + ANSWERED]


async def test_who_was_thought_dead_writes_nothing_any_more(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    slow = LetterPace(lease=timedelta(seconds=0.2), look_seconds=60)
    async with office_for(
        wechat, store, tmp_path, understander=Slow(1.0), wait_seconds=0.1, pace=slow
    ) as first:
        await wechat.write(LI, COMPLAINT)
        await asyncio.sleep(0.4)
        async with office_for(wechat, store, tmp_path, pace=QUICK, served=False) as second:
            await second.sees(LI, 1)
            await first.correspondence.settled()
            await second.deliver()
    assert wechat.citizens[LI].seen == [NOTICE + CONFIRM]


async def test_an_order_that_was_committed_before_the_process_died_is_told_and_not_made_again(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, pace=DEAF) as first:
        await wechat.write(LI, COMPLAINT)
        await until(lambda: first.correspondence._passed)  # told after the response has left
        await first.correspondence.look()

        async def dies(*_: Any) -> Any:
            raise StoreUnavailableError("killed between the order and its answer")

        first.correspondence._letters.finish = dies  # type: ignore[method-assign]
        await wechat.write(LI, "对")
        assert len(await first.orders()) == 1
        async with office_for(wechat, store, tmp_path, pace=QUICK, served=False) as second:
            await second.sees(LI, 2)
            (order,) = await second.orders()
    assert [text[:20] for text in wechat.citizens[LI].seen[1:]] == [f"已受理，工单编号{order.number}。"[:20]]


async def test_an_answer_that_was_not_handed_over_is_sent_afterwards(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path, pace=QUICK, wait_seconds=2.0) as office:
        office.correspondence.passed = lambda _: None  # type: ignore[method-assign]  # the response never left
        call = wechat.call(wechat.message(LI, MsgType="text", Content=QUESTION))
        wechat.citizens[LI].wrote_at, wechat.citizens[LI].left = 2e9, 5
        await office.client.post(**call)
        while not await office.deliver():
            await asyncio.sleep(0.1)
        assert wechat.citizens[LI].seen == [NOTICE + ANSWERED]


async def test_the_database_is_away_and_nothing_is_lost(wechat: WeChatServer, tmp_path: Path) -> None:
    file = tmp_path / "hotline.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    await lay_out(url)
    store = SqlStore(url, SEAL, timeout_seconds=0.3)
    async with office_for(wechat, store, tmp_path, pace=QUICK) as office:
        blocker = sqlite3.connect(file, isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        try:
            for name in range(5):
                assert await wechat.write(f"o-{name}", QUESTION) is None
                assert wechat.citizens[f"o-{name}"].faults == 0
            assert len(list((tmp_path / "spool").glob("*.letter"))) == 5
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()
        await until(lambda: not list((tmp_path / "spool").glob("*.letter")))
        await office.correspondence.settled()
        while len([who for who in wechat.citizens.values() if who.seen]) < 5:
            await office.deliver()
            await asyncio.sleep(0.05)
        assert [who.seen for who in wechat.citizens.values()] == [[NOTICE + ANSWERED]] * 5
    await store.close()


async def test_neither_database_nor_disk_is_not_acknowledged(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path) as office:
        (tmp_path / "spool").write_text("a file where a folder should be")

        async def away(*_: Any) -> Any:
            raise StoreUnavailableError("away")

        office.correspondence._letters.receive = away  # type: ignore[method-assign]
        response = await office.client.post(
            **wechat.call(wechat.message(LI, MsgType="text", Content=QUESTION))
        )
        assert (response.status_code, response.text) == (503, "")


async def test_redis_restarts_under_it(wechat: WeChatServer, store: SqlStore, tmp_path: Path) -> None:
    with redis_server() as port:
        redis: Redis = Redis(port=port, socket_timeout=0.3, socket_connect_timeout=0.3)
        async with office_for(wechat, store, tmp_path, redis=redis) as office:
            assert await wechat.write(LI, QUESTION) == NOTICE + ANSWERED
            await redis.shutdown(nosave=True)
            assert await wechat.write(WANG, QUESTION) == NOTICE + ANSWERED
            assert office.refused == []
    await redis.aclose()


async def test_a_storm_of_retries_answers_everybody_once(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    """60 citizens, each message four times at once: nothing twice, nothing lost (10,000: ``hotline bench letters``)."""
    pace = LetterPace(look_seconds=0.2, messages=1_000)
    async with office_for(wechat, store, tmp_path, pace=pace, wait_seconds=4.0) as office:
        gate = asyncio.Semaphore(60)
        seen: dict[str, set[str]] = {}

        async def post(who: str, message: dict[str, Any]) -> None:
            async with gate:
                response = await office.client.post(**wechat.call(message), timeout=60)
            assert response.status_code == 200
            if (text := wechat.read(response.text)) is not None:
                seen.setdefault(who, set()).add(text)

        messages = {f"o-{n}": wechat.message(f"o-{n}", MsgType="text", Content=COMPLAINT) for n in range(60)}
        for who in messages:
            wechat.citizens[who].wrote_at, wechat.citizens[who].left = 2e9, 5
        await asyncio.gather(*(post(who, each) for who, each in messages.items() for _ in range(4)))
        await office.handed_over()
        while await office.deliver():
            pass
        for who, citizen in wechat.citizens.items():
            seen.setdefault(who, set()).update(citizen.seen)
            assert len(citizen.seen) + bool(seen[who] - set(citizen.seen)) == 1
        assert set(map(frozenset, seen.values())) == {frozenset([NOTICE + CONFIRM])}
        assert await office.dead() == []


@pytest.mark.timeout(240)
async def test_a_process_killed_between_receiving_and_answering_costs_nobody_an_answer(
    tmp_path: Path,
) -> None:
    """A real process, killed with SIGKILL while it answers, and started again; WeChat retries as it does."""
    await lay_out(f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}")
    async with wechat_server(retry_seconds=1.0) as wechat:
        port = free_port()
        command = [sys.executable, "-m", "tests.letter_process", str(tmp_path), wechat.url, str(port)]

        async def started() -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
            async with httpx.AsyncClient() as client, asyncio.timeout(90):
                while True:
                    try:
                        await client.get(f"http://127.0.0.1:{port}/healthz")
                    except httpx.HTTPError:
                        await asyncio.sleep(0.1)
                    else:
                        return process

        wechat.callback = f"http://127.0.0.1:{port}/wechat"
        process = await started()
        citizens = [f"o-{number}" for number in range(12)]
        try:
            writing = [asyncio.create_task(wechat.write(who, QUESTION)) for who in citizens]
            while _letters_in(tmp_path) < len(citizens):
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            process = await started()
            await asyncio.gather(*writing)
            await until(lambda: all(wechat.citizens[who].seen for who in citizens), seconds=60)
        finally:
            process.kill()
            await process.wait()
        assert [wechat.citizens[who].seen for who in citizens] == [[NOTICE + ANSWERED]] * len(citizens)


def _letters_in(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "hotline.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM letters").fetchone()[0])


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Any:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


async def test_on_postgresql_two_processes_answer_each_letter_once(
    wechat: WeChatServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    url = await postgres.new_database("letters")
    await lay_out(url)
    stores = [SqlStore(url, SEAL) for _ in range(2)]
    async with (
        office_for(wechat, stores[0], tmp_path, wait_seconds=3.0) as first,
        office_for(wechat, stores[1], tmp_path, wait_seconds=3.0, served=True) as second,
    ):
        messages = {f"o-{n}": wechat.message(f"o-{n}", MsgType="text", Content=QUESTION) for n in range(20)}
        for who in messages:
            wechat.citizens[who].wrote_at, wechat.citizens[who].left = 2e9, 5
        calls = [second.client.post(**wechat.call(each), timeout=60) for each in messages.values()]
        taken = [first.correspondence.take(letter_of(each)) for each in messages.values()]
        responses = await asyncio.gather(*calls, *taken)
        passive = [wechat.read(response.text) for response in responses[:20]]
        await first.handed_over()
        await second.handed_over()
        await first.deliver()
        answered = [
            (text is not None) + len(wechat.citizens[who].seen)
            for who, text in zip(messages, passive, strict=True)
        ]
        assert answered == [1] * 20
    for store in stores:
        await store.close()


def letter_of(message: dict[str, Any]) -> Letter:
    maker = LetterMaker(APP_ID, ContactChannel.WECHAT, {}, SEAL.fingerprint, readable)
    letter = maker.letter(incoming(fields_of(xml_of(message).encode())))
    assert letter is not None
    return letter
