"""Signing on by an OpenID provider: who is let in, whose word counts, and what a false answer comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from desk.single_sign_on import Provider, SingleSignOn
from hotline.domain.accounts import StaffRole
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.consoles_site import SECRET, Clock, ConsolesSite, a_consoles_site
from tests.openid_provider import OpenIdProvider

R = StaffRole
ISSUER = "https://op.example"
GROUPS = {"agents": R.AGENT, "reviewers": R.REVIEWER, "units": R.UNIT_HANDLER, "admins": R.SYSTEM_ADMIN}
CITY_SSO = Provider(
    "city",
    "用政务账号登录",
    ISSUER,
    "hotline",
    "client-secret",
    roles_claim="groups",
    roles=GROUPS,
    creates=True,
)


@pytest.fixture
def op() -> OpenIdProvider:
    return OpenIdProvider(ISSUER, Clock())


@pytest.fixture
def site(store: SqlStore, tmp_path: Path, op: OpenIdProvider) -> ConsolesSite:
    return a_site(store, tmp_path, op, CITY_SSO)


def a_site(store: SqlStore, folder: Path, op: OpenIdProvider, provider: Provider) -> ConsolesSite:
    sign_on = SingleSignOn({"city": provider}, Seal(SECRET), op.clock, httpx.ASGITransport(op.app()))
    return a_consoles_site(store, folder, sign_on=sign_on)


async def go(client: httpx.AsyncClient, op: OpenIdProvider, person: str, back: str = "") -> httpx.Response:
    """Sign on as ``person``: there and back again."""
    there = await client.get("/desk/sign-on/city", params={"back": back})
    assert there.headers["location"].startswith(f"{ISSUER}/authorize?")
    return await client.get(local(op.answer(there.headers["location"], person)))


def local(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


async def test_somebody_whom_the_provider_vouches_for_gets_an_account_with_the_roles_it_says(
    site: ConsolesSite, op: OpenIdProvider
) -> None:
    op.people["wang"] = {"name": "王海涛", "groups": ["units", "others"], "unit": "body-housing"}
    async with site.client() as client:
        page = await client.get("/desk/sign-in")
        assert "用政务账号登录" in page.text
        entered = await go(client, op, "wang", back="/desk/orders?state=to_sign")
        assert (entered.status_code, entered.headers["location"]) == (303, "/desk/orders?state=to_sign")
        assert (await client.get("/desk/orders")).status_code == 200
    found = await site.accounts.store.by_login("wang")
    assert found is not None
    assert (found[0].name, found[0].roles, found[0].unit) == ("王海涛", {R.UNIT_HANDLER}, "body-housing")


async def test_roles_of_an_account_that_the_provider_made_follow_its_word(
    site: ConsolesSite, op: OpenIdProvider
) -> None:
    op.people["li"] = {"groups": ["reviewers"]}
    async with site.client() as client:
        await go(client, op, "li")
        op.people["li"] = {"groups": []}
        await go(client, op, "li")
        assert (await client.get("/desk/orders")).status_code == 403


async def test_an_account_that_was_here_keeps_its_roles_whatever_the_provider_says(
    site: ConsolesSite, op: OpenIdProvider
) -> None:
    agent = await site.account(R.AGENT, login="zhao")
    op.people["zhao"] = {"groups": ["reviewers"]}
    async with site.client() as client:
        await go(client, op, "zhao")
        await go(client, op, "zhao")
        assert (await client.get("/desk/me")).status_code == 200
    assert (await site.accounts.store.get(agent.id)).roles == {R.AGENT}


async def test_administrators_do_not_come_in_this_way_and_are_not_made(
    site: ConsolesSite, op: OpenIdProvider
) -> None:
    await site.account(R.SYSTEM_ADMIN, login="wei")
    op.people["eve"] = {"groups": ["admins", "reviewers"]}
    async with site.client() as client:
        refused = await go(client, op, "wei")
        assert refused.status_code == 403
        await go(client, op, "eve")
        assert (await client.get("/desk/me")).status_code == 200
    found = await site.accounts.store.by_login("eve")
    assert found is not None
    assert found[0].roles == {R.REVIEWER}


async def test_a_locked_account_stays_out(site: ConsolesSite, op: OpenIdProvider) -> None:
    agent, admin = await site.account(R.AGENT, login="zhao"), await site.account(R.SYSTEM_ADMIN)
    await site.accounts.lock(agent.id, by=admin, reason="离岗")
    async with site.client() as client:
        assert (await go(client, op, "zhao")).status_code == 403


async def test_where_no_accounts_are_made_only_known_people_come_in(
    store: SqlStore, tmp_path: Path, op: OpenIdProvider
) -> None:
    site = a_site(store, tmp_path, op, replace(CITY_SSO, creates=False))
    await site.account(R.UNIT_HANDLER, login="wang")
    op.people["wang"] = {"unit": "body-housing"}  # another unit's Wang
    async with site.client() as client:
        assert (await go(client, op, "stranger")).status_code == 403
        assert (await go(client, op, "wang")).status_code == 403
        op.people["wang"] = {}
        assert (await go(client, op, "wang")).status_code == 303


FALSE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "issuer": lambda claims: {**claims, "iss": "https://evil.example"},
    "audience": lambda claims: {**claims, "aud": "another"},
    "party": lambda claims: {**claims, "aud": ["hotline", "another"], "azp": "another"},
    "nonce": lambda claims: {**claims, "nonce": "old"},
    "expired": lambda claims: {**claims, "exp": claims["iat"] - 120},
    "future": lambda claims: {**claims, "iat": claims["iat"] + 600, "exp": claims["iat"] + 900},
    "nobody": lambda claims: {**claims, "sub": ""},
    "no name": lambda claims: {key: value for key, value in claims.items() if key != "preferred_username"},
}


@pytest.mark.parametrize("what", FALSE)
async def test_a_token_that_is_not_for_us_now_lets_nobody_in(
    site: ConsolesSite, op: OpenIdProvider, what: str
) -> None:
    await site.account(R.AGENT, login="zhao")
    op.twist = FALSE[what]
    async with site.client() as client:
        answer = await go(client, op, "zhao")
        assert answer.status_code == 403
        assert (await client.get("/desk/me")).status_code == 303


async def test_a_token_signed_by_somebody_else_lets_nobody_in_and_a_new_key_is_fetched(
    site: ConsolesSite, op: OpenIdProvider
) -> None:
    await site.account(R.AGENT, login="zhao")
    async with site.client() as client:
        await go(client, op, "zhao")
    op.signs_with = RSAKey.generate_key(2048, {"kid": "k1"})
    async with site.client() as client:
        assert (await go(client, op, "zhao")).status_code == 403
    op.key, op.signs_with = RSAKey.generate_key(2048, {"kid": "k2"}), None
    async with site.client() as client:
        assert (await go(client, op, "zhao")).status_code == 303


async def test_an_answer_that_was_not_asked_for_lets_nobody_in(
    site: ConsolesSite, op: OpenIdProvider
) -> None:
    await site.account(R.AGENT, login="zhao")
    async with site.client() as one, site.client() as other:
        there = (await one.get("/desk/sign-on/city")).headers["location"]
        answer = local(op.answer(there, "zhao"))
        assert (await other.get(answer)).status_code == 403  # another browser: no trip
        await other.get("/desk/sign-on/city")
        assert (await other.get(answer)).status_code == 403  # its own trip, not this one's state
        assert (
            await one.get(answer.replace("iss=https%3A%2F%2Fop", "iss=https%3A%2F%2Fevil"))
        ).status_code == 403
        assert (await one.get(answer)).status_code == 303
        assert (await one.get(answer)).status_code == 403  # a code counts once
        refused = await one.get("/desk/sign-on/city/return?error=access_denied")
        assert refused.status_code == 403
        assert (await one.get("/desk/sign-on/nobody")).status_code == 404


async def test_a_trip_that_takes_too_long_is_over(site: ConsolesSite, op: OpenIdProvider) -> None:
    await site.account(R.AGENT, login="zhao")
    async with site.client() as client:
        there = (await client.get("/desk/sign-on/city")).headers["location"]
        assert isinstance(op.clock, Clock)
        op.clock.move(minutes=11)
        assert (await client.get(local(op.answer(there, "zhao")))).status_code == 403


async def test_a_provider_that_is_away_is_said_in_words_and_passwords_still_work(
    store: SqlStore, tmp_path: Path, op: OpenIdProvider
) -> None:
    async def nobody(scope: Any, receive: Any, send: Any) -> None:
        raise httpx.ConnectError("away")

    sign_on = SingleSignOn({"city": CITY_SSO}, Seal(SECRET), op.clock, httpx.ASGITransport(nobody))
    site = a_consoles_site(store, tmp_path, sign_on=sign_on)
    async with site.client() as client:
        page = await client.get("/desk/sign-on/city")
    assert page.status_code == 403
    assert "单点登录没有成功，请重试或者用账号密码登录。" in page.text
