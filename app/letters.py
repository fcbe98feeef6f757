"""Correspondence put together for the web process: WeChat, mini-programme, SMS and e-mail, with voice, pictures and places."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import APIRouter

from app.at_rest import seal_of
from app.chats import read_agent_hours
from app.clock import now
from app.deliveries import open_client
from app.letter_channels import channel_ways, open_accounts
from app.letter_words import load_letter_prompts, load_short_answers, load_wechat_words
from app.mailbox import open_mail
from app.metrics import LETTERS, WECHAT_REFUSED
from app.rate_limit import RateLimit
from app.self_service import open_letter_orders
from app.settings import Settings
from app.wechat import apis, fetching
from app.wiring import Hearing, World, local_clock
from asr.recognizer import Recognizer
from chat.sms.gateway import SmsDoor
from chat.web_chat.media import ChatMedia
from chat.web_chat.protocol import readable
from chat.wechat.nonces import Nonces, NoncesInMemory, NoncesOnRedis
from chat.wechat.routes import Account, WeChat
from chat.wechat.sender import WeChatTyping
from hotline.city import City
from hotline.domain.appeal import ContactChannel
from hotline.domain.deeds import AddFacts
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.letters import Letter
from hotline.domain.people import CITIZEN
from hotline.service.confidential import Confidential
from hotline.service.correspondence import Correspondence
from hotline.service.evidence import Evidence
from hotline.service.letter_desk import DeskLetters, DeskPace, LetterDesk
from hotline.service.letter_parts import FetchMedia, LetterParts
from hotline.service.letter_units import LetterUnits
from hotline.service.voice_messages import VoiceMessages
from hotline.store.evidence import SqlEvidence
from hotline.store.letters import SqlLetters
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from hotline.store.spool import LetterSpool
from nlu.lexicon import load_meaning_words
from nlu.slots import SlotFinder

log: Final = structlog.get_logger("letters")

_VOICE_OPENS_SECONDS: Final = 30.0
_MEDIA_A_MINUTE: Final = 12


class LetterOffice:
    """Everything by which letters come in; ``routers`` are its routes, ``running`` its work in the background."""

    def __init__(
        self,
        correspondence: Correspondence,
        routers: Sequence[APIRouter],
        *,
        evidence: SqlEvidence,
        letters: SqlLetters,
        keeping: Evidence,
        typing: WeChatTyping,
    ) -> None:
        """Take the parts."""
        self.keeping = keeping
        channels = (ContactChannel.WECHAT, ContactChannel.MINI_PROGRAMME)
        self.from_desk = DeskLetters(letters, correspondence.take, dict.fromkeys(channels, typing))
        self.correspondence = correspondence
        self.letters = letters
        self.routers = routers
        self.evidence = evidence

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after letters while the web runs."""
        task = asyncio.create_task(self.correspondence.run(), name="letters")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.correspondence.close()


def evidence_folder(settings: Settings) -> Path:
    """Return where pictures and documents are kept."""
    return settings.evidence_dir or settings.data_dir / "evidence"


def at_rest(settings: Settings) -> Seal:
    """Return what seals the data folder."""
    return seal_of(settings)


async def open_letters(settings: Settings, city: City, world: World, stack: AsyncExitStack) -> LetterOffice:
    """Return the office. Channels that are not configured are not there."""
    seal, words = at_rest(settings), load_wechat_words(city)
    letters = SqlLetters(world.store.database, seal)
    evidence = SqlEvidence(world.store.database, seal, evidence_folder(settings))
    client = await stack.enter_async_context(open_client(10.0))
    wechat_apis = apis(settings, client, world.redis, seal)
    mail = await open_mail(settings, seal, readable, stack)
    media: dict[ContactChannel, FetchMedia] = {
        ContactChannel.WECHAT: fetching(wechat_apis),
        ContactChannel.MINI_PROGRAMME: fetching(wechat_apis),
    }
    if mail is not None:
        media[ContactChannel.EMAIL] = mail.fetch
    voices = open_voices(settings, city, stack) if settings.voice_messages else None
    keeping, prompts = Evidence(evidence, most=settings.evidence_most), load_letter_prompts(city)
    parts = LetterParts(
        world=world.surroundings,
        letters=letters,
        words=prompts,
        reading=load_short_answers(city),
        place_of=SlotFinder(city, load_meaning_words(city)).place,
        media=media,
        voices=voices,
        evidence=keeping,
        scenes=words.scenes,
        add_facts=_facts_adder(world),
        own_orders=open_letter_orders(settings, city, world, letters, prompts),
        desk=_desk(settings, city, world),
        units=LetterUnits(Confidential(world.store, SqlRelayStore(world.store.database, seal))),
        site=settings.public_address,
    )
    correspondence = Correspondence(
        parts,
        channel_ways(settings),
        LetterSpool(settings.data_dir / "spool", seal),
        holder=secrets.token_hex(8),
    )
    counted = _Counted(correspondence)
    allows = RateLimit(_MEDIA_A_MINUTE, local_clock(city)).allows
    media_of_chats = ChatMedia(
        world.store, prompts, local_clock(city), allows, keeping, voices, kept=evidence
    )
    routers: list[APIRouter] = [media_of_chats.router()]
    if accounts := open_accounts(settings, words, seal):
        routers.append(_wechat(settings, city, world, accounts, counted).router())
    if settings.sms_url and settings.sms_secret is not None:
        door = SmsDoor(
            settings.sms_secret.get_secret_value(), counted, local_clock(city), seal.fingerprint, readable
        )
        routers.append(door.router())
    if mail is not None:
        stack.push_async_callback(mail.close)
        mail.start(counted)
    return LetterOffice(
        correspondence,
        routers,
        evidence=evidence,
        letters=letters,
        keeping=keeping,
        typing=WeChatTyping(wechat_apis),
    )


class _Counted:
    """Counts letters on their way in."""

    def __init__(self, correspondence: Correspondence) -> None:
        self._correspondence = correspondence

    async def take(self, letter: Letter, *, wait_seconds: float = 0.0) -> tuple[str, ...] | None:
        LETTERS.labels(letter.channel.value).inc()
        return await self._correspondence.take(letter, wait_seconds=wait_seconds)

    def passed(self, letter: Letter) -> None:
        self._correspondence.passed(letter)


def _wechat(
    settings: Settings, city: City, world: World, accounts: tuple[Account, ...], letters: _Counted
) -> WeChat:
    keep = 2 * settings.wechat_window_seconds
    nonces: Nonces = NoncesInMemory(keep_seconds=keep, clock=time.monotonic)
    if world.redis is not None:
        nonces = NoncesOnRedis(world.redis, nonces, keep_seconds=keep)
    return WeChat(
        accounts,
        nonces,
        letters,
        local_clock(city),
        wait_seconds=settings.wechat_wait_seconds,
        refused=lambda reason: WECHAT_REFUSED.labels(reason).inc(),
    )


def open_voices(settings: Settings, city: City, stack: AsyncExitStack) -> VoiceMessages:
    """Return what listens to voice messages; its recogniser starts with the first of them."""
    opening: list[asyncio.Task[Recognizer]] = []

    async def start() -> Recognizer:
        return (await Hearing.open(settings, city, stack)).recognizer

    async def opened() -> Recognizer:
        if not opening or (opening[0].done() and opening[0].exception() is not None):
            opening[:] = [asyncio.create_task(start(), name="voice recogniser")]
        async with asyncio.timeout(_VOICE_OPENS_SECONDS):
            return await asyncio.shield(opening[0])

    async def stop() -> None:
        for task in opening:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    stack.push_async_callback(stop)
    return VoiceMessages(opened, deadline_seconds=settings.recognizer_deadline_seconds + 25.0)


def _desk(settings: Settings, city: City, world: World) -> LetterDesk | None:
    """Return the agents' desk for who writes letters; None where there is none."""
    if world.desk is None:
        return None
    hours = read_agent_hours(city)
    return LetterDesk(
        world.desk,
        lambda at: "" if hours.includes(at) else str(hours),
        DeskPace(
            offer=timedelta(seconds=settings.chat_offer_seconds),
            wait=timedelta(seconds=settings.chat_wait_seconds),
        ),
    )


def _facts_adder(world: World) -> Callable[[str, str, datetime], Coroutine[Any, Any, None]]:
    async def add(number: str, text: str, at: datetime) -> None:
        try:
            await world.casework.do(number, AddFacts(text), by=CITIZEN, at=max(at, now()))
        except (
            IllegalTransitionError
        ) as error:  # closed meanwhile: the picture is with the order all the same
            log.info("letter.fact_not_added", number=number, step=str(error.step))

    return add
