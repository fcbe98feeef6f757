"""Sending messages over HTTP: where each destination's endpoint is, and webhooks signed with its secret."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog

from hotline.domain.errors import HotlineError
from hotline.domain.outbox import StoredMessage
from hotline.service.delivery import Arrived, Failed, Outcome, verdict
from hotline.service.webhooks import WebhookSecretError, secret_of, signed

log: Final = structlog.get_logger("deliveries")

INBOX: Final = Arrived("inbox")
_KEY_BYTES: Final = 32
_LONGEST_ANSWER: Final = 64 * 1024


class EndpointInvalidError(HotlineError):
    """An endpoint's address or the file of endpoints cannot be used; ``reason`` says why, in Chinese."""

    code = "endpoint.invalid"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a destination takes its webhooks, and the secret they are signed with."""

    url: str
    secret: str


class Endpoints:
    """The destinations' endpoints, in a file of the data folder that only its owner reads; read again when it changes."""

    def __init__(self, file: Path) -> None:
        """Take the file; it need not exist."""
        self._file = file
        self._read_at: tuple[int, int] | None = None
        self._endpoints: dict[str, Endpoint] = {}

    def of(self, destination: str) -> Endpoint | None:
        """Return a destination's endpoint, or None: it reads its inbox."""
        return self.all().get(destination)

    def all(self) -> Mapping[str, Endpoint]:
        """Return all endpoints by destination; a file that cannot be read leaves the former ones in force."""
        try:
            state = self._file.stat()
        except FileNotFoundError:
            self._endpoints, self._read_at = {}, None
            return self._endpoints
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp != self._read_at:
            self._read_at = stamp
            try:
                rows = json.loads(self._file.read_text(encoding="utf-8"))
                self._endpoints = {name: Endpoint(row["url"], row["secret"]) for name, row in rows.items()}
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                log.error("endpoints.unreadable", file=self._file.name, reason=type(error).__name__)
        return self._endpoints

    def set(self, destination: str, url: str) -> Endpoint:
        """Keep an endpoint and return it with its fresh secret."""
        _check(url)
        endpoint = Endpoint(url, secret_of(secrets.token_bytes(_KEY_BYTES)))
        self._write({**self.all(), destination: endpoint})
        return endpoint

    def remove(self, destination: str) -> bool:
        """Forget an endpoint; False when there was none."""
        left = {name: endpoint for name, endpoint in self.all().items() if name != destination}
        is_known = len(left) < len(self.all())
        if is_known:
            self._write(left)
        return is_known

    def _write(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{secrets.token_hex(4)}")
        rows = {name: {"url": each.url, "secret": each.secret} for name, each in endpoints.items()}
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(rows, out, ensure_ascii=False, indent=1)
        fresh.replace(self._file)
        self._endpoints, self._read_at = dict(endpoints), None


def _check(url: str) -> None:
    """Refuse what is not HTTPS, or plain HTTP outside this machine and the government's own network."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host and parts.username is None:
        return
    try:
        is_inside = host == "localhost" or ip_address(host).is_private
    except ValueError:
        is_inside = False
    if parts.scheme != "http" or not is_inside or parts.username is not None:
        raise EndpointInvalidError("地址应为 https://…；http:// 只能用于本机或内网地址，且不得带用户名")


class WebhookSender:
    """Sends each message to its destination's endpoint; without one it is in the inbox."""

    def __init__(self, client: httpx.AsyncClient, endpoints: Endpoints, *, timeout_seconds: float) -> None:
        """Take a client (see ``open_client``), the endpoints, and how long one try may take in all."""
        self._client = client
        self._endpoints = endpoints
        self._timeout_seconds = timeout_seconds

    async def send(self, message: StoredMessage, at: datetime) -> Outcome:
        """Post it, signed anew with this try's time; the id stays, so that the receiver knows a message sent again."""
        endpoint = self._endpoints.of(message.message.destination)
        if endpoint is None:
            return INBOX
        body = json.dumps(envelope(message), ensure_ascii=False, separators=(",", ":")).encode()
        try:
            headers = signed(endpoint.secret, identity=message.message.key, at=at, body=body)
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream(
                    "POST",
                    endpoint.url,
                    content=body,
                    headers={**headers, "content-type": "application/json"},
                ) as response,
            ):
                await _read_little(response)
        except WebhookSecretError as error:
            return Failed(error.code, is_away=True)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Failed(type(error).__name__, is_away=True)
        return verdict(response.status_code, _retry_after(response.headers.get("retry-after"), at))


async def _read_little(response: httpx.Response) -> None:
    """Read a short answer, so that its connection can be used again; of a long one nobody needs the rest."""
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > _LONGEST_ANSWER:
            return


def envelope(message: StoredMessage) -> dict[str, Any]:
    """Return what is posted (docs/webhooks.md): ``sequence`` grows in the order in which messages were written."""
    return {
        "type": message.message.kind,
        "timestamp": message.created_at.astimezone(UTC).isoformat(),
        "sequence": message.id,
        "data": dict(message.message.body),
    }


def open_client(timeout_seconds: float) -> httpx.AsyncClient:
    """Return a client that follows no redirects, trusts no proxy settings, and gives up after the timeout."""
    return httpx.AsyncClient(
        timeout=timeout_seconds,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "hotline-12345"},
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
    )


def _retry_after(given: str | None, at: datetime) -> timedelta | None:
    """Return what a Retry-After header asks for: seconds or a date; None when it is neither."""
    if given is None:
        return None
    try:
        return timedelta(seconds=int(given))
    except (ValueError, OverflowError):
        pass
    try:
        return max(parsedate_to_datetime(given) - at, timedelta(0))
    except (ValueError, TypeError):
        return None
