"""An OpenID provider for tests: real discovery, real PKCE, real signatures; people sign in there by their name alone."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey


@dataclass
class OpenIdProvider:
    """``people``: name → claims. ``twist`` changes the claims before they are signed, to make false ones."""

    issuer: str
    clock: Callable[[], datetime]
    client_id: str = "hotline"
    client_secret: str = "client-secret"
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    twist: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}))
    signs_with: RSAKey | None = None
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(self.configuration)
        app.get("/keys")(self.keys)
        app.get("/authorize")(self.authorize)
        app.post("/token")(self.token)
        return app

    async def configuration(self) -> dict[str, Any]:
        self.asked.append("configuration")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    async def keys(self) -> dict[str, Any]:
        self.asked.append("keys")
        return {"keys": [self.key.as_dict(private=False)]}

    async def authorize(self, request: Request, as_: str = "zhao") -> RedirectResponse:
        """Somebody has signed in here as ``as_``."""
        return RedirectResponse(self.answer(str(request.url), as_), status_code=303)

    def answer(self, address: str, person: str) -> str:
        """Return where the browser is sent back to after ``person`` signed in at ``address``."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self._codes[code] = {**query, "person": person}
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    async def token(self, request: Request) -> dict[str, Any]:
        form = await request.form()
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        asked = self._codes.pop(str(form.get("code")), None)
        verifier = str(form.get("code_verifier", ""))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if (
            request.headers.get("authorization") != f"Basic {basic}"
            or asked is None
            or challenge != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            raise HTTPException(400)
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.issuer, "aud": self.client_id, "sub": f"sub-{asked['person']}", "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], "preferred_username": asked["person"], **self.people.get(asked["person"], {}),
        }  # fmt: skip
        key = self.signs_with or self.key
        token = jwt.encode({"alg": "RS256", "kid": key.kid}, self.twist(claims), key)
        return {"access_token": "unused", "token_type": "Bearer", "id_token": token}
