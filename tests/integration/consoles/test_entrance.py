"""Sessions, forms and guesses: what keeps others out of the consoles."""

from __future__ import annotations

import re

import pytest

from hotline.domain.accounts import StaffRole
from tests.consoles_site import PASSWORD, ConsolesSite, form_token
from tests.work_orders import an_order, keep

R = StaffRole
NUMBER = "26112300001"


async def sign_in(client, login, password=PASSWORD, **more):
    return await client.post("/desk/sign-in", data={"login": login, "password": password, **more})


async def test_somebody_signs_in_and_comes_to_where_they_wanted_to_go(site: ConsolesSite) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client() as client:
        asked = await client.get("/desk/orders?state=to_sign")
        assert asked.headers["location"] == "/desk/sign-in?back=%2Fdesk%2Forders%3Fstate%3Dto_sign"
        wrong = await sign_in(client, reviewer.login, "guessed")
        assert wrong.status_code == 403
        assert "desk=" not in wrong.headers.get("set-cookie", "")
        entered = await sign_in(client, reviewer.login, back="/desk/orders?state=to_sign")
        assert (entered.status_code, entered.headers["location"]) == (303, "/desk/orders?state=to_sign")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert (await client.get("/desk/orders")).status_code == 200


async def test_by_https_the_cookie_is_bound_to_the_host(site: ConsolesSite) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client() as client:
        client.base_url = "https://site"
        cookie = (await sign_in(client, reviewer.login)).headers["set-cookie"]
    assert cookie.startswith("__Host-desk=")
    assert "Secure" in cookie


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "/desk\\..\\x", "/"]
)
async def test_nobody_is_sent_to_another_site_after_signing_in(site: ConsolesSite, back: str) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client() as client:
        entered = await sign_in(client, reviewer.login, back=back)
    assert entered.headers["location"] in ("/desk", "/desk/orders")


async def test_a_session_that_was_planted_before_is_not_the_one_after_signing_in(site: ConsolesSite) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client() as client:
        client.cookies.set("desk", "planted", domain="site")
        entered = await sign_in(client, reviewer.login)
        fresh = re.search(r"desk=([^;]+)", entered.headers["set-cookie"])
        assert fresh is not None
        assert fresh[1] != "planted"
    async with site.client() as thief:
        thief.cookies.set("desk", "planted")
        assert (await thief.get("/desk/orders")).status_code == 303


async def test_a_session_gets_a_new_token_with_a_new_password(site: ConsolesSite) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client(reviewer) as client:
        before = client.cookies["desk"]
        page = (await client.get("/desk/me/password")).text
        changed = await client.post(
            "/desk/me/password",
            data={
                "csrf": form_token(page),
                "old": PASSWORD,
                "new": "Other-horse-8",
                "again": "Other-horse-8",
            },
        )
        assert changed.status_code == 303
    async with site.client() as thief:
        thief.cookies.set("desk", before)
        assert (await thief.get("/desk/orders")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},  # no token at all
        {"X-CSRF": "0" * 64},
        {"Sec-Fetch-Site": "cross-site", "X-CSRF": "right"},
        {"Sec-Fetch-Site": "same-site", "X-CSRF": "right"},
        {"Origin": "https://evil.example", "X-CSRF": "right"},
        {"Origin": "null", "X-CSRF": "right"},
    ],
)
async def test_a_form_of_another_site_does_nothing(site: ConsolesSite, headers: dict[str, str]) -> None:
    await keep(site.store, an_order())
    reviewer = await site.account(R.REVIEWER)
    async with site.client(reviewer) as client:
        right = client.headers.pop("X-CSRF")
        sent = {**headers, **({"X-CSRF": right} if headers.get("X-CSRF") == "right" else {})}
        answer = await client.post(
            f"/desk/orders/{NUMBER}/contact", data={"reason": "核实楼号"}, headers=sent
        )
        assert answer.status_code == 403
        assert "13905390001" not in answer.text
        own = await client.post(
            f"/desk/orders/{NUMBER}/contact",
            data={"reason": "核实楼号"},
            headers={"X-CSRF": right, "Sec-Fetch-Site": "same-origin", "Origin": "null"},
        )
        assert own.status_code == 200


async def test_a_form_of_somebody_elses_session_does_nothing(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    async with site.client(await site.account(R.REVIEWER)) as mine:
        stolen = mine.headers["X-CSRF"]
    async with site.client(await site.account(R.REVIEWER)) as client:
        answer = await client.post(
            f"/desk/orders/{NUMBER}/contact", data={"reason": "核实楼号"}, headers={"X-CSRF": stolen}
        )
    assert answer.status_code == 403


async def test_signing_in_cannot_be_sent_by_another_site(site: ConsolesSite) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client() as client:
        answer = await client.post(
            "/desk/sign-in",
            data={"login": reviewer.login, "password": PASSWORD},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_guesses_lock_the_account_whatever_is_guessed_and_the_answer_never_says_which(
    site: ConsolesSite,
) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client() as client:
        answers = [await sign_in(client, reviewer.login, f"guess-{index}") for index in range(5)]
        answers.append(await sign_in(client, "nobody-here", "guess"))
        answers.append(await sign_in(client, reviewer.login))  # right, but locked
    texts = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
    assert [answer.status_code for answer in answers] == [403] * 7
    assert len(texts) == 1


async def test_whoever_found_a_desk_unlocked_guesses_its_password_no_more_often_than_at_the_door(
    site: ConsolesSite,
) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client(reviewer) as client:

        async def asked(old: str) -> int:
            given = {"old": old, "new": "Other-horse-8", "again": "Other-horse-8"}
            return int((await client.post("/desk/me/password", data=given)).status_code)

        assert [await asked(f"guess-{index}") for index in range(5)] == [422] * 5
        assert await asked(PASSWORD) == 422  # right, but locked
        site.clock.move(minutes=16)
        assert await asked(PASSWORD) == 303


async def test_one_address_may_try_twenty_times_a_minute_over_all_accounts(site: ConsolesSite) -> None:
    reviewer = await site.account(R.REVIEWER)
    async with site.client() as client:
        for index in range(20):
            assert (await sign_in(client, f"name-{index}", "guess")).status_code == 403
        assert (await sign_in(client, reviewer.login)).status_code == 429
        site.clock.move(minutes=1)
        assert (await sign_in(client, reviewer.login)).status_code == 303


async def test_whoever_has_a_one_time_password_can_do_nothing_but_change_it(site: ConsolesSite) -> None:
    made, once = await site.accounts.add_on_the_machine("new", "新人", frozenset({R.REVIEWER}))
    async with site.client() as client:
        await sign_in(client, "new", once)
        for path in ("/desk/orders", "/desk/me", "/desk"):
            assert (await client.get(path)).headers["location"] == "/desk/me/password"
        page = (await client.get("/desk/me/password")).text
        data = {"csrf": form_token(page), "old": once, "new": PASSWORD, "again": PASSWORD}
        assert (await client.post("/desk/me/password", data={**data, "again": "else"})).status_code == 422
        assert (await client.post("/desk/me/password", data=data)).headers["location"] == "/desk/review"
        assert (await client.get("/desk/orders")).status_code == 200
    assert not (await site.accounts.store.get(made.id)).must_change_password


async def test_an_administrator_without_an_authenticator_can_do_nothing_but_bind_one(
    site: ConsolesSite,
) -> None:
    _, once = await site.accounts.add_on_the_machine("audit", "沈正", frozenset({R.AUDIT_ADMIN}))
    async with site.client() as client:
        await sign_in(client, "audit", once)
        page = (await client.get("/desk/me/password")).text
        data = {"csrf": form_token(page), "old": once, "new": PASSWORD, "again": PASSWORD}
        await client.post("/desk/me/password", data=data)
        assert (await client.get("/desk/me")).headers["location"] == "/desk/me/totp"
        assert "<svg" in (await client.get("/desk/me/totp")).text


async def test_a_password_of_ninety_one_days_has_to_be_changed(site: ConsolesSite) -> None:
    reviewer = await site.account(R.REVIEWER)
    site.clock.move(days=91)
    async with site.client(reviewer) as client:
        assert (await client.get("/desk/orders")).headers["location"] == "/desk/me/password"


async def test_a_form_that_is_too_large_is_not_read(site: ConsolesSite) -> None:
    async with site.client(await site.account(R.REVIEWER)) as client:
        answer = await client.post(f"/desk/orders/{NUMBER}/contact", content=b"reason=" + b"x" * 1_100_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "name",
    [
        "%2e%2e/front.py",
        "..%2ffront.py",
        "vendor/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
        "nothing.css",
        "vendor/htmx/.verified",
    ],
)
async def test_static_files_are_nothing_but_static_files(site: ConsolesSite, name: str) -> None:
    async with site.client() as client:
        assert (await client.get(f"/desk/static/v/{name}")).status_code == 404


async def test_a_static_file_is_kept_for_ever_by_its_present_address_only(site: ConsolesSite) -> None:
    async with site.client() as client:
        page = (await client.get("/desk/sign-in")).text
        found = re.findall(r'(?:src|href)="(/desk/static/[^"#]+)', page)
        kept = {(await client.get(address)).headers["cache-control"] for address in found}
        other = await client.get("/desk/static/old/desk.css")
    assert len(found) > 5
    assert kept == {"public, max-age=31536000, immutable"}
    assert other.headers["cache-control"] == "no-store"


async def test_a_page_is_not_kept_and_runs_nothing_but_its_own_files(site: ConsolesSite) -> None:
    async with site.client(await site.account(R.REVIEWER)) as client:
        page = await client.get("/desk/me")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|\\son[a-z]+=|style=", page.text)


async def test_an_open_page_asked_by_htmx_is_led_to_sign_in(site: ConsolesSite) -> None:
    async with site.client() as client:
        answer = await client.get("/desk/orders", headers={"HX-Request": "true"})
        stream = await client.get("/desk/watch", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/desk/sign-in")
    assert stream.status_code == 401
