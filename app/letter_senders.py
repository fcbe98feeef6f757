"""Who sends what to whom from the outbox: each destination's kind has its sender."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Final

import httpx

from app.chat_news import ChatNewsOnRedis
from app.chat_store import ChatsOnRedis
from app.clock import now
from app.letter_words import load_notice_words, load_wechat_words
from app.mailbox import open_mail_sender
from app.reading_store import ReadingOnRedis
from app.redis_client import open_redis
from app.settings import Settings
from app.wechat import apis
from chat.sms.gateway import SmsSender
from chat.wechat.notices import WeChatNotices
from chat.wechat.sender import WeChatSender
from hotline.city import City
from hotline.domain.appeal import ContactChannel
from hotline.domain.outbox import StoredMessage
from hotline.service.citizen_notices import CitizenNotices, Telling
from hotline.service.delivery import Failed, Outcome, Sender
from hotline.store.letters import SqlLetters
from hotline.store.progress import SqlProgress
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore

LONGEST_SECONDS: Final = 25.0
"""How long one message may take in all: a token, a refusal, another token, another channel."""


class SendersByKind:
    """Chooses the sender by what stands before the colon of a destination."""

    def __init__(self, senders: Mapping[str, Sender], otherwise: Sender) -> None:
        """Take a sender for each kind, and who sends all other messages."""
        self._senders = senders
        self._otherwise = otherwise

    async def send(self, message: StoredMessage, at: datetime) -> Outcome:
        """Send one message once, within a time."""
        sender = self._senders.get(message.message.destination.partition(":")[0], self._otherwise)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await sender.send(message, at)
        except TimeoutError:
            return Failed("late")


def senders_for_citizens(
    settings: Settings,
    city: City,
    stack: AsyncExitStack,
    *,
    store: SqlStore,
    seal: Seal,
    client: httpx.AsyncClient,
    otherwise: Sender,
) -> SendersByKind:
    """Return all senders: to citizens over the channels that are configured, else as ``otherwise`` does."""
    redis = open_redis(settings, stack)
    accounts = apis(settings, client, redis, seal)
    by_channel: dict[ContactChannel, Telling] = {}
    words = load_wechat_words(city)
    notice_words = load_notice_words(city)
    more = notice_words.prompts.text("more")
    for app_id, channel in (
        (settings.wechat_app_id, ContactChannel.WECHAT),
        (settings.mini_app_id, ContactChannel.MINI_PROGRAMME),
    ):
        if app_id in accounts:
            is_official = channel is ContactChannel.WECHAT
            by_channel[channel] = WeChatNotices(
                accounts[app_id],
                words.progress_fields,
                more=more,
                template=settings.wechat_progress_template if is_official else "",
                is_subscription=settings.wechat_progress_kind == "subscription",
            )
    senders: dict[str, Sender] = {}
    wechat = WeChatSender(accounts)
    if accounts:
        senders |= {"wechat": wechat, "mini": wechat}
    sms: SmsSender | None = None
    if settings.sms_url and settings.sms_secret is not None:
        sms = SmsSender(
            client,
            settings.sms_url,
            settings.sms_secret.get_secret_value(),
            clock=now,
            timeout_seconds=settings.delivery_timeout_seconds,
            most_characters=settings.sms_characters,
            more=more,
        )
        senders["sms"] = sms
    mail = open_mail_sender(settings)
    if mail is not None:
        senders["mail"] = mail
        by_channel[ContactChannel.EMAIL] = mail
    if by_channel or sms is not None or redis is not None:
        senders["citizen"] = CitizenNotices(
            store,
            SqlLetters(store.database, seal),
            notice_words,
            {code: unit.name for code, unit in city.units.items()},
            subscriptions=SqlProgress(store.database),
            by_channel=by_channel,
            by_phone=sms,
            reading=ReadingOnRedis(redis, seal) if redis is not None else None,
            news=ChatNewsOnRedis(redis, seal, ChatsOnRedis(redis, seal, process="notices"))
            if redis is not None
            else None,
            unseen=timedelta(seconds=settings.chat_unseen_seconds),
        )
    return SendersByKind(senders, otherwise)
