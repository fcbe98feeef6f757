"""Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA256 over id, timestamp and body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from hotline.domain.errors import HotlineError

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE: Final = timedelta(minutes=5)
_PREFIX: Final = "whsec_"
_SHORTEST_KEY: Final = 24


class WebhookRefusedError(HotlineError):
    """A webhook's signature, time or headers are not right; ``reason`` says which, in Chinese."""

    code = "webhook.refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class WebhookSecretError(HotlineError):
    """A webhook's secret is not ``whsec_`` with at least 24 bytes in Base64."""

    code = "webhook.secret_invalid"


def secret_of(key: bytes) -> str:
    """Return the secret that stands for ``key``."""
    return _PREFIX + base64.b64encode(key).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) < _SHORTEST_KEY:
        raise WebhookSecretError("密钥应为 whsec_ 加至少24字节的 Base64")
    return key


def signed(secret: str, *, identity: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that sign ``body``."""
    timestamp = str(int(at.timestamp()))
    return {
        ID: identity,
        TIMESTAMP: timestamp,
        SIGNATURE: f"v1,{_signature(_key(secret), identity, timestamp, body)}",
    }


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """Return the webhook's id; ``WebhookRefusedError`` unless one of ``secrets`` signed it within five minutes."""
    try:
        identity, timestamp, given = headers[ID], headers[TIMESTAMP], headers[SIGNATURE]
        at = datetime.fromtimestamp(int(timestamp), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        raise WebhookRefusedError("缺少签名或时间") from None
    if abs(now - at) > TOLERANCE:
        raise WebhookRefusedError("时间相差五分钟以上")
    signatures = [each.removeprefix("v1,") for each in given.split() if each.startswith("v1,")]
    for secret in secrets:
        wanted = _signature(_key(secret), identity, timestamp, body)
        if any(hmac.compare_digest(wanted.encode(), each.encode()) for each in signatures):
            return identity
    raise WebhookRefusedError("签名不符")


def _signature(key: bytes, identity: str, timestamp: str, body: bytes) -> str:
    signed_content = f"{identity}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed_content, hashlib.sha256)).decode()
