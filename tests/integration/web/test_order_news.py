"""News of an order in its citizen's open chat: shown there first, by SMS only when it was not seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from app.chat_news import ChatNewsOnRedis
from app.chat_store import ChatsOnRedis
from app.letter_senders import SendersByKind
from app.letter_words import load_notice_words
from chat import held_chats
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.deeds import SignFor
from hotline.domain.outbox import MessageState
from hotline.domain.people import unit_actor
from hotline.domain.progress import Subscription
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework
from hotline.service.chat_news import ChatNews
from hotline.service.citizen_notices import CitizenNotices, Notice
from hotline.service.confidential import Confidential
from hotline.service.delivery import Arrived, Delivery, Outcome
from hotline.store.letters import SqlLetters
from hotline.store.outbox import SqlOutbox
from hotline.store.progress import SqlProgress
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from tests.builders import NOW
from tests.integration.web.conftest import CITY, COMPLAINT, LIMITS, Site
from tests.integration.web.page import Message, Page, connected

PHONE = "13905390001"
SEAL = Seal("tests only: " + "x" * 32)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_chats, "RENEW_SECONDS", 0.1)


class Office:
    """The worker beside a site: it delivers what is due at ``at``, with SMS as the other door."""

    def __init__(self, site: Site, news: ChatNews) -> None:
        self.site, self.at, self.sms = site, NOW + timedelta(minutes=1), list[str]()
        self.casework = Casework(site.store, lambda: LIMITS, CITY.units)
        self.outbox = SqlOutbox(site.store.database, SEAL)
        self.progress = SqlProgress(site.store.database)
        notices = CitizenNotices(
            site.store, SqlLetters(site.store.database, SEAL), load_notice_words(CITY), {},
            subscriptions=self.progress, by_channel={}, by_phone=self, news=news, unseen=timedelta(minutes=3),
        )  # fmt: skip
        self._delivery = Delivery(
            self.outbox, SendersByKind({"citizen": notices}, notices), clock=lambda: self.at, jitter=lambda: 1.0
        )  # fmt: skip

    async def tell_phone(self, phone: PhoneNumber, notice: Notice) -> Outcome:
        assert phone.digits == PHONE
        self.sms.append(notice.text)
        return Arrived("200")

    async def deliver(self, *, after: float) -> list[str]:
        """Deliver so many seconds later; return what went by SMS."""
        self.at += timedelta(seconds=after)
        await self._delivery.drain()
        sent, self.sms = self.sms, []
        return sent

    async def is_quiet(self) -> bool:
        return not [
            each
            for each in await self.outbox.in_state(MessageState.PENDING)
            if each.message.destination.startswith("citizen:")
        ]

    async def delivered(self) -> list[str]:
        """Deliver until nothing waits for a citizen any more; return what went by SMS."""
        sent: list[str] = []
        async with asyncio.timeout(20):
            while not await self.is_quiet():
                sent += await self.deliver(after=0.2)
                await asyncio.sleep(0.02)
        return sent


@pytest.fixture
async def office(new_site: Callable[..., Site], redis: Redis) -> Office:
    chats = ChatsOnRedis(redis, SEAL, process="web")
    site = new_site(chats=chats, customs={"news": ChatNewsOnRedis(redis, SEAL, chats)}, has_self_service=True)
    return Office(site, ChatNewsOnRedis(redis, SEAL, ChatsOnRedis(redis, SEAL, process="worker")))


async def reported(page: Page, site: Site) -> WorkOrder:
    await page.send({"type": "report", "id": "r1", "text": COMPLAINT, "phone": PHONE})
    await page.next("echoed")
    await page.answers()
    (order,) = await site.store.recent()
    return order


async def news_on(page: Page) -> Message:
    while (said := await page.next("said"))["card"] is None or said["card"]["type"] != "news":
        pass
    return said


async def test_a_step_that_was_seen_in_the_open_chat_is_not_sent_and_one_that_was_not_is(
    office: Office,
) -> None:
    site = office.site
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello()
            await page.answers()
            order = await reported(page, site)
            assert order.lead_unit is not None
            unit = unit_actor(order.lead_unit)
            await office.progress.subscribe(Subscription(order.number, ContactChannel.SMS, NOW))
            await office.casework.do(order.number, SignFor(), by=unit, at=office.at)

            assert await office.deliver(after=1) == []
            shown = await news_on(page)
            assert (shown["by"], shown["card"]) == (
                "hotline",
                {"type": "news", "number": order.number, "is_answer": False},
            )
            assert order.number in shown["text"]
            assert await office.deliver(after=60) == []  # not seen yet
            await page.send({"type": "seen", "number": shown["number"]})
            assert await office.delivered() == []

            confidential = Confidential(site.store, SqlRelayStore(site.store.database, SEAL))
            await confidential.send(order.number, "明天上午去", by=unit, at=office.at)
            assert await office.deliver(after=1) == []
            assert "明天上午去" in (await news_on(page))["text"]
            (unseen,) = await office.deliver(after=200)  # the page is open and nobody looks at it
            assert "明天上午去" in unseen

        async with asyncio.timeout(10):
            while any(channel._send is not None for channel in site.chat.chats.held.values()):
                await asyncio.sleep(0.01)
        await confidential.send(order.number, "修好了", by=unit, at=office.at)
        (away,) = await office.delivered()  # the page is gone: nobody has to wait
        assert "修好了" in away
        async with connected(address) as page:
            await page.hello(page.session)
            await page.send({"type": "bye"})
        async with connected(address) as other:
            await other.hello()
            await other.answers()
            client = site.client()
            code = {"number": order.number}
            assert (await client.post("/api/citizen/v1/codes", json=code)).status_code == 202
            proof = await client.post("/api/citizen/v1/proofs", json={**code, "code": "777777"})
            headers = {"authorization": f"Bearer {proof.json()['token']}"}
            subscribed = await client.put(
                f"/api/citizen/v1/orders/{order.number}/subscription", json={"chat": other.session}, headers=headers
            )  # fmt: skip
            assert subscribed.status_code == 200
            await client.aclose()
            await confidential.send(order.number, "请验收", by=unit, at=office.at)
            assert await office.deliver(after=1) == []
            shown = await news_on(other)
            await other.send({"type": "seen", "number": shown["number"]})
            assert await office.delivered() == []


async def test_while_redis_is_away_news_goes_by_sms(office: Office) -> None:
    site = office.site
    async with site.served() as address, connected(address) as page:
        await page.hello()
        await page.answers()
        order = await reported(page, site)
        assert order.lead_unit is not None
        confidential = Confidential(site.store, SqlRelayStore(site.store.database, SEAL))
        await confidential.send(order.number, "明天上午去", by=unit_actor(order.lead_unit), at=office.at)
        async with Redis(port=1) as away:
            news = ChatNewsOnRedis(away, SEAL, ChatsOnRedis(away, SEAL, process="worker"))
            (sent,) = await Office(site, news).deliver(after=1)
        assert "明天上午去" in sent
