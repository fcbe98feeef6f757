"""Files of articles on every database: kept once, sealed, with who handed them in; what is altered or gone is not handed out."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.domain.errors import StoreUnavailableError
from hotline.domain.knowledge import Attachment
from hotline.domain.knowledge_files import DOCX, KnowledgeFile, KnowledgeFileNotFoundError
from hotline.service.knowledge_files import KnowledgeFiles
from hotline.store.knowledge import SqlKnowledge, VersionChange
from hotline.store.knowledge_files import SqlKnowledgeFiles
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit
from tests.articles import EDITOR, OTHER_EDITOR, published
from tests.builders import NOW, after
from tests.contracts.conftest import SECRET
from tests.documents import a_word_of

BODY = a_word_of({})
DIGEST = hashlib.sha256(BODY).hexdigest()
FORM = Attachment("申请表.docx", f"sha256:{DIGEST}")


async def test_a_file_is_kept_once_and_sealed_and_had_while_its_article_is_valid(
    store: SqlStore, tmp_path: Path
) -> None:
    articles = SqlKnowledge(store.database, Seal(SECRET))
    kept = SqlKnowledgeFiles(store.database, Seal(SECRET), tmp_path / "files")
    files = KnowledgeFiles(kept, articles, most_bytes=1_000_000)
    assert await files.keep(BODY, name="申请表.docx", by=EDITOR, at=NOW) == FORM
    other = await files.keep(BODY, name="表2.docx", by=OTHER_EDITOR, at=after(60))
    assert other == Attachment("表2.docx", FORM.address)
    async with store.database.reading() as connection:
        rows = await connection.execute(select(audit).order_by(audit.c.sequence))
        assert [(row.actor, row.action, row.subject) for row in rows] == [
            ("editor:e-1", "knowledge_file.kept", DIGEST)
        ]
    (file,) = (one for one in (tmp_path / "files").rglob("*") if one.is_file())
    assert (file.name, BODY[:30] in file.read_bytes()) == (f"{DIGEST}.sealed", False)

    until = (NOW + timedelta(days=30)).date()
    version = published(valid_until=until, attachments=(FORM,))
    await articles.commit(VersionChange(version), at=NOW)
    row = KnowledgeFile(DIGEST, DOCX, len(BODY), NOW, "editor:e-1")
    assert await files.for_citizens("A0101-01", DIGEST, on=until) == (FORM, row, BODY)
    assert await files.missing(version.article) == []
    with pytest.raises(KnowledgeFileNotFoundError):
        await files.for_citizens("A0101-01", DIGEST, on=until + timedelta(days=1))
    sealed = file.read_bytes()
    file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(StoreUnavailableError):
        await files.for_citizens("A0101-01", DIGEST, on=until)
    file.unlink()
    with pytest.raises(KnowledgeFileNotFoundError):
        await files.for_editors("A0101-01", DIGEST)
    assert await files.missing(version.article) == ["申请表.docx"]
    await files.keep(BODY, name="申请表.docx", by=EDITOR, at=after(120))  # handed in again, it is there again
    assert (await files.for_editors("A0101-01", DIGEST))[2] == BODY


async def test_a_folder_that_cannot_be_written_keeps_neither_file_nor_row(
    store: SqlStore, tmp_path: Path
) -> None:
    (tmp_path / "files").write_text("not a folder")
    kept = SqlKnowledgeFiles(store.database, Seal(SECRET), tmp_path / "files")
    files = KnowledgeFiles(kept, SqlKnowledge(store.database, Seal(SECRET)), most_bytes=1_000_000)
    with pytest.raises(StoreUnavailableError):
        await files.keep(BODY, name="a.docx", by=EDITOR, at=NOW)
    assert await kept.known([DIGEST]) == {}
