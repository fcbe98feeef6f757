"""Signing on by an OpenID provider (单点登录): OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).

The provider says who somebody is; what they may do is the hotline's. Administrators never come in this way.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hotline.domain.accounts import StaffRole
from hotline.domain.errors import HotlineError, StoreUnavailableError
from hotline.service.accounts import ForeignIdentity
from hotline.store.sealing import Seal

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_TRIP_SECONDS: Final = 600
_CACHE_SECONDS: Final = 3_600.0
_TIMEOUT_SECONDS: Final = 5.0
_LEEWAY_SECONDS: Final = 60
_PLACE: Final = "single_sign_on"


class SignOnFailedError(HotlineError):
    """The provider did not vouch for anybody; ``reason`` is for the log."""

    code = "account.sign_on_failed"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider and what its claims mean here (docs/desk.md).

    ``roles`` maps values of ``roles_claim`` to roles. Accounts are made only where ``creates``; the roles of such
    accounts follow the claims at every sign-on, those of others stay as they were granted.
    """

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str = ""
    scope: str = "openid profile"
    login_claim: str = "preferred_username"
    name_claim: str = "name"
    roles_claim: str = "roles"
    roles: Mapping[str, StaffRole] = field(default_factory=dict)
    unit_claim: str = "unit"
    county_claim: str = "county"
    number_claim: str = "number"
    creates: bool = False

    def identity(self, claims: Mapping[str, Any]) -> ForeignIdentity:
        """Return who the claims of an ID token say somebody is. Raises ``SignOnFailedError`` when they do not say."""
        login = claims.get(self.login_claim)
        if not isinstance(login, str) or not 0 < len(login) <= 64:
            raise SignOnFailedError(f"no {self.login_claim}")
        values = claims.get(self.roles_claim, ())
        named = [values] if isinstance(values, str) else values if isinstance(values, list) else []

        def text(claim: str) -> str | None:
            found = claims.get(claim)
            return found[:64] if isinstance(found, str) and found else None

        return ForeignIdentity(
            provider=self.name,
            issuer=self.issuer,
            subject=str(claims["sub"])[:256],
            login=login,
            name=text(self.name_claim) or login,
            roles=frozenset(
                self.roles[each] for each in named if isinstance(each, str) and each in self.roles
            ),
            unit=text(self.unit_claim),
            county=text(self.county_claim),
            number=text(self.number_claim),
            may_be_made=self.creates,
        )


@dataclass(frozen=True, slots=True)
class Trip:
    """What the browser keeps, sealed, while it is at the provider."""

    provider: str
    state: str
    nonce: str
    verifier: str
    back: str
    began_at: float


@dataclass(slots=True)
class _Known:
    about: Mapping[str, Any] = field(default_factory=dict)
    keys: KeySet | None = None
    at: float = 0.0


class SingleSignOn:
    """Sends people to their provider, and reads what it says of them."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        seal: Seal,
        clock: Callable[[], datetime],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Take the providers by name, and what seals trips."""
        self.providers = providers
        self._seal = seal
        self._clock = clock
        self._transport = transport
        self._known: dict[str, _Known] = {}

    async def begin(self, provider: Provider, *, redirect: str, back: str) -> tuple[str, str]:
        """Return the provider's address to go to, and the sealed trip for a cookie."""
        trip = Trip(
            provider.name, secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), back,
            self._clock().timestamp(),
        )  # fmt: skip
        challenge = base64.urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect,
            "scope": provider.scope,
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        about = await self._about(provider)
        sealed = self._seal.close(json.dumps(asdict(trip)).encode(), _PLACE)
        return f"{about['authorization_endpoint']}?{urlencode(asked)}", base64.urlsafe_b64encode(
            sealed
        ).decode()

    async def finish(
        self, provider: Provider, cookie: str, answer: Mapping[str, str], *, redirect: str
    ) -> tuple[ForeignIdentity, str]:
        """Return who came back, and where they wanted to go. Raises ``SignOnFailedError``."""
        trip = self._trip(cookie, provider)
        if not secrets.compare_digest(answer.get("state", "").encode(), trip.state.encode()):
            raise SignOnFailedError("state")
        if answer.get("iss", provider.issuer) != provider.issuer:  # RFC 9207
            raise SignOnFailedError("issuer of the answer")
        if not answer.get("code"):
            raise SignOnFailedError(f"refused: {answer.get('error', '')[:64]}")
        token = await self._token(provider, answer["code"], trip.verifier, redirect)
        return provider.identity(await self._claims(provider, token, trip.nonce)), trip.back

    # --- inside --------------------------------------------------------------------------------------------

    def _trip(self, cookie: str, provider: Provider) -> Trip:
        try:
            trip = Trip(**json.loads(self._seal.open(base64.urlsafe_b64decode(cookie), _PLACE)))
        except (ValueError, TypeError, StoreUnavailableError):
            raise SignOnFailedError("no trip") from None
        if trip.provider != provider.name or self._clock().timestamp() - trip.began_at > _TRIP_SECONDS:
            raise SignOnFailedError("another trip")
        return trip

    async def _token(self, provider: Provider, code: str, verifier: str, redirect: str) -> str:
        about = await self._about(provider)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        auth = None
        if provider.client_secret:
            auth = httpx.BasicAuth(provider.client_id, provider.client_secret)
        else:
            form["client_id"] = provider.client_id
        found = await self._fetch("POST", str(about["token_endpoint"]), data=form, auth=auth)
        token = found.get("id_token")
        if not isinstance(token, str):
            raise SignOnFailedError("no ID token")
        return token

    async def _claims(self, provider: Provider, token: str, nonce: str) -> Mapping[str, Any]:
        try:
            try:
                found = jwt.decode(token, await self._keys(provider), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):  # signed with a key that is newer than what is known
                found = jwt.decode(
                    token, await self._keys(provider, afresh=True), algorithms=list(ALGORITHMS)
                )
        except (JoseError, ValueError, TypeError) as error:
            raise SignOnFailedError(f"signature: {type(error).__name__}") from error
        claims = found.claims
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else list(audience or ())
        now = self._clock().timestamp()
        checks = {
            "issuer": claims.get("iss") == provider.issuer,
            "audience": provider.client_id in audiences,
            "authorized party": claims.get("azp", provider.client_id) == provider.client_id,
            "nonce": claims.get("nonce") == nonce,
            "expiry": isinstance(claims.get("exp"), int | float) and claims["exp"] > now - _LEEWAY_SECONDS,
            "time": isinstance(claims.get("iat"), int | float) and claims["iat"] < now + _LEEWAY_SECONDS,
            "subject": isinstance(claims.get("sub"), str) and bool(claims["sub"]),
        }
        if wrong := [name for name, is_right in checks.items() if not is_right]:
            raise SignOnFailedError("、".join(wrong))
        return claims

    async def _about(self, provider: Provider) -> Mapping[str, Any]:
        known = self._known.setdefault(provider.name, _Known())
        if not known.about or self._clock().timestamp() - known.at > _CACHE_SECONDS:
            address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            about = await self._fetch("GET", address)
            if about.get("issuer") != provider.issuer:
                raise SignOnFailedError("issuer of the configuration")
            known.about, known.keys, known.at = about, None, self._clock().timestamp()
        return known.about

    async def _keys(self, provider: Provider, *, afresh: bool = False) -> KeySet:
        about = await self._about(provider)
        known = self._known[provider.name]
        if known.keys is None or afresh:
            known.keys = KeySet.import_key_set(await self._fetch("GET", str(about["jwks_uri"])))  # type: ignore[arg-type]
        return known.keys

    async def _fetch(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(
                timeout=_TIMEOUT_SECONDS, transport=self._transport, trust_env=False, follow_redirects=False
            ) as client:
                answer = await client.request(method, address, headers={"Accept": "application/json"}, **more)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SignOnFailedError(type(error).__name__) from error
        if not isinstance(found, dict):
            raise SignOnFailedError("not an object")
        return found
