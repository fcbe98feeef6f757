"""Handovers to other lines, sealed, with their audit rows and messages in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from hotline.domain.errors import StaleWorkOrderError, StoreUnavailableError
from hotline.domain.linkage import Linkage
from hotline.domain.outbox import Message
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.outbox import write_messages
from hotline.store.sealing import Seal
from hotline.store.tables import linkages

_LINKAGE: Final = TypeAdapter(Linkage)


class LinkageStore(Protocol):
    """Keeps handovers. All methods raise ``StoreUnavailableError`` when the database is away."""

    async def get(self, handover: str) -> Linkage | None:
        """Return a handover, or None."""

    async def of_order(self, number: str) -> Sequence[Linkage]:
        """Return the handovers of an order."""

    async def commit(
        self,
        linkage: Linkage,
        *,
        expected: int | None,
        by: str,
        at: datetime,
        messages: Sequence[Message] = (),
    ) -> None:
        """Keep it, new (``expected`` None) or changed from that revision; ``StaleWorkOrderError`` if it was changed."""


class SqlLinkages:
    """The handovers in the hotline's database."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def get(self, handover: str) -> Linkage | None:
        """Return a handover, or None."""
        found = await self._found(linkages.c.id == handover)
        return found[0] if found else None

    async def of_order(self, number: str) -> Sequence[Linkage]:
        """Return the handovers of an order."""
        return await self._found(linkages.c.number == number)

    async def commit(
        self,
        linkage: Linkage,
        *,
        expected: int | None,
        by: str,
        at: datetime,
        messages: Sequence[Message] = (),
    ) -> None:
        """Keep it with its audit row and messages."""
        row = {
            "id": linkage.id,
            "number": linkage.number,
            "line": linkage.line.value,
            "state": linkage.state.value,
            "revision": linkage.revision,
            "body": self._seal.close(_LINKAGE.dump_json(linkage), f"linkage:{linkage.id}"),
        }
        try:
            async with self._database.writing() as connection:
                if expected is None:
                    await connection.execute(linkages.insert().values(**row))
                else:
                    mine = update(linkages).where(
                        linkages.c.id == linkage.id, linkages.c.revision == expected
                    )
                    if (await connection.execute(mine.values(**row))).rowcount != 1:
                        raise StaleWorkOrderError(linkage.id)
                await write_audit(
                    connection,
                    at=at,
                    actor=by,
                    action=f"linkage.{linkage.state.value}",
                    subject=linkage.number,
                    detail={"line": linkage.line.value, "accepted_by": linkage.accepted_by},
                )
                await write_messages(connection, self._seal, messages, at)
        except StoreUnavailableError as error:
            if isinstance(error.__cause__, IntegrityError):  # another was first
                raise StaleWorkOrderError(linkage.id) from error
            raise

    async def _found(self, condition: Any) -> list[Linkage]:
        chosen = select(linkages.c.id, linkages.c.body).where(condition).order_by(linkages.c.id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(chosen)).all()
        return [_LINKAGE.validate_json(self._seal.open(row.body, f"linkage:{row.id}")) for row in rows]
