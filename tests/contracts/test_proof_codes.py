"""Codes that prove whose an order is: sent sparingly, tried a few times, used once; on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbox import Message
from hotline.domain.proofs import ProofRules
from hotline.store.outbox import SqlOutbox
from hotline.store.proof_codes import SqlProofCodes
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import NOW, PHONE

SEAL = Seal("tests only: " + "x" * 32)
RULES = ProofRules(tries=3, per_hour=2, per_day=3, tries_per_day=5)
NUMBER = "26112300001"


@pytest.fixture
def codes(store: SqlStore) -> SqlProofCodes:
    return SqlProofCodes(store.database, SEAL)


async def send(
    codes: SqlProofCodes,
    code: str,
    id_: str,
    *,
    at: datetime = NOW,
    number: str = NUMBER,
    phone: PhoneNumber = PHONE,
) -> bool:
    message = Message(f"sms:{id_}", "citizen.code", number, {"text": code}, f"proof:{id_}")
    return await codes.send(number, phone, code, id_=id_, rules=RULES, message=lambda: message, at=at)


async def tried(codes: SqlProofCodes, code: str, minutes: float = 1, number: str = NUMBER) -> bool:
    return await codes.try_(number, code, rules=RULES, at=NOW + timedelta(minutes=minutes))


async def test_the_code_that_was_sent_proves_once(codes: SqlProofCodes, store: SqlStore) -> None:
    assert await send(codes, "123456", "a")
    (message,) = await SqlOutbox(store.database, SEAL).written("sms:a", NUMBER)
    assert message.message.body == {"text": "123456"}
    assert not await tried(codes, "123457")
    assert await tried(codes, "123456")
    assert not await tried(codes, "123456")
    assert await store.audit_break() is None


async def test_a_code_is_no_use_after_its_time_for_another_order_or_when_a_newer_one_was_sent(
    codes: SqlProofCodes,
) -> None:
    await send(codes, "123456", "a")
    assert not await tried(codes, "123456", minutes=10.1)
    assert not await tried(codes, "123456", number="26112300002")
    assert not await tried(codes, "123456", minutes=-1)
    await send(codes, "654321", "b", at=NOW + timedelta(seconds=30))
    assert not await tried(codes, "123456")
    assert await tried(codes, "654321")


async def test_who_guesses_is_soon_done_for_and_for_the_day(codes: SqlProofCodes) -> None:
    await send(codes, "123456", "a")
    for guess in ("1", "2", "3"):
        assert not await tried(codes, guess)
    assert not await tried(codes, "123456")
    await send(codes, "654321", "b", at=NOW + timedelta(minutes=2))
    for guess in ("1", "2"):
        assert not await tried(codes, guess, minutes=3)
    assert not await tried(codes, "654321", minutes=3)


async def test_few_codes_are_sent_for_an_order_in_an_hour_and_to_a_telephone_in_a_day(
    codes: SqlProofCodes,
) -> None:
    sent = [await send(codes, "1", str(index), at=NOW + timedelta(minutes=index)) for index in range(3)]
    assert sent == [True, True, False]
    assert await send(codes, "1", "other", at=NOW + timedelta(minutes=5), number="26112300002")
    assert not await send(codes, "1", "third", at=NOW + timedelta(minutes=6), number="26112300003")
    assert await send(codes, "1", "stranger", at=NOW + timedelta(minutes=7), phone=PhoneNumber("13905390002"))
    assert await send(codes, "1", "next day", at=NOW + timedelta(days=1, minutes=8))


async def test_at_once_no_more_are_sent_and_tried_than_one_after_the_other(codes: SqlProofCodes) -> None:
    sent = await asyncio.gather(*(send(codes, "123456", str(index)) for index in range(6)))
    assert sorted(sent) == [False] * 4 + [True] * 2
    found = await asyncio.gather(*(tried(codes, "123456") for _ in range(6)))
    assert sorted(found) == [False] * 5 + [True]


async def test_nothing_readable_is_kept(codes: SqlProofCodes, store: SqlStore) -> None:
    await send(codes, "123456", "a")
    (kept,) = await codes.sent_to(PHONE, since=NOW)
    assert "123456" not in kept.digest
    assert (kept.number, kept.tries, kept.used_at) == (NUMBER, 0, None)
    await send(codes, "123456", "b", at=NOW + timedelta(days=3))
    assert [one.id for one in await codes.sent_to(PHONE, since=NOW)] == ["b"]
