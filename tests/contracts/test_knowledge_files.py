"""Files of articles on every database: kept once, sealed, with who handed them in; what is altered or gone is not handed out."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.domain.article_life import ArticleStep
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.knowledge import Attachment
from hotline.domain.knowledge_files import DOCX, KnowledgeFile, KnowledgeFileNotFoundError
from hotline.service.knowledge_files import KnowledgeFiles
from hotline.store.knowledge import SqlKnowledge, VersionChange
from hotline.store.knowledge_files import SqlKnowledgeFiles
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit
from tests.articles import EDITOR, OTHER_EDITOR, a_draft, published
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
    assert await kept.get(DIGEST) == KnowledgeFile(DIGEST, DOCX, len(BODY), NOW, "editor:e-1")
    other = await files.keep(BODY, name="表2.docx", by=OTHER_EDITOR, at=after(60))
    assert other == Attachment("表2.docx", FORM.address)
    async with store.database.reading() as connection:
        rows = await connection.execute(select(audit).order_by(audit.c.sequence))
        assert [(row.actor, row.action, row.subject) for row in rows] == [
            ("editor:e-1", "knowledge_file.kept", DIGEST),
            ("editor:e-2", "knowledge_file.kept", DIGEST),
        ]
    (file,) = (one for one in (tmp_path / "files").rglob("*") if one.is_file())
    assert (file.name, BODY[:30] in file.read_bytes()) == (f"{DIGEST}.sealed", False)

    until = (NOW + timedelta(days=30)).date()
    version = published(valid_until=until, attachments=(FORM,))
    await articles.commit(VersionChange(version), at=NOW)
    row = KnowledgeFile(DIGEST, DOCX, len(BODY), after(60), "editor:e-2")
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


async def test_what_no_version_carries_is_deleted_when_it_is_old_and_only_then(
    store: SqlStore, tmp_path: Path
) -> None:
    articles, folder = SqlKnowledge(store.database, Seal(SECRET)), tmp_path / "files"
    kept = SqlKnowledgeFiles(store.database, Seal(SECRET), folder)
    files = KnowledgeFiles(kept, articles, most_bytes=1_000_000)
    bodies = [a_word_of({"word/n.xml": str(number).encode()}) for number in range(5)]
    in_draft, in_former, unused, again, saved_now = [
        await files.keep(body, name="表.docx", by=EDITOR, at=NOW) for body in bodies
    ]
    await articles.commit(VersionChange(a_draft(id="A0101-02", attachments=(in_draft,))), at=NOW)
    former = published(attachments=(in_former,))
    await articles.commit(
        VersionChange(former.after(ArticleStep.RETIRE, by=EDITOR, at=NOW, note="旧")), at=NOW
    )
    later = NOW + timedelta(days=30, seconds=1)
    await files.keep(bodies[3], name="表.docx", by=EDITOR, at=NOW + timedelta(days=1))
    assert await files.delete_unused(days=31, at=later) == 0
    before = later - timedelta(days=30)
    found = await kept.unused(before=before, limit=9)
    assert {*found} == {unused.digest, saved_now.digest}
    draft = a_draft(id="A0101-03", attachments=(saved_now,))  # an editor is quicker
    await articles.commit(VersionChange(draft), at=later)
    assert await kept.delete(found, before=before, at=later) == 1
    assert await files.delete_unused(days=30, at=later) == 0
    assert {one.name[:64] for one in folder.rglob("*.sealed")} == {
        one.digest for one in (in_draft, in_former, again, saved_now)
    }
    assert await files.missing(a_draft(attachments=(in_draft, unused, saved_now)).article) == ["表.docx"]
    async with store.database.reading() as connection:
        deleted = select(audit).where(audit.c.action == "knowledge_file.deleted")
        assert [(row.actor, row.subject) for row in await connection.execute(deleted)] == [
            ("machine", unused.digest)
        ]


async def test_a_file_that_is_handed_in_while_it_is_deleted_is_there(store: SqlStore, tmp_path: Path) -> None:
    articles, later = SqlKnowledge(store.database, Seal(SECRET)), NOW + timedelta(days=31)
    kept = _Overtaken(store.database, Seal(SECRET), tmp_path / "files")
    files = KnowledgeFiles(kept, articles, most_bytes=1_000_000)
    await files.keep(BODY, name="申请表.docx", by=EDITOR, at=NOW)
    kept.overtaking = partial(files.delete_unused, days=30, at=later)
    assert await files.keep(BODY, name="申请表.docx", by=EDITOR, at=later) == FORM
    assert kept.overtaken == 1
    assert (kept.read(DIGEST), (await kept.get(DIGEST)).kept_at) == (BODY, later)
    for days in range(100, 500, 100):  # whichever comes first
        later = NOW + timedelta(days=days)
        await asyncio.gather(
            files.keep(BODY, name="申请表.docx", by=EDITOR, at=later), files.delete_unused(days=30, at=later)
        )
        assert (kept.read(DIGEST), (await kept.get(DIGEST)).kept_at) == (BODY, later)


async def test_files_without_a_row_go_and_rows_without_a_file_too(store: SqlStore, tmp_path: Path) -> None:
    articles, folder = SqlKnowledge(store.database, Seal(SECRET)), tmp_path / "files"
    kept = SqlKnowledgeFiles(store.database, Seal(SECRET), folder)
    files = KnowledgeFiles(kept, articles, most_bytes=1_000_000)
    later = NOW + timedelta(days=31)
    assert await files.delete_unused(days=30, at=later) == 0  # there is no folder yet
    await files.keep(BODY, name="申请表.docx", by=EDITOR, at=NOW)
    (folder / DIGEST[:2] / f"{DIGEST}.sealed").unlink()  # as if it had been ended there
    stray, carried, fresh, strange = (hashlib.sha256(bytes([n])).hexdigest() for n in range(4))
    await articles.commit(
        VersionChange(a_draft(attachments=(Attachment("表", f"sha256:{carried}"),))), at=NOW
    )
    for digest in (stray, carried, fresh):
        kept.write(digest, b"x")
    SqlKnowledgeFiles(store.database, Seal("another" + SECRET), folder).write(strange, b"x")
    half = folder / DIGEST[:2] / f"{DIGEST}.0a1b2c3d"
    half.write_bytes(b"x")
    (folder / "README").write_text("x")
    for file in folder.rglob("*"):
        written = (later if fresh in file.name else NOW).timestamp()
        os.utime(file, (written, written))
    assert await files.delete_unused(days=30, at=later) == 1
    assert await kept.known([DIGEST]) == {}
    assert await files.delete_unused(days=30, at=later) == 2
    assert await files.delete_unused(days=30, at=later) == 0
    assert {one.stem for one in folder.rglob("*") if one.is_file()} == {carried, fresh, strange, "README"}


class _Overtaken(SqlKnowledgeFiles):
    """Lets something happen after a file was seen to be there, and before its row is written."""

    overtaking: Callable[[], Awaitable[int]] | None = None
    overtaken = 0

    async def add(self, file: KnowledgeFile, *, name: str) -> None:
        overtaking, self.overtaking = self.overtaking, None
        if overtaking is not None:
            self.overtaken = await overtaking()
        await super().add(file, name=name)
