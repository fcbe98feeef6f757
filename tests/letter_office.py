"""A hotline that takes letters, on a real database, with a stand-in of WeChat before it and delivery behind it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from redis.asyncio import Redis

from app.deliveries import Endpoints, WebhookSender, open_client
from app.faults import Faults
from app.letter_channels import channel_ways, open_accounts
from app.letter_senders import SendersByKind
from app.letter_words import load_letter_prompts, load_notice_words, load_short_answers, load_wechat_words
from app.self_service import order_names
from app.settings import Settings
from app.wechat import apis, fetching
from chat.wechat.nonces import NoncesInMemory, NoncesOnRedis
from chat.wechat.notices import WeChatNotices
from chat.wechat.routes import WeChat
from chat.wechat.sender import WeChatSender, WeChatTyping
from hotline.city import load_city, read_yaml
from hotline.domain.appeal import Appeal, AppealKind, ContactChannel, Place
from hotline.domain.deeds import AddFacts
from hotline.domain.knowledge import Attachment
from hotline.domain.meaning import Understanding
from hotline.domain.outbox import MessageState
from hotline.domain.people import CITIZEN
from hotline.domain.routing import RoutingDecision
from hotline.service.casework import Casework
from hotline.service.citizen_notices import CitizenNotices
from hotline.service.confidential import Confidential
from hotline.service.conversations import Surroundings
from hotline.service.correspondence import Correspondence, LetterPace
from hotline.service.delivery import Delivery, Pace
from hotline.service.evidence import Evidence
from hotline.service.letter_commands import load_letter_commands
from hotline.service.letter_desk import LetterDesk
from hotline.service.letter_orders import LetterOrders
from hotline.service.letter_parts import LetterParts
from hotline.service.letter_units import LetterUnits
from hotline.service.letter_views import LetterViews
from hotline.service.progress import Progress
from hotline.service.registration import Registration
from hotline.service.repeats import CitizensOrders, load_repeat_rules
from hotline.service.self_service import CodeWords, SelfService
from hotline.service.self_service_rules import SelfServiceRules
from hotline.store.evidence import SqlEvidence
from hotline.store.letters import SqlLetters
from hotline.store.outbox import SqlOutbox
from hotline.store.progress import SqlProgress
from hotline.store.proof_codes import SqlProofCodes
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from hotline.store.spool import LetterSpool
from hotline.store.sql import SqlStore
from router.time_tables import load_time_limits
from tests.builders import LANSHAN, LINYI, a_complaint, a_meaning, a_passage, a_session
from tests.fakes import FakeRetriever
from tests.receiver import serving
from tests.wechat import AES_KEY, APP_ID, SECRET, TOKEN, WeChatServer
from tests.work_orders import a_decision

CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
SEAL = Seal("tests only: " + "x" * 32)
COMPLAINT = "兰山区银雀山街道暖气不热"
QUESTION = "什么时候供暖"
VAGUE = "我家暖气不热"
NOTICE = "（12345智能助手答复，往来内容会被记录；随时可以回复“转人工”。）\n"
ANSWERED = "供暖时间：采暖期为11月10日至次年3月20日。请问还有其他问题吗？没有的话可以回复“没有了”。"
CONFIRM = "请核对：您反映的是兰山区银雀山街道供暖问题。确认无误请回复“对”；也可以回复您的手机号码，方便承办单位联系您。"


MORE = "……（未完，全文请在网页“我的工单”查看，或者拨打12345。）"
CODES = CodeWords(
    lambda code, number, _: f"{number}: {code}", lambda _: "246810", lambda: secrets.token_hex(12)
)


class ByHeart:
    """Understands a few sentences; any other is a complaint without a place."""

    name = "by heart"
    delay = 0.0

    async def understand(self, text: str) -> Understanding:
        if self.delay:
            await asyncio.sleep(self.delay)
        if text == QUESTION:
            return a_complaint(text, kind=AppealKind.INQUIRY)
        if "银雀山" in text:
            return a_complaint(text, place=LANSHAN)
        return a_meaning(text) if text == "你好" else a_complaint(text)

    async def close(self) -> None:
        pass


class FixedRouter:
    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        return a_decision(at)


def place_of(label: str) -> Place | None:
    return replace(LANSHAN, said=label) if "银雀山" in label else None


@dataclass
class Office:
    """One process's letters, its web server, and delivery. ``now`` may be moved by ``ahead``."""

    store: SqlStore
    wechat: WeChatServer
    folder: Path
    correspondence: Correspondence
    letters: SqlLetters
    evidence: SqlEvidence
    outbox: SqlOutbox
    delivery: Delivery
    understander: ByHeart
    casework: Casework
    clock: Callable[[], datetime]
    client: httpx.AsyncClient
    typing: WeChatTyping
    refused: list[str] = field(default_factory=list)

    async def deliver(self) -> int:
        return await self.delivery.drain()

    async def handed_over(self) -> None:
        """Wait until it is noted that every answer was handed over."""
        await self.correspondence.settled()
        while await self.letters.not_passed(datetime.now(UTC) + timedelta(days=1)):
            await asyncio.sleep(0.02)

    async def sees(self, openid: str, texts: int, *, seconds: float = 30.0) -> list[str]:
        """Deliver until a citizen sees so many texts, and return them."""
        async with asyncio.timeout(seconds):
            while len(self.wechat.citizens[openid].seen) < texts:
                await self.deliver()
                await asyncio.sleep(0.05)
        await self.correspondence.settled()
        await self.deliver()
        return self.wechat.citizens[openid].seen

    async def orders(self) -> list[Any]:
        return [order for order in await self.store.recent(limit=20_000) if order.is_dispatched]

    async def contacts(self) -> list[Any]:
        return [order for order in await self.store.recent(limit=20_000) if not order.is_dispatched]

    async def dead(self) -> list[str]:
        return [each.last_error for each in await self.outbox.in_state(MessageState.DEAD, limit=10_000)]


@dataclass
class Clock:
    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def settings_for(wechat: WeChatServer, folder: Path, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "wechat_app_id": APP_ID,
        "wechat_app_secret": SECRET,
        "wechat_token": TOKEN,
        "wechat_aes_key": AES_KEY,
        "wechat_mode": wechat.mode,
        "wechat_api": wechat.url,
        "data_dir": folder,
        **changes,
    }
    return Settings(**given)


def own_orders(store: SqlStore, casework: Casework, letters: SqlLetters) -> LetterOrders:
    """Return what citizens do with their own orders by letter; every code is 246810."""
    faults = Faults(
        read_yaml(LINYI / "prompts" / "interface.yaml"), read_yaml(LINYI / "prompts" / "web.yaml")
    )
    service = SelfService(
        store, casework, SqlProofCodes(store.database, SEAL), Confidential(store, SqlRelayStore(store.database, SEAL)),
        rules=SelfServiceRules(), words=CODES, unit_name=lambda code: CITY.units[code].name,
    )  # fmt: skip
    prompts, web = load_letter_prompts(CITY), read_yaml(LINYI / "prompts" / "web.yaml")
    views = LetterViews(
        service, Progress(service, SqlProgress(store.database)), prompts, order_names(CITY, web)
    )
    return LetterOrders(
        service, letters, load_letter_commands(CITY), prompts,
        lambda error: str(faults.body(error)["text"]), SelfServiceRules().proof, views,
    )  # fmt: skip


@asynccontextmanager
async def office_for(
    wechat: WeChatServer,
    store: SqlStore,
    folder: Path,
    *,
    redis: Redis | None = None,
    pace: LetterPace | None = None,
    clock: Callable[[], datetime] | None = None,
    voices: Any = None,
    wait_seconds: float = 3.0,
    served: bool = True,
    most_evidence: int = 3,
    delivery_pace: Pace | None = None,
    understander: Any = None,
    desk: LetterDesk | None = None,
    units: LetterUnits | None = None,
    attachments: tuple[Attachment, ...] = (),
    more: Callable[[FastAPI, Correspondence, SqlLetters], None] | None = None,
    **changes: Any,
) -> AsyncIterator[Office]:
    """Put one together; ``served``: WeChat's stand-in gets its address."""
    settings = settings_for(wechat, folder, **changes)
    clock = clock or Clock()
    words = load_wechat_words(CITY)
    casework = Casework(store, lambda: LIMITS, CITY.units)
    letters = SqlLetters(store.database, SEAL)
    evidence = SqlEvidence(store.database, SEAL, folder / "evidence")
    outbox = SqlOutbox(store.database, SEAL)
    understander, told = understander or ByHeart(), a_passage()

    async def add_facts(number: str, text: str, at: datetime) -> None:
        await casework.do(number, AddFacts(text), by=CITIZEN, at=at)

    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_client(30.0))
        accounts = apis(settings, client, redis, SEAL)
        parts = LetterParts(
            world=Surroundings(
                new_session=a_session,
                understander=understander,
                retriever=FakeRetriever(
                    replace(told, article=replace(told.article, attachments=attachments))
                ),
                registration=Registration(store, FixedRouter(), CITY, casework),
                log_book=store,
                unit_name=lambda code: CITY.units[code].name if code in CITY.units else code,
                clock=clock,
                orders=CitizensOrders(
                    store, load_repeat_rules(CITY).repeats, lambda code: CITY.units[code].name
                ),
            ),
            letters=letters,
            words=load_letter_prompts(CITY),
            reading=load_short_answers(CITY),
            place_of=place_of,
            media=dict.fromkeys((ContactChannel.WECHAT, ContactChannel.MINI_PROGRAMME), fetching(accounts)),
            voices=voices,
            evidence=Evidence(evidence, most=most_evidence),
            scenes=words.scenes,
            add_facts=add_facts,
            own_orders=own_orders(store, casework, letters),
            desk=desk,
            units=units,
            site=settings.public_address,
        )
        correspondence = Correspondence(
            parts,
            channel_ways(settings),
            LetterSpool(folder / "spool", SEAL),
            holder=secrets.token_hex(4),
            pace=pace or LetterPace(look_seconds=0.05),
        )
        nonces: Any = NoncesInMemory(keep_seconds=600, clock=asyncio.get_running_loop().time)
        if redis is not None:
            nonces = NoncesOnRedis(redis, nonces, keep_seconds=600)
        refused: list[str] = []
        app = FastAPI()
        app.include_router(
            WeChat(
                open_accounts(settings, words, SEAL), nonces, correspondence, clock, wait_seconds=wait_seconds,
                refused=refused.append,
            ).router()
        )  # fmt: skip
        if more is not None:
            more(app, correspondence, letters)
        webhooks = WebhookSender(client, Endpoints(folder / "endpoints.json"), timeout_seconds=30.0)
        sender = WeChatSender(accounts)
        notices = {
            channel: WeChatNotices(accounts[app_id], words.progress_fields, more=MORE,
                                   template=settings.wechat_progress_template)
            for channel, app_id in (
                (ContactChannel.WECHAT, settings.wechat_app_id), (ContactChannel.MINI_PROGRAMME, settings.mini_app_id),
            )
            if app_id in accounts
        }  # fmt: skip
        citizens = CitizenNotices(
            store, letters, load_notice_words(CITY), {code: unit.name for code, unit in CITY.units.items()},
            subscriptions=SqlProgress(store.database), by_channel=notices, by_phone=None,
        )  # fmt: skip
        senders = SendersByKind({"wechat": sender, "mini": sender, "citizen": citizens}, webhooks)
        delivery = Delivery(
            outbox, senders, clock=clock, jitter=lambda: 1.0, pace=delivery_pace or Pace(idle_seconds=0.05)
        )
        running = asyncio.create_task(correspondence.run())
        if served:
            address = await stack.enter_async_context(serving(app))
            path = "/wechat/mini" if wechat.is_json else "/wechat"
            wechat.callback = f"{address}{path}"
        try:
            yield Office(
                store, wechat, folder, correspondence, letters, evidence, outbox, delivery, understander,
                casework, clock, client, WeChatTyping(accounts), refused,
            )  # fmt: skip
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await correspondence.close()
