"""A web application on a real database: by ASGI for pages and interface, by uvicorn for the chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.citizen_interface import CitizenInterface, ProofTokens
from app.citizen_models import Names
from app.embedding import Hosts
from app.http import WebParts, create_app
from app.metrics import registry
from app.self_service import code_words
from app.token_bucket import TokenBuckets
from chat.web_chat.channel import Customs
from chat.web_chat.doors import Doors
from chat.web_chat.page_words import PageWords
from chat.web_chat.routes import ChatLimits, WebChat
from hotline.city import load_city, read_yaml
from hotline.domain.appeal import Appeal, AppealKind, PhoneNumber
from hotline.domain.proofs import Proof
from hotline.domain.routing import RoutingDecision
from hotline.service.agent_chats import AgentChats
from hotline.service.agent_desk import AgentDesk
from hotline.service.casework import Casework
from hotline.service.chat_news import ChatNews
from hotline.service.confidential import Confidential
from hotline.service.conversations import Conversations, Surroundings
from hotline.service.kept_chats import KeptChats
from hotline.service.progress import Progress
from hotline.service.registration import Registration
from hotline.service.self_service import SelfService
from hotline.service.self_service_rules import SelfServiceRules
from hotline.store.progress import SqlProgress
from hotline.store.proof_codes import SqlProofCodes
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from router.time_tables import load_time_limits
from tests.builders import LANSHAN, LINYI, NOW, a_complaint, a_meaning, a_passage, a_session
from tests.databases import lay_out
from tests.fakes import FakeRetriever, FakeUnderstander
from tests.work_orders import a_decision

TOKEN = "staff-token-for-tests"
STAFF = {"Authorization": f"Bearer {TOKEN}"}
CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
WORDS = read_yaml(LINYI / "prompts" / "web.yaml")
PAGE_WORDS = PageWords(WORDS["replies"], CITY.categories, WORDS["kinds"], WORDS["statuses"], WORDS["point"])
COMPLAINT = "兰山区银雀山街道暖气不热"
HOSTILE = "<script>alert(1)</script>暖气不热"
QUESTION = "什么时候供暖"
LONG = "暖" * 10_000
MEANINGS = {
    COMPLAINT: a_complaint(COMPLAINT, place=LANSHAN),
    HOSTILE: a_complaint(HOSTILE, place=LANSHAN),
    LONG: a_complaint(LONG, place=LANSHAN),
    QUESTION: a_complaint(QUESTION, kind=AppealKind.INQUIRY),
    "你好": a_meaning("你好"),
}


class FixedRouter:
    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        return a_decision(at)


@dataclass
class Site:
    """The application and what is behind it; ``down`` names the parts that are reported as being away."""

    app: FastAPI
    store: SqlStore
    chat: WebChat
    down: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)

    def client(self, **settings: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://site", **settings)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on a free port of the loopback; yield the address without its scheme."""
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=0, log_level="error", ws_max_size=64 * 1024,
            timeout_graceful_shutdown=5,
        )  # fmt: skip
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving


def agent_chats(desk: AgentDesk | None, chats: KeptChats | None, store: SqlStore) -> AgentChats | None:
    if desk is None or chats is None:
        return None
    relay = SqlRelayStore(store.database, Seal("tests only: " + "x" * 32))
    return AgentChats(
        desk,
        chats,
        store,
        lambda: NOW,
        unit_name=lambda code: CITY.units[code].name,
        relay=relay.thread,
    )


def citizens(store: SqlStore, casework: Casework, news: ChatNews | None) -> CitizenInterface:
    """Return citizens' own orders; tokens of the app are ``app.<telephone>``."""
    seal = Seal("tests only: " + "x" * 32)

    async def identify(token: str) -> Proof | None:
        return Proof(PhoneNumber(token.partition(".")[2]), NOW + timedelta(minutes=1), "app")

    words = replace(code_words(WORDS["code_message"]), new_code=lambda digits: "7" * digits)
    service = SelfService(
        store, casework, SqlProofCodes(store.database, seal), Confidential(store, SqlRelayStore(store.database, seal)),
        rules=SelfServiceRules(), words=words, unit_name=lambda code: CITY.units[code].name,
    )  # fmt: skip
    names = Names(WORDS, CITY.categories, lambda code: CITY.units[code].name)
    return CitizenInterface(
        service,
        ProofTokens(seal),
        names,
        TokenBuckets(None),
        lambda: NOW,
        code_minutes=10,
        identify=identify,
        progress=Progress(service, SqlProgress(store.database)),
        news=news,
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'data' / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, Seal("tests only: " + "x" * 32))
    yield store
    await store.close()


def a_site(
    store: SqlStore,
    *,
    limits: ChatLimits | None = None,
    chats: KeptChats | None = None,
    desk: AgentDesk | None = None,
    customs: dict[str, Any] | None = None,
    doors: dict[str, Any] | None = None,
    has_self_service: bool = False,
    **world: Any,
) -> Site:
    casework = Casework(store, lambda: LIMITS, CITY.units)
    given: dict[str, Any] = {
        "new_session": a_session,
        "understander": FakeUnderstander(MEANINGS),
        "retriever": FakeRetriever(a_passage()),
        "registration": Registration(store, FixedRouter(), CITY, casework),
        "log_book": store,
        "unit_name": lambda code: CITY.units[code].name if code in CITY.units else code,
        "clock": lambda: NOW,
        **world,
    }
    ended: list[str] = []
    chat = WebChat(
        Conversations(Surroundings(**given)), Customs(lambda: NOW, **{"words": PAGE_WORDS, **(customs or {})}), WORDS["refusals"],
        limits or ChatLimits(), ended=ended.append, store=chats, records=store,
        doors=Doors(lambda: NOW, **(doors or {})),
    )  # fmt: skip
    down: set[str] = set()

    async def redis() -> bool:
        return "redis" not in down

    async def broken() -> bool:
        raise ConnectionError

    parts = WebParts(
        city=CITY,
        records=store,
        chat=chat,
        words=WORDS,
        staff_token=TOKEN,
        clock=lambda: NOW,
        registry=registry,
        checks={"database": store.is_up, "redis": redis, "search": broken},
        required=frozenset({"database"}),
        desk=desk,
        agent_chats=agent_chats(desk, chats, store),
        sip_address="sip:12345@127.0.0.1:5060",
        hosts=Hosts(chat.doors.origins),
        citizens=citizens(store, casework, (customs or {}).get("news")) if has_self_service else None,
    )
    return Site(create_app(parts), store, chat, down, ended)


@pytest.fixture
def new_site(store: SqlStore) -> Callable[..., Site]:
    return partial(a_site, store)


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site()
