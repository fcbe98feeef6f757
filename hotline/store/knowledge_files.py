"""Where the files of articles are kept (附件文件): a row for each, the thing itself in a sealed file named by its digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.dialects import postgresql, sqlite

from hotline.domain.knowledge_files import KnowledgeFile, KnowledgeFileNotFoundError
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.knowledge_tables import knowledge_files
from hotline.store.sealed_files import SealedFiles
from hotline.store.sealing import Seal

_KIND: Final = "knowledge-file"


class SqlKnowledgeFiles:
    """Rows and files. Methods raise ``StoreUnavailableError``; those that touch files ``OSError``, too."""

    def __init__(self, database: Database, seal: Seal, folder: Path) -> None:
        """Take the database, what seals, and the folder of the files."""
        self._database = database
        self._files = SealedFiles(seal, folder, _KIND)

    async def add(self, file: KnowledgeFile, *, name: str) -> None:
        """Note a file with its audit row; one that was handed in before stays as it was."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        row = insert(knowledge_files).values(
            digest=file.digest, kind=file.kind, size=file.size, kept_at=file.kept_at, kept_by=file.kept_by
        )
        async with self._database.writing() as connection:
            added = await connection.execute(
                row.on_conflict_do_nothing(index_elements=[knowledge_files.c.digest])
            )
            if added.rowcount == 1:
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


def _file(row: Row[Any]) -> KnowledgeFile:
    return KnowledgeFile(**row._mapping)  # noqa: SLF001 -- SQLAlchemy's documented way
