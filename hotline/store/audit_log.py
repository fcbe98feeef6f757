"""The audit as the audit administrator reads it: searched, newest first; and entries that belong to no other change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from hotline.store.accounts import Audited
from hotline.store.auditing import write_audit
from hotline.store.database import Database
from hotline.store.tables import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit; ``detail`` is JSON as it was written, ``digest`` what the next line holds of it."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    digest: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines: whose actor, action and subject begin so, and the half-open span of time; empty: all.

    A person acts in more than one capacity (``staff:zhao`` looks, ``reviewer:zhao`` decides): a name without one finds all of them.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


class SqlAuditLog:
    """The audit in the hotline's database. Raises ``StoreUnavailableError`` when it is away."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def page(
        self, wanted: AuditFilter, *, before: int | None = None, limit: int = 100
    ) -> Sequence[AuditRow]:
        """Return lines, the newest first, those before a sequence number."""
        conditions: list[Any] = [
            column.startswith(text, autoescape=True)
            for column, text in (
                (audit.c.action, wanted.action),
                (audit.c.subject, wanted.subject),
            )
            if text
        ]
        if wanted.actor:
            begins = audit.c.actor.startswith(wanted.actor, autoescape=True)
            anyhow = audit.c.actor.contains(f":{wanted.actor}", autoescape=True)
            conditions.append(begins if ":" in wanted.actor else or_(begins, anyhow))
        if wanted.since is not None:
            conditions.append(audit.c.at >= wanted.since)
        if wanted.until is not None:
            conditions.append(audit.c.at < wanted.until)
        if before is not None:
            conditions.append(audit.c.sequence < before)
        query = select(audit).where(*conditions).order_by(audit.c.sequence.desc()).limit(limit)
        async with self._database.reading(is_long=True) as connection:
            rows = (await connection.execute(query)).all()
        return [
            AuditRow(row.sequence, row.at, row.actor, row.action, row.subject, row.detail, row.digest)
            for row in rows
        ]

    async def note(self, subject: str, audited: Audited) -> None:
        """Write one line."""
        async with self._database.writing() as connection:
            await write_audit(
                connection, at=audited.at, actor=audited.by, action=audited.action, subject=subject,
                detail=audited.detail,
            )  # fmt: skip
