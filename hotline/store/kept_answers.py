"""Answers kept for programs that ask again (幂等): the same key gets the first answer, whatever was lost on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from hotline.store.database import Database
from hotline.store.sealing import Seal
from hotline.store.tables import kept_answers

KEPT_FOR: Final = timedelta(hours=24)
GIVEN_UP_AFTER: Final = timedelta(minutes=1)
"""An answer that is under way for so long was lost with its process; whoever asks again starts anew."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A first answer. ``asked`` is a digest of what was asked; ``status`` None: it is under way."""

    asked: str
    status: int | None
    body: bytes


class SqlKeptAnswers:
    """Answers in the hotline's database, sealed, for a day."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def begin(self, holder: str, key: str, asked: str, *, at: datetime) -> KeptAnswer | None:
        """Return the first answer to ``key``; None when this is the first, which is now under way."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        is_lost = (kept_answers.c.status.is_(None)) & (kept_answers.c.at < at - GIVEN_UP_AFTER)
        async with self._database.writing() as connection:
            await connection.execute(
                delete(kept_answers).where((kept_answers.c.at < at - KEPT_FOR) | (_is(holder, key) & is_lost))
            )
            added = await connection.execute(
                insert(kept_answers)
                .values(holder=holder, key=key, asked=asked, at=at)
                .on_conflict_do_nothing()
                .returning(kept_answers.c.key)
            )
            if added.one_or_none() is not None:
                return None
            row = (await connection.execute(select(kept_answers).where(_is(holder, key)))).one()
        body = b"" if row.body is None else self._seal.open(row.body, _place(holder, key))
        return KeptAnswer(row.asked, row.status, body)

    async def keep(self, holder: str, key: str, status: int, body: bytes) -> None:
        """Keep the answer that was under way."""
        sealed = self._seal.close(body, _place(holder, key))
        async with self._database.writing() as connection:
            await connection.execute(
                update(kept_answers).where(_is(holder, key)).values(status=status, body=sealed)
            )

    async def forget(self, holder: str, key: str) -> None:
        """Let the next one who asks begin anew: nothing came of this one."""
        async with self._database.writing() as connection:
            await connection.execute(delete(kept_answers).where(_is(holder, key)))


def _is(holder: str, key: str) -> ColumnElement[bool]:
    return (kept_answers.c.holder == holder) & (kept_answers.c.key == key)


def _place(holder: str, key: str) -> str:
    return f"kept_answer:{holder}:{key}"
