"""WeChat's accounts as they are called: by the web process for media, by the worker for answers."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx
from redis.asyncio import Redis

from app.settings import Settings
from chat.wechat.api import Credentials, WeChatApi, WeChatCallError
from hotline.domain.letters import Letter
from hotline.service.letter_parts import FetchMedia, MediaUnavailableError
from hotline.store.sealing import Seal


def apis(
    settings: Settings, client: httpx.AsyncClient, redis: Redis | None, seal: Seal
) -> dict[str, WeChatApi]:
    """Return the accounts that have an AppSecret, by AppID."""
    found: dict[str, WeChatApi] = {}
    for app_id, secret in (
        (settings.wechat_app_id, settings.wechat_app_secret),
        (settings.mini_app_id, settings.mini_app_secret),
    ):
        if app_id and secret is not None:
            credentials = Credentials(app_id, secret.get_secret_value(), settings.wechat_api.rstrip("/"))
            found[app_id] = WeChatApi(client, credentials, redis=redis, seal=seal, clock=time.time)
    return found


def fetching(accounts: Mapping[str, WeChatApi]) -> FetchMedia:
    """Return what fetches voices and pictures of letters."""

    async def fetch(letter: Letter, media: str) -> bytes:
        api = accounts.get(letter.address.get("app", ""))
        if api is None:
            raise MediaUnavailableError("account not configured")
        try:
            return await api.media(media)
        except WeChatCallError as error:
            raise MediaUnavailableError(str(error)) from error

    return fetch
