"""Where the parts are chosen and put together, by hand: the only place that knows engines and the SQL store."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from redis.asyncio import Redis

from app.agent_store import DeskOnRedis
from app.at_rest import seal_of
from app.city_words import lexicon, load_safety_words, session_maker
from app.clock import now
from app.imported_calendar import ImportedCalendar
from app.knowledge import KnowledgeParts, open_knowledge
from app.live import LiveLog
from app.metrics import observe_job
from app.outlook import open_callbacks
from app.published_rules import PublishedRules
from app.redis_client import open_redis
from app.reloading import Reloading
from app.settings import Settings, secret_file
from app.shared_engines import VOICE_SOCKET, WHISPER_SOCKET, shareable_recognizer
from app.signals import announcing, open_signals
from app.slow_callers import SlowCallers
from app.spoken_ahead import fixed_texts
from app.understanding import as_heard, open_understander
from asr.engines.fallback import FallbackRecognizer
from asr.engines.sherpa import SherpaRecognizer
from asr.engines.vosk import VoskRecognizer
from asr.engines.whisper import WhisperRecognizer
from asr.hearing_hints import HearingHints, load_hearing_hints
from asr.recognizer import Recognizer
from asr.repair import Repairer, RepairingRecognizer
from desk.views import unit_name
from hotline.city import City
from hotline.domain.agents import DeskRules
from hotline.domain.errors import EngineUnavailableError, ModelRefusedError
from hotline.domain.speech import PHONE_BAND
from hotline.domain.talks import PartyTelephone
from hotline.service.agent_desk import AgentDesk
from hotline.service.callbacks import Callbacks
from hotline.service.casework import Casework
from hotline.service.conversations import Surroundings
from hotline.service.guidance import Guidance
from hotline.service.journal import ConversationLog
from hotline.service.nuisances import Nuisances, read_calls_a_day
from hotline.service.party_telephones import party_telephones
from hotline.service.registration import Registration
from hotline.service.repeats import CitizensOrders, load_repeat_rules
from hotline.service.signals import Signals
from hotline.store.calendar_years import SqlCalendarYears
from hotline.store.nuisances import SqlNuisances
from hotline.store.rules import SqlRules
from hotline.store.sql import SqlStore, migrate
from nlu.understander import Understander
from router.rule_router import RuleRouter
from router.tables import CatalogueHolder
from tts.engines.caching import CachingSynthesizer
from tts.engines.espeak import EspeakSynthesizer
from tts.engines.fallback import FallbackSynthesizer
from tts.engines.kokoro import KokoroSynthesizer, kokoro_worker
from tts.engines.slowing import SlowingSynthesizer
from tts.pieces import sentences
from tts.reading import Reading
from tts.synthesizer import Synthesizer

log: Final = structlog.get_logger("wiring")

_AHEAD_SECONDS: Final = 60.0
_ELDER_TEMPO: Final = 0.8


def local_clock(city: City) -> Callable[[], datetime]:
    """Return the clock in the city's time zone."""
    return lambda: now().astimezone(city.timezone)


async def open_store(settings: Settings, stack: AsyncExitStack) -> SqlStore:
    """Bring the database up to date and open it; the key is a file of the data folder."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    await migrate(settings.database_url)
    store = SqlStore(settings.database_url, seal_of(settings))
    stack.push_async_callback(store.close)
    return store


def open_nuisances(settings: Settings, city: City, store: SqlStore) -> Nuisances:
    """Return the calls that may be malicious."""
    seal = seal_of(settings)
    return Nuisances(SqlNuisances(store.database, seal), read_calls_a_day(city), lambda: secrets.token_hex(8))


def open_desk(settings: Settings, city: City, redis: Redis | None) -> AgentDesk | None:
    """Return the agents' desk, for calls and chats; None where there is no Redis to share it on."""
    if redis is None:
        return None
    rules = DeskRules(wrap_up=settings.wrap_up_seconds, chats=settings.chats_per_agent)
    seal = seal_of(settings)
    return AgentDesk(DeskOnRedis(redis, seal), rules, local_clock(city), lambda: secrets.token_hex(8))


def telephones_of(settings: Settings, city: City) -> dict[str, PartyTelephone]:
    """Return whom agents may let into a talk: the city's table, reached as the settings say."""
    addresses = {**settings.transfers, **settings.parties}
    return party_telephones(city, address=settings.party_address, addresses=addresses)


@dataclass(frozen=True, slots=True)
class World:
    """The parts that phone and web share."""

    store: SqlStore
    redis: Redis | None
    knowledge: KnowledgeParts
    surroundings: Surroundings
    router: RuleRouter
    catalogue_is_sound: Callable[[], Awaitable[bool]]
    casework: Casework
    callbacks: Callbacks
    nuisances: Nuisances
    desk: AgentDesk | None
    signals: Signals
    hears: Understander
    """What understands what is heard; that of the surroundings reads where they are not spoken."""


async def open_world(
    settings: Settings, city: City, stack: AsyncExitStack, *, is_spoken: bool = False
) -> World:
    """Open everything a conversation needs but the channel; ``is_spoken``: for calls."""
    store = await open_store(settings, stack)
    redis = open_redis(settings, stack)
    reads = await open_understander(settings, city, stack)
    hears = await as_heard(reads, settings, city)
    understander = hears if is_spoken else reads
    signals = open_signals(redis, settings, stack)
    store.announce = announcing(signals)
    log_book: ConversationLog = store if redis is None else LiveLog(store, redis, signals)
    holder = CatalogueHolder(city)
    published = PublishedRules(SqlRules(store.database), holder, lambda: local_clock(city)().date())
    await published.look()  # before the first decision
    imported = ImportedCalendar(SqlCalendarYears(store.database), holder)
    await imported.look()
    reloading = Reloading(holder, published=published, calendar=imported)
    reloading.start(stack)
    router = RuleRouter(city, holder)
    casework = Casework(store, lambda: router.holder.current.limits, city.units, city.place_names)
    callbacks = open_callbacks(settings, city, store)
    nuisances = open_nuisances(settings, city, store)
    knowledge = await open_knowledge(settings, city, store, lambda: router.holder.current.limits, stack)
    return World(
        store=store,
        callbacks=callbacks,
        nuisances=nuisances,
        redis=redis,
        desk=open_desk(settings, city, redis),
        signals=signals,
        hears=hears,
        knowledge=knowledge,
        router=router,
        catalogue_is_sound=reloading.is_sound,
        casework=casework,
        surroundings=Surroundings(
            new_session=session_maker(city),
            understander=understander,
            retriever=knowledge.answering,
            registration=Registration(store, router, city, casework),
            log_book=log_book,
            unit_name=lambda code: unit_name(city, code) or code,
            clock=local_clock(city),
            callbacks=callbacks,
            guidance=Guidance(
                understander,
                knowledge.answering,
                router,
                categories=city.categories,
                safety=load_safety_words(city),
            ),
            nuisances=nuisances,
            lookups=knowledge.use,
            slow_callers=None
            if redis is None
            else SlowCallers(redis, secret_file(settings.data_dir / "callers.key")),
            orders=CitizensOrders(
                store, load_repeat_rules(city).repeats, lambda code: unit_name(city, code) or code
            ),
        ),
    )


class Hearing:
    """The recognisers, tried in order; what they heard is repaired."""

    def __init__(self, recognizer: Recognizer) -> None:
        """Take the chain."""
        self.recognizer = recognizer

    @classmethod
    async def open(cls, settings: Settings, city: City, stack: AsyncExitStack) -> Hearing:
        """Start the engines that have a model. One that refuses to start is left out, loudly; none left is an error."""
        engines: list[Recognizer] = []
        for engine in _recognizers(settings, load_hearing_hints(city)):
            stack.push_async_callback(engine.close)
            engine.worker.observe = observe_job
            try:
                await engine.start()
            except (ModelRefusedError, EngineUnavailableError) as error:
                log.error("recognizer.refused", engine=engine.name, reason=str(error))
            else:
                engines.append(engine)
        if not engines:
            raise EngineUnavailableError("recognizer", "没有可用的语音识别引擎，请运行 hotline models verify")
        chain = FallbackRecognizer(*engines, late_seconds=settings.recognizer_deadline_seconds)
        repairer = await asyncio.to_thread(Repairer, city)
        return cls(RepairingRecognizer(chain, repairer))


Startable = VoskRecognizer | SherpaRecognizer | WhisperRecognizer


def _recognizers(settings: Settings, hints: HearingHints) -> list[Startable]:
    """Return the engines that have a model, the chosen one first (``auto``: Vosk, sherpa, whisper)."""
    found: dict[str, Startable] = {}
    if settings.vosk_model is not None:
        found["vosk"] = VoskRecognizer(settings.vosk_model, hints)
    elif (settings.models_dir / "vosk-small-cn").is_dir():
        found["vosk"] = VoskRecognizer(settings.models_dir / "vosk-small-cn", hints)
    if settings.sherpa_model is not None:
        found["sherpa"] = SherpaRecognizer(settings.sherpa_model, hints)
    if (whisper := shareable_recognizer(settings, hints)) is not None:
        if settings.shared_engines is not None:
            whisper.worker.share(settings.shared_engines / WHISPER_SOCKET)
        found["whisper"] = whisper
    return sorted(found.values(), key=lambda engine: engine.name != settings.recognizer)


def recognizer_named(name: str, settings: Settings, hints: HearingHints) -> Startable:
    """Return one engine by name, for benchmarks; ``EngineUnavailableError`` when it has no model."""
    for engine in _recognizers(settings, hints):
        if engine.name == name:
            return engine
    raise EngineUnavailableError(
        name, "没有配置模型目录（HOTLINE_VOSK_MODEL、HOTLINE_SHERPA_MODEL）或没有安装模型"
    )


class Speaking:
    """The hotline's voice: Kokoro, kept on disk, espeak-ng behind it."""

    def __init__(self, synthesizer: Synthesizer, cache: CachingSynthesizer, prompts: list[str]) -> None:
        """Take the chain, the cache within it, and the fixed prompts."""
        self.synthesizer = synthesizer
        self.slow = SlowingSynthesizer(synthesizer, tempo=_ELDER_TEMPO)
        self._cache = cache
        self.prompts = prompts

    @classmethod
    async def open(cls, settings: Settings, city: City, stack: AsyncExitStack) -> Speaking:
        """Start the voice. Without Kokoro, espeak-ng speaks."""
        rows, file = lexicon(city, "pronunciation")
        reading = Reading(rows, file=str(file))
        worker = kokoro_worker(settings.models_dir)
        if settings.shared_engines is not None:
            worker.share(settings.shared_engines / VOICE_SOCKET)
        stack.push_async_callback(worker.close)
        worker.observe = observe_job
        try:
            await worker.start()
        except (ModelRefusedError, EngineUnavailableError) as error:
            log.error("synthesizer.refused", engine="kokoro", reason=str(error))
        voice = KokoroSynthesizer(worker, reading, voice=settings.voice, speed=settings.voice_speed)
        patient = KokoroSynthesizer(
            worker, reading, voice=settings.voice, speed=settings.voice_speed, timeout_seconds=_AHEAD_SECONDS
        )
        return cls(
            FallbackSynthesizer(CachingSynthesizer(voice, voice_cache(settings)), EspeakSynthesizer(reading)),
            CachingSynthesizer(patient, voice_cache(settings)),
            fixed_texts(city, with_revisits=bool(settings.outbound_address)),
        )

    async def render_ahead(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Render every fixed prompt that is not kept yet; return how many could not be."""
        return await self._cache.render_ahead(self.prompts, audio=PHONE_BAND, progress=progress)

    async def keep_beginning(self, text: str) -> bool:
        """Render the first sentence of ``text``, if it is not kept; tell whether that was work.

        Raises ``EngineUnavailableError``.
        """
        beginning = sentences(text)[:1]
        if not beginning or self._cache.is_kept(beginning[0], PHONE_BAND):
            return False
        self._cache.publish(beginning)
        async for _ in self._cache.synthesize(beginning[0], audio=PHONE_BAND):
            pass
        return True


def voice_cache(settings: Settings) -> Path:
    """Return where rendered sound is kept: beside the models, so that every data folder shares it."""
    return settings.models_dir.parent / "voice"
