"""Calling WeChat (服务端接口): with the account's token, a deadline, and one renewal of a token that is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import structlog
from redis.asyncio import Redis

from chat.wechat.remedies import Remedy, remedy_of
from chat.wechat.tokens import AccessToken, Token
from hotline.domain.errors import HotlineError
from hotline.store.sealing import Seal

log: Final = structlog.get_logger("wechat")

_MOST_MEDIA: Final = 12 * 1024 * 1024
"""WeChat's own limit is 10 MB for a picture, 2 MB for a voice."""
_MOST_ANSWER: Final = 1024 * 1024


class WeChatCallError(HotlineError):
    """WeChat did not do what it was asked. ``remedy`` says what helps; ``errcode`` None: it did not answer at all."""

    code = "wechat.call_failed"

    def __init__(self, call: str, errcode: int | None, reason: str = "") -> None:
        self.call = call
        self.errcode = errcode
        self.reason = reason
        self.remedy = Remedy.RETRY if errcode is None else remedy_of(errcode)
        super().__init__(f"{call}: {errcode if errcode is not None else reason}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account's AppID and AppSecret, and where WeChat is called."""

    app_id: str
    app_secret: str
    address: str


class WeChatApi:
    """The calls that a hotline needs. Every method raises ``WeChatCallError``."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        credentials: Credentials,
        *,
        redis: Redis | None,
        seal: Seal,
        clock: Callable[[], float],
        timeout_seconds: float = 5.0,
    ) -> None:
        """Take the client, the account, where the token is shared, and how long one call may take."""
        self._client = client
        self._credentials = credentials
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self.token = AccessToken(credentials.app_id, self._fetch_token, redis=redis, seal=seal, clock=clock)

    async def send_text(self, openid: str, text: str) -> None:
        """Send a customer-service message (客服消息): within 48 hours of the citizen's last one."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        await self._post("message/custom/send", body)

    async def show_typing(self, openid: str, *, is_on: bool) -> None:
        """Show that somebody is writing (客服输入状态), or no more; within 48 hours of the citizen's last message."""
        command = "Typing" if is_on else "CancelTyping"
        await self._post("message/custom/typing", {"touser": openid, "command": command})

    async def send_template(
        self, openid: str, template: str, fields: Mapping[str, str], *, once: str, url: str = ""
    ) -> None:
        """Send a template message (模板消息); ``once`` keeps WeChat from showing it twice."""
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template,
            "client_msg_id": once[:32],
            "data": {name: {"value": value} for name, value in fields.items()},
        }
        if url:
            body["url"] = url
        await self._post("message/template/send", body)

    async def send_subscribed(
        self, openid: str, template: str, fields: Mapping[str, str], *, page: str = ""
    ) -> None:
        """Send a notice that the citizen subscribed to (订阅通知)."""
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template,
            "data": {name: {"value": value} for name, value in fields.items()},
        }
        if page:
            body["page"] = page
        await self._post("message/subscribe/bizsend", body)

    async def templates(self) -> tuple[str, ...]:
        """Return the ids of the account's templates."""
        answer = await self._call("GET", "template/get_all_private_template", None)
        return tuple(str(row.get("template_id", "")) for row in answer.get("template_list", ()))

    async def callback_addresses(self) -> tuple[str, ...]:
        """Return from where WeChat calls us."""
        answer = await self._call("GET", "getcallbackip", None)
        return tuple(map(str, answer.get("ip_list", ())))

    async def set_menu(self, menu: Mapping[str, Any]) -> None:
        """Set the account's menu (自定义菜单)."""
        await self._post("menu/create", menu)

    async def media(self, media: str) -> bytes:
        """Return a picture or voice that a citizen sent."""
        token = await self.token.get()
        for is_last in (False, True):
            head, body = await self._download(token, media)
            if head is None:
                return body
            error = WeChatCallError("media/get", int(head.get("errcode", -1)))
            if error.remedy is not Remedy.RENEW_TOKEN or is_last:
                raise error
            token = await self.token.renewed(token)
        raise AssertionError

    async def _download(self, token: str, media: str) -> tuple[dict[str, Any] | None, bytes]:
        """Return the bytes, or the error that came in their place."""
        address = f"{self._credentials.address}/cgi-bin/media/get"
        body = b""
        try:
            async with (
                asyncio.timeout(self._timeout_seconds * 2),
                self._client.stream(
                    "GET", address, params={"access_token": token, "media_id": media}
                ) as response,
            ):
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MOST_MEDIA:
                        raise WeChatCallError("media/get", 45001, "too large")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise WeChatCallError("media/get", None, type(error).__name__) from error
        if response.status_code != httpx.codes.OK:
            raise WeChatCallError("media/get", None, f"HTTP {response.status_code}")
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        is_text = kind in ("application/json", "text/plain")
        if is_text and (found := _json(body)) is not None:
            return found, b""
        return None, body

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        token = await self.token.get()
        try:
            return await self._ask(method, f"cgi-bin/{path}", body, token)
        except WeChatCallError as error:
            if error.remedy is not Remedy.RENEW_TOKEN:
                raise
            log.info("wechat.token_refused", call=path, errcode=error.errcode)
        return await self._ask(method, f"cgi-bin/{path}", body, await self.token.renewed(token))

    async def _fetch_token(self, is_forced: bool) -> Token:
        body = {
            "grant_type": "client_credential",
            "appid": self._credentials.app_id,
            "secret": self._credentials.app_secret,
            "force_refresh": is_forced,
        }
        answer = await self._ask("POST", "cgi-bin/stable_token", body, None)
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not isinstance(seconds, int):
            raise WeChatCallError("stable_token", None, "no token in the answer")
        return Token(value, self._clock() + seconds)

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, token: str | None
    ) -> dict[str, Any]:
        call = path.removeprefix("cgi-bin/")
        # WeChat shows escaped characters as they are: the text goes as UTF-8.
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._client.request(
                    method,
                    f"{self._credentials.address}/{path}",
                    params={"access_token": token} if token is not None else None,
                    content=content,
                    headers={"content-type": "application/json; charset=utf-8"} if content else None,
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise WeChatCallError(call, None, type(error).__name__) from error
        if response.status_code != httpx.codes.OK:
            raise WeChatCallError(call, None, f"HTTP {response.status_code}")
        answer = _json(response.content)
        if answer is None:
            raise WeChatCallError(call, None, "no JSON")
        code = answer.get("errcode", 0)
        if code != 0:
            raise WeChatCallError(call, code if isinstance(code, int) else -1)
        return answer


def _json(body: bytes) -> dict[str, Any] | None:
    if len(body) > _MOST_ANSWER:
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
