"""Tokens of the app that carries the chat: signed with keys that change, believed only when everything is right."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from app.host_tokens import HostCitizen, HostTokens, TokenRefusedError
from tests.builders import NOW, PHONE

RSA, EC = RSAKey.generate_key(2048, {"kid": "r1"}), ECKey.generate_key("P-256", {"kid": "e1"})
AT = int(NOW.timestamp())
CLAIMS = {
    "iss": "https://app.example", "aud": "hotline", "sub": "u1", "exp": AT + 600, "iat": AT,
    "name": "王敏", "phone_number": "+8613905390001", "phone_number_verified": True,
}  # fmt: skip


def signed(
    key: Any = RSA, algorithm: str = "RS256", header: dict[str, str] | None = None, **claims: Any
) -> str:
    given = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(
        {"alg": algorithm, "kid": key.kid or "", **(header or {})}, given, key, algorithms=[algorithm]
    )


class Keys:
    """The app's keys in a file, a clock, and how often they are read."""

    def __init__(self, folder: Path, *keys: Any) -> None:
        self.file, self.seconds, self.at = folder / "jwks.json", 0.0, NOW
        self.write(*keys)
        self.tokens = self.reading(str(self.file))

    def write(self, *keys: Any) -> None:
        self.file.write_text(json.dumps(KeySet(list(keys)).as_dict(private=False)), encoding="utf-8")

    def reading(self, where: str, client: httpx.AsyncClient | None = None) -> HostTokens:
        return HostTokens(
            where, issuer="https://app.example", audience="hotline", clock=lambda: self.at,
            monotonic=lambda: self.seconds, client=client,
        )  # fmt: skip


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path, RSA, EC)


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256")])
async def test_a_signed_token_says_who_the_citizen_is(keys: Keys, key: Any, algorithm: str) -> None:
    assert await keys.tokens.citizen(signed(key, algorithm)) == HostCitizen("u1", PHONE, "王敏")


@pytest.mark.parametrize("claims", [{"phone_number_verified": False}, {"phone_number": "0539-8301234"}, {"phone_number": None}])  # fmt: skip
async def test_a_telephone_counts_only_when_it_is_a_mobile_that_the_app_has_verified(
    keys: Keys, claims: dict[str, Any]
) -> None:
    assert (await keys.tokens.citizen(signed(**claims))).phone is None


@pytest.mark.parametrize(
    "token",
    [
        signed(exp=AT - 61),
        signed(exp=None),
        signed(exp=AT + 90_000),
        signed(iss="https://other.example"),
        signed(aud="other"),
        signed(aud=None),
        signed(sub=None),
        signed(nbf=AT + 600),
        signed(RSAKey.generate_key(2048, {"kid": "r1"})),
        signed(RSAKey.generate_key(2048, {"kid": "unknown"})),
        signed()[:-4] + "AAAA",
        jwt.encode({"alg": "HS256", "kid": "r1"}, CLAIMS, OctKey.import_key(b"x" * 32), algorithms=["HS256"]),
        "eyJhbGciOiJub25lIiwia2lkIjoicjEifQ.eyJzdWIiOiJ1MSJ9.",
        "", "x", "a.b.c", "e30.e30.e30", "暖气",
    ],
)  # fmt: skip
async def test_nothing_else_is_believed(keys: Keys, token: str) -> None:
    with pytest.raises(TokenRefusedError):
        await keys.tokens.citizen(token)


async def test_a_new_key_is_found_at_once_but_not_looked_for_all_the_time(keys: Keys) -> None:
    new = RSAKey.generate_key(2048, {"kid": "r2"})
    await keys.tokens.citizen(signed())
    keys.write(EC, new)
    with pytest.raises(TokenRefusedError):
        await keys.tokens.citizen(signed(new))
    keys.seconds = 31
    assert (await keys.tokens.citizen(signed(new))).subject == "u1"
    with pytest.raises(TokenRefusedError):
        await keys.tokens.citizen(signed(RSA))


async def test_keys_that_cannot_be_read_anew_still_count(keys: Keys) -> None:
    await keys.tokens.citizen(signed())
    keys.file.write_text("{", encoding="utf-8")
    keys.seconds = 1_000
    assert (await keys.tokens.citizen(signed())).subject == "u1"
    keys.file.unlink()
    assert (await keys.tokens.citizen(signed())).subject == "u1"


async def test_keys_come_from_an_address(keys: Keys) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if len(asked) == 1:
            return httpx.Response(503)
        return httpx.Response(200, content=b" " * 70_000 if len(asked) == 2 else keys.file.read_bytes())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        tokens = keys.reading("https://app.example/jwks", client)
        for seconds in (0, 31):
            keys.seconds = seconds
            with pytest.raises(TokenRefusedError):
                await tokens.citizen(signed())
        keys.seconds = 62
        assert (await tokens.citizen(signed())).subject == "u1"
    assert asked == ["https://app.example/jwks"] * 3


async def test_a_clock_that_is_a_little_off_is_borne(keys: Keys) -> None:
    keys.at = datetime.fromtimestamp(AT + 650, tz=NOW.tzinfo)
    assert (await keys.tokens.citizen(signed())).subject == "u1"
