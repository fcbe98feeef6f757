"""The store keeps what it is given, on every database: one suite, SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, select, text, update

from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.deeds import Complete, QueueForDispatch, SendBack, SignFor
from hotline.domain.errors import StaleWorkOrderError, StoreUnavailableError, WorkOrderNotFoundError
from hotline.domain.people import MACHINE
from hotline.domain.work_order import Status
from hotline.store import knowledge_tables  # noqa: F401 -- its tables belong to the same metadata
from hotline.store.auditing import Break
from hotline.store.order_body import dumped
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore, migrate
from hotline.store.tables import audit, audit_head, journal, metadata, work_orders
from hotline.store.work_order_store import Change
from tests.builders import NOW, after, an_appeal
from tests.contracts.conftest import SECRET
from tests.unit.hotline.domain.test_work_order import CONCLUDED, done
from tests.work_orders import AGENT, LANSHAN_UNIT, a_registered_order, an_order, change, keep, keep_next

DAY = date(2026, 11, 23)


async def test_an_order_comes_back_as_it_was_kept(store: SqlStore) -> None:
    await keep(store, an_order())
    assert await store.get("26112300001") == an_order()


async def test_an_unknown_number_is_not_found(store: SqlStore) -> None:
    with pytest.raises(WorkOrderNotFoundError):
        await store.get("26112399999")


async def test_numbers_of_a_day_are_never_given_twice(store: SqlStore) -> None:
    numbers = await asyncio.gather(*(keep_next(store, DAY) for _ in range(20)))
    assert sorted(numbers) == [f"261123{index:05d}" for index in range(1, 21)]
    assert await keep_next(store, date(2026, 11, 24)) == "26112400001"


async def test_a_number_whose_order_was_not_committed_goes_to_the_next(store: SqlStore) -> None:
    def with_a_stale_one(number: str) -> list[Change]:
        return [Change(an_order(number)), Change(an_order("26112300009"), expected=7)]

    with pytest.raises(StaleWorkOrderError):
        await store.add(DAY, with_a_stale_one, at=NOW)
    assert await store.recent() == []
    assert await keep_next(store, DAY) == "26112300001"
    assert [order.number for order in await store.recent()] == ["26112300001"]


async def test_of_two_who_change_one_order_the_second_is_told(store: SqlStore) -> None:
    await keep(store, an_order())
    read = await store.get("26112300001")
    await change(store, read, SignFor(), by=LANSHAN_UNIT, at=after(60))
    sent_back = SendBack("不在本区", "市容条例第11条", "body-housing")
    with pytest.raises(StaleWorkOrderError):
        await change(store, read, sent_back, by=LANSHAN_UNIT, at=after(90))
    assert (await store.get("26112300001")).status is Status.HANDLING


async def test_the_newest_orders_come_first(store: SqlStore) -> None:
    for index in range(1, 4):
        await keep(store, an_order(f"2611230000{index}", minutes=index))
    assert [order.number for order in await store.recent(limit=2)] == ["26112300003", "26112300002"]
    older = await store.recent(before=NOW + timedelta(minutes=2))
    assert [order.number for order in older] == ["26112300001"]


async def test_open_orders_due_soon_are_found_earliest_first(store: SqlStore) -> None:
    for index in range(1, 4):
        await keep(store, an_order(f"2611230000{index}", minutes=-index))
    due = [order.number async for order in store.due_before(NOW + timedelta(days=7, minutes=-1.5))]
    assert due == ["26112300003", "26112300002"]


async def test_open_orders_are_found_however_old_they_are(store: SqlStore) -> None:
    old = an_order("26071600001", minutes=-130 * 24 * 60)
    await keep(store, old, done(an_order("26112300002"), *CONCLUDED), an_order("26112300003"))
    assert {order.number async for order in store.open_orders()} == {"26071600001", "26112300003"}


async def test_orders_are_found_by_the_audit_row_that_registered_or_completed_them(store: SqlStore) -> None:
    await keep(store, an_order())
    first = (await store.audit_head()).sequence
    placeless = a_registered_order("26112300002", minutes=-60, appeal=an_appeal(place=None))
    queued = done(placeless, (MACHINE, QueueForDispatch("地点不明")))
    await keep(store, queued)
    await change(store, an_order(), SignFor(), by=LANSHAN_UNIT, at=after(60))
    completed = await change(store, queued, Complete(an_appeal(), ("place",)), by=AGENT, at=after(90))
    last = (await store.audit_head()).sequence
    rows = [(first - 1, "26112300001"), (first + 1, "26112300002"), (last, "26112300002")]
    found = await store.brought_since(first - 2, limit=10)
    assert [(row, order.number) for row, order in found] == rows
    assert await store.brought_since(first + 1, limit=10) == [(last, completed)]
    assert await store.brought_since(last, limit=10) == []
    assert [row for row, _ in await store.brought_since(first - 2, limit=2)] == [first - 1, first + 1]


async def test_a_conversation_and_its_journal_come_back(store: SqlStore) -> None:
    await store.begin("c1", channel=ContactChannel.PHONE, call_id="abc@host", at=NOW)
    await store.append("c1", 1, NOW, "Said", {"text": "暖气不热"})
    await store.append("c1", 2, after(1), "Say", {"parts": ["请问在哪里？"]})
    await store.finish(
        "c1",
        ConversationEnd(
            at=after(9), outcome="registered", article=None, work_order="26112300001", rating="mostly"
        ),
    )
    assert await store.conversation_of_call("abc@host") == {
        "id": "c1", "channel": "phone", "call_id": "abc@host", "started_at": NOW, "ended_at": after(9),
        "outcome": "registered", "article": None, "work_order": "26112300001", "rating": "mostly",
    }  # fmt: skip
    assert [(row["sequence"], row["name"], row["body"]) for row in await store.read("c1")] == [
        (1, "Said", {"text": "暖气不热"}),
        (2, "Say", {"parts": ["请问在哪里？"]}),
    ]
    assert await store.conversation("c2") is None


async def test_personal_data_is_sealed_at_rest(store: SqlStore) -> None:
    await keep(store, an_order())
    async with store.database.engine.connect() as connection:
        (row,) = (await connection.execute(work_orders.select())).all()
    stored = repr(row)
    assert "13905390001" not in stored
    assert "暖气" not in stored
    assert "银雀山" not in stored


async def test_every_change_is_in_the_audit_chain_and_an_altered_row_is_found(store: SqlStore) -> None:
    await keep(store, an_order())
    await change(store, an_order(), SignFor(), by=LANSHAN_UNIT, at=after(60))
    await store.note_look(subject="26112300001", by="agent-7", why="citizen asked", at=after(70))
    assert await store.audit_break() is None
    async with store.database.engine.begin() as connection:
        await connection.execute(update(audit).where(audit.c.sequence == 2).values(actor="somebody"))
    assert await store.audit_break() == Break(2, "altered")


async def test_a_missing_audit_row_is_found(store: SqlStore) -> None:
    for index in range(1, 4):
        await store.note_look(subject="x", by="agent-7", why="test", at=after(index))
    async with store.database.engine.begin() as connection:
        await connection.execute(delete(audit).where(audit.c.sequence == 3))
    assert await store.audit_break() == Break(3, "missing")


async def test_many_writers_at_once_lose_nothing_and_keep_the_chain_whole(store: SqlStore) -> None:
    await asyncio.gather(*(keep(store, an_order(f"261123{index:05d}")) for index in range(1, 13)))
    assert len(await store.recent()) == 12
    assert await store.audit_break() is None


async def test_migrating_twice_changes_nothing(store: SqlStore) -> None:
    await keep(store, an_order())
    await migrate(store.database.engine.url.render_as_string(hide_password=False))
    assert len(await store.recent()) == 1


async def test_an_order_whose_audit_row_is_refused_is_not_recorded(store: SqlStore) -> None:
    await _run(store, "ALTER TABLE audit RENAME TO audit_away")
    with pytest.raises(StoreUnavailableError):
        await keep(store, an_order())
    with pytest.raises(StoreUnavailableError):
        await store.note_look(subject="26112300001", by="agent-7", why="test", at=NOW)
    await _run(store, "ALTER TABLE audit_away RENAME TO audit")
    assert await store.recent() == []
    await keep(store, an_order())
    assert await store.audit_break() is None


async def test_a_refused_change_leaves_the_order_as_it_was(store: SqlStore) -> None:
    await keep(store, an_order())
    await _run(store, "ALTER TABLE audit RENAME TO audit_away")
    with pytest.raises(StoreUnavailableError):
        await change(store, an_order(), SignFor(), by=LANSHAN_UNIT, at=after(60))
    assert await store.get("26112300001") == an_order()


async def test_a_number_that_is_taken_is_refused(store: SqlStore) -> None:
    await keep(store, an_order())
    with pytest.raises(StoreUnavailableError):
        await keep(store, an_order(conversation="another"))
    assert await store.get("26112300001") == an_order()
    assert await store.audit_break() is None


async def test_the_journal_is_read_on_from_a_row(store: SqlStore) -> None:
    for sequence in range(1, 5):
        await store.append("c1", sequence, after(sequence), "Said", {"text": str(sequence)})
    await store.append("c2", 3, NOW, "Said", {"text": "another conversation"})
    assert [row["body"]["text"] for row in await store.read("c1", after=2)] == ["3", "4"]


async def test_what_was_said_is_sealed_at_rest(store: SqlStore) -> None:
    await store.append("c1", 1, NOW, "Said", {"text": "我叫王建国，电话13905390001"})
    async with store.database.engine.connect() as connection:
        (row,) = (await connection.execute(journal.select())).all()
    assert "13905390001" not in repr(row)
    assert "王建国".encode() not in row.body


async def test_an_endless_call_id_does_not_cost_the_record_of_the_call(store: SqlStore) -> None:
    await store.begin("c1", channel=ContactChannel.PHONE, call_id="x" * 5_000, at=NOW)
    found = await store.conversation_of_call("x" * 5_000)
    assert found is not None
    assert found["id"] == "c1"


async def test_the_chain_is_verified_while_others_write(store: SqlStore) -> None:
    async def write(index: int) -> None:
        await store.note_look(subject=str(index), by="agent-7", why="test", at=after(index))

    found = await asyncio.gather(
        *(store.audit_break() if index % 3 == 0 else write(index) for index in range(30))
    )
    assert found == [None] * 30


async def test_a_time_without_a_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(StoreUnavailableError):
        await store.note_look(subject="x", by="agent-7", why="test", at=NOW.replace(tzinfo=None))


async def test_two_processes_that_start_at_once_migrate_one_after_the_other(store: SqlStore) -> None:
    url = store.database.engine.url.render_as_string(hide_password=False)
    await _run(store, "DROP TABLE alembic_version")
    for table in reversed(metadata.sorted_tables):
        await _run(store, f"DROP TABLE {table.name}")
    await asyncio.gather(migrate(url), migrate(url), migrate(url))
    assert await keep_next(store, DAY) == "26112300001"


async def test_tables_of_a_newer_program_are_left_alone(store: SqlStore) -> None:
    await keep(store, an_order())
    await _run(store, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailableError, match="9999"):
        await migrate(store.database.engine.url.render_as_string(hide_password=False))
    assert await store.get("26112300001") == an_order()


async def test_the_migrations_make_the_tables_that_the_program_expects(store: SqlStore) -> None:
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with store.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def _run(store: SqlStore, statement: str) -> None:
    async with store.database.engine.begin() as connection:
        await connection.execute(text(statement))


async def test_a_rewritten_or_cut_off_chain_is_found_by_its_anchors(store: SqlStore) -> None:
    for index in range(1, 4):
        await store.note_look(subject="x", by="agent-7", why="test", at=after(index))
    anchor = await store.audit_head()
    async with (
        store.database.engine.begin() as connection
    ):  # the last row vanishes, and the head is set back to match
        await connection.execute(delete(audit).where(audit.c.sequence == 3))
        kept = (await connection.execute(select(audit.c.digest).where(audit.c.sequence == 2))).scalar_one()
        await connection.execute(update(audit_head).values(sequence=2, digest=kept))
    assert await store.audit_break() is None
    assert await store.audit_break([anchor]) == Break(3, "cut off")
    await store.note_look(subject="x", by="agent-7", why="something else", at=after(9))
    assert await store.audit_break() is None
    assert await store.audit_break([anchor]) == Break(3, "rewritten")


async def test_two_rows_that_changed_places_are_found(store: SqlStore) -> None:
    for index in range(1, 4):
        await store.note_look(subject="x", by="agent-7", why=f"{index}", at=after(index))
    async with store.database.engine.begin() as connection:
        for old, new in ((1, 99), (2, 1), (99, 2)):
            await connection.execute(update(audit).where(audit.c.sequence == old).values(sequence=new))
    assert await store.audit_break() == Break(1, "reordered")


async def test_orders_are_found_by_citizen_unit_and_what_the_machine_owes(store: SqlStore) -> None:
    mine, other = an_order(), an_order("26112300002", appeal=an_appeal(phone=PhoneNumber("13905390009")))
    await store.commit(Change(mine, next_at=after(60)), Change(other, next_at=after(30)), at=NOW)
    assert await store.of_citizen(PhoneNumber("13905390001")) == [mine]
    waiting = frozenset({Status.TO_SIGN})
    assert await store.of_unit("county-371302", statuses=waiting) == [mine, other]
    assert await store.of_unit("county-371302", statuses=waiting, after=mine.number) == [other]
    assert await store.of_unit("county-371302", statuses=frozenset({Status.HANDLING})) == []
    assert await store.of_unit("body-housing", statuses=waiting) == []
    assert await store.to_look_at(after(45)) == [other.number]
    assert await store.to_look_at(after(60)) == [other.number, mine.number]
    assert [order async for order in store.registered_between(NOW, after(1))] == [mine, other]


async def test_of_several_changes_all_are_kept_or_none(store: SqlStore) -> None:
    await keep(store, an_order())
    stale = Change(an_order(), expected=7)
    with pytest.raises(StaleWorkOrderError):
        await store.commit(Change(an_order("26112300002")), stale, at=NOW)
    assert [order.number for order in await store.recent()] == ["26112300001"]
    assert await store.audit_break() is None


async def test_an_order_of_the_first_version_is_read(store: SqlStore) -> None:
    """Version 0.1 kept steps, actors and notes as text; nothing of it is lost."""
    await keep(store, an_order())
    body = json.loads(dumped(an_order()))
    body.pop("limits")
    body.pop("linked_to")
    body["history"] = [
        {"at": NOW.isoformat(), "step": None, "before": None, "after": "registered", "by": "machine", "note": ""},
        {
            "at": NOW.isoformat(), "step": "dispatch", "before": "registered", "after": "to_sign", "by": "machine",
            "note": "按属地派单",
        },
    ]  # fmt: skip
    sealed = Seal(SECRET).close(json.dumps(body).encode(), "work_order:26112300001")
    async with store.database.engine.begin() as connection:
        await connection.execute(update(work_orders).values(body=sealed))
    order = await store.get("26112300001")
    assert (order.status, order.lead_unit, order.due_at) == (
        Status.TO_SIGN,
        "county-371302",
        NOW + timedelta(days=7),
    )
    assert [str(entry.by) for entry in order.history] == ["machine", "machine"]


async def test_a_row_that_was_put_in_behind_the_end_is_found(store: SqlStore) -> None:
    await store.note_look(subject="x", by="agent-7", why="test", at=after(1))
    row = {"sequence": 2, "at": after(2), "actor": "x", "action": "x", "subject": "x", "detail": "{}"}
    async with store.database.engine.begin() as connection:
        await connection.execute(audit.insert().values(**row, previous="0" * 64, digest="1" * 64))
    assert await store.audit_break() == Break(2, "inserted")


async def test_a_chain_without_its_head_is_broken(store: SqlStore) -> None:
    await store.note_look(subject="x", by="agent-7", why="test", at=after(1))
    async with store.database.engine.begin() as connection:
        await connection.execute(delete(audit_head))
    assert await store.audit_break() == Break(0, "missing")
