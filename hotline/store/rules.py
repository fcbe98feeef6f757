"""The dispatch catalogue's change sets and published versions in the hotline's database, every step audited in its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.rule_changes import (
    ChangeSet,
    ChangeSetStatus,
    DamagedRulesError,
    RuleNotFoundError,
    RuleVersion,
    StaleRulesError,
)
from hotline.domain.rule_text import CatalogueText, digest_of
from hotline.store.accounts import Audited
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.tables import rule_changes, rule_trials, rule_versions

_CHANGE_SET: Final = TypeAdapter(ChangeSet)
_ABOUT: Final = [column for column in rule_versions.c if column.name not in ("digest", "body")]


@dataclass(frozen=True, slots=True)
class KeptTrial:
    """The last trial of a change set, as JSON; not ``finished_at``: it is running, or its process ended."""

    revision: int
    base: str
    started_at: datetime
    finished_at: datetime | None
    body: str


class SqlRules:
    """Raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    # --- change sets ---------------------------------------------------------------------------------------

    async def add(self, change_set: ChangeSet, deed: Audited) -> None:
        """Keep a new change set."""
        async with self._database.writing() as connection:
            row = {"id": change_set.id, **_row(change_set, deed.at)}
            await connection.execute(insert(rule_changes).values(**row))
            await _audit(connection, f"rules:{change_set.id}", deed)

    async def save(self, change_set: ChangeSet, deed: Audited) -> None:
        """Keep a change set one step further. Raises ``StaleRulesError`` when somebody else took one meanwhile."""
        async with self._database.writing() as connection:
            await _save(connection, change_set, deed.at)
            await _audit(connection, f"rules:{change_set.id}", deed)

    async def get(self, id_: str) -> ChangeSet:
        """Return one. Raises ``RuleNotFoundError``."""
        query = select(rule_changes.c.body).where(rule_changes.c.id == id_)
        async with self._database.reading() as connection:
            body = (await connection.execute(query)).scalar_one_or_none()
        if body is None:
            raise RuleNotFoundError(id_)
        return _CHANGE_SET.validate_json(body)

    async def listed(self, *statuses: ChangeSetStatus, limit: int = 50) -> Sequence[ChangeSet]:
        """Return those in one of the statuses, the one changed last first."""
        query = (
            select(rule_changes.c.body)
            .where(rule_changes.c.status.in_([status.value for status in statuses]))
            .order_by(rule_changes.c.changed_at.desc(), rule_changes.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [_CHANGE_SET.validate_json(row.body) for row in await connection.execute(query)]

    # --- versions ------------------------------------------------------------------------------------------

    async def versions(self, *, limit: int = 100) -> Sequence[RuleVersion]:
        """Return what was published, the newest first, without the rows."""
        query = select(*_ABOUT).order_by(rule_versions.c.sequence.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [_version(row) for row in await connection.execute(query)]

    async def version(self, version: str) -> RuleVersion:
        """Return one by its name. Raises ``RuleNotFoundError``."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(*_ABOUT).where(rule_versions.c.version == version))
            ).one_or_none()
        if row is None:
            raise RuleNotFoundError(version)
        return _version(row)

    async def text(self, version: str) -> CatalogueText:
        """Return a version in full. Raises ``RuleNotFoundError``, and ``DamagedRulesError`` when it is not what was published."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(rule_versions).where(rule_versions.c.version == version))
            ).one_or_none()
        if row is None:
            raise RuleNotFoundError(version)
        if digest_of(row.version, row.valid_from, row.body) != row.digest:
            raise DamagedRulesError(version, "内容与发布时的校验值不符")
        try:
            text = CatalogueText.loaded(row.body)
            if (text.version, text.valid_from) != (row.version, row.valid_from):
                raise DamagedRulesError(version, "版本号或者生效日期与内容不符")
        except (ValueError, KeyError) as error:
            raise DamagedRulesError(version, "内容读不出来") from error
        return text

    async def mark(self) -> tuple[int, int]:
        """Return what changes with every version that is published or withdrawn; cheap enough to ask every second."""
        async with self._database.reading() as connection:
            return await _mark(connection)

    async def publish(
        self,
        version: RuleVersion,
        text: CatalogueText,
        deed: Audited,
        *,
        mark: tuple[int, int],
        change_set: ChangeSet | None = None,
        withdraws: Sequence[str] = (),
    ) -> None:
        """Keep a version, what it makes of its change set, and which others never come into force: all, or nothing.

        Raises ``StaleRulesError`` when another version was published or withdrawn since ``mark``.
        """
        body = text.dumped()
        row = {column.name: getattr(version, column.name) for column in _ABOUT}
        row |= {"digest": digest_of(version.version, version.valid_from, body), "body": body}
        async with self._database.writing() as connection:
            if await _mark(connection) != mark:
                raise StaleRulesError(version.version)
            try:
                await connection.execute(insert(rule_versions).values(**row))
            except IntegrityError:  # of two at once, on PostgreSQL
                raise StaleRulesError(version.version) from None
            if change_set is not None:
                await _save(connection, change_set, deed.at)
            for each in withdraws:
                await _withdraw(connection, each, deed)
            await _audit(connection, f"rules:{version.version}", deed)

    async def withdraw(self, versions: Sequence[str], deed: Audited) -> None:
        """Note that versions will not come into force. Raises ``StaleRulesError`` when one was withdrawn already."""
        async with self._database.writing() as connection:
            for each in versions:
                await _withdraw(connection, each, deed)
            await _audit(connection, f"rules:{versions[-1]}", deed)

    # --- trials --------------------------------------------------------------------------------------------

    async def begin_trial(self, change_set: str, revision: int, base: str, at: datetime) -> None:
        """Note that a trial runs; an earlier one of the change set is forgotten."""
        row = {"revision": revision, "base": base, "started_at": at, "finished_at": None, "body": ""}
        async with self._database.writing() as connection:
            await connection.execute(delete(rule_trials).where(rule_trials.c.change_set == change_set))
            await connection.execute(insert(rule_trials).values(change_set=change_set, **row))

    async def end_trial(self, change_set: str, revision: int, at: datetime, body: str) -> None:
        """Keep what came of a trial, unless a later one has begun."""
        mine = (rule_trials.c.change_set == change_set) & (rule_trials.c.revision == revision)
        async with self._database.writing() as connection:
            await connection.execute(update(rule_trials).where(mine).values(finished_at=at, body=body))

    async def trial(self, change_set: str) -> KeptTrial | None:
        """Return the last trial of a change set."""
        query = select(rule_trials).where(rule_trials.c.change_set == change_set)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return KeptTrial(row.revision, row.base, row.started_at, row.finished_at, row.body)


async def _mark(connection: AsyncConnection) -> tuple[int, int]:
    query = select(func.max(rule_versions.c.sequence), func.count(rule_versions.c.withdrawn_at))
    last, withdrawn = (await connection.execute(query)).one()
    return last or 0, withdrawn


def _row(change_set: ChangeSet, at: datetime) -> dict[str, Any]:
    return {
        "status": change_set.status.value,
        "revision": change_set.revision,
        "changed_at": at,
        "body": _CHANGE_SET.dump_json(change_set).decode(),
    }


async def _save(connection: AsyncConnection, change_set: ChangeSet, at: datetime) -> None:
    mine = (rule_changes.c.id == change_set.id) & (rule_changes.c.revision == change_set.revision - 1)
    changed = await connection.execute(update(rule_changes).where(mine).values(**_row(change_set, at)))
    if changed.rowcount != 1:
        raise StaleRulesError(change_set.id)


async def _withdraw(connection: AsyncConnection, version: str, deed: Audited) -> None:
    mine = (rule_versions.c.version == version) & rule_versions.c.withdrawn_at.is_(None)
    changed = await connection.execute(
        update(rule_versions).where(mine).values(withdrawn_at=deed.at, withdrawn_by=deed.by)
    )
    if changed.rowcount != 1:
        raise StaleRulesError(version)


async def _audit(connection: AsyncConnection, subject: str, deed: Audited) -> None:
    await write_audit(
        connection, at=deed.at, actor=deed.by, action=deed.action, subject=subject, detail=deed.detail
    )


def _version(row: Row[Any]) -> RuleVersion:
    return RuleVersion(**{column.name: getattr(row, column.name) for column in _ABOUT})


def valid_on(versions: Sequence[RuleVersion], on: date) -> RuleVersion | None:
    """Return which of the published versions is in force on a day, None when it is one of the files; newest first they come."""
    begun = [each for each in versions if each.withdrawn_at is None and each.valid_from <= on]
    return max(begun, key=lambda each: (each.valid_from, each.sequence), default=None)
