"""Third parties' parts in calls on SQLite and PostgreSQL: kept by id, found by the order, audited."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select, update

from hotline.domain.appeal import ContactChannel
from hotline.domain.talks import PartyCall, PartyState
from hotline.store.party_calls import SqlPartyCalls
from hotline.store.tables import audit, conversations
from tests.builders import NOW

RINGING = PartyCall("p1", "c1", "110", "1024", NOW)
JOINED = replace(
    RINGING, state=PartyState.PRESENT, joined_at=NOW + timedelta(seconds=9), citizen_took_part=True
)
LEFT = replace(JOINED, state=PartyState.LEFT, ended_at=NOW + timedelta(seconds=90))


async def test_a_call_is_kept_once_as_it_goes_on_and_found_by_its_order(store):
    calls = SqlPartyCalls(store.database)
    await store.begin("c1", channel=ContactChannel.PHONE, call_id="x", at=NOW)
    async with store.database.writing() as connection:
        mine = update(conversations).where(conversations.c.id == "c1")
        await connection.execute(mine.values(work_order="26112300001"))
    other = replace(RINGING, id="p0", conversation="c2")
    for call in (other, RINGING, JOINED, LEFT):
        await calls.keep(call)
    assert await calls.of_order("26112300001") == [LEFT]
    assert await calls.of_order("26112300002") == []
    async with store.database.reading() as connection:
        rows = (await connection.execute(select(audit.c.action).where(audit.c.subject == "c1"))).scalars()
        assert list(rows) == ["party.ringing", "party.present", "party.left"]
    assert await store.audit_break() is None
