"""The confidential relay's messages, sealed, with their audit rows and what is passed on, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from pydantic import TypeAdapter
from sqlalchemy import func, select

from hotline.domain.outbox import Message
from hotline.domain.relay import RelayMessage
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.outbox import write_messages
from hotline.store.sealing import Seal
from hotline.store.tables import relay

_MESSAGE: Final = TypeAdapter(RelayMessage)


class RelayStore(Protocol):
    """Keeps the talk on an order."""

    async def keep(
        self, message: RelayMessage, passed_on: Callable[[int], tuple[Message, ...]]
    ) -> RelayMessage:
        """Commit ``message`` and, by its index on the order, what is passed on."""

    async def thread(self, number: str) -> Sequence[RelayMessage]:
        """Return the messages on an order, the oldest first."""


class SqlRelayStore:
    """The relay in the hotline's database."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals its rows."""
        self._database = database
        self._seal = seal

    async def keep(
        self, message: RelayMessage, passed_on: Callable[[int], tuple[Message, ...]]
    ) -> RelayMessage:
        """Commit ``message`` and what is passed on."""
        mine = select(func.count()).select_from(relay).where(relay.c.number == message.number)
        async with self._database.writing() as connection:
            # The audit row comes first: it makes writers wait for each other, so that no index is given twice.
            await write_audit(
                connection,
                at=message.at,
                actor=str(message.by),
                action="relay.message",
                subject=message.number,
                detail={"wants_call": message.wants_call},
            )
            index = (await connection.execute(mine)).scalar_one() + 1
            body = self._seal.close(_MESSAGE.dump_json(message), f"relay:{message.number}:{index}")
            await connection.execute(
                relay.insert().values(number=message.number, position=index, at=message.at, body=body)
            )
            await write_messages(connection, self._seal, passed_on(index), message.at)
        return message

    async def thread(self, number: str) -> Sequence[RelayMessage]:
        """Return the messages on an order, the oldest first."""
        theirs = select(relay).where(relay.c.number == number).order_by(relay.c.position)
        async with self._database.reading() as connection:
            rows = (await connection.execute(theirs)).all()
        return [
            _MESSAGE.validate_json(self._seal.open(row.body, f"relay:{number}:{row.position}"))
            for row in rows
        ]
