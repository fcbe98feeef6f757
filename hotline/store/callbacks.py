"""Callback tasks in the hotline's database: numbers and words sealed, every change audited in its transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.callbacks import CallbackState, CallbackTask, NoSuchCallbackError
from hotline.domain.outbound import CallPurpose
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import callback_tasks, outbound_calls

_TASK: Final = TypeAdapter(CallbackTask)
_MACHINE: Final = "machine"


class SqlCallbacks:
    """The tasks; ``hotline.service.callbacks.CallbackStore`` says what they are for."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def add(self, task: CallbackTask) -> CallbackTask:
        """Keep ``task`` unless its conversation has one, and return the one that is kept."""
        mine = select(callback_tasks).where(callback_tasks.c.conversation == task.conversation)
        async with self._database.writing() as connection:
            row = self._insert(callback_tasks).values(
                id=task.id, conversation=task.conversation, created_at=task.created_at, **self._state(task)
            )
            added = await connection.execute(row.on_conflict_do_nothing())
            if added.rowcount:
                await self._audit(connection, task, "callback.planned", _MACHINE, task.created_at)
                return task
            return self._loaded((await connection.execute(mine)).one())

    async def get(self, task: str) -> CallbackTask | None:
        """Return a task, or None."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(callback_tasks).where(callback_tasks.c.id == task))
            ).one_or_none()
        return None if row is None else self._loaded(row)

    async def open_tasks(self, *, limit: int) -> Sequence[CallbackTask]:
        """Return tasks that nobody has taken, by the end of their window."""
        return await self._in_state(CallbackState.OPEN, limit)

    async def taken_tasks(self, *, limit: int | None = None) -> Sequence[CallbackTask]:
        """Return tasks that an agent has, by the end of their window."""
        return await self._in_state(CallbackState.TAKEN, limit)

    async def _in_state(self, state: CallbackState, limit: int | None) -> Sequence[CallbackTask]:
        found = (
            select(callback_tasks)
            .where(callback_tasks.c.state == state.value)
            .order_by(callback_tasks.c.window_end, callback_tasks.c.created_at, callback_tasks.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(found)).all()
        return [self._loaded(row) for row in rows]

    async def is_called(self, task: str, at: datetime) -> bool:
        """Tell whether a process has a call for the task in hand; one that died has it until its lease is over."""
        calls = outbound_calls.c
        mine = (calls.reference == task) & (calls.purpose == CallPurpose.CALLBACK.value)
        held = calls.process.is_not(None) & calls.ended_at.is_(None) & (calls.lease_until > at)
        async with self._database.reading() as connection:
            found = await connection.execute(select(calls.key).where(mine, held).limit(1))
            return found.first() is not None

    async def calls_asked(self, *, limit: int) -> Sequence[CallbackTask]:
        """Return tasks for which an agent wants a call placed now, the longest wait first."""
        asked = (
            select(callback_tasks)
            .where(callback_tasks.c.call_asked_at.is_not(None))
            .where(callback_tasks.c.state == CallbackState.TAKEN.value)
            .order_by(callback_tasks.c.call_asked_at, callback_tasks.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return [self._loaded(row) for row in rows]

    async def change(
        self, task: str, step: Callable[[CallbackTask], CallbackTask], *, by: str, at: datetime
    ) -> CallbackTask:
        """Change a task by ``step``; of two changes at once the second sees the first."""
        chosen = callback_tasks.c.id == task
        async with self._database.writing() as connection:
            row = (
                await connection.execute(select(callback_tasks).where(chosen).with_for_update())
            ).one_or_none()
            if row is None:
                raise NoSuchCallbackError(task)
            changed = step(self._loaded(row))
            await connection.execute(update(callback_tasks).where(chosen).values(**self._state(changed)))
            await self._audit(connection, changed, f"callback.{changed.state.value}", by, at)
        return changed

    def _state(self, task: CallbackTask) -> dict[str, Any]:
        return {
            "state": task.state.value,
            "window_end": task.window.end,
            "call_asked_at": task.call_asked_at,
            "body": self._seal.close(_TASK.dump_json(task), _place(task.id)),
        }

    def _loaded(self, row: Row[Any]) -> CallbackTask:
        return _TASK.validate_json(self._seal.open(row.body, _place(row.id)))

    @staticmethod
    async def _audit(connection: Any, task: CallbackTask, action: str, by: str, at: datetime) -> None:
        detail = {"reason": task.reason.value, "attempts": task.attempts, "conversation": task.conversation}
        if task.last_result is not None:
            detail["result"] = task.last_result.value
        await write_audit(
            connection, at=at, actor=by, action=action, subject=f"callback:{task.id}", detail=detail
        )


def _place(task: str) -> str:
    return f"callback:{task}"
