"""The audit chain (审计): each row holds the digest of the one before, so that none can be altered, lost or moved unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.store.tables import audit, audit_head

_GENESIS: Final = "0" * 64
_PROGRESS_ROWS: Final = 10_000
_HEAD: Final = update(audit_head).where(audit_head.c.id == 1)
_MOVE_HEAD: Final = _HEAD.values(sequence=audit_head.c.sequence + bindparam("rows")).returning(
    audit_head.c.sequence, audit_head.c.digest
)
_SEAL_HEAD: Final = _HEAD.values(digest=bindparam("last"))


def digest_of(previous: str, sequence: int, at: datetime, /, *facts: str) -> str:
    """Return the digest of one row (actor, action, subject, detail), bound to the row before it."""
    row = json.dumps([previous, sequence, round(at.timestamp() * 1e6), *facts], ensure_ascii=False)
    return hashlib.sha256(row.encode()).hexdigest()


class AuditRow(NamedTuple):
    """What was done (审计记录): by whom, to what; ``detail`` identifies no person."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


async def write_audit(
    connection: AsyncConnection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> None:
    """Append one row within the caller's transaction."""
    await write_audit_rows(connection, (AuditRow(at, actor, action, subject, detail),))


async def hold_audit(connection: AsyncConnection) -> None:
    """Let nobody else append until the caller's transaction ends."""
    await connection.execute(select(audit_head.c.id).where(audit_head.c.id == 1).with_for_update())


async def write_audit_rows(connection: AsyncConnection, rows: Sequence[AuditRow]) -> None:
    """Append rows in order within the caller's transaction."""
    await connection.run_sync(put_audit_rows, rows)


def put_audit_rows(connection: Connection, rows: Sequence[AuditRow]) -> None:
    """Append rows in order within the caller's transaction; the chain's head row makes appends wait for each other."""
    if not rows:
        return
    last, digest = connection.execute(_MOVE_HEAD, {"rows": len(rows)}).one()
    chained: list[dict[str, Any]] = []
    for sequence, row in enumerate(rows, last - len(rows) + 1):
        previous = digest
        text = json.dumps(row.detail, ensure_ascii=False, sort_keys=True)
        digest = digest_of(previous, sequence, row.at, row.actor, row.action, row.subject, text)
        facts = {**row._asdict(), "detail": text}
        chained.append({**facts, "sequence": sequence, "previous": previous, "digest": digest})
    connection.execute(audit.insert(), chained)
    connection.execute(_SEAL_HEAD, {"last": digest})


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain is broken: the first row that does not fit, and how."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at one moment: how many rows there were, and the digest of the last (审计锚点)."""

    sequence: int
    digest: str


async def read_head(connection: AsyncConnection) -> Head:
    """Return the present end of the chain, to be kept outside the database."""
    row = (await connection.execute(select(audit_head.c.sequence, audit_head.c.digest))).one_or_none()
    return Head(row.sequence, row.digest) if row is not None else Head(-1, "")


async def find_break(
    connection: AsyncConnection,
    anchors: Sequence[Head] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Break | None:
    """Return the first altered, missing or reordered row, or None when the chain is whole.

    ``anchors`` are ends of the chain kept elsewhere: with them a chain is found out that was cut off at its end, or
    written anew from some row on, head and all. ``progress(done, total)`` is called now and then.
    """
    # The head comes first: rows that others write meanwhile are behind it and are not looked at.
    head = await read_head(connection)
    if head.sequence < 0:
        return Break(0, "missing")
    known = {anchor.sequence: anchor.digest for anchor in anchors}
    previous, expected = _GENESIS, 1
    async for row in _rows(connection, until=head.sequence):
        if row.sequence != expected:
            return Break(expected, "missing")
        if row.previous != previous:
            return Break(row.sequence, "reordered")
        facts = (row.actor, row.action, row.subject, row.detail)
        if digest_of(previous, row.sequence, row.at, *facts) != row.digest:
            return Break(row.sequence, "altered")
        if known.get(row.sequence, row.digest) != row.digest:
            return Break(row.sequence, "rewritten")
        previous, expected = row.digest, expected + 1
        if progress is not None and row.sequence % _PROGRESS_ROWS == 0:
            progress(row.sequence, head.sequence)
    if head != Head(expected - 1, previous):
        return Break(expected, "missing")
    if known and max(known) > head.sequence:
        return Break(expected, "cut off")
    # One statement sees one moment: a row behind the head was not written by the hotline.
    last = select(func.max(audit.c.sequence)).scalar_subquery()
    row = (await connection.execute(select(last.label("last"), audit_head.c.sequence))).one()
    return Break(row.sequence + 1, "inserted") if (row.last or 0) > row.sequence else None


async def _rows(connection: AsyncConnection, *, until: int) -> AsyncIterator[Any]:
    result = await connection.stream(
        select(audit).where(audit.c.sequence <= until).order_by(audit.c.sequence)
    )
    async for row in result:
        yield row
