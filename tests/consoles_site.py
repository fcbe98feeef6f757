"""The whole web application with its consoles on a real database, and people of every role who are signed in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pyotp
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.assessment_rules import load_contest_rules, load_formulas
from app.assets import ASSETS
from app.chats import ChatPictures
from app.city_words import load_screening
from app.consoles import DeskRecordings
from app.faults import Faults, status_of
from app.figures import open_figures
from app.http import WebParts, create_app
from app.machine_facts import MachineFacts
from app.metrics import registry
from app.outlook import Outlook
from app.programs import Programs
from app.public_pages import PublicPages
from app.rate_limit import RateLimit
from app.rules import KeptOrders
from app.rules_process import tried_here
from app.settings import Settings, secret_file
from app.signals import announcing
from app.web_parts import KeptRecordings
from asr.models import fetch
from chat.handover import AgentHours, ChatQueue
from chat.web_chat.channel import Customs
from chat.web_chat.doors import Doors
from chat.web_chat.routes import WebChat
from desk.agents import AgentTools
from desk.front import WORDS as DESK_WORDS
from desk.parts import DeskParts
from hotline.city import City, load_city, read_yaml
from hotline.domain.accounts import AccessRules, Account, StaffRole
from hotline.domain.agents import DeskRules
from hotline.domain.appeal import Appeal
from hotline.domain.callbacks import CallbackTask
from hotline.domain.knowledge import Article, Attachment, Passage
from hotline.domain.meaning import Intent
from hotline.domain.routing import RoutingDecision
from hotline.domain.talks import PartyTelephone
from hotline.service.accounts import Accounts, Whereabouts
from hotline.service.agent_assist import AgentAssist
from hotline.service.agent_chats import AgentChats
from hotline.service.agent_desk import AgentDesk, DeskInMemory
from hotline.service.callbacks import Callbacks, WishedFor, read_hours
from hotline.service.casework import Casework
from hotline.service.confidential import Confidential
from hotline.service.contests import Contests
from hotline.service.conversations import Conversations, Surroundings
from hotline.service.kept_chats import KeptChats
from hotline.service.passwords import Passwords, new_totp_secret
from hotline.service.public_figures import Disclosure
from hotline.service.registration import Registration
from hotline.service.repeats import CitizensOrders, load_repeat_rules
from hotline.service.rule_trials import RuleTrials
from hotline.service.rules import Rules
from hotline.service.signals import Signals, SignalsInMemory
from hotline.service.takeovers import Takeovers
from hotline.service.unmasking import Unmaskings
from hotline.store.access_keys import SqlAccessKeys
from hotline.store.accounts import Audited, SqlAccounts
from hotline.store.agent_forms import SqlAgentForms
from hotline.store.audit_log import SqlAuditLog
from hotline.store.calendar_years import SqlCalendarYears
from hotline.store.callbacks import SqlCallbacks
from hotline.store.gatherings import SqlGatherings
from hotline.store.inbox import SqlInbox
from hotline.store.kept_answers import SqlKeptAnswers
from hotline.store.order_facts import SqlOrderFacts
from hotline.store.order_search import SqlOrderSearch
from hotline.store.outbound import SqlOutbound
from hotline.store.recordings import SqlRecordings
from hotline.store.relay import SqlRelayStore
from hotline.store.rules import SqlRules
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.unmasking import SqlUnmaskings
from nlu.lexicon import load_meaning_words
from nlu.slots import SlotFinder
from router.catalogue_files import CatalogueFiles
from router.time_tables import load_calendar, load_time_limits
from router.trial import Trial, TrialWork
from tests.builders import LANSHAN as BUILDERS_LANSHAN
from tests.builders import LINYI, NOW, a_complaint, a_meaning, a_passage, a_session, an_article
from tests.databases import lay_out
from tests.fakes import FakeRetriever, FakeUnderstander
from tests.work_orders import a_decision

SECRET = "tests only: " + "x" * 32
TOKEN = "staff-token-for-tests"
PASSWORD = "Correct-horse-7"
CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
WORDS = read_yaml(LINYI / "prompts" / "web.yaml")
PUBLIC_WORDS = read_yaml(LINYI / "prompts" / "public.yaml")
INTERFACE_WORDS = read_yaml(LINYI / "prompts" / "interface.yaml")
PLACES = SlotFinder(CITY, load_meaning_words(CITY))
SCREENING = load_screening(CITY)
LANSHAN = "county-371302"
_NEEDS: dict[StaffRole, dict[str, str]] = {
    StaffRole.AGENT: {"number": "8001"},
    StaffRole.UNIT_HANDLER: {"unit": LANSHAN},
    StaffRole.UNIT_LEAD: {"unit": LANSHAN},
    StaffRole.COUNTY: {"county": "371302"},
}


NOT_WARM = "兰山区银雀山街道暖气不热"
MEANINGS = {
    NOT_WARM: a_complaint(NOT_WARM, place=BUILDERS_LANSHAN),
    "我姓王，叫王建国": a_complaint("我姓王，叫王建国", people=("王建国",)),
    "转人工": a_meaning("转人工", Intent.TRANSFER_TO_AGENT),
    "请替我保密": a_complaint("请替我保密", wants_secrecy=True),
}


FORM = Attachment("供暖申请表.docx", f"sha256:{'a' * 64}")
WITH_FORM = Passage(an_article(attachments=(FORM,)), score=0.9, is_confident=True)


async def an_article_of(id_: str) -> Article | None:
    article = an_article()
    return article if article.id == id_ else None


async def tried(work: TrialWork) -> Trial:
    return tried_here(work)


class FixedRouter:
    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        return a_decision(at)


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class ConsolesSite:
    """The application and what is behind it."""

    app: FastAPI
    store: SqlStore
    clock: Clock
    parts: DeskParts
    web: WebParts
    counter: count[int] = field(default_factory=count)

    @property
    def accounts(self) -> Accounts:
        return self.parts.accounts

    async def account(
        self, *roles: StaffRole, login: str = "", name: str = "赵晓兰", **bound: str
    ) -> Account:
        """Make an account that is ready to work: password set, authenticator bound where it must be."""
        needs = {key: value for role in roles for key, value in _NEEDS.get(role, {}).items()} | bound
        number = next(self.counter)
        if "number" in needs and "number" not in bound and number:
            needs["number"] = str(8001 + number)
        made, _ = await self.accounts.add_on_the_machine(
            login or f"{(roles[0].value if roles else 'nobody').replace('_', '-')}-{number}",
            name, frozenset(roles), **needs,
        )  # fmt: skip
        kept = await self.accounts._passwords.hash(PASSWORD)

        def ready(account: Account, credentials: Any) -> Any:
            totp = new_totp_secret() if account.needs_totp else ""
            fresh = {"password": kept, "must_change": False, "password_set_at": self.clock(), "totp": totp}
            return account, type(credentials)(**{**_fields(credentials), **fresh})

        return await self.accounts.store.change(
            made.id, ready, Audited("test", "test.ready", self.clock(), {})
        )

    async def code(self, account: Account) -> str:
        """Return what the account's authenticator shows now."""
        _, credentials = await self.accounts.store.with_credentials(account.id)
        return pyotp.TOTP(credentials.totp).at(self.clock()) if credentials.totp else ""

    async def token(self, account: Account) -> str:
        """Return the token of a new session of ``account``."""
        token, _ = await self.accounts.open_for(account, "password", Whereabouts("127.0.0.1", "test"))
        return token

    @asynccontextmanager
    async def client(self, account: Account | None = None, **settings: Any) -> AsyncIterator[Any]:
        """Yield a client, signed in as ``account``; its forms carry the token that they need."""
        token = await self.token(account) if account is not None else ""
        cookies = {"desk": token} if token else {}
        headers = {"X-CSRF": self.accounts.form_token(self.accounts.digest(token))} if token else {}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://site", cookies=cookies, headers=headers,
            **settings,
        ) as client:  # fmt: skip
            yield client

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on a free port of the loopback; yield the address."""
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1, lifespan="on"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving


def a_consoles_site(
    store: SqlStore,
    folder: Path,
    *,
    city: City = CITY,
    signals: Signals | None = None,
    kept: KeptChats | None = None,
    **changed: Any,
) -> ConsolesSite:
    """Put everything together on ``store``; agents take chats where they are ``kept``."""
    clock, seal, signals = Clock(), Seal(SECRET), signals or SignalsInMemory()
    store.announce = announcing(signals)
    casework = Casework(store, lambda: LIMITS, city.units)
    registration = Registration(store, FixedRouter(), city, casework)
    surroundings = Surroundings(
        new_session=a_session, understander=FakeUnderstander(MEANINGS), retriever=FakeRetriever(a_passage()),
        registration=registration, log_book=store, unit_name=lambda code: code, clock=clock,
    )  # fmt: skip
    relay = SqlRelayStore(store.database, seal)
    callbacks = Callbacks(
        SqlCallbacks(store.database, seal), read_hours(city), iter(f"task{n}" for n in count(1)).__next__
    )

    async def connect(wish: WishedFor, at: datetime) -> CallbackTask:
        return await callbacks.plan(wish, at.astimezone(city.timezone))

    programs = Programs(
        casework=casework,
        registration=registration,
        screening=SCREENING,
        keys=SqlAccessKeys(store.database, seal),
        answers=SqlKeptAnswers(store.database, seal),
        confidential=Confidential(
            store, relay, connect=connect, unit_name=lambda code: city.units[code].name
        ),
        contests=Contests(casework, load_contest_rules(city)),
        facts=SqlOrderFacts(store.database, seal),
        search=SqlOrderSearch(store.database, seal),
        words=INTERFACE_WORDS,
        place=PLACES.place,
    )
    settings = Settings(
        data_dir=folder / "data", recordings_dir=folder / "recordings", transfers={"110": "sip:110@127.0.0.1"}
    )
    secret_file(settings.data_dir / "at_rest.key")
    faults = Faults(INTERFACE_WORDS, WORDS)
    recordings = KeptRecordings(SqlRecordings(store.database), folder / "recordings", seal.open)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    for entry in ASSETS.values():
        fetch(entry, Settings().static_dir, lambda *_: None)
    desk = AgentDesk(DeskInMemory(signals), DeskRules(), clock, iter(f"h{n}" for n in count(1)).__next__)
    chats = queue = None
    if kept is not None:
        chats = AgentChats(
            desk, kept, store, clock, unit_name=lambda code: city.units[code].name, relay=relay.thread
        )
        queue = ChatQueue(desk, AgentHours(), poll=0.1, tell_after=0.1, keep_alive=0.5)
    figures = open_figures(city, store.database, seal, clock)
    given: dict[str, Any] = {
        "city": city,
        "words": WORDS,
        "clock": clock,
        "accounts": Accounts(SqlAccounts(store.database, seal), seal, AccessRules(), clock, passwords),
        "records": store,
        "inbox": SqlInbox(store.database, seal),
        "board": figures.board,
        "trends": figures.trends,
        "briefs": figures.briefs(city, DESK_WORDS, clock),
        "casework": casework,
        "contests": programs.contests,
        "confidential": programs.confidential,
        "signals": signals,
        "vendor": Settings().static_dir,
        "worded": lambda error: (status_of(error), faults.body(error)["text"]),
        "allows": RateLimit(20, clock).allows,
        "desk": desk,
        "recordings": DeskRecordings(recordings, store),
        "machine": MachineFacts(settings, city, store, {}, clock),
        "audit": SqlAuditLog(store.database),
        "calendar": SqlCalendarYears(store.database),
        "rules": Rules(
            SqlRules(store.database),
            CatalogueFiles(city.folder / "routing"),
            RuleTrials(SqlRules(store.database), KeptOrders(store), tried, city.folder, clock),
            city,
            limits=lambda: frozenset(each.limit.name for each in LIMITS.statutory),
            clock=lambda: clock().astimezone(city.timezone),
            new_id=iter(f"c{n}" for n in count(1)).__next__,
        ),
        "unmaskings": Unmaskings(
            SqlUnmaskings(store.database, seal), store, iter(f"u{n}" for n in count(1)).__next__
        ),
        "agents": AgentTools(
            assist=AgentAssist(
                FakeUnderstander(MEANINGS), FakeRetriever(WITH_FORM), FixedRouter(), city=city, clock=clock
            ),
            forms=SqlAgentForms(store.database, seal),
            registration=registration,
            rows=store.read,
            order_of=programs.search.of_conversation,
            of_citizen=store.of_citizen,
            place=PLACES.place,
            parties=[PartyTelephone("110", "公安报警", "sip:110@127.0.0.1", is_emergency=True)],
            known=CitizensOrders(store, load_repeat_rules(city).repeats),
            gatherings=SqlGatherings(store.database, seal),
            hot_issues=load_repeat_rules(city).hot_issues,
            callbacks=callbacks,
            outlook=Outlook(
                city,
                store,
                SqlOutbound(store.database, seal),
                lambda: load_calendar(city.folder / "calendar"),
            ),
            article=an_article_of,
            chats=chats,
            takeovers=Takeovers(desk, signals, store, store.read, clock, chats=chats),
        ),
        **changed,
    }
    parts = DeskParts(**given)
    disclosure = Disclosure(figures.facts, load_formulas(city), city.timezone, clock)
    web = WebParts(
        city=city,
        records=store,
        chat=WebChat(
            Conversations(surroundings),
            Customs(clock, queue=queue, relay=programs.confidential),
            WORDS["refusals"],
            store=kept,
            records=store,
            doors=Doors(clock, pictures=ChatPictures(parts.evidence) if parts.evidence is not None else None),
        ),
        words=WORDS,
        staff_token=TOKEN,
        clock=clock,
        registry=registry,
        programs=programs,
        desk=parts.desk,
        recordings=recordings,
        consoles=parts,
        public=PublicPages(city, PUBLIC_WORDS, disclosure, {LANSHAN: "05391234567"}),
    )
    return ConsolesSite(create_app(web), store, clock, parts, web)


async def a_store(folder: Path) -> SqlStore:
    """Return a store with all its tables."""
    file = folder / "data" / "hotline.sqlite3"
    await lay_out(f"sqlite+aiosqlite:///{file}")
    return SqlStore(f"sqlite+aiosqlite:///{file}", Seal(SECRET))


def form_token(page: str) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}
