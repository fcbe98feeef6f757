"""Where the files of articles are kept (附件文件): a row for each, the thing itself in a sealed file named by its digest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.errors import StoreUnavailableError
from hotline.domain.knowledge import HANDED_IN
from hotline.domain.knowledge_files import KnowledgeFile, KnowledgeFileNotFoundError
from hotline.domain.people import MACHINE
from hotline.store.auditing import AuditRow, hold_audit, write_audit, write_audit_rows
from hotline.store.database import Database
from hotline.store.knowledge_tables import article_versions, knowledge_files
from hotline.store.sealed_files import SealedFiles
from hotline.store.sealing import Seal

_KIND: Final = "knowledge-file"
_ADDRESS: Final = re.compile(HANDED_IN + "([0-9a-f]{64})")
_NAME: Final = re.compile(r"([0-9a-f]{64})\.(?:sealed|[0-9a-f]{8})")
"""What lies in the folder; the second while it is being written, or for ever where a process was ended at it."""


class SqlKnowledgeFiles:
    """Rows and files. Methods raise ``StoreUnavailableError``; those that touch files ``OSError``, too."""

    def __init__(self, database: Database, seal: Seal, folder: Path) -> None:
        """Take the database, what seals, and the folder of the files."""
        self._database = database
        self._files = SealedFiles(seal, folder, _KIND)

    async def add(self, file: KnowledgeFile, *, name: str) -> None:
        """Note who handed in a file, with the audit row; of one that was handed in before, who did so last."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        row = insert(knowledge_files).values(
            digest=file.digest, kind=file.kind, size=file.size, kept_at=file.kept_at, kept_by=file.kept_by
        )
        again = {"kept_at": file.kept_at, "kept_by": file.kept_by}
        async with self._database.writing() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=[knowledge_files.c.digest], set_=again)
            )
            await write_audit(
                connection,
                at=file.kept_at,
                actor=file.kept_by,
                action="knowledge_file.kept",
                subject=file.digest,
                detail={"name": name, "kind": file.kind, "size": file.size},
            )

    async def get(self, digest: str) -> KnowledgeFile:
        """Return a file's row or raise ``KnowledgeFileNotFoundError``."""
        found = (await self.known([digest])).get(digest)
        if found is None:
            raise KnowledgeFileNotFoundError(digest)
        return found

    async def known(self, digests: Collection[str]) -> Mapping[str, KnowledgeFile]:
        """Return the rows of those of the digests that were handed in."""
        if not digests:
            return {}
        mine = select(knowledge_files).where(knowledge_files.c.digest.in_(sorted(digests)))
        async with self._database.reading() as connection:
            return {row.digest: _file(row) for row in (await connection.execute(mine)).all()}

    # --- deleting ------------------------------------------------------------------------------------------------

    async def unused(self, *, before: datetime, limit: int) -> Sequence[str]:
        """Return digests of files that were last handed in before then and that no version carries."""
        old = select(knowledge_files.c.digest).where(knowledge_files.c.kept_at < before)
        async with self._database.reading(is_long=True) as connection:
            digests = (await connection.execute(old)).scalars()
            return sorted(set(digests) - await _carried(connection))[:limit]

    async def delete(self, digests: Sequence[str], *, before: datetime, at: datetime) -> int:
        """Delete those of the files that are still unused, rows and all; return how many.

        Files go before their rows: who is ended in between leaves rows without files, which are missing for everybody
        and go the next time. Whoever hands one of them in at that moment waits for it (``add``), and writes it again.
        """
        mine = select(knowledge_files).where(
            knowledge_files.c.digest.in_(sorted(digests)), knowledge_files.c.kept_at < before
        )
        async with self._database.writing() as connection:
            held = mine.order_by(knowledge_files.c.digest).with_for_update()
            files = [_file(row) for row in (await connection.execute(held)).all()]
            carried = await _carried(connection)  # a draft may have been saved since
            gone = [one for one in files if one.digest not in carried]
            await asyncio.to_thread(self._unlink, [_path(one.digest) for one in gone])
            those = knowledge_files.c.digest.in_([one.digest for one in gone])
            await connection.execute(delete(knowledge_files).where(those))
            facts = [
                (one.digest, {"kind": one.kind, "size": one.size, "kept_at": one.kept_at.isoformat()})
                for one in gone
            ]
            await write_audit_rows(connection, [_deleted(at, *each) for each in facts])
        return len(gone)

    async def delete_strays(self, *, before: datetime, at: datetime, limit: int) -> int:
        """Delete files of the folder from before then that have no row, or were never written whole; return how many.

        Left alone are those that a version carries, for the row may be put back, and what this hotline's key does not
        open: there the folder is another hotline's.
        """
        lying = await asyncio.to_thread(self._files.older_than, before)
        found = {path: match[1] for path in lying if (match := _NAME.fullmatch(Path(path).name))}
        async with self._database.reading(is_long=True) as connection:
            rows = (await connection.execute(select(knowledge_files.c.digest))).scalars()
            kept = {_path(digest) for digest in {*rows} | await _carried(connection)}
        some = {path: found[path] for path in sorted(found.keys() - kept)[:limit]}
        some = await asyncio.to_thread(self._own, some)
        if not some:
            return 0
        async with self._database.writing() as connection:
            # Who hands one in writes an audit row: either that was before, and the file's row is seen, or it waits.
            await hold_audit(connection)
            known = select(knowledge_files.c.digest).where(knowledge_files.c.digest.in_(set(some.values())))
            taken = {_path(digest) for digest in (await connection.execute(known)).scalars()}
            gone = [path for path in some if path not in taken]
            await asyncio.to_thread(self._unlink, gone)
            await write_audit_rows(connection, [_deleted(at, some[path], {"path": path}) for path in gone])
        return len(gone)

    def _own(self, files: Mapping[str, str]) -> dict[str, str]:
        """Return those that were not written whole, and those that the key opens."""
        found = {}
        for path, digest in files.items():
            with suppress(FileNotFoundError, StoreUnavailableError):
                if path == _path(digest):
                    self._files.read(digest, path)
                found[path] = digest
        return found

    def _unlink(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._files.unlink(path)

    # --- files: these block, call them in a thread ---------------------------------------------------------------

    def write(self, digest: str, body: bytes) -> None:
        """Keep what has this digest, unless it is there."""
        if not self._files.is_there(_path(digest)):
            self._files.write(digest, _path(digest), body)

    def is_there(self, digest: str) -> bool:
        """Tell whether the file itself is there."""
        return self._files.is_there(_path(digest))

    def read(self, digest: str) -> bytes:
        """Return what is in the file; raise ``KnowledgeFileNotFoundError`` when it is gone."""
        try:
            return self._files.read(digest, _path(digest))
        except FileNotFoundError as error:
            raise KnowledgeFileNotFoundError(digest) from error


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest}.sealed"


async def _carried(connection: AsyncConnection) -> set[str]:
    """Return the digests of the files that any version of any article carries."""
    bodies = select(article_versions.c.body).where(article_versions.c.body.contains(HANDED_IN))
    return {
        digest async for body in await connection.stream_scalars(bodies) for digest in _ADDRESS.findall(body)
    }


def _deleted(at: datetime, digest: str, detail: Mapping[str, Any]) -> AuditRow:
    return AuditRow(at, str(MACHINE), "knowledge_file.deleted", digest, detail)


def _file(row: Row[Any]) -> KnowledgeFile:
    return KnowledgeFile(**row._mapping)  # noqa: SLF001 -- SQLAlchemy's documented way
