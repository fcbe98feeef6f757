"""The interfaces for other programs, by ASGI, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.assessment_rules import load_contest_rules
from app.city_words import load_screening
from app.http import WebParts, create_app
from app.metrics import registry
from app.outlook import Outlook
from app.programs import Programs
from app.web_parts import KeptRecordings, KeptTalks
from chat.web_chat.channel import Customs
from chat.web_chat.routes import WebChat
from hotline.city import City, load_city, read_yaml
from hotline.domain.agents import DeskRules
from hotline.domain.appeal import Appeal
from hotline.domain.routing import RoutingDecision
from hotline.domain.talks import PartyTelephone
from hotline.service.agent_desk import AgentDesk, DeskInMemory
from hotline.service.callbacks import Callbacks, read_hours
from hotline.service.casework import Casework
from hotline.service.confidential import Confidential
from hotline.service.contests import Contests
from hotline.service.conversations import Conversations, Surroundings
from hotline.service.corrections import Corrections
from hotline.service.linkage import Linkages
from hotline.service.nuisances import Nuisances
from hotline.service.registration import Registration
from hotline.store.access_keys import SqlAccessKeys
from hotline.store.callbacks import SqlCallbacks
from hotline.store.corrections import SqlCorrections
from hotline.store.kept_answers import SqlKeptAnswers
from hotline.store.linkage import SqlLinkages
from hotline.store.nuisances import SqlNuisances
from hotline.store.order_facts import SqlOrderFacts
from hotline.store.order_search import SqlOrderSearch
from hotline.store.outbound import SqlOutbound
from hotline.store.outbox import SqlOutbox
from hotline.store.party_calls import SqlPartyCalls
from hotline.store.recordings import SqlRecordings
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from nlu.lexicon import load_meaning_words
from nlu.slots import SlotFinder
from router.time_tables import load_calendar, load_time_limits
from tests.builders import LINYI, NOW, a_passage, a_session
from tests.databases import lay_out
from tests.fakes import FakeRetriever, FakeUnderstander
from tests.work_orders import a_decision

TOKEN = "staff-token-for-tests"
STAFF = {"Authorization": f"Bearer {TOKEN}"}
CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
WEB_WORDS = read_yaml(LINYI / "prompts" / "web.yaml")
WORDS = read_yaml(LINYI / "prompts" / "interface.yaml")
LANSHAN_CODE, HOUSING_CODE, OTHER_CODE = "county-371302", "body-housing", "county-371311"
PLACES = SlotFinder(CITY, load_meaning_words(CITY))
SCREENING = load_screening(CITY)
SECRET = "tests only: " + "x" * 32


class FixedRouter:
    """Everything goes to Lanshan."""

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
class Site:
    """The application and what is behind it."""

    app: FastAPI
    store: SqlStore
    programs: Programs
    clock: Clock
    desk: AgentDesk
    recordings: Path
    parts: WebParts
    keys: dict[str, str] = field(default_factory=dict)

    async def key(self, holder: str) -> str:
        if holder not in self.keys:
            self.keys[holder] = await self.programs.keys.add(holder, by="test", at=self.clock())
        return self.keys[holder]

    def client(self, **settings: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://site", **settings)

    @asynccontextmanager
    async def unit(self, code: str = LANSHAN_CODE) -> AsyncIterator[httpx.AsyncClient]:
        key = await self.key(f"unit:{code}")
        async with self.client(headers={"Authorization": f"Bearer {key}"}) as client:
            yield client


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'data' / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, Seal(SECRET))
    yield store
    await store.close()


def a_site(
    store: SqlStore, folder: Path, *, city: City = CITY, web: Mapping[str, Any] | None = None, **changed: Any
) -> Site:
    """Put the application together on ``store``; ``changed`` are programs, ``web`` parts of the web application."""
    clock = Clock()
    casework = Casework(store, lambda: LIMITS, city.units)
    registration = Registration(store, FixedRouter(), city, casework)
    surroundings = Surroundings(
        new_session=a_session, understander=FakeUnderstander({}), retriever=FakeRetriever(a_passage()),
        registration=registration, log_book=store, unit_name=lambda code: code, clock=clock,
    )  # fmt: skip
    seal = Seal(SECRET)
    programs = Programs(
        casework=casework,
        registration=registration,
        screening=SCREENING,
        keys=SqlAccessKeys(store.database, seal),
        answers=SqlKeptAnswers(store.database, seal),
        confidential=Confidential(store, SqlRelayStore(store.database, seal)),
        contests=Contests(casework, load_contest_rules(city)),
        facts=SqlOrderFacts(store.database, seal),
        search=SqlOrderSearch(store.database, seal),
        words=WORDS,
        place=PLACES.place,
    )
    programs = replace(programs, **changed)
    recordings = folder / "recordings"
    desk = AgentDesk(DeskInMemory(), DeskRules(), clock, iter(f"h{n}" for n in count(1)).__next__)
    parts = WebParts(
        city=city,
        records=store,
        chat=WebChat(Conversations(surroundings), Customs(clock), WEB_WORDS["refusals"]),
        words=WEB_WORDS,
        staff_token=TOKEN,
        clock=clock,
        registry=registry,
        programs=programs,
        callbacks=Callbacks(
            SqlCallbacks(store.database, seal),
            read_hours(city),
            iter(f"task{n}" for n in count(1)).__next__,
        ),
        corrections=Corrections(
            SqlCorrections(store.database, seal), store, city, iter(f"k{n}" for n in count(1)).__next__
        ),
        desk=desk,
        nuisances=Nuisances(SqlNuisances(store.database, seal), 20, iter(f"n{n}" for n in count(1)).__next__),
        talks=KeptTalks(
            {
                "110": PartyTelephone("110", "110", "sip:110@trunk", is_emergency=True),
                HOUSING_CODE: PartyTelephone(HOUSING_CODE, city.units[HOUSING_CODE].name, "sip:1@trunk"),
            },
            SqlPartyCalls(store.database),
            Linkages(store, SqlLinkages(store.database, seal), SqlOutbox(store.database, seal)),
        ),
        outlook=Outlook(
            city, store, SqlOutbound(store.database, seal), lambda: load_calendar(city.folder / "calendar")
        ),
        recordings=KeptRecordings(SqlRecordings(store.database), recordings, seal.open),
    )
    parts = replace(parts, **(web or {}))
    return Site(create_app(parts), store, programs, clock, desk, recordings, parts)


@pytest.fixture
def new_site(store: SqlStore, tmp_path: Path) -> Callable[..., Site]:
    return partial(a_site, store, tmp_path)


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site()
