"""The door to an account (接入): what a call must show before anything of it is believed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from chat.wechat.crypto import MessageCipher, is_signed
from chat.wechat.messages import fields_of
from chat.wechat.refusals import Refusal, WeChatRefusedError
from chat.wechat.replies import encrypted_reply

_LONGEST_PARAMETER: Final = 512


class Mode(StrEnum):
    """How messages come (消息加解密方式), as chosen on WeChat's platform."""

    PLAIN = "plain"  # 明文模式
    COMPATIBLE = "compatible"  # 兼容模式
    SAFE = "safe"  # 安全模式


@dataclass(frozen=True, slots=True)
class Opened:
    """A call that was believed. ``is_encrypted``: its answer must be, too."""

    fields: Mapping[str, Any]
    is_encrypted: bool
    signature: str


class Door:
    """Checks signatures, times and encryption of one account."""

    def __init__(self, *, app_id: str, token: str, aes_key: str, mode: Mode, window_seconds: float) -> None:
        """Take what the platform's page shows; raise ``ValueError`` when it cannot be right."""
        if not token:
            raise ValueError("没有配置令牌（Token）")
        if mode is not Mode.PLAIN and not aes_key:
            raise ValueError("兼容模式和安全模式需要 EncodingAESKey")
        self._token = token
        self._cipher = MessageCipher(aes_key, app_id) if aes_key else None
        self._mode = mode
        self._window_seconds = window_seconds

    def greet(self, query: Mapping[str, str], *, now: float) -> str:
        """Return what WeChat wants to read back when the address is set (验证服务器地址); refuse anybody else."""
        self._check_time(query, now)
        if not is_signed(
            _one(query, "signature"), self._token, _one(query, "timestamp"), _one(query, "nonce")
        ):
            raise WeChatRefusedError(Refusal.SIGNATURE)
        return _one(query, "echostr")

    def open(self, query: Mapping[str, str], body: bytes, *, now: float) -> Opened:
        """Return the fields of a message, decrypted; raise ``WeChatRefusedError``."""
        self._check_time(query, now)
        timestamp, nonce = _one(query, "timestamp"), _one(query, "nonce")
        if query.get("encrypt_type", "raw") == "aes":
            return self._open_encrypted(query, body, timestamp, nonce)
        if self._mode is Mode.SAFE:
            raise WeChatRefusedError(Refusal.NOT_ENCRYPTED)
        given = _one(query, "signature")
        if not is_signed(given, self._token, timestamp, nonce):
            raise WeChatRefusedError(Refusal.SIGNATURE)
        return Opened(fields_of(body), is_encrypted=False, signature=given)

    def reply(self, text: str, *, is_encrypted: bool, at: int) -> str:
        """Return a reply as it is sent: encrypted if the call was."""
        if not is_encrypted or self._cipher is None:
            return text
        nonce, random = str(secrets.randbelow(10**10)), secrets.token_bytes(16)
        return encrypted_reply(text, self._cipher, token=self._token, at=at, nonce=nonce, random=random)

    def _open_encrypted(self, query: Mapping[str, str], body: bytes, timestamp: str, nonce: str) -> Opened:
        if self._cipher is None or self._mode is Mode.PLAIN:
            raise WeChatRefusedError(Refusal.NOT_DECRYPTED)
        encrypted = fields_of(body).get("Encrypt")
        if not isinstance(encrypted, str) or not encrypted:
            raise WeChatRefusedError(Refusal.NOT_ENCRYPTED)
        given = _one(query, "msg_signature")
        if not is_signed(given, self._token, timestamp, nonce, encrypted):
            raise WeChatRefusedError(Refusal.SIGNATURE)
        return Opened(fields_of(self._cipher.open(encrypted)), is_encrypted=True, signature=given)

    def _check_time(self, query: Mapping[str, str], now: float) -> None:
        timestamp = _one(query, "timestamp")
        if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
            raise WeChatRefusedError(Refusal.STALE)
        if abs(now - int(timestamp)) > self._window_seconds:
            raise WeChatRefusedError(Refusal.STALE)


def _one(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not value or len(value) > _LONGEST_PARAMETER:
        raise WeChatRefusedError(Refusal.SIGNATURE)
    return value
