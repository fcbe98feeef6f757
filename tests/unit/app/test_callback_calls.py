"""Callbacks as errands of the dialler: what becomes of them when people, Redis or the database come between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest

from app.callback_calls import CallbackErrands
from hotline.dialogue.actions import Outcome
from hotline.domain.agents import DeskRules, Presence, Skill
from hotline.domain.callbacks import CallbackResult, CallbackState, CallbackTask
from hotline.domain.errors import EngineUnavailableError, StoreUnavailableError
from hotline.domain.outbound import PlannedCall
from hotline.service.agent_desk import AgentDesk, DeskInMemory
from hotline.service.callbacks import Callbacks
from tests.unit.hotline.domain.test_callbacks import HOURS, a_task, at
from tests.unit.ivr.fakes import now, run

NOON = at(12, 30)


def clock() -> datetime:
    return NOON + timedelta(seconds=now())


class Tasks:
    """Tasks in memory; the next ``away`` changes find the database away."""

    def __init__(self, *tasks: CallbackTask) -> None:
        self.tasks = {task.id: task for task in tasks}
        self.away = 0
        self.seen: Callable[[], None] = lambda: None

    async def get(self, task: str) -> CallbackTask | None:
        return self.tasks.get(task)

    async def open_tasks(self, *, limit: int) -> Sequence[CallbackTask]:
        return [task for task in self.tasks.values() if task.state is CallbackState.OPEN]

    async def calls_asked(self, *, limit: int) -> Sequence[CallbackTask]:
        found = [task for task in self.tasks.values() if task.call_asked_at is not None]
        self.seen()
        return found

    async def change(self, task: str, step, *, by: str, at: datetime) -> CallbackTask:
        if self.away:
            self.away -= 1
            raise StoreUnavailableError("away")
        self.tasks[task] = step(self.tasks[task])
        return self.tasks[task]


class Office:
    """Everything that the errands need. ``outcome`` is how a talk ends."""

    def __init__(self, *tasks: CallbackTask) -> None:
        self.tasks = Tasks(*tasks)
        self.callbacks = Callbacks(self.tasks, HOURS, iter(f"t{n}" for n in count(9)).__next__)
        self.desk = AgentDesk(DeskInMemory(), DeskRules(), clock, iter(f"h{n}" for n in count(1)).__next__)
        self.orders: list[str | None] = []
        self.is_journal_away = False
        self.errands = CallbackErrands(
            SimpleNamespace(conversation=self._conversation), self.callbacks, self.desk,
            SimpleNamespace(hold=self._hold), channel=lambda line, conversation: SimpleNamespace(),
            recordings=None, clock=clock,
        )  # fmt: skip

    async def _conversation(self, _id: str) -> dict[str, str]:
        if self.is_journal_away:
            raise StoreUnavailableError("away")
        return {"work_order": "26112400001"}

    async def _hold(self, channel, *, call_id: str, callback) -> Outcome:
        self.orders.append(callback.order)
        return Outcome.AGENT

    async def due(self) -> list[PlannedCall]:
        return [each.next async for page in self.errands.due() for each in page]

    async def presence(self, agent: str) -> Presence:
        return (await self.desk.board())[0].agents[agent].presence


LINE = SimpleNamespace(call_id="call-1")


def asked(office: Office, task: str = "t1"):
    return office.callbacks.ask_call(task, by="赵", at=clock())


@pytest.mark.parametrize(
    "outcome", [CallbackState.DONE, CallbackState.UNREACHED, CallbackState.CANCELLED], ids=str
)
def test_a_task_that_is_settled_by_hand_stops_no_other_call(outcome: CallbackState) -> None:
    async def test():
        office = Office(a_task(), a_task(id="t2", conversation="c2"))
        await asked(office)
        await office.callbacks.finish("t1", outcome, by="赵", at=clock())
        assert await office.due() == []
        await asyncio.sleep(11 * 60)
        await asked(office, "t2")
        assert [call.due.reference for call in await office.due()] == ["t2"]

    run(test())


def test_a_wish_that_is_settled_while_it_is_looked_at_stops_no_other_call() -> None:
    async def test():
        office = Office(a_task(), a_task(id="t2", conversation="c2"))
        await asked(office)
        await asyncio.sleep(11 * 60)
        await asked(office, "t2")
        settled = office.tasks.tasks["t1"].reached()
        office.tasks.seen = lambda: office.tasks.tasks.update(t1=settled)
        assert [call.due.reference for call in await office.due()] == ["t2"]
        assert office.tasks.tasks["t1"] == settled

    run(test())


async def kept_free(office: Office) -> PlannedCall:
    """Have an agent kept free for the call that they asked for."""
    await office.desk.sign_in("赵", "赵", frozenset({Skill.ORDINARY}))
    await asked(office)
    (call,) = await office.due()
    assert await office.errands.ready(call)
    return call


def test_a_database_that_is_away_as_the_citizen_answers_costs_the_talk_nothing() -> None:
    async def test():
        office = Office(a_task())
        call = await kept_free(office)
        office.is_journal_away, office.tasks.away = True, 2
        await office.errands.talk(call, LINE)
        found = office.tasks.tasks["t1"]
        assert office.orders == [None]
        assert (found.state, [one.result for one in found.tries]) == (
            CallbackState.DONE, [CallbackResult.TALKED],
        )  # fmt: skip
        assert await office.presence("赵") is Presence.READY

    run(test())


def test_a_talk_that_cannot_begin_lets_the_agent_go_and_the_citizen_is_called_again() -> None:
    async def test():
        office = Office(a_task())
        call = await kept_free(office)
        office.errands._channel = lambda line, conversation: 1 / 0
        with pytest.raises(ZeroDivisionError):
            await office.errands.talk(call, LINE)
        found = office.tasks.tasks["t1"]
        assert (found.state, found.last_result) == (CallbackState.OPEN, CallbackResult.BROKEN)
        assert await office.presence("赵") is Presence.READY

    run(test())


def test_who_is_marked_done_during_the_talk_stays_so() -> None:
    async def test():
        office = Office(a_task())
        call = await kept_free(office)
        done = await office.callbacks.finish("t1", CallbackState.DONE, by="赵", at=clock())
        await office.errands.talk(call, LINE)
        assert office.tasks.tasks["t1"] == done
        assert await office.presence("赵") is Presence.READY

    run(test())


def test_no_agent_is_kept_for_a_call_that_could_not_be_noted() -> None:
    async def test():
        office = Office(a_task())
        await office.desk.sign_in("赵", "赵", frozenset({Skill.ORDINARY}))
        await asked(office)
        (call,) = await office.due()
        office.tasks.away = 1
        with pytest.raises(StoreUnavailableError):
            await office.errands.ready(call)
        assert await office.presence("赵") is Presence.READY
        assert office.tasks.tasks["t1"].call_asked_at is not None
        assert await office.errands.ready(call)

    run(test())


def test_a_desk_that_is_away_leaves_the_wish_as_it_is() -> None:
    async def test():
        office = Office(a_task())
        await asked(office)
        (call,) = await office.due()

        async def request(wish):
            raise EngineUnavailableError("desk", "away")

        office.desk.request = request
        with pytest.raises(EngineUnavailableError):
            await office.errands.ready(call)
        assert office.tasks.tasks["t1"].call_asked_at == clock()

    run(test())
