"""The process that takes calls (``hotline ivr``)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog

from app.call_presence import shown_calls
from app.city_words import load_answer_words, load_prompts
from app.clock import now
from app.draining import Ending
from app.long_lived import set_apart
from app.metrics import CALLS, CALLS_UNDER_WAY, TURN_SECONDS
from app.missed_calls import open_missed_calls
from app.outbound import note_contact, open_callback_dialler, open_dialler
from app.outlook import open_book
from app.recordings import BookWithoutSecrets, Recordings
from app.rendering_ahead import render_articles_ahead, render_texts_ahead
from app.settings import Settings
from app.spoken_ahead import names
from app.wiring import Hearing, Speaking, World, open_world, telephones_of
from asr.running import RunningPace
from hotline.city import City, load_city
from hotline.dialogue.ends import is_wish
from hotline.domain.appeal import ContactChannel
from hotline.service.conversations import Conversations
from hotline.service.early_understanding import EarlyUnderstander
from hotline.service.journal import ConversationLog
from hotline.service.nuisances import Nuisances
from hotline.service.outbound_book import OutboundBook
from hotline.service.signals import Signals, live_topic
from hotline.service.takeovers import hand_calls_over
from hotline.store.party_calls import SqlPartyCalls
from ivr.agent_handover import QueueSettings
from ivr.agent_talk import TalkSettings
from ivr.channel import PhoneChannel, PhoneSettings, TurnMetrics
from ivr.line import Line
from ivr.outbound import Dialler
from ivr.phone_settings import read_backchannels, read_endings
from ivr.putting_through import People
from ivr.sip import PaceSettings, SipEndpoint, SipLine, SipSettings, SipUnavailableError
from ivr.transcript import Listening
from ivr.vad import SileroModel

log: Final = structlog.get_logger("ivr")

Part_co = TypeVar("Part_co", covariant=True)


class Opening(Protocol[Part_co]):
    """Opens a part of the process, to be closed with ``stack``."""

    def __call__(self, settings: Settings, city: City, stack: AsyncExitStack, /) -> Awaitable[Part_co]:
        """Return the part, ready."""


def phone_settings(settings: Settings, city: City) -> PhoneSettings:
    """Return how phone conversations are held, from the settings and the city's word lists."""
    prompts = load_prompts(city, ContactChannel.PHONE)
    return PhoneSettings(
        backchannels=read_backchannels(city.folder),
        endings=read_endings(city.folder),
        fillers=tuple(prompts.text(name) for name in ("please_wait", "still_looking")),
        filler_after_seconds=settings.filler_after_seconds,
        recognize_deadline_seconds=settings.recognizer_deadline_seconds,
        ring_seconds=settings.ring_seconds,
        running=RunningPace() if settings.running_partials else None,
    )


def sip_settings(settings: Settings) -> SipSettings:
    """Return how the SIP endpoint is set up."""
    return SipSettings(
        bind=settings.sip_host,
        port=settings.sip_port,
        rtp_first_port=settings.rtp_port,
        rtp_last_port=settings.rtp_port + settings.rtp_ports - 1,
        trunks=tuple(str(network) for network in settings.trunks),
        max_calls=settings.max_calls,
        refer=settings.takes_refer,
        max_call_seconds=settings.max_call_seconds,
        max_talk_seconds=settings.max_talk_seconds,
        pace=PaceSettings(settings.calls_per_number, settings.rings_per_second),
        is_dispatched=settings.is_dispatched,
    )


class Exchange:
    """Takes every call and holds a conversation on it; one call's fault never reaches another."""

    def __init__(
        self,
        settings: Settings,
        city: City,
        conversations: Conversations,
        hearing: Hearing,
        speaking: Speaking,
        *,
        people: People,
        recordings: Recordings | None,
        book: OutboundBook,
        nuisances: Nuisances,
        silero: SileroModel,
        understander: EarlyUnderstander,
    ) -> None:
        """Take the parts that all calls share."""
        self._book = book
        self._nuisances = nuisances
        self._understander = understander
        self._recordings = recordings
        self._people = people
        self._settings = settings
        self._phone = phone_settings(settings, city)
        self._is_wish = partial(is_wish, answers=load_answer_words(city))
        self._city = city
        self._conversations = conversations
        self._hearing = hearing
        self._speaking = speaking
        self._silero = silero
        self._held: dict[str, PhoneChannel] = {}

    def take_over(self, conversation: str, agent: str, handover: str) -> bool:
        """Let an agent have a call that the machine holds in this process; False when it does not."""
        held = self._held.get(conversation)
        return held is not None and held.take_over(agent, handover)

    async def run(self, endpoint: SipEndpoint, ending: Ending, diallers: Sequence[Dialler] = ()) -> None:
        """Take calls, and place those that ``diallers`` have, until told to end; hold them out as ``ending`` says."""
        async with asyncio.TaskGroup() as calls:
            taking = [calls.create_task(self._take(endpoint, calls))]
            taking += [calls.create_task(dialler.run(calls), name="dialler") for dialler in diallers]
            await ending.asked()
            for each in taking[1:]:
                each.cancel()
            await ending.emptied(endpoint)
            taking[0].cancel()
            await endpoint.close()

    async def _take(self, endpoint: SipEndpoint, calls: asyncio.TaskGroup) -> None:
        while True:
            try:
                line = await endpoint.incoming()
            except SipUnavailableError:
                return
            calls.create_task(self._hold(line), name=f"call:{line.call_id}")

    def channel(self, line: Line, conversation: str) -> PhoneChannel:
        """Return the channel of a conversation on ``line``."""
        return PhoneChannel(
            line,
            self._hearing.recognizer,
            self._speaking.synthesizer,
            self._silero.detector(),
            self._phone,
            clock=lambda: now().astimezone(self._city.timezone),
            conversation=conversation,
            people=self._people,
            on_turn=_note_turn,
            slow_synthesizer=self._speaking.slow,
            fullness=self._understander.fullness,
            is_wish=self._is_wish,
        )

    async def _hold(self, line: SipLine) -> None:
        conversation = secrets.token_hex(8)
        channel = self.channel(line, conversation)
        CALLS_UNDER_WAY.inc()
        if self._recordings is not None:
            await self._recordings.begin(conversation, line, now())
        at = now().astimezone(self._city.timezone)
        noting = asyncio.create_task(
            note_contact(self._book, self._nuisances, line.caller, conversation, at), name="note contact"
        )
        self._held[conversation] = channel
        try:
            outcome = await self._conversations.hold(channel, call_id=line.call_id)
            CALLS.labels(outcome.value).inc()
        except Exception as error:  # noqa: BLE001 -- a fault in one call must not end the others
            CALLS.labels("broken").inc()
            log.error("call.broken", conversation=conversation, error=type(error).__name__)
        finally:
            del self._held[conversation]
            CALLS_UNDER_WAY.dec()
            await line.hang_up()
            await noting
            if self._recordings is not None:
                await self._recordings.end(conversation)


def _note_turn(turn: TurnMetrics) -> None:
    for stage, seconds in (
        ("end_decided", turn.end_decided),
        ("words_known", turn.words_known),
        ("recognize", turn.recognize),
        ("first_sound", turn.first_sound),
    ):
        if seconds is not None:
            TURN_SECONDS.labels(stage).observe(seconds)
    log.info(
        "turn",
        end_decided=round(turn.end_decided, 3),
        words_known=round(turn.words_known, 3),
        recognize=round(turn.recognize, 3),
        first_sound=None if turn.first_sound is None else round(turn.first_sound, 3),
        was_ahead=turn.was_ahead,
    )


def listening_to_talks(hearing: Hearing, silero: SileroModel, signals: Signals) -> Listening:
    """Return how talks with agents are written down; what is still being said is told to who watches."""
    telling: set[asyncio.Task[None]] = set()

    def partly(conversation: str, who: str, text: str) -> None:
        told = signals.tell(live_topic(conversation), {"name": "Partly", "who": who, "text": text})
        task = asyncio.create_task(told, name="partly said")
        telling.add(task)
        task.add_done_callback(telling.discard)

    return Listening(hearing.recognizer, silero.detector, partly=partly)


def open_people(settings: Settings, city: City, world: World, listening: Listening | None) -> People:
    """Return whom callers can be put through to, and whom agents may let into their talks."""
    return People(
        transfers=settings.transfers,
        desk=world.desk if settings.agent_address else None,
        queue=QueueSettings(address=settings.agent_address, most_wait=settings.queue_seconds),
        talks=TalkSettings(
            telephones_of(settings, city),
            caller=settings.outbound_caller,
            ring_seconds=settings.ring_seconds,
        ),
        calls=SqlPartyCalls(world.store.database),
        listening=listening,
    )


async def _render(
    settings: Settings, city: City, speaking: Speaking, world: World, is_idle: Callable[[], bool]
) -> None:
    """Render the prompts that set-up has not rendered, then names and what articles say while nobody calls.

    A prompt that is missing is missed by the next caller: it does not wait until nobody calls.
    """
    await speaking.render_ahead()
    if settings.render_articles:
        await render_texts_ahead(speaking, names(city), is_idle)
        await render_articles_ahead(speaking, world.knowledge.store.all_published, is_idle)


async def run_phone(
    settings: Settings,
    *,
    open_hearing: Opening[Hearing] = Hearing.open,
    open_speaking: Opening[Speaking] = Speaking.open,
) -> None:
    """Take calls until told to end by SIGTERM (when they have finished) or SIGINT (at once)."""
    city = load_city(settings.city)
    ending = Ending(limit_seconds=settings.drain_seconds)
    ending.listen()
    async with AsyncExitStack() as stack:
        world = await open_world(settings, city, stack, is_spoken=True)
        hearing = await open_hearing(settings, city, stack)
        speaking = await open_speaking(settings, city, stack)
        missed = open_missed_calls(settings, city, world.store, world.callbacks, stack)
        endpoint, silero = SipEndpoint(sip_settings(settings), missed=missed), SileroModel()
        log_book: ConversationLog = await shown_calls(settings, world, endpoint, ending, stack)
        recordings = Recordings(settings, world.store) if settings.record_calls else None
        if recordings is not None:
            log_book = BookWithoutSecrets(log_book, recordings)
            stack.push_async_callback(recordings.close)
        understander = EarlyUnderstander(world.surroundings.understander)
        conversations = Conversations(
            replace(world.surroundings, log_book=log_book, understander=understander)
        )
        exchange = Exchange(
            settings,
            city,
            conversations,
            hearing,
            speaking,
            people=open_people(
                settings,
                city,
                world,
                listening_to_talks(hearing, silero, world.signals) if settings.transcribe_talks else None,
            ),
            silero=silero,
            recordings=recordings,
            book=open_book(settings, world.store),
            nuisances=world.nuisances,
            understander=understander,
        )
        dialler = open_dialler(
            settings, city, world, endpoint, channel=exchange.channel, recordings=recordings
        )
        calling_back = open_callback_dialler(
            settings, city, world, endpoint, conversations, channel=exchange.channel, recordings=recordings
        )
        diallers = [each for each in (dialler, calling_back) if each is not None]
        stack.push_async_callback(endpoint.close)
        handing = asyncio.create_task(hand_calls_over(world.signals, exchange.take_over), name="takeovers")
        stack.callback(handing.cancel)
        set_apart()
        await endpoint.start()
        rendering = asyncio.create_task(
            _render(settings, city, speaking, world, lambda: endpoint.calls == 0), name="render ahead"
        )
        try:
            await exchange.run(endpoint, ending, diallers)
        finally:
            rendering.cancel()
