"""The web chat, put together: chats on Redis, the agents' desk, the way to units, and a city's words and hours."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import time
from typing import Any

from app.chat_store import ChatsOnRedis
from app.metrics import CALLS
from app.settings import Settings, secret_file
from app.wiring import World, local_clock
from chat.handover import AgentHours, ChatQueue
from chat.web_chat.channel import Customs
from chat.web_chat.replies import QuickReplies
from chat.web_chat.routes import WebChat
from desk.views import unit_name
from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.service.agent_chats import AgentChats
from hotline.service.confidential import Confidential
from hotline.service.conversations import Conversations
from hotline.service.kept_chats import KeptChats
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal


def count_conversation(outcome: str) -> None:
    """Count a chat that has ended."""
    CALLS.labels(outcome).inc()


def read_agent_hours(city: City) -> AgentHours:
    """Read when agents answer chats, from a city's ``chat.yaml``; ``CityConfigError`` says what is wrong with it."""
    file = city.folder / "chat.yaml"
    try:
        rows = [str(row).split("-") for row in read_yaml(file)["agent_hours"]]
        windows = [(time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in rows]
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
    seal = Seal(secret_file(settings.data_dir / "at_rest.key"))
    process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    return ChatsOnRedis(world.redis, seal, process=process)


def open_chat(
    settings: Settings, city: City, world: World, words: Mapping[str, Any], kept: KeptChats | None
) -> WebChat:
    """Return the web chat."""
    seal, queue = Seal(secret_file(settings.data_dir / "at_rest.key")), None
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
            replies=QuickReplies(words["replies"]),
            queue=queue,
            relay=Confidential(world.store, SqlRelayStore(world.store.database, seal)),
        ),
        words["refusals"],
        store=kept,
        records=world.store,
        ended=count_conversation,
    )


def open_agent_chats(
    settings: Settings, city: City, world: World, kept: KeptChats | None
) -> AgentChats | None:
    """Return what agents do with chats; None where there is no desk."""
    if world.desk is None or kept is None:
        return None
    seal = Seal(secret_file(settings.data_dir / "at_rest.key"))
    return AgentChats(
        world.desk,
        kept,
        world.store,
        local_clock(city),
        unit_name=lambda code: unit_name(city, code) or code,
        relay=SqlRelayStore(world.store.database, seal).thread,
    )
