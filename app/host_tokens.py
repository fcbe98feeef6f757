"""Tokens of the app that carries the chat (宿主应用登录): who the citizen is, signed by the app with keys that change.

The app's public keys are a JWK set (RFC 7517) in a file or at an address, by setting. A key that is not known yet is looked
for at once, but not more often than every half minute; while the address is away the keys known so far count.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import HotlineError

log: Final = structlog.get_logger("host_tokens")

ALGORITHMS: Final = ("RS256", "ES256")
_FRESH_SECONDS: Final = 600.0
_LEAST_SECONDS: Final = 30.0
_FETCH_SECONDS: Final = 3.0
_LEEWAY_SECONDS: Final = 60
_LONGEST_SECONDS: Final = 24 * 3_600
_MOST_BYTES: Final = 64 * 1024
_PHONE: Final = re.compile(r"(?:\+?86)?(1\d{10})", re.ASCII)


class TokenRefusedError(HotlineError):
    """The app's token is not right: signature, key, time, issuer or audience; or no app is set to be believed."""

    code = "host_token.refused"


class _Claims(BaseModel):
    """What is read of a token (OpenID Connect Core 5.1)."""

    model_config = ConfigDict(extra="ignore")

    sub: str
    exp: int
    iat: int | None = None
    name: str = ""
    phone_number: str = ""
    phone_number_verified: bool = False


@dataclass(frozen=True, slots=True)
class HostCitizen:
    """Who the app says that the citizen is. ``phone`` only where the app has verified it."""

    subject: str
    phone: PhoneNumber | None
    name: str = ""


class HostTokens:
    """Verifies tokens. ``keys`` is a file or an address of a JWK set."""

    def __init__(
        self,
        keys: str,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        client: httpx.AsyncClient | None = None,
    ) -> None:
        """Take where the keys are and what tokens must say; ``client`` fetches from an address."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._monotonic = monotonic
        self._client = client
        self._known: KeySet | None = None
        self._read_at = float("-inf")
        self._alone = asyncio.Lock()

    async def citizen(self, token: str) -> HostCitizen:
        """Return who the token speaks of. Raises ``TokenRefusedError``."""
        key_id = _key_id(token)
        await self._refresh(key_id)
        try:
            if self._known is None:
                raise TokenRefusedError("no keys")
            found = jwt.decode(token, self._known, algorithms=list(ALGORITHMS))
            registry = jwt.JWTClaimsRegistry(
                now=int(self._clock().timestamp()),
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._audience},
                exp={"essential": True},
                sub={"essential": True},
            )
            registry.validate(found.claims)
            claims = _Claims.model_validate(found.claims)
        except (JoseError, ValidationError, ValueError) as error:
            log.info("host_token.refused", error=type(error).__name__)
            raise TokenRefusedError(type(error).__name__) from None
        if claims.exp - self._clock().timestamp() > _LONGEST_SECONDS:
            raise TokenRefusedError("lasts too long")
        phone = _PHONE.fullmatch(claims.phone_number) if claims.phone_number_verified else None
        return HostCitizen(claims.sub, PhoneNumber(phone[1]) if phone else None, claims.name[:32])

    async def _refresh(self, key_id: str | None) -> None:
        """Read the keys anew when they are old, or do not have the one that is asked for."""
        async with self._alone:
            age = self._monotonic() - self._read_at
            is_known = self._known is not None and (
                key_id is None or any(key.kid == key_id for key in self._known.keys)
            )
            if age < _LEAST_SECONDS or (is_known and age < _FRESH_SECONDS):
                return
            self._read_at = self._monotonic()
            try:
                self._known = KeySet.import_key_set(await self._read())
            except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError, JoseError) as error:
                log.error("host_token.keys_not_read", error=type(error).__name__)

    async def _read(self) -> Any:
        if not self._keys.startswith(("http://", "https://")):
            return json.loads(await asyncio.to_thread(Path(self._keys).read_bytes))
        assert self._client is not None
        response = await self._client.get(self._keys, timeout=_FETCH_SECONDS)
        response.raise_for_status()
        if len(response.content) > _MOST_BYTES:
            raise ValueError("a key set is small")
        return response.json()


def _key_id(token: str) -> str | None:
    """Return the key that a token names, before anything of it is believed."""
    part = token.split(".", 1)[0]
    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        raise TokenRefusedError("no token") from None
    return str(found["kid"]) if isinstance(found, dict) and "kid" in found else None
