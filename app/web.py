"""The process that serves chat, pages and the interface (``hotline web``)."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from datetime import datetime

import uvicorn

from app.assessment_rules import load_contest_rules
from app.at_rest import seal_of
from app.broken_calls import open_drafts
from app.call_presence import all_callers_can_be_taken
from app.chats import (
    open_agent_chats,
    open_chat,
    open_chat_news,
    open_doors,
    open_host_tokens,
    open_kept_chats,
)
from app.city_words import load_screening
from app.clock import now
from app.consoles import agent_tools, consoles
from app.deliveries import Endpoints
from app.embedding import Hosts
from app.http import WebParts, create_app
from app.knowledge_console import knowledge_tools
from app.letters import open_letters
from app.linkage_interface import linkage_router
from app.long_lived import set_apart, take_short_turns
from app.machine_facts import MachineFacts
from app.metrics import registry
from app.outlook import Outlook, open_book
from app.programs import Programs
from app.public_pages import open_public
from app.reading_aloud import ReadingAloud
from app.recordings import recordings_folder, recordings_seal
from app.rules import open_rules
from app.self_service import open_citizens
from app.settings import Settings, secret_file
from app.web_parts import KeptRecordings, KeptTalks
from app.wiring import Speaking, World, local_clock, open_world, telephones_of
from app.worker_place import worker_lives
from desk.views import unit_name
from hotline.city import City, load_city, read_yaml
from hotline.domain.callbacks import CallbackTask
from hotline.service.callbacks import WishedFor
from hotline.service.confidential import Confidential
from hotline.service.contests import Contests
from hotline.service.corrections import Corrections
from hotline.service.linkage import Linkages
from hotline.store.access_keys import SqlAccessKeys
from hotline.store.corrections import SqlCorrections
from hotline.store.kept_answers import SqlKeptAnswers
from hotline.store.linkage import SqlLinkages
from hotline.store.order_facts import SqlOrderFacts
from hotline.store.order_search import SqlOrderSearch
from hotline.store.outbox import SqlOutbox
from hotline.store.party_calls import SqlPartyCalls
from hotline.store.recordings import SqlRecordings
from hotline.store.relay import SqlRelayStore
from hotline.store.sql import SqlStore
from nlu.lexicon import load_meaning_words
from nlu.slots import SlotFinder
from tts.synthesizer import Synthesizer


def staff_token(settings: Settings) -> str:
    """Return the token that lets staff in: as set, or made at the first start."""
    if settings.staff_token is not None:
        return settings.staff_token.get_secret_value()
    return secret_file(settings.data_dir / "staff_token", size=18)


def open_programs(settings: Settings, city: City, world: World) -> Programs:
    """Return what the interfaces for other programs need."""
    database, seal = world.store.database, seal_of(settings)

    async def connect(wish: WishedFor, at: datetime) -> CallbackTask:
        return await world.callbacks.plan(wish, at.astimezone(city.timezone))

    return Programs(
        casework=world.casework,
        registration=world.surroundings.registration,
        screening=load_screening(city),
        keys=SqlAccessKeys(database, seal),
        answers=SqlKeptAnswers(database, seal),
        search=SqlOrderSearch(database, seal),
        confidential=Confidential(
            world.store,
            SqlRelayStore(database, seal),
            connect=connect,
            unit_name=lambda code: unit_name(city, code) or code,
        ),
        contests=Contests(world.casework, load_contest_rules(city)),
        facts=SqlOrderFacts(database, seal),
        words=read_yaml(city.folder / "prompts" / "interface.yaml"),
        place=SlotFinder(city, load_meaning_words(city)).place,
    )


def open_corrections(settings: Settings, city: City, store: SqlStore) -> Corrections:
    """Return what people corrected of what was understood."""
    seal = seal_of(settings)
    return Corrections(SqlCorrections(store.database, seal), store, city, lambda: secrets.token_hex(8))


def open_talks(settings: Settings, city: City, world: World) -> KeptTalks:
    """Return whom agents may let into talks, what came of it, and the hand-overs to other lines."""
    database, seal = world.store.database, seal_of(settings)
    linkages = Linkages(world.store, SqlLinkages(database, seal), SqlOutbox(database, seal))
    return KeptTalks(telephones_of(settings, city), SqlPartyCalls(database), linkages)


async def run_web(settings: Settings) -> None:
    """Serve until told to end by SIGTERM or SIGINT."""
    city = load_city(settings.city)
    words = read_yaml(city.folder / "prompts" / "web.yaml")
    async with AsyncExitStack() as stack:
        world = await open_world(settings, city, stack)
        office = await open_letters(settings, city, world, stack)

        async def redis_is_up() -> bool:
            return world.redis is not None and bool(await world.redis.ping())

        async def worker_is_up() -> bool:
            return worker_lives(settings.data_dir, now())

        async def telephone_is_up() -> bool:
            return await all_callers_can_be_taken(settings, open_drafts(settings, world.store.database))

        async def open_voice() -> Synthesizer:
            return (await Speaking.open(settings, city, stack)).synthesizer

        kept = open_kept_chats(settings, world)
        news = open_chat_news(settings, world, kept)
        tokens = await open_host_tokens(settings, city, stack)
        doors = open_doors(settings, city, world, office.evidence, tokens)
        talks = open_talks(settings, city, world)
        checks = {
            "database": world.store.is_up,
            "redis": redis_is_up,
            "worker": worker_is_up,
            "telephone": telephone_is_up,
            "catalogue": world.catalogue_is_sound,
        }
        programs = open_programs(settings, city, world)
        outlook = Outlook(
            city,
            world.store,
            open_book(settings, world.store),
            lambda: world.router.holder.current.limits.calendar,
        )
        recordings = KeptRecordings(
            SqlRecordings(world.store.database), recordings_folder(settings), recordings_seal(settings).open
        )
        agent_chats = open_agent_chats(settings, city, world, kept, office.from_desk)
        voice = ReadingAloud(open_voice)
        parts = WebParts(
            city=city,
            knowledge=world.knowledge,
            voice=voice,
            records=world.store,
            chat=open_chat(settings, city, world, words, kept, doors, office.keeping.discard, news),
            agent_chats=agent_chats,
            words=words,
            staff_token=staff_token(settings),
            clock=local_clock(city),
            registry=registry,
            checks=checks,
            required=frozenset({"database"}),
            sip_address=f"sip:12345@{settings.sip_host}:{settings.sip_port}",
            programs=programs,
            callbacks=world.callbacks,
            corrections=open_corrections(settings, city, world.store),
            desk=world.desk,
            talks=talks,
            nuisances=world.nuisances,
            outlook=outlook,
            evidence=office.evidence,
            recordings=recordings,
            hosts=Hosts(doors.origins),
            citizens=open_citizens(settings, city, world, words, tokens, news),
            public=open_public(settings, city, world.store),
            consoles=consoles(
                settings,
                city,
                database=world.store.database,
                records=world.store,
                programs=programs,
                words=words,
                clock=local_clock(city),
                signals=world.signals,
                desk=world.desk,
                agents=agent_tools(settings, city, world, programs, chats=agent_chats, outlook=outlook)
                if world.desk is not None
                else None,
                knowledge=knowledge_tools(
                    city,
                    world.knowledge,
                    world.store.database,
                    voice,
                    site=settings.public_address,
                ),
                machine=MachineFacts(settings, city, world.store, checks, local_clock(city)),
                recordings=recordings,
                evidence=office.evidence,
                keeping=office.keeping,
                rules=open_rules(
                    city,
                    world.store.database,
                    world.store,
                    limits=lambda: world.router.holder.current.limit_names,
                    clock=local_clock(city),
                    stack=stack,
                ),
            ),
        )
        app = create_app(parts)
        app.include_router(linkage_router(talks.linkages, Endpoints(settings.endpoints_file), now))
        for router in office.routers:
            app.include_router(router)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=settings.web_host,
                port=settings.web_port,
                log_level="warning",
                access_log=False,  # addresses of pages hold numbers of orders
                ws_max_size=64 * 1024,
                ws_per_message_deflate=False,  # short words: packing them took longer than sending, and memory for each chat
                timeout_graceful_shutdown=5,
            )
        )
        set_apart()
        take_short_turns()
        async with office.running():
            await server.serve()
