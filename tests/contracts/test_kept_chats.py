"""Chats on a real Redis: one owner at a time, whole steps, nothing readable, and away without harm."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from app.chat_store import ChatsOnRedis
from hotline.dialogue.actions import Listen, Say
from hotline.dialogue.events import Said, Started
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import Expected
from hotline.service.kept_chats import Claimed, Elsewhere, Kept, Notice, Over, Post
from hotline.store.sealing import Seal
from tests.builders import NOW
from tests.redis_server import redis_server

SEAL = Seal("tests only: " + "x" * 32)
STEP = (
    Started(NOW, "c1", ContactChannel.APP, PhoneNumber("13905390001")),
    Say(1, ("您好",), ("greeting",)),
    Listen(1, Expected.OPEN, 600.0),
)
WORDS = Said(NOW, "暖气不热", "暖气不热", message="m1")


def chats(redis: Redis, process: str = "a", **settings: float) -> ChatsOnRedis:
    return ChatsOnRedis(redis, SEAL, process=process, **settings)  # type: ignore[arg-type]


async def test_what_one_process_keeps_the_next_goes_on_with_when_it_is_let_go(redis: Redis) -> None:
    mine, theirs = chats(redis), chats(redis, "b")
    assert await mine.append("c1", STEP, behind=0) is Kept.YES
    assert await mine.append("c1", [WORDS], behind=3) is Kept.YES
    assert await theirs.claim("c1") == Elsewhere("a")
    assert await theirs.append("c1", [WORDS], behind=4) is Kept.TAKEN
    await mine.release("c1")
    assert await theirs.orphans(limit=5) == ["c1"]
    assert await theirs.claim("c1") == Claimed((*STEP, WORDS))
    assert await mine.append("c1", [WORDS], behind=4) is Kept.TAKEN
    assert await mine.renew(["c1"]) == {"c1": Kept.TAKEN}
    assert await theirs.orphans(limit=5) == []


async def test_who_asked_for_a_chat_gets_it_before_others(redis: Redis) -> None:
    mine, theirs = chats(redis), chats(redis, "b")
    await mine.append("c1", STEP, behind=0)
    await mine.release("c1", to="b")
    assert await mine.orphans(limit=5) == []
    assert await mine.claim("c1") == Elsewhere("b")
    assert await theirs.claim("c1") == Claimed(STEP)


async def test_a_process_that_died_leaves_its_chats_when_its_lease_is_over(redis: Redis) -> None:
    dead, living = chats(redis, lease_seconds=0.2), chats(redis, "b")
    await dead.append("c1", STEP, behind=0)
    assert await living.orphans(limit=5) == []
    await asyncio.sleep(0.25)
    assert await living.orphans(limit=5) == ["c1"]
    assert await living.claim("c1") == Claimed(STEP)


async def test_who_was_only_slow_goes_on_unless_somebody_else_did(redis: Redis) -> None:
    slow, other = chats(redis, lease_seconds=0.1), chats(redis, "b")
    await slow.append("c1", STEP, behind=0)
    await slow.append("c2", STEP, behind=0)
    await asyncio.sleep(0.15)
    await other.claim("c2")
    await other.release("c2")
    assert await slow.renew(["c1", "c2"]) == {"c1": Kept.YES, "c2": Kept.TAKEN}


async def test_a_store_that_forgot_or_has_more_is_told_all_of_it(redis: Redis) -> None:
    mine = chats(redis)
    await mine.append("c1", STEP, behind=0)
    assert await mine.append("c1", [WORDS], behind=2) is Kept.TORN
    assert await mine.rewrite("c1", [*STEP, WORDS]) is Kept.YES
    assert await mine.read("c1", after=3) == [WORDS]
    await redis.flushall()
    assert await mine.renew(["c1"]) == {"c1": Kept.TORN}
    assert await mine.append("c1", [WORDS], behind=4) is Kept.TORN
    assert await mine.rewrite("c1", STEP) is Kept.YES
    assert await mine.read("c1") == list(STEP)


async def test_a_chat_that_is_over_stays_readable_and_is_nobodys(redis: Redis) -> None:
    mine, theirs = chats(redis), chats(redis, "b")
    await mine.append("c1", STEP, behind=0)
    await mine.leave_word("c1", Post("p1", WORDS))
    await mine.end("c1")
    assert await theirs.claim("c1") == Over()
    assert await theirs.read("c1") == list(STEP)
    assert await theirs.orphans(limit=5) == []
    assert await mine.words("c1") == []
    assert await mine.append("c1", [WORDS], behind=3) is Kept.TAKEN
    assert 0 < await redis.ttl("hotline:chat:{c1}:log") <= 86_400


async def test_an_unknown_chat_is_unknown(redis: Redis) -> None:
    assert await chats(redis).claim("c9") is None
    assert await chats(redis).read("c9") is None
    assert await chats(redis).renew([]) == {}


async def test_words_left_for_a_chat_wake_its_owner_and_stay_until_they_are_acted_on(redis: Redis) -> None:
    mine, theirs = chats(redis), chats(redis, "b")
    await mine.append("c1", STEP, behind=0)
    heard: list[Notice] = []

    async def listen() -> None:
        async for notice in mine.notices():
            heard.append(notice)  # noqa: PERF401 -- it never ends

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(5):
        while await redis.pubsub_numsub("hotline:chats:a") != [(b"hotline:chats:a", 1)]:
            await asyncio.sleep(0.01)
        await theirs.leave_word("c1", Post("p1", WORDS))
        await theirs.tell_typing("c1", is_on=True)
        await theirs.want("c1", "a")
        while len(heard) < 3:
            await asyncio.sleep(0.01)
    listening.cancel()
    assert heard == [Notice("c1"), Notice("c1", typing=True), Notice("c1", wanted_by="b")]
    assert await mine.words("c1") == [Post("p1", WORDS)]
    await mine.acted_on("c1", Post("p1", WORDS))
    assert await mine.words("c1") == []


async def test_nothing_readable_is_on_the_server_and_what_cannot_be_read_is_nothing(redis: Redis) -> None:
    mine = chats(redis)
    await mine.append("c1", [*STEP, WORDS], behind=0)
    await mine.leave_word("c1", Post("p1", WORDS))
    lines = [*await redis.lrange("hotline:chat:{c1}:log", 0, -1), *await redis.lrange("hotline:chat:{c1}:inbox", 0, -1)]  # type: ignore[misc]  # fmt: skip
    assert not [line for line in lines if "暖气".encode() in line or b"13905390001" in line]
    other_key = ChatsOnRedis(redis, Seal("tests only: " + "y" * 32), process="a")
    assert await other_key.claim("c1") == Claimed(())
    assert await other_key.words("c1") == []
    await mine.conceal("c1")
    assert await mine.read("c1") is None


async def test_of_many_processes_one_gets_the_chat(redis_port: int, redis: Redis) -> None:
    await chats(redis, "dead", lease_seconds=0.001).append("c1", STEP, behind=0)
    await asyncio.sleep(0.01)
    clients = [Redis(port=redis_port) for _ in range(8)]
    found = await asyncio.gather(*(chats(one, str(number)).claim("c1") for number, one in enumerate(clients)))
    for one in clients:
        await one.aclose()
    assert sorted(type(one).__name__ for one in found) == ["Claimed", *["Elsewhere"] * 7]


async def test_a_redis_that_is_gone_is_told_soon() -> None:
    with redis_server() as port:
        redis = Redis(port=port)
        mine = chats(redis)
        await mine.append("c1", STEP, behind=0)
    async with asyncio.timeout(20):  # three times 0.9 s; a client that goes on trying takes far longer
        with pytest.raises(EngineUnavailableError):
            await mine.append("c1", [WORDS], behind=3)
        with pytest.raises(EngineUnavailableError):
            await mine.claim("c1")
        with pytest.raises(EngineUnavailableError):
            await mine.renew(["c1"])
        await redis.aclose()


async def test_somebody_who_is_known_has_their_chat_again_from_any_process(redis: Redis) -> None:
    mine, theirs = chats(redis), chats(redis, "b")
    assert await theirs.open_of("host:citizen-1") is None
    await mine.note_open("host:citizen-1", "c1")
    assert await theirs.open_of("host:citizen-1") == "c1"
    assert await theirs.open_of("host:citizen-2") is None
    assert not [key for key in await redis.keys() if b"citizen-1" in key]  # nobody's name is a key
    await theirs.note_open("host:citizen-1", "c2")
    assert await mine.open_of("host:citizen-1") == "c2"
