"""Where pictures and documents of citizens are kept (证据材料): a row for each, the thing itself in a sealed file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.errors import HotlineError
from hotline.store.database import Database
from hotline.store.sealed_files import SealedFiles
from hotline.store.sealing import Seal
from hotline.store.tables import conversations, evidence, work_orders


class NoSuchEvidenceError(HotlineError):
    """There is no picture or document of this name."""

    code = "evidence.not_found"


class EvidenceLockedError(HotlineError):
    """It belongs to a confidential order or a tip-off: seeing it needs a reason and a second person."""

    code = "evidence.locked"


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One picture or document. ``kind`` is its media type, ``size`` in bytes, ``path`` below the folder of evidence."""

    id: str
    conversation: str
    work_order: str | None
    kept_at: datetime
    kind: str
    size: int
    path: str
    digest: str


class SqlEvidence:
    """Rows and files. Methods raise ``StoreUnavailableError``; those that touch files ``OSError``, too."""

    def __init__(self, database: Database, seal: Seal, folder: Path) -> None:
        """Take the database, what seals, and the folder of the files."""
        self._database = database
        self._files = SealedFiles(seal, folder, "evidence-file")

    async def add(self, item: EvidenceItem) -> bool:
        """Note an item; False when it was there already."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        row = insert(evidence).values(
            id=item.id,
            conversation=item.conversation,
            work_order=item.work_order,
            kept_at=item.kept_at,
            kind=item.kind,
            size=item.size,
            path=item.path,
            digest=item.digest,
        )
        async with self._database.writing() as connection:
            added = await connection.execute(row.on_conflict_do_nothing(index_elements=[evidence.c.id]))
            return added.rowcount == 1

    async def count(self, conversation: str, *, order: str | None) -> int:
        """Return how many things a conversation has kept for one matter."""
        mine = select(func.count()).select_from(evidence).where(evidence.c.conversation == conversation)
        one = mine.where(evidence.c.work_order == order if order else evidence.c.work_order.is_(None))
        async with self._database.reading() as connection:
            return int((await connection.execute(one)).scalar_one())

    async def get(self, item: str) -> EvidenceItem:
        """Return an item or raise ``NoSuchEvidenceError``."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(evidence).where(evidence.c.id == item))).one_or_none()
        if row is None:
            raise NoSuchEvidenceError(item)
        return self._item(row)

    async def of_order(self, number: str) -> Sequence[EvidenceItem]:
        """Return what belongs to an order, the first first: sent for it, or with the conversation that it came of."""
        talk = select(work_orders.c.conversation).where(work_orders.c.number == number)
        loose = evidence.c.work_order.is_(None) & evidence.c.conversation.in_(talk)
        mine = select(evidence).where((evidence.c.work_order == number) | loose)
        async with self._database.reading() as connection:
            rows = (await connection.execute(mine.order_by(evidence.c.kept_at, evidence.c.id))).all()
        return [self._item(row) for row in rows]

    async def of_conversation(self, conversation: str) -> Sequence[EvidenceItem]:
        """Return what came with a conversation, the first first."""
        mine = select(evidence).where(evidence.c.conversation == conversation).order_by(evidence.c.kept_at)
        async with self._database.reading() as connection:
            return [self._item(row) for row in (await connection.execute(mine)).all()]

    async def orders_of(self, item: EvidenceItem) -> Sequence[str]:
        """Return the orders that an item belongs to."""
        if item.work_order is not None:
            return (item.work_order,)
        by_talk = select(work_orders.c.number).where(work_orders.c.conversation == item.conversation)
        merged = select(conversations.c.work_order).where(
            conversations.c.id == item.conversation, conversations.c.work_order.is_not(None)
        )
        async with self._database.reading() as connection:
            return sorted(set((await connection.execute(by_talk.union(merged))).scalars()))

    async def forget(self, conversation: str) -> Sequence[str]:
        """Delete the rows of a conversation's things and return the paths of their files."""
        mine = evidence.c.conversation == conversation
        async with self._database.writing() as connection:
            paths = (await connection.execute(select(evidence.c.path).where(mine))).scalars().all()
            await connection.execute(delete(evidence).where(mine))
        return paths

    async def drop(self, items: Sequence[str]) -> Sequence[str]:
        """Delete the rows of some things and return the paths of their files."""
        mine = evidence.c.id.in_(items)
        async with self._database.writing() as connection:
            paths = (await connection.execute(select(evidence.c.path).where(mine))).scalars().all()
            await connection.execute(delete(evidence).where(mine))
        return paths

    # --- files: these block, call them in a thread ---------------------------------------------------------------

    def write(self, item: str, path: str, body: bytes) -> str:
        """Write the sealed file and return its digest; one that is there is replaced."""
        return self._files.write(item, path, body)

    def read(self, item: EvidenceItem) -> bytes:
        """Return what is in the file; raise ``NoSuchEvidenceError`` when it is gone."""
        try:
            return self._files.read(item.id, item.path)
        except FileNotFoundError as error:
            raise NoSuchEvidenceError(item.id) from error

    def unlink(self, path: str) -> None:
        """Delete a file."""
        self._files.unlink(path)

    @staticmethod
    def _item(row: Row[Any]) -> EvidenceItem:
        return EvidenceItem(**row._mapping)  # noqa: SLF001 -- SQLAlchemy's documented way
