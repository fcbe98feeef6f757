"""What came in lately, kept for the watch on hot issues, with the alerts it leads to in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from hotline.domain.errors import StoreUnavailableError
from hotline.domain.hot_issues import Gathering
from hotline.domain.outbox import Message
from hotline.store.database import Database
from hotline.store.outbox import write_messages
from hotline.store.sealing import Seal
from hotline.store.tables import gatherings

_CURSOR: Final = "seen_until"


class SqlGatherings:
    """Gatherings in the hotline's database; ``hotline.service.hot_issues`` says what they are for."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def gathering(self, key: str) -> tuple[Gathering, int]:
        """Return what is kept under ``key`` and its revision; an empty one and 0 when there is nothing."""
        text, revision = await self._read(key)
        return (Gathering.from_json(json.loads(text)) if text else Gathering()), revision

    async def keep_gathering(
        self, key: str, gathering: Gathering, *, expected: int, messages: Sequence[Message], at: datetime
    ) -> bool:
        """Keep it with its messages; return False, and keep nothing, when the revision has changed."""
        return await self._write(
            key, json.dumps(gathering.to_json(), ensure_ascii=False), expected, messages, at
        )

    async def seen_until(self) -> tuple[int | None, int]:
        """Return the audit row up to which orders were counted, and the revision of that note."""
        text, revision = await self._read(_CURSOR)
        is_row = text and "T" not in text  # an earlier version noted a time
        return (int(text) if is_row else None), revision

    async def note_seen_until(self, row: int, *, expected: int, at: datetime) -> bool:
        """Note it; return False when another worker was first."""
        return await self._write(_CURSOR, str(row), expected, (), at)

    async def _read(self, key: str) -> tuple[str, int]:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(gatherings).where(gatherings.c.key == key))).one_or_none()
        if row is None:
            return "", 0
        return self._seal.open(row.body, f"gathering:{key}").decode(), row.revision

    async def _write(
        self, key: str, text: str, expected: int, messages: Sequence[Message], at: datetime
    ) -> bool:
        body = self._seal.close(text.encode(), f"gathering:{key}")
        try:
            async with self._database.writing() as connection:
                if expected == 0:
                    await connection.execute(insert(gatherings).values(key=key, revision=1, body=body))
                else:
                    changed = await connection.execute(
                        update(gatherings)
                        .where(gatherings.c.key == key, gatherings.c.revision == expected)
                        .values(revision=expected + 1, body=body)
                    )
                    if changed.rowcount != 1:
                        return False
                await write_messages(connection, self._seal, messages, at)
        except StoreUnavailableError as error:
            if isinstance(error.__cause__, IntegrityError):  # another watcher kept the first one meanwhile
                return False
            raise
        return True
