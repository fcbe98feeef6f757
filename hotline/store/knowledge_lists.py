"""Lists of articles as people look for them: by state, unit, author, tag and words, and by the day on which they run out."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from sqlalchemy import JSON, Text, and_, case, cast, func, or_, select, type_coerce

from hotline.domain.article_life import ArticleStatus
from hotline.domain.knowledge_tasks import KnowledgeTask
from hotline.store.database import Database
from hotline.store.knowledge_tables import article_versions, articles, knowledge_tasks

_TASK: Final = TypeAdapter(KnowledgeTask)
_BATCH: Final = 500
_OWED: Final = (ArticleStatus.PUBLISHED.value, ArticleStatus.EXPIRED.value)
"""An expired version becomes a replaced or a retired one as soon as somebody has seen to it."""

_WAS_IN_FORCE: Final = (*_OWED, ArticleStatus.REPLACED.value, ArticleStatus.RETIRED.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles: all that is given applies to their latest version; ``words`` are part of its text or its id."""

    status: ArticleStatus | None = None
    unit: str = ""
    author: str = ""
    tag: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An article in a list: its latest version, and which version is in force."""

    id: str
    title: str
    unit: str
    category: str | None
    status: ArticleStatus
    latest: int
    published: int | None
    changed_at: datetime
    valid_until: date | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def place(self) -> str:
        """Its place in the list."""
        return f"{round(self.changed_at.timestamp() * 1_000_000)}-{self.id}"


@dataclass(frozen=True, slots=True)
class Ending:
    """An article that runs out on ``until`` or did; ``is_out``: it is out of use; ``is_renewed``: a next version is being made."""

    id: str
    title: str
    unit: str
    until: date
    is_out: bool
    is_renewed: bool


class SqlKnowledgeLists:
    """Lists of articles. Every method raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        body = article_versions.c.body
        self._body: Any = type_coerce(body, JSON) if database.is_sqlite else cast(body, JSON)
        self._latest = and_(
            article_versions.c.article == articles.c.id, article_versions.c.version == articles.c.latest
        )

    async def page(self, wanted: Wanted, *, after: str = "", limit: int) -> Sequence[Row]:
        """Return articles, those that changed last first, behind the ``place`` of a row."""
        of_state = [articles.c.status == wanted.status.value] if wanted.status is not None else []
        query = (
            select(
                articles,
                article_versions.c.valid_until,
                self._authors.label("authors"),
                self._tags.label("tags"),
            )
            .join(article_versions, self._latest)
            .where(*of_state, *self._conditions(wanted), *_behind(after))
            .order_by(articles.c.changed_at.desc(), articles.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Row(
                row.id, row.title, row.unit, row.category, ArticleStatus(row.status), row.latest, row.published,
                row.changed_at, row.valid_until, _texts(row.authors), _texts(row.tags),
            )
            for row in rows
        ]  # fmt: skip

    async def counts(self, wanted: Wanted) -> dict[ArticleStatus, int]:
        """Count what ``wanted`` says, whatever its state, by state."""
        counted = (
            select(articles.c.status, func.count().label("many"))
            .join(article_versions, self._latest)
            .where(*self._conditions(wanted))
            .group_by(articles.c.status)
        )
        async with self._database.reading() as connection:
            return {ArticleStatus(row.status): row.many for row in await connection.execute(counted)}

    async def tasks(
        self, state: Literal["open", "late", "done"], *, unit: str, now: datetime, limit: int
    ) -> Sequence[KnowledgeTask]:
        """Return tasks of units: those owed the earliest due first, those settled the latest due first."""
        due = knowledge_tasks.c.due_at
        query = select(knowledge_tasks.c.body).where(knowledge_tasks.c.is_open.is_(state != "done"))
        if state == "late":
            query = query.where(due < now)
        if unit:
            query = query.where(knowledge_tasks.c.unit == unit)
        query = query.order_by(due.desc() if state == "done" else due, knowledge_tasks.c.id).limit(limit)
        async with self._database.reading() as connection:
            return [_TASK.validate_json(row.body) for row in await connection.execute(query)]

    async def task_counts(self, *, now: datetime) -> dict[str, int]:
        """Count tasks that are owed, those of them that are late, and those that are settled."""
        is_open, is_late = knowledge_tasks.c.is_open, knowledge_tasks.c.due_at < now
        query = select(
            func.coalesce(func.sum(case((is_open, 1), else_=0)), 0).label("open"),
            func.coalesce(func.sum(case((and_(is_open, is_late), 1), else_=0)), 0).label("late"),
            func.coalesce(func.sum(case((is_open, 0), else_=1)), 0).label("done"),
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one()
        return {"open": row.open, "late": row.late, "done": row.done}

    async def choices(self) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Return units, authors and tags that there are, each in order."""
        query = select(
            articles.c.unit, self._authors.label("authors"), self._tags.label("tags")
        ).join(article_versions, self._latest)  # fmt: skip
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.distinct())).all()
        return (
            sorted({row.unit for row in rows if row.unit}),
            sorted({author for row in rows for author in _texts(row.authors)}),
            sorted({tag for row in rows for tag in _texts(row.tags)}),
        )

    async def titles(self, ids: Collection[str]) -> dict[str, str]:
        """Return the titles of those of the ids that there are."""
        found: dict[str, str] = {}
        wanted = sorted(set(ids))
        async with self._database.reading() as connection:
            for start in range(0, len(wanted), _BATCH):
                some = articles.c.id.in_(wanted[start : start + _BATCH])
                rows = await connection.execute(select(articles.c.id, articles.c.title).where(some))
                found |= {row.id: row.title for row in rows}
        return found

    async def endings(self, until: date) -> Sequence[Ending]:
        """Return what is in force and runs out by ``until``, and what has run out with no later version published, the earliest first."""
        status, newer = article_versions.c.status, article_versions.alias()
        later = select(newer.c.version).where(
            newer.c.article == article_versions.c.article,
            newer.c.version > article_versions.c.version,
            newer.c.status.in_(_WAS_IN_FORCE),
        )
        query = (
            select(articles, article_versions.c.valid_until, status.label("state"))
            .join(article_versions, article_versions.c.article == articles.c.id)
            .where(article_versions.c.valid_until <= until, status.in_(_OWED), ~later.exists())
            .order_by(article_versions.c.valid_until, articles.c.id)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Ending(
                row.id, row.title, row.unit, row.valid_until,
                is_out=row.state == ArticleStatus.EXPIRED.value, is_renewed=row.is_open,
            )
            for row in rows
        ]  # fmt: skip

    # --- inside ----------------------------------------------------------------------------------------------

    @property
    def _authors(self) -> Any:
        return cast(self._body["authors"].as_string(), Text)

    @property
    def _tags(self) -> Any:
        return cast(self._body[("article", "tags")].as_string(), Text)

    def _conditions(self, wanted: Wanted) -> list[Any]:
        """Return the conditions but for the state."""
        columns, conditions = articles.c, list[Any]()
        if wanted.unit:
            conditions.append(columns.unit == wanted.unit)
        if wanted.author:
            conditions.append(self._authors.contains(_quoted(wanted.author), autoescape=True))
        if wanted.tag:
            conditions.append(self._tags.contains(_quoted(wanted.tag), autoescape=True))
        if wanted.words:
            text = cast(self._body["article"].as_string(), Text)
            inside = _quoted(wanted.words)[1:-1]
            conditions.append(or_(text.icontains(inside, autoescape=True), columns.id == wanted.words))
        return conditions


def _behind(place: str) -> list[Any]:
    at, _, id_ = place.partition("-")
    if not (at.isascii() and at.isdecimal() and id_):
        return []
    then = datetime.fromtimestamp(min(int(at[:18]), _LATEST) / 1_000_000, UTC)
    changed = articles.c.changed_at
    return [or_(changed < then, and_(changed == then, articles.c.id > id_))]


_LATEST: Final = 253_402_300_799_000_000
"""Microseconds at the end of the year 9999."""


def _quoted(text: str) -> str:
    """Return ``text`` as it stands in the JSON of a version."""
    return json.dumps(text, ensure_ascii=False)


def _texts(found: str | None) -> tuple[str, ...]:
    return tuple(json.loads(found)) if found else ()
