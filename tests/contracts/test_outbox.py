"""The outbox gives every message to one worker at a time, in order, on every database."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.domain.outbox import Message, MessageState
from hotline.store.outbox import SqlOutbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit
from hotline.store.tables import outbox as table
from hotline.store.work_order_store import Change
from tests.builders import NOW, after
from tests.contracts.conftest import SECRET
from tests.work_orders import an_order

LEASE = timedelta(seconds=30)


def a_message(key: str, *, to: str = "unit:county-371302", subject: str = "26112300001") -> Message:
    return Message(to, "work_order.dispatch", subject, {"text": "暖气不热", "contact": "13905390001"}, key)


@pytest.fixture
def outbox(store: SqlStore) -> SqlOutbox:
    return SqlOutbox(store.database, Seal(SECRET))


async def keys(outbox: SqlOutbox, seconds: float = 0, **values: object) -> list[str]:
    given = {"lease": LEASE, "limit": 10, **values}
    return [each.message.key for each in await outbox.claim(after(seconds), **given)]  # type: ignore[arg-type]


async def test_a_message_is_written_once_by_key(outbox: SqlOutbox) -> None:
    await outbox.write(a_message("k1"), a_message("k1", to="duty"), at=NOW)
    await outbox.write(a_message("k1"), at=after(1))
    assert await keys(outbox) == ["k1"]


async def test_a_claimed_message_comes_back_only_when_its_lease_is_over(outbox: SqlOutbox) -> None:
    await outbox.write(a_message("k1"), at=NOW)
    assert await keys(outbox) == ["k1"]
    assert await keys(outbox, 29) == []
    assert await keys(outbox, 30) == ["k1"]


async def test_two_workers_never_hold_the_same_message(outbox: SqlOutbox) -> None:
    await outbox.write(*(a_message(f"k{index}", subject=str(index)) for index in range(40)), at=NOW)
    taken = await asyncio.gather(*(keys(outbox, limit=5, per_destination=5) for _ in range(8)))
    held = [key for each in taken for key in each]
    assert len(held) == len(set(held))
    held += await keys(outbox, limit=100, per_destination=100)
    assert sorted(held) == sorted(f"k{index}" for index in range(40))


async def test_a_later_step_waits_for_the_earlier_one_at_the_same_destination(outbox: SqlOutbox) -> None:
    await outbox.write(a_message("k1"), a_message("k2"), a_message("k3", to="duty"), at=NOW)
    first = await outbox.claim(NOW, lease=LEASE, limit=10)
    assert [each.message.key for each in first] == ["k1", "k3"]
    assert await outbox.mark_delivered(first[1:], after(1)) == 1
    assert await outbox.mark_failed(first[0], "HTTP 503", retry_at=after(60))
    assert await keys(outbox, 59) == []
    (again,) = await outbox.claim(after(60), lease=LEASE, limit=10)
    assert (again.message.key, again.attempts, again.last_error) == ("k1", 1, "HTTP 503")
    assert await outbox.mark_delivered([again], after(61)) == 1
    assert await keys(outbox, 61) == ["k2"]


async def test_a_dead_letter_lets_the_next_one_pass_and_can_be_sent_again(outbox: SqlOutbox) -> None:
    await outbox.write(a_message("k1"), a_message("k2"), at=NOW)
    (first,) = await outbox.claim(NOW, lease=LEASE, limit=10)
    await outbox.mark_failed(first, "HTTP 400", retry_at=None)
    assert await keys(outbox, 1) == ["k2"]
    (dead,) = await outbox.in_state(MessageState.DEAD)
    assert (dead.message, dead.attempts, dead.last_error) == (a_message("k1"), 1, "HTTP 400")
    assert await outbox.retry(dead.id, after(2))
    assert not await outbox.retry(dead.id, after(2))
    assert await keys(outbox, 2) == ["k1"]


async def test_a_dead_letter_that_nobody_wants_sent_is_destroyed_and_the_audit_tells_no_person(
    outbox: SqlOutbox, store: SqlStore
) -> None:
    await outbox.write(a_message("k1", to="citizen:13905390001"), a_message("k2"), at=NOW)
    (first, second) = await outbox.claim(NOW, lease=LEASE, limit=10)
    await outbox.mark_failed(first, "HTTP 400", retry_at=None)
    discarded = [await outbox.discard(each.id, by="operator", at=after(2)) for each in (first, first, second)]
    assert discarded == [True, False, False]
    assert [each.message.key for each in await outbox.written("unit:county-371302", "26112300001")] == ["k2"]
    assert await outbox.written("citizen:13905390001", "26112300001") == []
    async with store.database.reading() as connection:
        (row,) = (await connection.execute(select(audit).where(audit.c.action == "outbox.discarded"))).all()
    assert (row.actor, row.subject) == ("operator", f"outbox:{first.id}")
    assert json.loads(row.detail) == {"kind": "work_order.dispatch", "written": NOW.isoformat()}
    assert await store.audit_break() is None


async def test_what_is_put_off_waits_without_a_try_being_counted(outbox: SqlOutbox) -> None:
    await outbox.write(a_message("k1"), a_message("k2"), at=NOW)
    for number in range(3):
        (held,) = await outbox.claim(after(5 * number), lease=LEASE, limit=10)
        assert await outbox.put_off(held, until=after(5 * number + 5))
        assert not await outbox.put_off(held, until=after(90))  # the lease is given back
        assert await keys(outbox, 5 * number + 4) == []
    (again,) = await outbox.claim(after(15), lease=LEASE, limit=10)
    assert (again.message.key, again.attempts, again.last_error) == ("k1", 1, "")


async def test_who_lost_the_lease_changes_nothing(outbox: SqlOutbox) -> None:
    await outbox.write(a_message("k1"), at=NOW)
    (late,) = await outbox.claim(NOW, lease=LEASE, limit=1)
    (present,) = await outbox.claim(after(31), lease=LEASE, limit=1)
    assert not await outbox.mark_failed(late, "late", retry_at=None)
    assert await outbox.mark_delivered([late, replace(late, leased_until=None)], after(32)) == 0
    assert await outbox.mark_delivered([late, present], after(32)) == 1
    assert [each.message.key for each in await outbox.inbox("unit:county-371302")] == ["k1"]


async def test_one_destination_never_takes_all_the_places(outbox: SqlOutbox) -> None:
    many = [a_message(f"a{index}", subject=str(index)) for index in range(10)]
    await outbox.write(*many, a_message("b", to="unit:body-housing"), at=NOW)
    assert await keys(outbox, limit=5, per_destination=2) == ["a0", "a1", "b"]
    assert await keys(outbox, without=frozenset({"unit:county-371302"})) == []


async def test_a_clock_that_is_set_back_holds_nothing_up(outbox: SqlOutbox) -> None:
    await outbox.write(a_message("fresh"), a_message("failed", subject="2"), at=NOW)
    claimed = await outbox.claim(NOW, lease=LEASE, limit=10)
    await outbox.mark_failed(claimed[1], "HTTP 503", retry_at=after(600))
    a_week_before = -7 * 24 * 3600.0
    assert sorted(await keys(outbox, a_week_before)) == ["failed", "fresh"]


async def test_what_a_message_says_is_sealed_at_rest(store: SqlStore, outbox: SqlOutbox) -> None:
    await outbox.write(a_message("k1"), at=NOW)
    async with store.database.engine.connect() as connection:
        (row,) = (await connection.execute(table.select())).all()
    assert "暖气".encode() not in row.body
    assert b"13905390001" not in row.body


async def test_a_change_and_its_messages_are_committed_together_or_not_at_all(
    store: SqlStore, outbox: SqlOutbox
) -> None:
    change = Change(an_order(), messages=(a_message("k1"),))
    await store.commit(change, at=NOW)
    stale = Change(an_order(), expected=7, messages=(a_message("k2"),))
    with pytest.raises(Exception, match="26112300001"):
        await store.commit(stale, at=NOW)
    assert await keys(outbox, limit=10) == ["k1"]
    assert await outbox.figures() == {"unit:county-371302": {"pending": 1}}
