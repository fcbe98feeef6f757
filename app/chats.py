"""The web chat, put together: chats on Redis, the agents' desk, the way to units, and a city's words and hours."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import time as time_of_day
from typing import Any, Final

from app.at_rest import seal_of
from app.chat_news import ChatNewsOnRedis
from app.chat_store import ChatsOnRedis
from app.deliveries import open_client
from app.host_tokens import HostTokens, TokenRefusedError
from app.metrics import CALLS
from app.reading_store import ReadingOnRedis
from app.settings import Settings
from app.token_bucket import TokenBuckets
from app.wiring import World, local_clock
from chat.handover import AgentHours, ChatQueue
from chat.web_chat.channel import Customs, Visitor
from chat.web_chat.doors import Doors, Rates
from chat.web_chat.page_words import PageWords
from chat.web_chat.routes import WebChat
from desk.views import unit_name
from hotline.city import City, read_yaml
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import CityConfigError
from hotline.service.agent_chats import AgentChats
from hotline.service.chat_news import ChatNews
from hotline.service.confidential import Confidential
from hotline.service.conversations import Conversations
from hotline.service.kept_chats import KeptChats
from hotline.service.letter_desk import DeskLetters
from hotline.store.evidence import NoSuchEvidenceError, SqlEvidence
from hotline.store.relay import SqlRelayStore
from nlu.lexicon import load_meaning_words
from nlu.slots import SlotFinder

_KEYS_SECONDS: Final = 3.0


def count_conversation(outcome: str) -> None:
    """Count a chat that has ended."""
    CALLS.labels(outcome).inc()


def read_agent_hours(city: City) -> AgentHours:
    """Read when agents answer chats, from a city's ``chat.yaml``; ``CityConfigError`` says what is wrong with it."""
    file = city.folder / "chat.yaml"
    try:
        rows = [str(row).split("-") for row in read_yaml(file)["agent_hours"]]
        windows = [
            (time_of_day.fromisoformat(begins), time_of_day.fromisoformat(ends)) for begins, ends in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise CityConfigError(
            file=str(file), row="agent_hours", reason=f"时段写作 08:30-12:00：{error}"
        ) from error
    ends = [moment for window in windows for moment in window]
    if ends != sorted(set(ends)):
        raise CityConfigError(file=str(file), row="agent_hours", reason="时段应从早到晚，互不重叠")
    return AgentHours(tuple(windows))


def open_kept_chats(settings: Settings, world: World) -> KeptChats | None:
    """Return where chats are shared with other processes; None without a Redis."""
    if world.redis is None:
        return None
    seal = seal_of(settings)
    process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    return ChatsOnRedis(world.redis, seal, process=process)


def open_chat_news(settings: Settings, world: World, kept: KeptChats | None) -> ChatNews | None:
    """Return where it is marked what was seen of orders' news; None without a Redis."""
    if world.redis is None or kept is None:
        return None
    return ChatNewsOnRedis(world.redis, seal_of(settings), kept)


class ChatPictures:
    """What was sent along with chats."""

    def __init__(self, evidence: SqlEvidence) -> None:
        """Take where it is kept."""
        self._evidence = evidence

    async def kind(self, evidence: str, conversation: str) -> str | None:
        """Return the media type of what was sent in a conversation; None when there is no such thing in it."""
        try:
            item = await self._evidence.get(evidence)
        except NoSuchEvidenceError:
            return None
        return item.kind if item.conversation == conversation else None


async def open_host_tokens(settings: Settings, city: City, stack: AsyncExitStack) -> HostTokens | None:
    """Return what verifies the tokens of the app that carries the chat; None where no app is set."""
    if not settings.chat_token_keys:
        return None
    return HostTokens(
        settings.chat_token_keys,
        issuer=settings.chat_token_issuer,
        audience=settings.chat_token_audience,
        clock=local_clock(city),
        monotonic=time.monotonic,
        client=await stack.enter_async_context(open_client(_KEYS_SECONDS)),
    )


def open_doors(
    settings: Settings, city: City, world: World, evidence: SqlEvidence, tokens: HostTokens | None
) -> Doors:
    """Return who may come in, and how often."""

    async def identify(token: str) -> Visitor:
        if tokens is None:
            raise TokenRefusedError("no app is set to be believed")
        citizen = await tokens.citizen(token)
        return Visitor(ContactChannel.APP, citizen.phone, key=f"host:{citizen.subject}")

    hello = (settings.chat_connections_burst, settings.chat_connections_per_second)
    return Doors(
        local_clock(city),
        identify=identify,
        buckets=TokenBuckets(world.redis),
        rates=Rates(hello=hello),
        origins=frozenset(settings.chat_origins),
        guidance=world.surroundings.guidance,
        unit_name=lambda code: unit_name(city, code) or code,
        pictures=ChatPictures(evidence),
    )


def open_chat(  # noqa: PLR0917 -- put together in one place only
    settings: Settings,
    city: City,
    world: World,
    words: Mapping[str, Any],
    kept: KeptChats | None,
    doors: Doors,
    forget: Callable[[str], Awaitable[None]],
    news: ChatNews | None,
) -> WebChat:
    """Return the web chat; ``forget`` deletes what was sent along with a chat, ``news`` is told what was seen in one."""
    seal, queue = seal_of(settings), None
    if world.desk is not None:
        queue = ChatQueue(
            world.desk,
            read_agent_hours(city),
            offer=settings.chat_offer_seconds,
            most_wait=settings.chat_wait_seconds,
        )
    return WebChat(
        Conversations(world.surroundings),
        Customs(
            local_clock(city),
            words=PageWords(
                words["replies"], city.categories, words["kinds"], words["statuses"], words["point"]
            ),
            place_of=SlotFinder(city, load_meaning_words(city)).place,
            queue=queue,
            relay=Confidential(world.store, SqlRelayStore(world.store.database, seal)),
            reading=ReadingOnRedis(world.redis, seal) if world.redis is not None else None,
            forget=forget,
            news=news,
        ),
        words["refusals"],
        doors=doors,
        store=kept,
        records=world.store,
        ended=count_conversation,
    )


def open_agent_chats(
    settings: Settings, city: City, world: World, kept: KeptChats | None, letters: DeskLetters
) -> AgentChats | None:
    """Return what agents do with chats; None where there is no desk."""
    if world.desk is None or kept is None:
        return None
    seal = seal_of(settings)
    return AgentChats(
        world.desk,
        kept,
        world.store,
        local_clock(city),
        unit_name=lambda code: unit_name(city, code) or code,
        relay=SqlRelayStore(world.store.database, seal).thread,
        letters=letters,
    )
