"""Where the recordings of calls are (录音): one row for each; the sound itself is in sealed files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from hotline.store.database import Database
from hotline.store.tables import conversations, recordings, work_orders


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. ``path`` is below the folder of recordings; ``seconds`` None: the call's process did not end it.

    ``digest``: SHA-256 of the sealed file, empty while it is written.
    """

    conversation: str
    path: str
    started_at: datetime
    seconds: float | None = None
    is_complete: bool = False
    digest: str = ""


class SqlRecordings:
    """The rows. Every method raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert

    async def begin(self, recording: Recording) -> None:
        """Note that a call is being recorded; one that has ended meanwhile stays so."""
        row = self._insert(recordings).values(**_row(recording))
        async with self._database.writing() as connection:
            await connection.execute(row.on_conflict_do_nothing())

    async def end(self, recording: Recording) -> None:
        """Note how a recording ended, also of one whose beginning could not be noted: what has no row is never deleted."""
        ended = {
            "seconds": recording.seconds,
            "is_complete": recording.is_complete,
            "digest": recording.digest,
        }
        row = self._insert(recordings).values(**_row(recording))
        async with self._database.writing() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=[recordings.c.conversation], set_=ended)
            )

    async def get(self, conversation: str) -> Recording | None:
        """Return the recording of a conversation."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(recordings).where(recordings.c.conversation == conversation))
            ).one_or_none()
        return None if row is None else Recording(**row._mapping)  # noqa: SLF001 -- SQLAlchemy's documented way

    async def of_order(self, number: str) -> Sequence[Recording]:
        """Return the recordings of all calls that an order came of or that were merged into it, the first first."""
        mine = select(conversations.c.id).where(conversations.c.work_order == number)
        first = select(work_orders.c.conversation).where(work_orders.c.number == number)
        found = select(recordings).where(
            recordings.c.conversation.in_(mine) | recordings.c.conversation.in_(first)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(found.order_by(recordings.c.started_at))).all()
        return [Recording(**row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's documented way

    async def orders_of(self, conversation: str) -> Sequence[str]:
        """Return the numbers of the orders that a call belongs to."""
        by_call = select(conversations.c.work_order).where(
            conversations.c.id == conversation, conversations.c.work_order.is_not(None)
        )
        by_order = select(work_orders.c.number).where(work_orders.c.conversation == conversation)
        async with self._database.reading() as connection:
            return sorted(set((await connection.execute(by_call.union(by_order))).scalars()))

    async def forget(self, conversation: str) -> None:
        """Delete the row of a recording that was deleted."""
        async with self._database.writing() as connection:
            await connection.execute(delete(recordings).where(recordings.c.conversation == conversation))


def _row(recording: Recording) -> dict[str, object]:
    return {
        "conversation": recording.conversation,
        "path": recording.path,
        "started_at": recording.started_at,
        "seconds": recording.seconds,
        "is_complete": recording.is_complete,
        "digest": recording.digest,
    }
