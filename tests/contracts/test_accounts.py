"""Accounts and sessions on SQLite and PostgreSQL: signing in, lock-out, second factor, sessions, roles, audit."""

from __future__ import annotations

import asyncio
import json

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from hotline.domain.accounts import (
    AccessRules,
    AccountNotFoundError,
    LoginTakenError,
    NotAllowedError,
    RolesConflictError,
    StaffRole,
    WeakPasswordError,
)
from hotline.service.accounts import Accounts, SignInRefusedError, Whereabouts
from hotline.service.passwords import Passwords
from hotline.store.accounts import SqlAccounts
from hotline.store.sealing import Seal
from hotline.store.tables import account_sessions, accounts, audit
from tests.consoles_site import Clock
from tests.contracts.conftest import SECRET

R = StaffRole
HERE = Whereabouts("10.0.0.7", "Chromium")
NEW = "Correct-horse-7"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(store, clock):
    seal = Seal(SECRET)
    fast = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    return Accounts(SqlAccounts(store.database, seal), seal, AccessRules(), clock, fast)


async def a_person(book, login="zhao", *roles, **bound):
    _, once = await book.add_on_the_machine(login, "赵晓兰", frozenset(roles), **bound)
    token, _ = await book.sign_in(login, once, "", HERE)
    token, account = await book.change_password(await book.who(token), once, NEW, HERE)
    return account, token


async def audited(store):
    async with store.database.reading() as connection:
        rows = (await connection.execute(select(audit).order_by(audit.c.sequence))).all()
    return [(row.actor, row.action, row.subject) for row in rows]


async def test_the_first_password_works_and_has_to_be_changed(book):
    _, once = await book.add_on_the_machine("zhao", "赵晓兰", frozenset({R.REVIEWER}))
    token, _ = await book.sign_in("zhao", once, "", HERE)
    seat = await book.who(token)
    assert seat.account.must_change_password
    with pytest.raises(WeakPasswordError):
        await book.change_password(seat, once, "short", HERE)
    with pytest.raises(WeakPasswordError) as same:
        await book.change_password(seat, once, once, HERE)
    assert same.value.reason == "same"
    fresh, account = await book.change_password(seat, once, NEW, HERE)
    assert not account.must_change_password
    assert await book.who(token) is None
    assert (await book.who(fresh)).account == await book.store.get(account.id)


async def test_after_five_failures_the_account_is_locked_for_a_quarter_of_an_hour(book, clock):
    await a_person(book)
    for _ in range(5):
        with pytest.raises(SignInRefusedError):
            await book.sign_in("zhao", "guessed", "", HERE)
    with pytest.raises(SignInRefusedError) as locked:
        await book.sign_in("zhao", NEW, "", HERE)
    assert locked.value.reason == "locked"
    clock.move(minutes=15)
    await book.sign_in("zhao", NEW, "", HERE)


async def test_failures_are_forgotten_when_somebody_gets_in(book):
    await a_person(book)
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(SignInRefusedError):
                await book.sign_in("zhao", "guessed", "", HERE)
        await book.sign_in("zhao", NEW, "", HERE)


async def test_guesses_at_the_same_moment_are_all_counted(book):
    await a_person(book)
    tries = await asyncio.gather(
        *(book.sign_in("zhao", "guessed", "", HERE) for _ in range(5)), return_exceptions=True
    )
    assert [type(one) for one in tries] == [SignInRefusedError] * 5
    with pytest.raises(SignInRefusedError):
        await book.sign_in("zhao", NEW, "", HERE)


async def test_an_unknown_name_is_refused_like_a_wrong_password(book):
    with pytest.raises(SignInRefusedError):
        await book.sign_in("nobody", NEW, "", HERE)


async def test_a_code_is_needed_once_an_authenticator_is_bound_and_counts_once(book, clock):
    account, token = await a_person(book, "audit", R.AUDIT_ADMIN)
    secret = await book.offer_totp(account)
    assert await book.offer_totp(account) == secret
    seat = await book.who(token)
    with pytest.raises(SignInRefusedError):
        await book.confirm_totp(seat, "000000", HERE)
    _, account = await book.confirm_totp(seat, pyotp.TOTP(secret).at(clock()), HERE)
    assert account.has_totp
    with pytest.raises(SignInRefusedError):
        await book.sign_in("audit", NEW, "", HERE)
    with pytest.raises(SignInRefusedError):  # the same code again
        await book.sign_in("audit", NEW, pyotp.TOTP(secret).at(clock()), HERE)
    clock.move(seconds=30)
    code = pyotp.TOTP(secret).at(clock())
    twice = await asyncio.gather(
        *(book.sign_in("audit", NEW, code, HERE) for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(one, SignInRefusedError) for one in twice) == [False, True]


async def test_a_session_ends_when_idle_when_too_long_and_when_it_is_ended(book, clock):
    _, token = await a_person(book)
    clock.move(minutes=20)
    seat = await book.who(token)
    await book.saw(seat)
    clock.move(minutes=20)
    assert await book.who(token) is not None
    clock.move(minutes=31)
    assert await book.who(token) is None
    token, _ = await book.sign_in("zhao", NEW, "", HERE)
    await book.sign_out(await book.who(token))
    assert await book.who(token) is None
    assert await book.who("made up") is None


async def test_the_oldest_of_more_than_three_sessions_ends(book, clock):
    await a_person(book)
    tokens = []
    for _ in range(4):
        clock.move(seconds=1)
        tokens.append((await book.sign_in("zhao", NEW, "", HERE))[0])
    assert [await book.who(token) is not None for token in tokens] == [False, True, True, True]


async def test_roles_are_given_by_the_security_administrator_only_and_count_at_once(book):
    person, token = await a_person(book)
    security, _ = await a_person(book, "security", R.SECURITY_ADMIN)
    system, _ = await a_person(book, "system", R.SYSTEM_ADMIN)
    await book.grant(person.id, frozenset({R.REVIEWER}), by=security, reason="到岗")
    assert (await book.who(token)).account.roles == {R.REVIEWER}
    with pytest.raises(NotAllowedError):
        await book.grant(system.id, frozenset({R.REVIEWER}), by=system, reason="自己")
    with pytest.raises(RolesConflictError):
        await book.grant(person.id, frozenset({R.REVIEWER, R.AUDIT_ADMIN}), by=security, reason="兼任")
    assert (await book.store.get(person.id)).roles == {R.REVIEWER}


async def test_a_locked_account_is_out_at_once_and_its_password_reset_ends_its_sessions(book):
    person, token = await a_person(book, "zhao", R.REVIEWER)
    system, _ = await a_person(book, "system", R.SYSTEM_ADMIN)
    await book.lock(person.id, by=system, reason="离岗")
    assert await book.who(token) is None
    with pytest.raises(SignInRefusedError):
        await book.sign_in("zhao", NEW, "", HERE)
    await book.unlock(person.id, by=system, reason="返岗")
    token, _ = await book.sign_in("zhao", NEW, "", HERE)
    once = await book.reset_password(person.id, by=system, reason="忘记")
    assert await book.who(token) is None
    assert (await book.sign_in("zhao", once, "", HERE))[1].must_change_password
    security, _ = await a_person(book, "security", R.SECURITY_ADMIN)
    with pytest.raises(NotAllowedError):  # one administrator would be two
        await book.reset_password(security.id, by=system, reason="代管")
    assert (await book.sign_in("security", await book.reset_on_the_machine("security"), "", HERE))[
        1
    ].must_change_password


async def test_names_and_numbers_are_nobody_elses(book):
    await a_person(book, "zhao", R.AGENT, number="8001")
    with pytest.raises(LoginTakenError):
        await book.add_on_the_machine("zhao", "赵", frozenset())
    with pytest.raises(LoginTakenError):
        await book.add_on_the_machine("qian", "钱", frozenset({R.AGENT}), number="8001")
    with pytest.raises(AccountNotFoundError):
        await book.store.get("nobody")
    assert (await book.store.by_number("8001")).login == "zhao"


async def test_lists_are_by_role_by_unit_and_by_name(book):
    await a_person(book, "b-unit", R.UNIT_LEAD, unit="body-housing")
    await a_person(book, "a-unit", R.UNIT_HANDLER, unit="body-housing")
    await a_person(book, "c", R.REVIEWER)
    listed = book.store.listed
    assert [one.login for one in await listed()] == ["a-unit", "b-unit", "c"]
    assert [one.login for one in await listed(role=R.UNIT_LEAD)] == ["b-unit"]
    assert [one.login for one in await listed(unit="body-housing", after="a-unit")] == ["b-unit"]


async def test_somebody_from_an_openid_provider_is_known_again(book):
    person, _ = await a_person(book)
    assert await book.store.linked("https://op.example", "sub-1") is None
    await book.store.link("https://op.example", "sub-1", person.id)
    await book.store.link("https://op.example", "sub-1", person.id)
    assert (await book.store.linked("https://op.example", "sub-1")).id == person.id


async def test_names_secrets_and_addresses_lie_sealed_and_everything_is_in_the_audit_chain(book, store):
    account, token = await a_person(book, "zhao", R.REVIEWER)
    with pytest.raises(SignInRefusedError):
        await book.sign_in("zhao", "guessed", "", HERE)
    async with store.database.reading() as connection:
        row = (await connection.execute(select(accounts))).one()
        session = (await connection.execute(select(account_sessions))).one()
    assert "赵晓兰".encode() not in row.body
    assert b"argon2" not in row.body
    assert b"10.0.0.7" not in session.body
    assert token not in session.id
    assert [line[:2] for line in await audited(store)] == [
        ("staff:cli", "account.added"),
        ("staff:zhao", "session.opened"),
        ("staff:zhao", "account.password_changed"),
        ("staff:zhao", "session.opened"),
        ("staff:zhao", "session.refused"),
    ]
    assert {line[2] for line in await audited(store)} == {account.login}
    assert await store.audit_break() is None


async def test_what_was_granted_and_why_is_written_down(book, store):
    person, _ = await a_person(book)
    security, _ = await a_person(book, "security", R.SECURITY_ADMIN)
    await book.grant(person.id, frozenset({R.UNIT_LEAD}), unit="body-housing", by=security, reason="到岗")
    async with store.database.reading() as connection:
        row = (await connection.execute(select(audit).where(audit.c.action == "account.roles"))).one()
    assert json.loads(row.detail) == {
        "from": [],
        "to": ["unit_lead"],
        "unit": "body-housing",
        "reason": "到岗",
    }


async def test_who_has_an_agents_number_can_be_read_in_the_audit(book, store):
    person, _ = await a_person(book, "zhao", R.AGENT, number="8001")
    security, _ = await a_person(book, "security", R.SECURITY_ADMIN)
    await book.grant(person.id, frozenset({R.AGENT}), number="8002", by=security, reason="换席")
    async with store.database.reading() as connection:
        rows = (
            await connection.execute(
                select(audit)
                .where(audit.c.subject == "zhao", audit.c.action.startswith("account."))
                .order_by(audit.c.sequence)
            )
        ).all()
    held = [json.loads(row.detail).get("number") for row in rows if "number" in row.detail]
    assert held == ["8001", "8002"]


async def test_sessions_that_are_over_are_cleared_away(book, clock):
    await a_person(book)
    clock.move(hours=1)
    assert await book.store.end_those_over(clock(), clock() - book.rules.idle) == 1
