"""A stand-in of WeChat's servers on the loopback, written after its documents and not after our code.

It calls the hotline's address as WeChat does (signed, encrypted by another library than ours, again after some seconds without
an answer), keeps what each citizen would see, and answers the hotline's own calls: tokens that run out, quotas, error codes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import os
import struct
import time
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from Crypto.Cipher import AES
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from tests.receiver import serving

APP_ID, SECRET, TOKEN = "wx2c2769f8efd9abc2", "an-app-secret", "spamtest"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNT = "gh_10f6c3c3ac5a"
WINDOW = 48 * 3600
QUOTA = 5


def sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def encrypt(text: str, *, key: str = AES_KEY, app_id: str = APP_ID) -> str:
    """Encrypt as WeChat does, with pycryptodome."""
    secret = base64.b64decode(key + "=")
    body = os.urandom(16) + struct.pack(">I", len(text.encode())) + text.encode() + app_id.encode()
    padding = 32 - len(body) % 32
    return base64.b64encode(
        AES.new(secret, AES.MODE_CBC, secret[:16]).encrypt(body + bytes([padding]) * padding)
    ).decode()


def decrypt(encrypted: str, *, key: str = AES_KEY) -> tuple[str, str]:
    """Return text and AppID."""
    secret = base64.b64decode(key + "=")
    body = AES.new(secret, AES.MODE_CBC, secret[:16]).decrypt(base64.b64decode(encrypted))
    body = body[: -body[-1]]
    length = struct.unpack(">I", body[16:20])[0]
    return body[20 : 20 + length].decode(), body[20 + length :].decode()


def xml_of(fields: dict[str, Any]) -> str:
    rows = "".join(
        f"<{name}>{value}</{name}>"
        if isinstance(value, int | float)
        else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{rows}</xml>"


@dataclass
class Citizen:
    """What WeChat knows of one follower, and what they see."""

    seen: list[str] = field(default_factory=list)
    wrote_at: float = float("-inf")
    left: int = 0
    follows: bool = True
    faults: int = 0
    """How often the banner “该公众号暂时无法提供服务” was shown."""


@dataclass
class WeChatServer:
    """``mode`` as set on the platform; ``retry_seconds`` stands for WeChat's five seconds; ``callback`` is our address."""

    url: str = ""
    callback: str = ""
    mode: str = "safe"
    retry_seconds: float = 5.0
    is_json: bool = False
    app_id: str = APP_ID
    token_seconds: int = 7200
    citizens: defaultdict[str, Citizen] = field(default_factory=lambda: defaultdict(Citizen))
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    templates: list[dict[str, Any]] = field(default_factory=list)
    subscribed: list[dict[str, Any]] = field(default_factory=list)
    menus: list[dict[str, Any]] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    """Error codes that the next calls get, whatever they ask."""
    template_ids: tuple[str, ...] = ("TM00001",)
    typing: list[tuple[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    tokens_given: int = 0
    forced: int = 0
    _token: str = ""
    _token_ends: float = 0.0
    _numbers: Any = field(default_factory=lambda: itertools.count(6_054_768_590_064_713_728))
    _client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=60, trust_env=False))

    # --- what citizens do ------------------------------------------------------------------------------------

    async def write(self, openid: str, text: str, **more: Any) -> str | None:
        return await self.tell(openid, MsgType="text", Content=text, **more)

    async def tell(self, openid: str, **fields: Any) -> str | None:
        """Tell the hotline something of a citizen, again if need be; return the answer that came with the call."""
        message = self.message(openid, **fields)
        citizen = self.citizens[openid]
        is_event = fields.get("MsgType") == "event"
        if not is_event:
            citizen.wrote_at, citizen.left = time.time(), QUOTA
        for _ in range(3):
            try:
                response = await self._client.post(**self.call(message), timeout=self.retry_seconds)
            except httpx.HTTPError:
                continue
            if response.status_code != 200:
                continue
            text = self.read(response.text)
            if text is not None:
                citizen.seen.append(text)
            return text
        citizen.faults += 1
        return None

    def message(self, openid: str, **fields: Any) -> dict[str, Any]:
        given = {
            "ToUserName": ACCOUNT,
            "FromUserName": openid,
            "CreateTime": int(time.time()),
            **fields,
        }
        if fields.get("MsgType") != "event":
            given.setdefault("MsgId", next(self._numbers))
        return given

    def call(self, message: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Return the call that brings a message: address, parameters and body."""
        timestamp = changes.get("timestamp", str(int(time.time())))
        nonce = changes.get("nonce", str(int.from_bytes(os.urandom(4), "big")))
        body = json.dumps(message, ensure_ascii=False) if self.is_json else xml_of(message)
        query = {"signature": sha1(TOKEN, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        query["openid"] = message["FromUserName"]
        if self.mode != "plain":
            encrypted = encrypt(body, app_id=changes.get("app_id", self.app_id))
            query |= {"encrypt_type": "aes", "msg_signature": sha1(TOKEN, timestamp, nonce, encrypted)}
            outer = {"ToUserName": ACCOUNT, "Encrypt": encrypted}
            shown = {**message, **outer} if self.mode == "compatible" else outer
            body = json.dumps(shown, ensure_ascii=False) if self.is_json else xml_of(shown)
        return {"url": self.callback, "params": query, "content": body.encode()}

    def read(self, body: str) -> str | None:
        """Return the text of an answer, None for ``success``; refuse what WeChat would refuse."""
        if body in ("success", ""):
            return None
        fields = {child.tag: child.text or "" for child in ET.fromstring(body)}
        if self.mode != "plain":
            assert fields["MsgSignature"] == sha1(
                TOKEN, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"]
            )
            inner, app_id = decrypt(fields["Encrypt"])
            assert app_id == self.app_id
            fields = {child.tag: child.text or "" for child in ET.fromstring(inner)}
        assert fields["FromUserName"] == ACCOUNT
        assert fields["MsgType"] == "text"
        assert len(fields["Content"].encode()) <= 2048
        return fields["Content"]

    # --- what the hotline asks -------------------------------------------------------------------------------

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/cgi-bin/stable_token")
        async def stable_token(request: Request) -> JSONResponse:
            given = await request.json()
            self.calls.append("stable_token")
            if given["appid"] != self.app_id or given["secret"] != SECRET:
                return JSONResponse({"errcode": 40125, "errmsg": "invalid appsecret"})
            now = time.time()
            if given.get("force_refresh"):
                self.forced += 1
            if given.get("force_refresh") or self._token_ends - now < 300:
                self.tokens_given += 1
                self._token = f"token-{self.tokens_given}"
                self._token_ends = now + self.token_seconds
            return JSONResponse(
                {"access_token": self._token, "expires_in": max(1, int(self._token_ends - now))}
            )

        @app.api_route("/cgi-bin/{path:path}", methods=["GET", "POST"])
        async def call(path: str, request: Request) -> Response:
            self.calls.append(path)
            if self.faults and (code := self.faults.pop(0)):
                return JSONResponse({"errcode": code, "errmsg": "on demand"})
            token = request.query_params.get("access_token", "")
            if token != self._token:
                return JSONResponse({"errcode": 40001, "errmsg": "invalid credential"})
            if time.time() > self._token_ends:
                return JSONResponse({"errcode": 42001, "errmsg": "access_token expired"})
            return await self._answer(path, request)

        return app

    async def _answer(self, path: str, request: Request) -> Response:  # noqa: C901 -- one case for each call
        if path == "media/get":
            kind, body = self.media.get(request.query_params["media_id"], ("", b""))
            if not body:
                return Response(
                    json.dumps({"errcode": 40007, "errmsg": "invalid media_id"}), media_type="text/plain"
                )
            return Response(body, media_type=kind)
        if path == "getcallbackip":
            return JSONResponse({"ip_list": ["127.0.0.1"]})
        if path == "template/get_all_private_template":
            return JSONResponse({"template_list": [{"template_id": each} for each in self.template_ids]})
        given = json.loads((await request.body()).decode())
        if path == "menu/create":
            self.menus.append(given)
            return JSONResponse({"errcode": 0, "errmsg": "ok"})
        citizen = self.citizens[given["touser"]]
        if not citizen.follows:
            return JSONResponse({"errcode": 43004, "errmsg": "require subscribe"})
        if path == "message/custom/typing":
            self.typing.append((given["touser"], given["command"]))
            return JSONResponse({"errcode": 0, "errmsg": "ok"})
        if path == "message/custom/send":
            if time.time() - citizen.wrote_at > WINDOW:
                return JSONResponse({"errcode": 45015, "errmsg": "response out of time limit"})
            if citizen.left <= 0:
                return JSONResponse({"errcode": 45047, "errmsg": "out of response count limit"})
            citizen.left -= 1
            text = given["text"]["content"]
            if len(text.encode()) > 2048:
                return JSONResponse({"errcode": 45002, "errmsg": "content size out of limit"})
            citizen.seen.append(text)
            return JSONResponse({"errcode": 0, "errmsg": "ok"})
        kept = self.templates if path == "message/template/send" else self.subscribed
        if given["template_id"] not in self.template_ids:
            return JSONResponse({"errcode": 40037, "errmsg": "invalid template_id"})
        kept.append(given)
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": len(kept)})

    def expire_token(self) -> None:
        self._token_ends = 0.0

    def revoke_token(self) -> None:
        """Make the token bad, as when it was fetched anew elsewhere."""
        self._token = "token-of-somebody-else"

    async def close(self) -> None:
        await self._client.aclose()


@asynccontextmanager
async def wechat_server(**settings: Any) -> AsyncIterator[WeChatServer]:
    """Run it."""
    server = WeChatServer(**settings)
    async with serving(server.app()) as address:
        server.url = address
        try:
            yield server
        finally:
            await server.close()


async def until(condition: Any, *, seconds: float = 10.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)
