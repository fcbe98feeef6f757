"""The book of outbound calls on SQLite and PostgreSQL: each call placed once, paced over all processes, numbers unread."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.domain.appeal import PhoneNumber
from hotline.domain.outbound import (
    CallPurpose,
    DueCall,
    OutboundOutcome,
    Pacing,
    PlannedCall,
    StoppedNumber,
    StopReason,
)
from hotline.store.outbound import SqlOutbound
from hotline.store.sealing import Seal
from hotline.store.tables import contacted_numbers, stopped_numbers
from tests.builders import NOW, PHONE
from tests.contracts.conftest import SECRET

LEASE = timedelta(minutes=30)
PLENTY = Pacing(at_once=100, per_minute=100)
STRANGER = PhoneNumber("13900000000")


@pytest.fixture
def book(store):
    return SqlOutbound(store.database, Seal(SECRET))


def a_call(number: int = 1, attempt: int = 1) -> PlannedCall:
    return PlannedCall(DueCall(f"2611230{number:04}", CallPurpose.REVISIT, PHONE), attempt)


async def claim(book, call, *, by="ivr", minutes=0.0, pacing=PLENTY):
    return await book.claim(call, by=by, at=NOW + timedelta(minutes=minutes), lease=LEASE, pacing=pacing)


async def test_of_processes_that_claim_a_call_at_once_one_gets_it(book, store):
    got = await asyncio.gather(*(claim(book, a_call(), by=f"ivr{each}") for each in range(6)))
    assert sorted(got) == [False] * 5 + [True]
    assert await store.audit_break() is None


async def test_a_call_that_was_placed_is_never_placed_again_and_the_next_try_is_another(book):
    assert await claim(book, a_call())
    await book.end(a_call(), OutboundOutcome.NO_ANSWER, at=NOW)
    assert not await claim(book, a_call(), minutes=60)
    assert await claim(book, a_call(attempt=2), minutes=60)


async def test_the_claim_of_a_process_that_died_ends_with_its_lease(book):
    assert await claim(book, a_call(), by="dead")
    assert not await claim(book, a_call(), minutes=29)
    assert await claim(book, a_call(), minutes=30)


async def test_the_claim_of_a_long_talk_is_renewed(book):
    assert await claim(book, a_call())
    await book.renew(a_call(), until=NOW + timedelta(minutes=50))
    assert not await claim(book, a_call(), minutes=49)
    assert await claim(book, a_call(), minutes=50)
    await book.end(a_call(), OutboundOutcome.TALKED, at=NOW)
    await book.renew(a_call(), until=NOW)
    assert not await claim(book, a_call(), minutes=99)


async def test_what_was_placed_is_under_way_or_put_off_is_known_to_be_taken(book):
    for number in (1, 2, 3):
        assert await claim(book, a_call(number))
    await book.end(a_call(), OutboundOutcome.BUSY, at=NOW)
    await book.put_off(a_call(2), until=NOW + timedelta(minutes=10))
    calls = [a_call(number) for number in (1, 2, 3, 4)]
    keys = [call.key for call in calls]
    assert await book.taken(keys, at=NOW) == set(keys[:3])
    assert await book.taken(keys, at=NOW + timedelta(minutes=10)) == {keys[0], keys[2]}
    assert await book.taken(keys, at=NOW + LEASE) == {keys[0]}
    assert await book.taken([], at=NOW) == set()


async def test_what_the_trunk_did_not_take_waits_and_takes_nobody_s_place(book):
    one = Pacing(at_once=1, per_minute=100)
    assert await claim(book, a_call(), pacing=one)
    assert not await claim(book, a_call(2), pacing=one)
    await book.put_off(a_call(), until=NOW + timedelta(minutes=10))
    assert await claim(book, a_call(2), pacing=one)
    await book.end(a_call(2), OutboundOutcome.TALKED, at=NOW)
    assert not await claim(book, a_call(), minutes=9, pacing=one)
    assert await claim(book, a_call(), minutes=10, pacing=one)


async def test_pace_and_number_of_calls_hold_for_all_processes_together(book):
    pacing = Pacing(at_once=3, per_minute=100)
    got = await asyncio.gather(
        *(claim(book, a_call(each), by=f"ivr{each}", pacing=pacing) for each in range(8))
    )
    assert sum(got) == 3
    slow = Pacing(at_once=100, per_minute=4)
    assert [await claim(book, a_call(10 + each), pacing=slow) for each in range(3)] == [True, False, False]
    assert await claim(book, a_call(12), minutes=1.1, pacing=slow)


async def test_only_who_called_us_is_known_and_only_as_a_fingerprint(book, store):
    assert await book.contacted([PHONE]) == frozenset()
    for minutes in (0, 5):
        await book.note_contact(PHONE, at=NOW + timedelta(minutes=minutes))
    assert await book.contacted([PHONE, STRANGER]) == {PHONE}
    assert await book.contacted([]) == frozenset()
    async with store.database.reading() as connection:
        (row,) = (await connection.execute(select(contacted_numbers))).all()
    assert PHONE.digits not in row.number
    assert row.last_at == NOW + timedelta(minutes=5)


async def test_the_stop_list_keeps_the_first_reason_sealed_until_a_person_lifts_it(book, store):
    await book.stop(PHONE, StopReason.ASKED, by="machine", at=NOW)
    await book.stop(PHONE, StopReason.STAFF, by="reviewer:赵", at=NOW + timedelta(days=1))
    assert await book.stop_list(limit=5) == [StoppedNumber(PHONE, NOW, StopReason.ASKED, "machine")]
    assert await book.stopped([PHONE, STRANGER]) == {PHONE}
    async with store.database.reading() as connection:
        row = (await connection.execute(select(stopped_numbers))).one()
    assert PHONE.digits.encode() not in row.body
    assert await book.resume(PHONE, by="reviewer:赵", at=NOW)
    assert not await book.resume(PHONE, by="reviewer:赵", at=NOW)
    assert await book.stopped([PHONE]) == frozenset()
    assert await store.audit_break() is None
