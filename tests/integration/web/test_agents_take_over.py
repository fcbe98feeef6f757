"""Agents take chats over in the same thread, on whatever process, with the whole history; a unit may take part unseen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import time, timedelta
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from app.agent_store import DeskOnRedis
from app.chat_store import ChatsOnRedis
from app.letter_senders import SendersByKind
from app.letter_words import load_notice_words
from app.reading_store import ReadingOnRedis
from chat import handover, held_chats
from chat.handover import AgentHours, ChatQueue
from hotline.domain.agents import DeskRules, Skill
from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbox import MessageState
from hotline.domain.people import CITIZEN, unit_actor
from hotline.service.agent_desk import AgentDesk
from hotline.service.citizen_notices import CitizenNotices, Notice
from hotline.service.confidential import Confidential
from hotline.service.delivery import Arrived, Delivery, Outcome
from hotline.service.reading_along import Reading, ReadingAlong, readers_of
from hotline.store.letters import SqlLetters
from hotline.store.outbox import SqlOutbox
from hotline.store.progress import SqlProgress
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from tests.builders import NOW
from tests.integration.web.conftest import CITY, COMPLAINT, STAFF, Site
from tests.integration.web.page import Page, connected

SEAL = Seal("tests only: " + "x" * 32)
CHATS = "/api/staff/v1/chats"
NewSite = Callable[..., Site]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_chats, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(handover, "_GRACE_SECONDS", 0.2)


@pytest.fixture
def new_desk_site(new_site: NewSite, redis: Redis) -> NewSite:
    def make(process: str, hours: AgentHours | None = None) -> Site:
        desk = AgentDesk(DeskOnRedis(redis, SEAL), DeskRules(), lambda: NOW, lambda: "unused")
        queue = ChatQueue(desk, hours or AgentHours(), poll=0.1, tell_after=0.1, keep_alive=0.1, offer=30.0)
        chats = ChatsOnRedis(redis, SEAL, process=process)
        site = new_site(chats=chats, desk=desk, customs={"queue": queue})
        relay = Confidential(site.store, SqlRelayStore(site.store.database, SEAL))
        object.__setattr__(site.chat._customs, "relay", relay)
        return site

    return make


class Agent:
    """An agent's program."""

    def __init__(self, client: httpx.AsyncClient, number: str = "1024") -> None:
        self.client, self.number = client, number

    async def sign_in(self, *skills: Skill) -> None:
        body = {"name": "王敏", "skills": list(skills or (Skill.ORDINARY,))}
        (await self.client.put(f"/api/staff/v1/agents/{self.number}", json=body)).raise_for_status()

    async def lists(self) -> dict[str, Any]:
        found = await self.client.get(CHATS, params={"agent": self.number})
        found.raise_for_status()
        lists: dict[str, Any] = found.json()
        return lists

    async def offered(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while not (mine := (await self.lists())["mine"]):
                await asyncio.sleep(0.02)
        chat: dict[str, Any] = mine[0]
        return chat

    async def do(self, chat: str, what: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"{CHATS}/{chat}/{what}", json={"agent": self.number, **body})

    async def messages(self, chat: str, after: int = 0) -> list[dict[str, Any]]:
        found = await self.client.get(
            f"{CHATS}/{chat}/messages", params={"agent": self.number, "after": after}
        )
        found.raise_for_status()
        messages: list[dict[str, Any]] = found.json()["messages"]
        return messages


@asynccontextmanager
async def an_agent(address: str, number: str = "1024") -> AsyncIterator[Agent]:
    async with httpx.AsyncClient(base_url=f"http://{address}", headers=STAFF, trust_env=False) as client:
        agent = Agent(client, number)
        await agent.sign_in()
        yield agent


async def waits(page: Page) -> None:
    await page.hello()
    await page.answers()
    await page.write(COMPLAINT)
    await page.send_text("转人工")
    while (await page.next("standing"))["whom"] != "waiting":
        pass


async def said_by(page: Page, writer: str) -> dict[str, Any]:
    while (message := await page.next("said"))["by"] != writer:
        pass
    return message


async def test_an_agent_on_another_process_takes_over_with_the_whole_history_and_gives_back(
    new_desk_site: NewSite,
) -> None:
    one, other = new_desk_site("a"), new_desk_site("b")
    async with one.served() as first, other.served() as second, an_agent(second) as agent:  # noqa: SIM117
        async with connected(first) as page:
            await waits(page)
            offered = await agent.offered()
            assert (offered["state"], offered["skill"], offered["id"]) == (
                "briefing",
                "ordinary",
                page.session,
            )
            assert COMPLAINT in offered["briefing"]
            assert (await agent.do(page.session, "take")).json()["state"] == "bridged"
            standing = await page.next("standing")
            assert (standing["whom"], standing["agent"]) == ("agent", "1024")
            before = await agent.messages(page.session)
            assert [(line["by"], line["text"]) for line in before][1] == ("citizen", COMPLAINT)
            assert before[-1]["text"].startswith("1024号话务员为您服务")

            assert (await agent.do(page.session, "typing", is_on=True)).status_code == 204
            assert await page.next("typing") == {"type": "typing", "is_on": True, "by": "agent"}
            for _ in range(2):  # sent twice, it is one message
                written = await agent.do(page.session, "messages", id="m1", text="您好，请问几楼？")
                assert written.status_code == 202
            message = await said_by(page, "agent")
            assert (message["text"], message["name"]) == ("您好，请问几楼？", "1024")
            await page.send_text("三楼")
            await page.next("echoed")
            async with asyncio.timeout(5):
                while (lines := await agent.messages(page.session, after=message["number"])) == []:
                    await asyncio.sleep(0.02)
            assert [(line["by"], line["text"]) for line in lines] == [("citizen", "三楼")]

            assert (await agent.do(page.session, "hand-back")).status_code == 204
            assert (await said_by(page, "hotline"))["text"].startswith("话务员已经离开，我是智能助手")
            assert (await agent.do(page.session, "messages", id="m2", text="还在吗")).status_code == 409
            assert (await agent.lists())["mine"] == []
            (confirm,) = await page.write(COMPLAINT)
            assert confirm.startswith("请核对：")
    texts = [row["body"]["text"] for row in await one.store.read(page.session) if row["name"] == "AgentWrote"]
    assert texts == ["您好，请问几楼？"]


async def test_the_agents_stream_shows_offers_messages_and_who_is_writing(new_desk_site: NewSite) -> None:
    site = new_desk_site("a")
    async with site.served() as address, an_agent(address) as agent, connected(address) as page:
        events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

        async def listen() -> None:
            async with agent.client.stream("GET", f"{CHATS}/events", params={"agent": "1024"}) as stream:
                name = ""
                async for line in stream.aiter_lines():
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        events.put_nowait((name, json.loads(line.removeprefix("data: "))))

        async def next_of(kind: str) -> Any:
            async with asyncio.timeout(10):
                while (event := await events.get())[0] != kind:
                    pass
            return event[1]

        listening = asyncio.create_task(listen())
        assert await next_of("chats") == {"waiting": [], "mine": []}
        await waits(page)
        while not (offered := (await next_of("chats"))["mine"]):
            pass
        assert offered[0]["state"] == "briefing"
        await agent.do(page.session, "take")
        history = await next_of("messages")
        assert [line["text"] for line in history["messages"]][1] == COMPLAINT
        await page.send({"type": "writing", "is_on": True})
        assert await next_of("writing") == {"chat": page.session, "is_on": True}
        await page.send_text("三楼")
        while (found := await next_of("messages"))["messages"][-1]["text"] != "三楼":
            pass
        assert found["chat"] == page.session
        await page.send({"type": "seen", "number": 9})
        assert await next_of("seen") == {"chat": page.session, "number": 9}
        listening.cancel()


async def test_a_chat_with_an_agent_goes_on_when_its_process_ends(new_desk_site: NewSite) -> None:
    one, other = new_desk_site("a"), new_desk_site("b")
    async with other.served() as second, an_agent(second) as agent:
        async with one.served() as first, connected(first) as page:
            await waits(page)
            await agent.offered()
            await agent.do(page.session, "take")
            await page.next("standing")
            await page.send_text("三楼")
            await page.next("echoed")
        await agent.do(page.session, "messages", id="m1", text="我在")
        async with connected(second) as again:
            await again.hello(page.session, seen=page.seen)
            assert (await said_by(again, "agent"))["text"] == "我在"
            await again.send_text("四楼")
            await again.next("echoed")
            await agent.do(page.session, "close")
            ended = await again.next("ended")
    assert ended == {"type": "ended", "outcome": "agent"}


async def test_nobody_on_duty_or_there_at_this_hour_leads_to_a_message(new_desk_site: NewSite) -> None:
    site = new_desk_site("a", AgentHours(((time(8, 30), time(9, 0)),)))
    async with site.served() as address, connected(address) as page:
        await page.hello()
        await page.answers()
        await page.send_text("转人工")
        while "请您写出" not in (said := (await page.next("said"))["text"]):
            pass
    assert said.startswith("现在不是人工服务时间（8:30—9:00）。")
    site = new_desk_site("b")
    async with site.served() as address, connected(address) as page:
        await page.hello()
        await page.answers()
        await page.send_text("转人工")
        while "请您写出" not in (said := (await page.next("said"))["text"]):
            pass
    assert said.startswith("抱歉，现在话务员都在忙。")


async def test_the_queue_is_told_and_left_and_a_refused_chat_goes_to_the_next(new_desk_site: NewSite) -> None:
    site = new_desk_site("a")
    async with site.served() as address, an_agent(address) as agent:
        (await agent.client.post("/api/staff/v1/agents/1024/presence", json={"presence": "paused"})).raise_for_status()  # fmt: skip
        async with an_agent(address, "1025") as second, connected(address) as page:
            await second.client.post("/api/staff/v1/agents/1025/presence", json={"presence": "ready"})
            await waits(page)
            assert (await second.offered())["id"] == page.session
            await second.client.post("/api/staff/v1/agents/1025/presence", json={"presence": "paused"})
            waiting = (await agent.lists())["waiting"]
            assert [(chat["id"], chat["agent"]) for chat in waiting] == [(page.session, "1025")]
            assert (await agent.do(page.session, "take")).json()["code"] == "handover.illegal"
            await page.send_text("不等了")
            assert (await said_by(page, "hotline"))["text"].startswith("好的，不排队了")
            async with asyncio.timeout(5):
                while (await agent.lists())["waiting"]:
                    await asyncio.sleep(0.02)


async def test_an_agent_who_is_lost_is_replaced(new_desk_site: NewSite, redis: Redis) -> None:
    site = new_desk_site("a")
    async with site.served() as address, an_agent(address) as agent, connected(address) as page:
        await waits(page)
        await agent.offered()
        await agent.do(page.session, "take")
        await page.next("standing")
        await redis.delete("hotline:desk")
        await agent.sign_in()
        said = await said_by(page, "hotline")
        while not said["text"].startswith("抱歉，话务员的线路断开了"):
            said = await said_by(page, "hotline")
        assert (await agent.offered())["state"] == "briefing"


async def test_a_unit_takes_part_through_the_relay_and_sees_nobody(new_desk_site: NewSite) -> None:
    site = new_desk_site("a")
    confidential = Confidential(site.store, SqlRelayStore(site.store.database, SEAL))
    async with site.served() as address, an_agent(address) as agent, connected(address) as page:
        await page.hello()
        await page.answers()
        await page.write(COMPLAINT)
        await page.write("对")
        (order,) = await site.store.recent()
        assert order.lead_unit is not None
        await confidential.send(order.number, "早先的话", by=CITIZEN, at=NOW)
        await page.send_text("转人工")
        await agent.offered()
        await agent.do(page.session, "take")
        unit = (await agent.do(page.session, "unit", order=order.number)).json()["unit"]
        while not (await said_by(page, "hotline"))["text"].startswith(f"已经请{unit}加入对话"):
            pass
        await page.send_text("我是三楼的，电话13905390001")
        await agent.do(page.session, "messages", id="m1", text="请尽快上门")
        thread: list[Any] = []
        async with asyncio.timeout(10):
            while len(thread) < 3:
                await asyncio.sleep(0.05)
                thread = list(await SqlRelayStore(site.store.database, SEAL).thread(order.number))
        assert [(message.by.role.value, message.text) for message in thread] == [
            ("citizen", "早先的话"), ("citizen", "我是三楼的，电话***"), ("agent", "请尽快上门"),
        ]  # fmt: skip
        await confidential.send(order.number, "明天上午去", by=unit_actor(order.lead_unit), at=NOW)
        answer = await said_by(page, "unit")
        assert (answer["name"], answer["text"]) == (unit, "明天上午去")
        await agent.do(page.session, "unit/dismiss", order=order.number)
        while (await said_by(page, "hotline"))["text"] != f"{unit}已经退出对话。":
            pass
        await page.send_text("这句单位看不到")
        await page.next("echoed")
        await asyncio.sleep(0.3)
        assert len(await SqlRelayStore(site.store.database, SEAL).thread(order.number)) == 4


class Telephones:
    """Takes what is sent by SMS."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def tell_phone(self, phone: PhoneNumber, notice: Notice) -> Outcome:
        self.sent.append((phone.digits, notice.text))
        return Arrived("200")


async def test_a_units_words_go_by_sms_unless_their_citizen_has_seen_them_in_the_chat(
    new_desk_site: NewSite, redis: Redis
) -> None:
    site, phones, clock = new_desk_site("a"), Telephones(), [NOW + timedelta(minutes=1)]
    reading = ReadingOnRedis(redis, SEAL, lease_seconds=120)
    object.__setattr__(site.chat._customs, "reading", reading)
    confidential = Confidential(site.store, SqlRelayStore(site.store.database, SEAL))
    outbox = SqlOutbox(site.store.database, SEAL)

    async def deliver(*, after: float, where: ReadingAlong = reading) -> list[str]:
        """Deliver so long after the words were written; return what went by SMS."""
        notices = CitizenNotices(
            site.store, SqlLetters(site.store.database, SEAL), load_notice_words(CITY), {},
            subscriptions=SqlProgress(site.store.database), by_channel={}, by_phone=phones, reading=where,
            unseen=timedelta(seconds=60),
        )  # fmt: skip
        clock[0] += timedelta(seconds=after)
        senders = SendersByKind({"citizen": notices}, notices)
        await Delivery(outbox, senders, clock=lambda: clock[0], jitter=lambda: 1.0).drain()
        sent, phones.sent = phones.sent, []
        assert {phone for phone, _ in sent} <= {"13905390001"}
        return [text.partition("给您留言：")[2].partition("（")[0] for _, text in sent]

    async with site.served() as address, an_agent(address) as agent:
        async with connected(address) as page:
            await page.hello()
            await page.answers()
            await page.send({"type": "report", "id": "r1", "text": COMPLAINT, "phone": "13905390001"})
            await page.next("echoed")
            await page.answers()
            (order,) = await site.store.recent()
            assert order.appeal.phone is not None
            assert order.lead_unit is not None
            unit, mine = unit_actor(order.lead_unit), readers_of(order.conversation, None)

            async def marked(wanted: Callable[[Reading], bool]) -> None:
                """Wait until the mark of the order's citizen is as wanted."""
                async with asyncio.timeout(20):
                    while not wanted((await reading.of(order.number, mine))[0]):
                        await asyncio.sleep(0.02)

            async def writes(text: str, page: Page) -> int:
                """Have the unit write; return the number of its message on the page."""
                await confidential.send(order.number, text, by=unit, at=clock[0])
                await page.send({"type": "seen", "number": 0})  # has the relay looked at
                while (message := await said_by(page, "unit"))["text"] != text:
                    pass
                return int(message["number"])

            await confidential.send(order.number, "还没有人同看", by=unit, at=clock[0])
            await page.send_text("转人工")
            await agent.offered()
            await agent.do(page.session, "take")
            assert (await agent.do(page.session, "unit", order=order.number)).status_code == 200
            number = await writes("明天上午去", page)
            assert await deliver(after=1) == ["还没有人同看"]  # what the chat does not bring waits for nobody
            assert await deliver(after=6) == []
            await page.send({"type": "seen", "number": number})
            await marked(lambda mark: mark.has_read(2))
            assert await deliver(after=6) == []
            assert await outbox.in_state(MessageState.PENDING) == []
            await writes("请带好证件", page)
        await marked(lambda mark: not mark.is_here)
        stranger = readers_of("another-chat", None)
        await reading.note(order.number, stranger, Reading(is_here=True, read=9))
        assert await deliver(after=6) == ["请带好证件"]
        async with connected(address) as again:
            await again.hello(page.session, seen=page.seen)
            await marked(lambda mark: mark.is_here)
            number = await writes("我到楼下了", again)
            assert await deliver(after=1) == []
            assert await deliver(after=60) == ["我到楼下了"]  # the page is open and nobody looks at it
            number = await writes("修好了", again)
            await again.send({"type": "seen", "number": number})
            async with Redis(port=1) as away:
                assert await deliver(after=6, where=ReadingOnRedis(away, SEAL)) == ["修好了"]
    keys = b"".join([key async for key in redis.scan_iter("hotline:along:*")])
    assert keys != b""
    assert not any(word in keys.decode() for word in (order.number, order.conversation, "13905390001"))


async def test_a_mark_that_is_not_renewed_runs_out(redis: Redis) -> None:
    reading, reader = ReadingOnRedis(redis, SEAL, lease_seconds=0.05), readers_of("c1", PhoneNumber("1"))
    await reading.note("1", reader, Reading(is_here=True, after=2, read=3))
    async with asyncio.timeout(10):
        while await reading.of("1", reader) != [Reading(is_here=False, after=2, read=3)] * 2:
            await asyncio.sleep(0.02)


async def test_what_is_missing_wrong_or_not_allowed_is_told(new_desk_site: NewSite) -> None:
    site = new_desk_site("a")
    async with site.served() as address, an_agent(address) as agent:
        assert (await agent.do("nothing", "take")).json()["code"] == "handover.illegal"
        assert (await agent.do("nothing", "messages", id="1", text="您好")).json()[
            "code"
        ] == "handover.illegal"
        found = await agent.client.get(f"{CHATS}/nothing/messages", params={"agent": "1024"})
        assert (found.status_code, found.json()["code"]) == (404, "chat.unknown")
        stranger = await agent.client.get(CHATS, params={"agent": "9999"})
        assert (stranger.status_code, stranger.json()["code"]) == (404, "agent.unknown")
        assert (await agent.do("nothing", "messages", id="1", text="")).status_code == 422
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as nobody:
            assert (await nobody.get(CHATS)).status_code == 401
