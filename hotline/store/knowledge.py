"""Articles with their versions, tasks and candidates in the hotline's database; every step with its audit row.

What may be answered with is told to the indexes by a sequence of changes (``knowledge_changes``): it grows in the same
transaction as the change, one writer after the other, so that an index that has read up to a number has missed nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.article_life import (
    OPEN,
    ArticleEntry,
    ArticleNotFoundError,
    ArticleStatus,
    ArticleVersion,
    StaleArticleError,
)
from hotline.domain.knowledge import START, Article, KnowledgePosition
from hotline.domain.knowledge_tasks import KnowledgeTask, TaskNotFoundError
from hotline.domain.outbox import Message
from hotline.domain.people import MACHINE
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.knowledge_tables import (
    article_versions,
    articles,
    knowledge_changes,
    knowledge_head,
    knowledge_tasks,
)
from hotline.store.outbox import write_messages
from hotline.store.sealing import Seal

_VERSION: Final = TypeAdapter(ArticleVersion)
_TASK: Final = TypeAdapter(KnowledgeTask)
_BATCH: Final = 500
_LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A version to keep: new (``expected`` None) or changed from that revision. ``seed`` is the digest of a seed's row."""

    version: ArticleVersion
    expected: int | None = None
    seed: str | None = None


@dataclass(frozen=True, slots=True)
class TaskChange:
    """A task to keep: new (``expected`` None) or changed from that revision."""

    task: KnowledgeTask
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An article in a list: its latest version's title, unit and state, and which version is in force."""

    id: str
    title: str
    unit: str
    category: str | None
    status: ArticleStatus
    latest: int
    published: int | None
    changed_at: datetime


class SqlKnowledge:
    """The knowledge base's articles and tasks. Every method raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database, seal: Seal) -> None:
        """Take the database and what seals messages."""
        self._database = database
        self._seal = seal

    # --- articles --------------------------------------------------------------------------------------------

    async def get(self, article: str, version: int | None = None) -> ArticleVersion:
        """Return one version, the latest if none is said; raise ``ArticleNotFoundError``."""
        wanted = select(article_versions.c.body).where(article_versions.c.article == article)
        if version is not None:
            wanted = wanted.where(article_versions.c.version == version)
        newest = wanted.order_by(article_versions.c.version.desc()).limit(1)
        async with self._database.reading() as connection:
            body = (await connection.execute(newest)).scalar_one_or_none()
        if body is None:
            raise ArticleNotFoundError(article, version)
        return _VERSION.validate_json(body)

    async def versions(self, article: str) -> Sequence[ArticleVersion]:
        """Return all versions, the first one first; raise ``ArticleNotFoundError`` when there is none."""
        mine = select(article_versions.c.body).where(article_versions.c.article == article)
        found = await self._found(mine.order_by(article_versions.c.version))
        if not found:
            raise ArticleNotFoundError(article)
        return found

    async def in_force(self, article: str) -> ArticleVersion | None:
        """Return the published version, or None."""
        mine = select(article_versions.c.body).where(
            article_versions.c.article == article,
            article_versions.c.status == ArticleStatus.PUBLISHED.value,
        )
        found = await self._found(mine)
        return found[0] if found else None

    async def superseded(self, article: str) -> Sequence[ArticleVersion]:
        """Return what the next version takes the place of: the one in force, and those that ran out, the first one first."""
        theirs = select(article_versions.c.body).where(
            article_versions.c.article == article,
            article_versions.c.status.in_((ArticleStatus.PUBLISHED.value, ArticleStatus.EXPIRED.value)),
        )
        return await self._found(theirs.order_by(article_versions.c.version))

    async def listed(
        self,
        *,
        statuses: Collection[ArticleStatus] = (),
        unit: str | None = None,
        category: str | None = None,
        words: str = "",
        after: str = "",
        limit: int = 50,
    ) -> Sequence[Listed]:
        """Return articles by id to which all that is given applies; ``category`` is a prefix, ``words`` part of the title."""
        columns, conditions = articles.c, [articles.c.id > after]
        if statuses:
            conditions.append(columns.status.in_(sorted(each.value for each in statuses)))
        if unit is not None:
            conditions.append(columns.unit == unit)
        if category is not None:
            conditions.append(columns.category.startswith(category, autoescape=True))
        if words:
            conditions.append(or_(columns.title.contains(words, autoescape=True), columns.id == words))
        query = select(articles).where(*conditions).order_by(columns.id).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Listed(
                id=row.id,
                title=row.title,
                unit=row.unit,
                category=row.category,
                status=ArticleStatus(row.status),
                latest=row.latest,
                published=row.published,
                changed_at=row.changed_at,
            )
            for row in rows
        ]

    async def ids(self, prefix: str = "") -> Sequence[str]:
        """Return the ids of all articles that begin with ``prefix``."""
        query = select(articles.c.id).where(articles.c.id.startswith(prefix, autoescape=True))
        async with self._database.reading() as connection:
            return (await connection.execute(query.order_by(articles.c.id))).scalars().all()

    async def counts(self) -> dict[ArticleStatus, int]:
        """Count articles by the state of their latest version."""
        counted = select(articles.c.status, func.count().label("many")).group_by(articles.c.status)
        async with self._database.reading() as connection:
            return {ArticleStatus(row.status): row.many for row in await connection.execute(counted)}

    async def seeds(self) -> dict[str, str | None]:
        """Return for every article what the city's files last said of it (a digest), None if they never did."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(articles.c.id, articles.c.seed))
            return {row.id: row.seed for row in rows}

    async def to_publish(
        self, now: datetime, *, after: ArticleVersion | None = None, limit: int
    ) -> Sequence[ArticleVersion]:
        """Return approved versions whose time has come, the earliest first, behind ``after``."""
        due, id_ = article_versions.c.publish_at, article_versions.c.article
        come = select(article_versions.c.body).where(
            article_versions.c.status == ArticleStatus.SCHEDULED.value, due <= now
        )
        if after is not None:
            same = and_(due == after.publish_at, id_ > after.id)
            come = come.where(or_(due > after.publish_at, same))
        return await self._found(come.order_by(due, id_).limit(limit))

    async def ending(self, until: date, *, limit: int, after: str = "") -> Sequence[ArticleVersion]:
        """Return published versions that run out on ``until`` or before, by id."""
        theirs = select(article_versions.c.body).where(
            article_versions.c.status == ArticleStatus.PUBLISHED.value,
            article_versions.c.valid_until <= until,
            article_versions.c.article > after,
        )
        return await self._found(theirs.order_by(article_versions.c.article).limit(limit))

    async def commit(
        self,
        *changes: VersionChange,
        tasks: Sequence[TaskChange] = (),
        messages: Sequence[Message] = (),
        at: datetime,
    ) -> None:
        """Keep all changes with their audit rows and messages, or none of them; ``StaleArticleError`` if one was changed."""
        async with self._database.writing() as connection:
            try:
                for change in changes:
                    await self._write(connection, change, at)
                for task in tasks:
                    await self._write_task(connection, task)
            except IntegrityError as error:  # two started the same version, or gave the same task, at once
                named = [change.version.id for change in changes] + [change.task.id for change in tasks]
                raise StaleArticleError("、".join(named)) from error
            await write_messages(connection, self._seal, messages, at)

    async def sow(self, seeds: Sequence[tuple[ArticleVersion, str]], *, at: datetime) -> None:
        """Keep first versions from the city's files, each with the digest of its row: all or none, with one audit row.

        Raises ``StaleArticleError`` when one of them is there already.
        """
        if not seeds:
            return
        async with self._database.writing() as connection:
            try:
                await connection.execute(
                    article_versions.insert(), [_version_row(version) for version, _ in seeds]
                )
                await connection.execute(
                    articles.insert(),
                    [
                        {
                            **_article_row(version),
                            "id": version.id,
                            "published": version.number,
                            "seed": digest,
                            "changed_at": at,
                        }
                        for version, digest in seeds
                    ],
                )
            except IntegrityError as error:
                raise StaleArticleError(seeds[0][0].id) from error
            await _tell_indexes(connection, [version.id for version, _ in seeds])
            await write_audit(
                connection,
                at=at,
                actor=str(MACHINE),
                action="knowledge.sown",
                subject="knowledge",
                detail={"articles": {version.id: digest for version, digest in seeds}},
            )

    # --- what the indexes read -------------------------------------------------------------------------------

    async def position(self) -> KnowledgePosition:
        """Return the last change there is."""
        last = select(knowledge_changes).order_by(knowledge_changes.c.sequence.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(last)).one_or_none()
        return START if row is None else KnowledgePosition(row.sequence, row.token)

    async def changes_after(
        self, position: KnowledgePosition
    ) -> tuple[KnowledgePosition, Sequence[str]] | None:
        """Return the ids that changed since and the new position; None when ``position`` is not of this database."""
        since = select(knowledge_changes).where(knowledge_changes.c.sequence >= position.sequence)
        async with self._database.reading() as connection:
            rows = (await connection.execute(since.order_by(knowledge_changes.c.sequence))).all()
        if position.sequence and (not rows or rows[0][:2] != (position.sequence, position.token)):
            return None
        fresh = [row for row in rows if row.sequence > position.sequence]
        if not fresh:
            return position, ()
        last = fresh[-1]
        return KnowledgePosition(last.sequence, last.token), tuple(
            dict.fromkeys(row.article for row in fresh)
        )

    async def published(self, ids: Collection[str]) -> Sequence[Article]:
        """Return those of the ids that are published."""
        found: list[Article] = []
        wanted = sorted(ids)
        for start in range(0, len(wanted), _BATCH):
            some = select(article_versions.c.body).where(
                article_versions.c.article.in_(wanted[start : start + _BATCH]),
                article_versions.c.status == ArticleStatus.PUBLISHED.value,
            )
            found += [version.article for version in await self._found(some)]
        return found

    async def all_published(self) -> AsyncIterator[Article]:
        """Yield every published article by id; few at a time are in memory."""
        every = (
            select(article_versions.c.body)
            .where(article_versions.c.status == ArticleStatus.PUBLISHED.value)
            .order_by(article_versions.c.article)
        )
        async with self._database.reading(is_long=True) as connection:
            async for row in await connection.stream(every):
                yield _VERSION.validate_json(row.body).article

    # --- tasks -----------------------------------------------------------------------------------------------

    async def task(self, task: str) -> KnowledgeTask:
        """Return one task or raise ``TaskNotFoundError``."""
        found = await self._tasks(select(knowledge_tasks.c.body).where(knowledge_tasks.c.id == task))
        if not found:
            raise TaskNotFoundError(task)
        return found[0]

    async def tasks(
        self, *, unit: str | None = None, only_open: bool = True, after: str = "", limit: int = 50
    ) -> Sequence[KnowledgeTask]:
        """Return tasks by id, those of one unit if it is named."""
        wanted = select(knowledge_tasks.c.body).where(knowledge_tasks.c.id > after)
        if unit is not None:
            wanted = wanted.where(knowledge_tasks.c.unit == unit)
        if only_open:
            wanted = wanted.where(knowledge_tasks.c.is_open)
        return await self._tasks(wanted.order_by(knowledge_tasks.c.id).limit(limit))

    async def tasks_due(self, now: datetime, *, limit: int) -> Sequence[KnowledgeTask]:
        """Return tasks that the machine must look at, the earliest first."""
        come = select(knowledge_tasks.c.body).where(knowledge_tasks.c.next_at <= now)
        return await self._tasks(come.order_by(knowledge_tasks.c.next_at, knowledge_tasks.c.id).limit(limit))

    async def has_task(self, key: str) -> bool:
        """Tell whether a task with this key was ever given."""
        query = select(knowledge_tasks.c.id).where(knowledge_tasks.c.key == key)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one_or_none() is not None

    # --- inside ----------------------------------------------------------------------------------------------

    async def _found(self, query: Any) -> list[ArticleVersion]:
        async with self._database.reading() as connection:
            bodies = (await connection.execute(query)).scalars().all()
        return [_VERSION.validate_json(body) for body in bodies]

    async def _tasks(self, query: Any) -> list[KnowledgeTask]:
        async with self._database.reading() as connection:
            bodies = (await connection.execute(query)).scalars().all()
        return [_TASK.validate_json(body) for body in bodies]

    async def _write(self, connection: AsyncConnection, change: VersionChange, at: datetime) -> None:
        version = change.version
        row = _version_row(version)
        mine = (article_versions.c.article == version.id, article_versions.c.version == version.number)
        before: ArticleStatus | None = None
        if change.expected is None:
            await self._make_room(connection, version)
            await connection.execute(article_versions.insert().values(**row))
            added: Sequence[ArticleEntry] = version.history
        else:
            old = select(article_versions.c.status, article_versions.c.revision).where(*mine)
            kept = (await connection.execute(old)).one_or_none()
            if kept is None or kept.revision != change.expected:
                raise StaleArticleError(version.id)
            before = ArticleStatus(kept.status)
            same = article_versions.c.revision == change.expected
            changed = await connection.execute(update(article_versions).where(*mine, same).values(**row))
            if changed.rowcount != 1:
                raise StaleArticleError(version.id)
            taken = version.revision - change.expected
            added = version.history[-taken:] if taken > 0 else ()
        await self._write_article(connection, change, at)
        if ArticleStatus.PUBLISHED in (before, version.status) and before is not version.status:
            await _tell_indexes(connection, [version.id])
        for entry in added:
            await _audit(connection, version, entry)

    async def _make_room(self, connection: AsyncConnection, version: ArticleVersion) -> None:
        """Refuse a version beside an open one, or with a number that somebody else has just used."""
        mine = select(articles.c.latest, articles.c.is_open).where(articles.c.id == version.id)
        known = (await connection.execute(mine)).one_or_none()
        latest = known.latest if known is not None else 0
        if version.number != latest + 1 or (known is not None and known.is_open):
            raise StaleArticleError(version.id)

    async def _write_article(self, connection: AsyncConnection, change: VersionChange, at: datetime) -> None:
        version = change.version
        mine = articles.c.id == version.id
        known = (await connection.execute(select(articles).where(mine))).one_or_none()
        published = known.published if known is not None else None
        if version.status is ArticleStatus.PUBLISHED:
            published = version.number
        elif published == version.number:
            published = None
        row: dict[str, Any] = {"published": published, "changed_at": at}
        if known is None or version.number >= known.latest:
            row |= _article_row(version)
        if change.seed is not None:
            row["seed"] = change.seed
        if known is None:
            await connection.execute(articles.insert().values(id=version.id, **row))
        else:
            await connection.execute(update(articles).where(mine).values(**row))

    async def _write_task(self, connection: AsyncConnection, change: TaskChange) -> None:
        task = change.task
        row = {
            "id": task.id,
            "key": task.key,
            "unit": task.unit,
            "ground": task.ground.value,
            "is_open": task.is_open,
            "due_at": task.due_at,
            "next_at": task.next_duty_at,
            "revision": task.revision,
            "body": _TASK.dump_json(task).decode(),
        }
        if change.expected is None:
            await connection.execute(knowledge_tasks.insert().values(**row))
            added = task.history
        else:
            same = (knowledge_tasks.c.id == task.id, knowledge_tasks.c.revision == change.expected)
            changed = await connection.execute(update(knowledge_tasks).where(*same).values(**row))
            if changed.rowcount != 1:
                raise StaleArticleError(task.id)
            taken = task.revision - change.expected
            added = task.history[-taken:] if taken > 0 else ()
        for entry in added:
            await write_audit(
                connection,
                at=entry.at,
                actor=str(entry.by),
                action=f"knowledge_task.{entry.step.value}",
                subject=task.id,
                detail={**task.summary(), "note": entry.note},
            )


async def _audit(connection: AsyncConnection, version: ArticleVersion, entry: ArticleEntry) -> None:
    await write_audit(
        connection,
        at=entry.at,
        actor=str(entry.by),
        action=f"article.{entry.step.value if entry.step else 'started'}",
        subject=version.id,
        detail={
            "version": version.number,
            "from": entry.before.value if entry.before else None,
            "status": entry.after.value,
            "revision": version.revision,
            "source": version.article.source,
            "note": entry.note,
        },
    )


async def _tell_indexes(connection: AsyncConnection, changed: Sequence[str]) -> None:
    """Write down which articles changed; the head row makes writers wait for each other, so none is overtaken."""
    moved = await connection.execute(
        update(knowledge_head)
        .where(knowledge_head.c.id == 1)
        .values(sequence=knowledge_head.c.sequence + len(changed))
        .returning(knowledge_head.c.sequence)
    )
    first, token = moved.scalar_one() - len(changed) + 1, secrets.token_hex(8)
    rows = [
        {"sequence": first + index, "token": token, "article": article}
        for index, article in enumerate(changed)
    ]
    await connection.execute(knowledge_changes.insert(), rows)


def _version_row(version: ArticleVersion) -> dict[str, Any]:
    return {
        "article": version.id,
        "version": version.number,
        "status": version.status.value,
        "revision": version.revision,
        "publish_at": version.publish_at,
        "valid_until": version.article.valid_until,
        "body": _VERSION.dump_json(version).decode(),
    }


def _article_row(version: ArticleVersion) -> dict[str, Any]:
    return {
        "title": version.article.title[:_LONGEST_TITLE],
        "unit": version.article.unit,
        "category": version.article.category,
        "status": version.status.value,
        "latest": version.number,
        "is_open": version.status in OPEN,
    }
