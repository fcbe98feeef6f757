"""Callback tasks on SQLite and PostgreSQL: one for each conversation, one agent for each, sealed, audited."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.domain.callbacks import CallbackReason, CallbackState, IllegalCallbackError, NoSuchCallbackError
from hotline.service.callbacks import Callbacks, WishedFor
from hotline.store.callbacks import SqlCallbacks
from hotline.store.sealing import Seal
from hotline.store.tables import callback_tasks
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
        *(tasks.change("t1", lambda task, by=by: task.taken(by), by=by, at=at(14)) for by in ("赵", "钱")),
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
