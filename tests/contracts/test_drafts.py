"""Which process holds which call is kept as long as the call lasts, on every database."""

from __future__ import annotations

import pytest

from hotline.domain.drafts import CallProcess, HeldCall
from hotline.store.drafts import SqlDrafts
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import held_calls
from tests.builders import NOW, PHONE, after
from tests.contracts.conftest import SECRET

FIRST = CallProcess("host:1", "ivr-1", NOW, callers=3)
SECOND = CallProcess("host:2", "ivr-2", NOW, callers=3, calls=1, is_draining=True)
CALL = HeldCall("c1", PHONE, NOW)


@pytest.fixture
def drafts(store: SqlStore) -> SqlDrafts:
    return SqlDrafts(store.database, Seal(SECRET))


async def test_those_that_showed_themselves_lately_live(drafts: SqlDrafts) -> None:
    await drafts.show(FIRST, at=NOW)
    await drafts.show(SECOND, at=after(20))
    assert await drafts.living(seen_since=NOW) == [FIRST, SECOND]
    assert await drafts.living(seen_since=after(10)) == [SECOND]


async def test_what_it_shows_last_counts(drafts: SqlDrafts) -> None:
    await drafts.show(FIRST, at=NOW)
    fuller = CallProcess("host:1", "ivr-1", NOW, callers=3, calls=2, is_draining=True)
    await drafts.show(fuller, at=after(5))
    assert await drafts.living(seen_since=after(5)) == [fuller]


async def test_a_call_of_a_process_that_stays_silent_is_an_orphan_until_it_is_released(
    drafts: SqlDrafts,
) -> None:
    await drafts.show(FIRST, at=NOW)
    await drafts.show(SECOND, at=after(40))
    await drafts.hold(CALL, by=FIRST.id)
    await drafts.hold(CALL, by=FIRST.id)
    await drafts.hold(HeldCall("c2", None, NOW), by=SECOND.id)
    assert await drafts.suspect(seen_before=after(10), at=after(40)) == 1
    assert await drafts.suspect(seen_before=after(10), at=after(41)) == 0
    assert await drafts.orphans(suspected_before=after(39), limit=9) == []
    assert await drafts.orphans(suspected_before=after(40), limit=9) == [CALL]
    assert await drafts.bury(suspected_before=after(40)) == 0
    await drafts.release("c1")
    assert await drafts.orphans(suspected_before=after(40), limit=9) == []
    assert await drafts.bury(suspected_before=after(40)) == 1
    assert await drafts.living(seen_since=NOW) == [SECOND]


async def test_a_process_that_shows_itself_again_was_suspected_wrongly(drafts: SqlDrafts) -> None:
    await drafts.show(FIRST, at=NOW)
    await drafts.hold(CALL, by=FIRST.id)
    assert await drafts.suspect(seen_before=after(10), at=after(40)) == 1
    await drafts.show(FIRST, at=after(41))
    assert await drafts.orphans(suspected_before=after(60), limit=9) == []


async def test_a_process_that_ends_with_calls_is_not_forgotten(drafts: SqlDrafts) -> None:
    await drafts.show(FIRST, at=NOW)
    await drafts.show(SECOND, at=NOW)
    await drafts.hold(CALL, by=FIRST.id)
    await drafts.leave(FIRST.id)
    await drafts.leave(SECOND.id)
    assert await drafts.living(seen_since=NOW) == [FIRST]


async def test_a_secret_is_noted_and_the_oldest_call_comes_first(drafts: SqlDrafts) -> None:
    await drafts.show(FIRST, at=NOW)
    await drafts.hold(HeldCall("younger", PHONE, after(5)), by=FIRST.id)
    await drafts.hold(HeldCall("older", PHONE, NOW), by=FIRST.id)
    await drafts.conceal("older")
    await drafts.suspect(seen_before=after(1), at=after(40))
    older = HeldCall("older", PHONE, NOW, is_secret=True)
    assert await drafts.orphans(suspected_before=after(40), limit=1) == [older]


async def test_the_number_is_kept_sealed(drafts: SqlDrafts, store: SqlStore) -> None:
    await drafts.hold(CALL, by=FIRST.id)
    async with store.database.reading() as connection:
        (row,) = (await connection.execute(held_calls.select())).all()
    assert PHONE.digits.encode() not in row.phone
