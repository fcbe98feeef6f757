"""Corrections in the hotline's database: words sealed, every change audited in its transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, delete, insert, select, update

from hotline.domain.corrections import Correction, CorrectionState, NoSuchCorrectionError
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import corrections

_CORRECTION: Final = TypeAdapter(Correction)


class SqlCorrections:
    """The corrections; ``hotline.service.corrections.CorrectionStore`` says what they are for."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def add(self, correction: Correction) -> Correction:
        """Keep a correction instead of an earlier one of the same order and kind that nobody has reviewed."""
        earlier = (
            (corrections.c.number == correction.order)
            & (corrections.c.kind == correction.of.value)
            & (corrections.c.state == CorrectionState.PROPOSED.value)
        )
        async with self._database.writing() as connection:
            await connection.execute(delete(corrections).where(earlier))
            await connection.execute(
                insert(corrections).values(
                    id=correction.id,
                    number=correction.order,
                    kind=correction.of.value,
                    created_at=correction.at,
                    **self._state(correction),
                )
            )
            await self._audit(connection, correction, correction.by, correction.at)
        return correction

    async def listed(self, state: CorrectionState | None, *, limit: int) -> Sequence[Correction]:
        """Return corrections in a state, the oldest first."""
        query = select(corrections).order_by(corrections.c.created_at, corrections.c.id).limit(limit)
        if state is not None:
            query = query.where(corrections.c.state == state.value)
        async with self._database.reading() as connection:
            return [self._loaded(row) for row in (await connection.execute(query)).all()]

    async def change(
        self, correction: str, step: Callable[[Correction], Correction], *, by: str, at: datetime
    ) -> Correction:
        """Change one by ``step``; of two changes at once the second sees the first."""
        chosen = corrections.c.id == correction
        async with self._database.writing() as connection:
            row = (
                await connection.execute(select(corrections).where(chosen).with_for_update())
            ).one_or_none()
            if row is None:
                raise NoSuchCorrectionError(correction)
            changed = step(self._loaded(row))
            await connection.execute(update(corrections).where(chosen).values(**self._state(changed)))
            await self._audit(connection, changed, by, at)
        return changed

    def _state(self, correction: Correction) -> dict[str, Any]:
        return {
            "state": correction.state.value,
            "body": self._seal.close(_CORRECTION.dump_json(correction), _place(correction.id)),
        }

    def _loaded(self, row: Row[Any]) -> Correction:
        return _CORRECTION.validate_json(self._seal.open(row.body, _place(row.id)))

    @staticmethod
    async def _audit(connection: Any, correction: Correction, by: str, at: datetime) -> None:
        detail = {"order": correction.order, "of": correction.of.value}
        if correction.of.value != "place":
            detail |= {"understood": correction.understood, "right": correction.right}
        await write_audit(
            connection,
            at=at,
            actor=by,
            action=f"correction.{correction.state.value}",
            subject=f"correction:{correction.id}",
            detail=detail,
        )


def _place(correction: str) -> str:
    return f"correction:{correction}"
