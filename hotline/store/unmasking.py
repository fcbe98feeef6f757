"""Requests to see confidential citizens in the hotline's database: reasons sealed, every change audited in its transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, func, insert, select, update

from hotline.domain.unmasking import UnmaskRefusedError, UnmaskRequest, UnmaskState
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import unmask_requests as table

_REQUEST: Final = TypeAdapter(UnmaskRequest)
_MOST: Final = 20


class SqlUnmaskings:
    """``hotline.service.unmasking.UnmaskStore`` says what they are for."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def add(self, request: UnmaskRequest) -> UnmaskRequest:
        """Keep a request, or return the one of the same person and order that still waits."""
        same = select(table).where(
            table.c.number == request.order, table.c.asker == request.by, table.c.state == UnmaskState.ASKED
        )
        async with self._database.writing() as connection:
            # The audit row makes writers wait for each other, so that nobody asks twice at once.
            await self._audit(connection, request, request.by, request.asked_at)
            row = (await connection.execute(same)).first()
            if row is not None:
                return self._loaded(row)
            await connection.execute(
                insert(table).values(
                    id=request.id, number=request.order, asker=request.by, asked_at=request.asked_at,
                    **self._state(request),
                )
            )  # fmt: skip
        return request

    async def waiting(self, *, limit: int) -> Sequence[UnmaskRequest]:
        """Return requests that nobody has decided, the oldest first."""
        asked = select(table).where(table.c.state == UnmaskState.ASKED)
        return await self._found(asked.order_by(table.c.asked_at, table.c.id).limit(limit))

    async def count_waiting(self) -> int:
        """Count them."""
        asked = select(func.count()).select_from(table).where(table.c.state == UnmaskState.ASKED)
        async with self._database.reading() as connection:
            return int((await connection.execute(asked)).scalar_one())

    async def of(self, number: str, by: str) -> Sequence[UnmaskRequest]:
        """Return a person's requests for an order, the newest first."""
        mine = select(table).where(table.c.number == number, table.c.asker == by)
        return await self._found(mine.order_by(table.c.asked_at.desc(), table.c.id).limit(_MOST))

    async def change(
        self, request: str, step: Callable[[UnmaskRequest], UnmaskRequest], *, by: str, at: datetime
    ) -> UnmaskRequest:
        """Change one by ``step``; of two changes at once the second sees the first."""
        chosen = table.c.id == request
        async with self._database.writing() as connection:
            row = (await connection.execute(select(table).where(chosen).with_for_update())).one_or_none()
            if row is None:
                raise UnmaskRefusedError("there is no such request")
            changed = step(self._loaded(row))
            await connection.execute(update(table).where(chosen).values(**self._state(changed)))
            await self._audit(connection, changed, by, at)
        return changed

    async def _found(self, query: Any) -> Sequence[UnmaskRequest]:
        async with self._database.reading() as connection:
            return [self._loaded(row) for row in (await connection.execute(query)).all()]

    def _state(self, request: UnmaskRequest) -> dict[str, Any]:
        body = self._seal.close(_REQUEST.dump_json(request), f"unmask:{request.id}")
        return {"state": request.state.value, "body": body}

    def _loaded(self, row: Row[Any]) -> UnmaskRequest:
        return _REQUEST.validate_json(self._seal.open(row.body, f"unmask:{row.id}"))

    @staticmethod
    async def _audit(connection: Any, request: UnmaskRequest, by: str, at: datetime) -> None:
        detail = {"request": request.id, "asker": request.by}
        if request.until is not None:
            detail["until"] = request.until.isoformat()
        await write_audit(
            connection, at=at, actor=f"staff:{by}", action=f"unmask.{request.state.value}", subject=request.order,
            detail=detail,
        )  # fmt: skip
