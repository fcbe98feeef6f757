"""Files of articles (附件文件): checked by their content, kept sealed by their digest, handed out with the article only."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote

import structlog

from hotline.domain.article_life import ArticleVersion
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.knowledge import HANDED_IN, Article, Attachment
from hotline.domain.knowledge_files import (
    SUFFIXES,
    FileFault,
    KnowledgeFile,
    KnowledgeFileNotFoundError,
    KnowledgeFileRefusedError,
    clean_name,
)
from hotline.domain.people import Actor
from hotline.service.documents import taken
from hotline.store.knowledge_files import SqlKnowledgeFiles

log: Final = structlog.get_logger("knowledge")
_AT_ONCE: Final = 100


class Versions(Protocol):
    """Knows articles (``hotline.store.knowledge``)."""

    async def versions(self, article: str) -> Sequence[ArticleVersion]:
        """Return all versions of an article; raise ``ArticleNotFoundError``."""

    async def in_force(self, article: str) -> ArticleVersion | None:
        """Return the published version, or None."""


class KnowledgeFiles:
    """Keeps files and hands them out. Raises ``StoreUnavailableError``."""

    def __init__(
        self, store: SqlKnowledgeFiles, articles: Versions, *, most_bytes: int, at_once: int = 2
    ) -> None:
        """Take where they are kept, the articles, how large one may be, and how many are checked at once."""
        self._store = store
        self._articles = articles
        self.most_bytes = most_bytes
        self._gate = asyncio.Semaphore(at_once)

    async def keep(self, body: bytes, *, name: str, by: Actor, at: datetime) -> Attachment:
        """Keep a file and return it as an article's attachment. Raises ``KnowledgeFileRefusedError``."""
        if len(body) > self.most_bytes:
            raise KnowledgeFileRefusedError(FileFault.TOO_LARGE)
        async with self._gate:
            kind, kept = await asyncio.to_thread(taken, body)
        digest = hashlib.sha256(kept).hexdigest()
        called = clean_name(name, kind)
        try:
            await asyncio.to_thread(self._store.write, digest, kept)
            await self._store.add(KnowledgeFile(digest, kind, len(kept), at, str(by)), name=called)
            # one that was there, and that nobody used, may have been deleted before the row was written
            await asyncio.to_thread(self._store.write, digest, kept)
        except OSError as error:
            raise StoreUnavailableError(f"knowledge file: {type(error).__name__}") from error
        log.info("knowledge_file.kept", digest=digest, kind=kind, size=len(kept))
        return Attachment(called, HANDED_IN + digest)

    async def of(self, article: Article) -> Mapping[str, KnowledgeFile]:
        """Return the files of an article that are known, by digest."""
        return await self._store.known(_digests(article))

    async def missing(self, article: Article) -> Sequence[str]:
        """Return the names of attachments whose file was never handed in, or is gone."""
        known = await self.of(article)
        gone = {
            digest
            for digest in _digests(article)
            if digest not in known or not await asyncio.to_thread(self._store.is_there, digest)
        }
        return [one.name for one in article.attachments if one.digest in gone]

    async def delete_unused(self, *, days: int, at: datetime) -> int:
        """Delete some of what was handed in so many days ago and no version carries; return how many, 0 when none is left."""
        before = at - timedelta(days=days)
        try:
            unused = await self._store.unused(before=before, limit=_AT_ONCE)
            gone = await self._store.delete(unused, before=before, at=at) if unused else 0
            strays = 0 if gone else await self._store.delete_strays(before=before, at=at, limit=_AT_ONCE)
        except OSError as error:
            raise StoreUnavailableError(f"knowledge file: {type(error).__name__}") from error
        if gone or strays:
            log.info("knowledge_files.deleted", unused=gone, strays=strays)
        return gone or strays

    async def for_citizens(
        self, article: str, digest: str, *, on: date
    ) -> tuple[Attachment, KnowledgeFile, bytes]:
        """Return a file of an article that is in force and valid on that day; raise ``KnowledgeFileNotFoundError``.

        Files of drafts, of former versions and of other articles are not told from files that there are not.
        """
        version = await self._articles.in_force(article)
        if version is None or not version.article.is_valid(on=on):
            raise KnowledgeFileNotFoundError(digest)
        return await self._found([version.article], digest)

    async def for_editors(self, article: str, digest: str) -> tuple[Attachment, KnowledgeFile, bytes]:
        """Return a file of any version of an article; raise ``KnowledgeFileNotFoundError``, ``ArticleNotFoundError``."""
        return await self._found([one.article for one in await self._articles.versions(article)], digest)

    async def _found(
        self, articles: Sequence[Article], digest: str
    ) -> tuple[Attachment, KnowledgeFile, bytes]:
        carried = [one for article in articles for one in article.attachments if one.digest == digest]
        if not carried:
            raise KnowledgeFileNotFoundError(digest)
        file = await self._store.get(digest)
        try:
            return carried[-1], file, await asyncio.to_thread(self._store.read, digest)
        except OSError as error:
            raise StoreUnavailableError(f"knowledge file: {type(error).__name__}") from error


def file_gone(name: str) -> str:
    """Return what an editor is told of an attachment whose file is not here."""
    return f"附件“{name}”的文件不在，请重新上传"


def path_of(article: str, digest: str) -> str:
    """Return where citizens get a file of an article, on the hotline's site."""
    return f"/chat/articles/{article}/files/{digest}"


def links_of(article: str, attachments: Sequence[Attachment], *, site: str = "") -> Sequence[tuple[str, str]]:
    """Return names and addresses of what citizens can open; ``site`` comes before paths of the hotline's own.

    Files of the city's folder are on no site.
    """
    return [
        (one.name, f"{site}{path_of(article, one.digest)}" if one.digest is not None else one.address)
        for one in attachments
        if one.digest is not None or one.address.startswith("https://")
    ]


def headers_of(attachment: Attachment, file: KnowledgeFile) -> dict[str, str]:
    """Return what makes a browser save it under its name (RFC 6266), run nothing of it, and ask again before it is used."""
    plain = f"{file.digest[:8]}{SUFFIXES[file.kind]}"
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(attachment.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        "ETag": f'"{file.digest}"',
    }


def _digests(article: Article) -> set[str]:
    return {one.digest for one in article.attachments if one.digest is not None}
