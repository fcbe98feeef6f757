"""Chats go on wherever their citizen comes back, whatever dies in between, and each citizen gets exactly one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from app.chat_store import ChatsOnRedis
from chat import held_chats
from hotline.dialogue.actions import Action
from hotline.dialogue.events import Event, Said
from hotline.dialogue.session import Session
from hotline.domain.appeal import Appeal, ContactChannel
from hotline.domain.work_order import Status, WorkOrder
from hotline.service.casework import Casework
from hotline.service.registration import Registration
from hotline.store.sealing import Seal
from tests.builders import a_session
from tests.fakes import NeverUnderstander
from tests.integration.web.conftest import CITY, COMPLAINT, LIMITS, FixedRouter, Site
from tests.integration.web.page import Page, connected
from tests.redis_server import redis_server

SEAL = Seal("tests only: " + "x" * 32)
NewSite = Callable[..., Site]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_chats, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(held_chats, "_GRACE_SECONDS", 0.2)


def chats(redis: Redis, process: str, lease: float = 15.0) -> ChatsOnRedis:
    return ChatsOnRedis(redis, SEAL, process=process, lease_seconds=lease)


async def die(site: Site) -> None:
    """Leave everything as it is, as a process does that is killed."""

    async def nothing(*_: object) -> None: ...

    held = site.chat.chats
    held.conversations._end = nothing  # type: ignore[method-assign]
    await held_chats.ended(held._loops)
    held._loops = []
    for channel in held.held.values():
        channel.keeper._store = None  # it reaches nothing any more
        channel.leave = lambda: None  # type: ignore[method-assign]
    held.store = None
    held.held.clear()
    await held_chats.ended(list(held._tasks))


async def answers_once(page: Page) -> list[str]:
    """Return what the hotline says, and wait for more that may come."""
    said = await page.answers()
    await asyncio.sleep(0.6)
    await page.send({"type": "ping"})
    while (message := await page.next("said", "pong"))["type"] == "said":
        said.append(message["text"])
    return said


async def test_a_page_that_comes_back_to_another_process_goes_on_there(
    new_site: NewSite, redis: Redis
) -> None:
    one, other = new_site(chats=chats(redis, "a")), new_site(chats=chats(redis, "b"))
    async with one.served() as first, other.served() as second:
        async with connected(first) as page:
            await page.hello()
            await page.answers()
            (confirm,) = await page.write(COMPLAINT)
            async with connected(second) as again:
                welcome = await again.hello(page.session, seen=0)
                assert (welcome["session"], welcome["last"]) == (page.session, 3)
                shown = [await again.next("said", "echoed") for _ in range(3)]
                assert [message["text"] for message in shown][1:] == [COMPLAINT, confirm]
                assert await page.next("moved") == {"type": "moved"}
                (registered,) = await again.write("对")
                assert registered.startswith("已受理，工单编号26112300001。")
        assert page.session not in one.chat.chats.held
    (order,) = await one.store.recent()
    assert order.conversation == page.session
    journal = await one.store.read(page.session)
    assert [row["sequence"] for row in journal] == list(range(1, len(journal) + 1))
    assert [row["body"]["text"] for row in journal if row["name"] == "Said"] == [COMPLAINT, "对"]


async def test_who_was_not_answered_because_the_process_died_is_answered_once_by_another(
    new_site: NewSite, redis: Redis
) -> None:
    one = new_site(chats=chats(redis, "a", 1.0), understander=NeverUnderstander())
    other = new_site(chats=chats(redis, "b"))
    async with one.served() as first, other.served() as second:
        async with connected(first) as page:
            await page.hello()
            await page.answers()
            await page.send_text(COMPLAINT)
            await page.next("echoed")
            await die(one)
        async with connected(second) as again:
            await again.hello(page.session, seen=page.seen)
            (confirm,) = await answers_once(again)
            assert confirm.startswith("请核对：")
            (registered,) = await again.write("对")
    assert registered.startswith("已受理，工单编号26112300001。")
    assert len(await other.store.recent()) == 1


async def test_what_was_sent_and_not_echoed_is_sent_again_and_taken_once(
    new_site: NewSite, redis: Redis
) -> None:
    one, other = new_site(chats=chats(redis, "a")), new_site(chats=chats(redis, "b"))
    async with one.served() as first, other.served() as second:
        async with connected(first) as page:
            await page.hello()
            await page.answers()
            await page.send({"type": "text", "id": "m1", "text": COMPLAINT})
            await page.next("echoed")
        async with connected(second) as again:
            await again.hello(page.session, seen=page.seen)
            await again.send({"type": "text", "id": "m1", "text": COMPLAINT})
            assert (await again.next("echoed"))["id"] == "m1"
    rows = await one.store.read(page.session)
    assert [row["body"]["text"] for row in rows if row["name"] == "Said"] == [COMPLAINT]


async def test_an_order_committed_by_a_process_that_died_before_telling_is_told_and_is_the_only_one(
    new_site: NewSite, redis: Redis
) -> None:
    class DiesAfterCommit(Registration):
        async def register(self, appeal: Appeal, **values: Any) -> WorkOrder:
            await super().register(appeal, **values)
            committed.set()
            await asyncio.Event().wait()
            raise AssertionError

    committed, other = asyncio.Event(), new_site(chats=chats(redis, "b"))
    casework = Casework(other.store, lambda: LIMITS, CITY.units)
    dying = DiesAfterCommit(other.store, FixedRouter(), CITY, casework)
    one = new_site(chats=chats(redis, "a", 1.0), registration=dying)
    async with one.served() as first, other.served() as second:
        async with connected(first) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
            await page.send_text("对")
            await page.next("echoed")
            await committed.wait()
            await die(one)
        async with connected(second) as again:
            await again.hello(page.session, seen=page.seen)
            (registered,) = await answers_once(again)
    (order,) = await other.store.recent()
    assert registered.startswith(f"已受理，工单编号{order.number}。")


async def test_a_chat_whose_process_and_page_are_gone_leaves_its_record(
    new_site: NewSite, redis: Redis
) -> None:
    one, other = new_site(chats=chats(redis, "a", 1.0)), new_site(chats=chats(redis, "b"))
    async with one.served() as first, other.served():
        async with connected(first) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
            await die(one)
        async with asyncio.timeout(5):
            while page.session not in other.chat.chats.held:
                await asyncio.sleep(0.02)
        other.chat.chats.held[page.session].leave()
        async with asyncio.timeout(5):
            while other.chat.chats.held:
                await asyncio.sleep(0.02)
    (order,) = await other.store.recent()
    assert (order.status, order.appeal.text) == (Status.NEEDS_SUPPLEMENT, COMPLAINT)


async def test_a_process_that_ends_hands_its_chats_over(new_site: NewSite, redis: Redis) -> None:
    one, other = new_site(chats=chats(redis, "a")), new_site(chats=chats(redis, "b"))
    async with other.served() as second:
        async with one.served() as first, connected(first) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
        assert one.ended == []
        async with connected(second) as again:
            assert (await again.hello(page.session, seen=page.seen))["session"] == page.session
            (registered,) = await again.write("对")
    assert registered.startswith("已受理，工单编号26112300001。")


async def test_a_redis_that_is_restarted_is_told_everything_and_the_chat_may_still_move(
    new_site: NewSite, redis_port: int, redis: Redis
) -> None:
    one, other = new_site(chats=chats(redis, "a")), new_site(chats=chats(redis, "b"))
    async with one.served() as first, other.served() as second, connected(first) as page:
        await page.hello()
        await page.answers()
        await page.write(COMPLAINT)
        await redis.flushall()  # all that it knew is gone
        async with connected(second) as again:
            assert (await again.hello(page.session, seen=page.seen))["session"] == page.session
            (registered,) = await again.write("对")
    assert registered.startswith("已受理，工单编号26112300001。")


async def test_while_redis_is_away_a_chat_goes_on_in_its_process(new_site: NewSite) -> None:
    with redis_server() as port:
        gone = Redis(port=port)
    site = new_site(chats=chats(gone, "a"))
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
        async with connected(address) as again:
            await again.hello(page.session, seen=page.seen)
            (registered,) = await again.write("对")
        async with connected(address) as stranger:
            assert (await stranger.hello("unknown", seen=2))["code"] == "moving"
            assert await stranger.closed() == 1013
    await gone.aclose()
    assert registered.startswith("已受理，工单编号26112300001。")


async def test_a_chat_that_redis_and_its_process_have_lost_is_gone_on_with_from_the_journal(
    new_site: NewSite, redis: Redis
) -> None:
    one, other = new_site(chats=chats(redis, "a", 1.0)), new_site(chats=chats(redis, "b"))
    async with one.served() as first, other.served() as second:
        async with connected(first) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
            async with asyncio.timeout(5):
                while [row["name"] for row in await one.store.read(page.session)][-1:] != ["PromptFinished"]:
                    await asyncio.sleep(0.02)
            await die(one)
            await redis.flushall()
        async with connected(second) as again:
            assert (await again.hello(page.session, seen=page.seen))["session"] == page.session
            (registered,) = await again.write("对")
    assert registered.startswith("已受理，工单编号26112300001。")


async def test_a_hotline_with_other_rules_begins_anew_and_loses_nothing(
    new_site: NewSite, redis: Redis
) -> None:
    class OtherSession(Session):
        def handle(self, event: Event) -> tuple[Action, ...]:
            actions = super().handle(event)
            if isinstance(event, Said):
                return tuple(replace(each, turn=7) if hasattr(each, "turn") else each for each in actions)
            return actions

    def other_session(channel: ContactChannel) -> Session:
        session = a_session(channel)
        session.__class__ = OtherSession
        return session

    one = new_site(chats=chats(redis, "a"))
    other = new_site(chats=chats(redis, "b"), new_session=other_session)
    async with one.served() as first, other.served() as second:
        async with connected(first) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
        async with connected(second) as again:
            await again.hello(page.session, seen=page.seen)
            (greeting,) = await again.answers()
    assert greeting.startswith("您好，这里是临沂市12345")
    (order,) = [order for order in await other.store.recent() if order.appeal.text]
    assert (order.appeal.text, order.status) == (COMPLAINT, Status.NEEDS_SUPPLEMENT)


async def test_conversations_that_everybody_has_lost_are_ended_with_their_record(
    new_site: NewSite, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_chats, "_FORGOTTEN_SECONDS", 0.05)
    monkeypatch.setattr(held_chats, "_FORGOTTEN_AFTER", -held_chats._FORGOTTEN_AFTER)
    one, other = new_site(chats=chats(redis, "a", 1.0)), new_site(chats=chats(redis, "b"))
    async with one.served() as first, connected(first) as page:
        await page.hello()
        await page.answers()
        await page.write(COMPLAINT)
        async with asyncio.timeout(5):
            while [row["name"] for row in await one.store.read(page.session)][-1:] != ["PromptFinished"]:
                await asyncio.sleep(0.02)
        await die(one)
    await redis.flushall()
    async with other.served():
        async with asyncio.timeout(5):
            while await other.store.is_open(page.session):
                await asyncio.sleep(0.02)
    (order,) = await other.store.recent()
    assert (order.status, order.appeal.text) == (Status.NEEDS_SUPPLEMENT, COMPLAINT)
