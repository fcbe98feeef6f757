"""Callback tasks on SQLite and PostgreSQL: one for each conversation, one agent for each, sealed, audited."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.domain.callbacks import (
    CallbackReason,
    CallbackResult,
    CallbackState,
    CallbackWindow,
    IllegalCallbackError,
    NoSuchCallbackError,
)
from hotline.domain.outbound import CallPurpose, DueCall, Pacing, PlannedCall
from hotline.service.callbacks import Callbacks, WishedFor
from hotline.store.callbacks import SqlCallbacks
from hotline.store.outbound import SqlOutbound
from hotline.store.sealing import Seal
from hotline.store.tables import audit, callback_tasks
from tests.contracts.conftest import SECRET
from tests.unit.hotline.domain.test_callbacks import HOURS, a_task, at


@pytest.fixture
def tasks(store):
    return SqlCallbacks(store.database, Seal(SECRET))


async def test_a_conversation_has_one_task_however_often_it_is_wished_for(tasks):
    first, second = await tasks.add(a_task()), await tasks.add(a_task(id="t2", words="另一次"))
    assert first == second == a_task()
    assert await tasks.open_tasks(limit=10) == [a_task()]
    assert await tasks.get("t2") is None


async def test_of_two_agents_who_take_a_task_at_once_one_gets_it(tasks):
    await tasks.add(a_task())
    outcomes = await asyncio.gather(
        *(
            tasks.change("t1", lambda task, by=by: task.taken(by, at(14)), by=by, at=at(14))
            for by in ("赵", "钱")
        ),
        return_exceptions=True,
    )
    (winner,) = [found for found in outcomes if not isinstance(found, BaseException)]
    (refused,) = [found for found in outcomes if isinstance(found, BaseException)]
    assert isinstance(refused, IllegalCallbackError)
    assert (await tasks.get("t1")).taken_by == winner.taken_by


async def test_the_most_urgent_comes_first_and_the_finished_not_at_all(tasks):
    callbacks = Callbacks(tasks, HOURS, iter(["late", "soon", "done"]).__next__)
    for conversation, moment in (("c-late", at(19, 45)), ("c-soon", at(10)), ("c-done", at(7))):
        await callbacks.plan(WishedFor(a_task().phone, CallbackReason.ABANDONED, "喂", conversation), moment)
    await callbacks.take("done", by="赵", at=at(9))
    await callbacks.finish("done", CallbackState.DONE, by="赵", at=at(9, 5))
    assert [task.id for task in await callbacks.waiting()] == ["soon", "late"]


async def test_calls_are_wanted_for_tasks_in_hand_only(tasks):
    """An older version left the wish on what was settled by hand."""
    left = {"call_asked_at": at(9), "taken_by": "赵"}
    for name, state in (("t1", CallbackState.TAKEN), ("t2", CallbackState.DONE), ("t3", CallbackState.OPEN)):
        await tasks.add(a_task(id=name, conversation=name, state=state, **left))
    assert [task.id for task in await tasks.calls_asked(limit=10)] == ["t1"]


async def test_numbers_and_words_lie_sealed_and_every_change_is_in_the_audit_chain(tasks, store):
    callbacks = Callbacks(tasks, HOURS, lambda: "t9")
    await callbacks.plan(WishedFor(a_task().phone, CallbackReason.NO_AGENT, "家里漏水", "c9"), at(10))
    await callbacks.take("t9", by="赵", at=at(11))
    await callbacks.finish("t9", CallbackState.UNREACHED, by="赵", at=at(11) + timedelta(minutes=2))
    async with store.database.reading() as connection:
        row = (await connection.execute(select(callback_tasks))).one()
    assert b"13905390001" not in row.body
    assert "漏水".encode() not in row.body
    assert await store.audit_break() is None
    assert (await tasks.get("t9")).state is CallbackState.OPEN


async def test_a_task_that_is_not_there_is_named(tasks):
    with pytest.raises(NoSuchCallbackError, match="t404"):
        await tasks.change("t404", lambda task: task, by="赵", at=at(9))


# --- tasks that an agent took and left -------------------------------------------------------------------------------


async def test_a_task_that_was_taken_and_left_is_open_again_and_called_and_the_audit_says_so(tasks, store):
    callbacks = Callbacks(tasks, replace(HOURS, is_automatic=True), lambda: "t1")
    await callbacks.plan(WishedFor(a_task().phone, CallbackReason.NO_AGENT, "家里漏水", "c1"), at(12, 30))
    await callbacks.take("t1", by="8001", at=at(16, 30))
    assert await callbacks.release_left(at(17), by="machine") == 0
    assert await callbacks.to_call(at(17), is_agent_free=True) == ()
    assert [await callbacks.release_left(at(17, 30), by="machine") for _ in range(2)] == [1, 0]
    (task,) = await callbacks.to_call(at(17, 30), is_agent_free=True)
    assert (task.id, task.state, task.taken_by, task.attempts) == ("t1", CallbackState.OPEN, "", 0)
    async with store.database.reading() as connection:
        rows = (
            await connection.execute(select(audit.c.actor, audit.c.action).order_by(audit.c.sequence))
        ).all()
    assert [tuple(row) for row in rows] == [
        ("machine", "callback.planned"), ("8001", "callback.taken"), ("machine", "callback.open"),
    ]  # fmt: skip


async def test_nobody_takes_a_task_from_who_is_being_called_for_it_until_the_calls_lease_is_over(
    tasks, store
):
    callbacks = Callbacks(tasks, HOURS, lambda: "t1")
    task = await callbacks.plan(WishedFor(a_task().phone, CallbackReason.NO_AGENT, "喂", "c1"), at(12, 30))
    book = SqlOutbound(store.database, Seal(SECRET))
    call = PlannedCall(DueCall(task.id, CallPurpose.CALLBACK, task.phone), 1)
    lease = timedelta(hours=2)
    assert await book.claim(call, by="ivr", at=at(14), lease=lease, pacing=Pacing(at_once=1, per_minute=1))
    await callbacks.begin_call(task.id, by="8001", at=at(14))
    assert await callbacks.release_left(at(15, 59), by="machine") == 0
    with pytest.raises(IllegalCallbackError):
        await callbacks.release(task.id, by="staff:leader", at=at(15, 59))
    released = await callbacks.release(task.id, by="staff:leader", at=at(16))
    assert (released.state, [one.result for one in released.tries]) == (
        CallbackState.OPEN, [CallbackResult.BROKEN],
    )  # fmt: skip


async def test_however_many_were_taken_who_waits_is_listed_and_called(tasks):
    callbacks = Callbacks(tasks, replace(HOURS, is_automatic=True), lambda: "t-last")
    for index in range(201):
        task = a_task(id=f"t{index}", conversation=f"c{index}", window=CallbackWindow(at(9), at(12)))
        await tasks.add(task.taken("8001", at(9)))
    waits = await callbacks.plan(WishedFor(a_task().phone, CallbackReason.NO_AGENT, "喂", "c-last"), at(13))
    assert list(await callbacks.to_call(at(14), is_agent_free=True)) == [waits]
    listed = await callbacks.waiting()
    assert (len(listed), listed[-1]) == (201, waits)
